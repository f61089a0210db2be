"""Les pages du porteur : écrire, déposer, lire."""
