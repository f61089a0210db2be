"""Deux tables d'un seul état : organisme et habilitation ont une chaîne, leurs faits s'y consignent."""

from ensemblier.noyau.machine import Machine

ACTIF = "actif"

ORGANISME = Machine(nom="organisme", initial=ACTIF, etats={ACTIF: ("Actif", "Actif")}, transitions=())
HABILITATION = Machine(nom="habilitation", initial=ACTIF, etats={ACTIF: ("Active", "Active")}, transitions=())
