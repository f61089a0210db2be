"""Propriétés du noyau : cent cas chacune, sans chronomètre (deux cœurs partagés le rendraient capricieux)."""

from hypothesis import settings

settings.register_profile("noyau", max_examples=100, deadline=None)
settings.load_profile("noyau")
