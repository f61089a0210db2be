"""Les pages de la programmation : tableau, enveloppes, séances, notes, délibérations."""
