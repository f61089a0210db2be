"""Ce qu'un porteur demande : action, publics, quartiers, budget, demandes, pièces ; qui peut le voir."""
