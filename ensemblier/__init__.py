"""Ensemblier : le guichet ouvert du contrat de ville."""
