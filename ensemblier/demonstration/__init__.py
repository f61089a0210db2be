"""Une année fictive sur un territoire réel : données de démonstration."""
