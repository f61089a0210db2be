"""Ce qui est vrai : montants, calendrier, règles, machine à états, identifiants, packs.

Python pur : ni Django, ni horloge, ni réseau. Seul `packs` ouvre des fichiers.
"""
