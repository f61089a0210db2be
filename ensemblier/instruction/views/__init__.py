"""Les pages de l'instruction : complétude, critères, dépôts, historique, pièces, corrections du porteur."""
