"""Essais de la pièce dossiers."""
