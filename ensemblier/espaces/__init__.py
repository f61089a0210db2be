"""Le bureau de chacun : ce qui m'attend, le dossier entier, les suites."""
