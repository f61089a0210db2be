"""Qui : organismes, RIB, utilisateurs, rattachements, habilitations, intérêts, engagement républicain."""
