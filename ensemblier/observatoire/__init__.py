"""L'ensemble, compté : accueil, carte, actions décidées."""
