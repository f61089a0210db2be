"""Essais de la pièce `interface`."""
