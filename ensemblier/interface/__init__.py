"""À quoi cela ressemble : gabarit de base, composants, formats français, PDF, CSS et JS."""
