"""Qui reçoit combien : enveloppes, séances, délibérations, attributions."""
