"""Les mots par lesquels un dossier déposé se cherche : un vocabulaire, et qui porte quel mot."""

from __future__ import annotations

from django.db import models

from ensemblier.dossiers.models.dossier import Dossier
from ensemblier.noyau.mots import AU_PLUS


class Mot(models.Model):
    """Un mot sans accent ni casse : chiffres et lettres seuls, que toute base range dans le même ordre."""

    mot = models.CharField(max_length=AU_PLUS, unique=True)

    def __str__(self) -> str:
        return self.mot


class MotDuDossier(models.Model):
    """Un dossier porte ce mot ; écrit dans la transaction de l'acte qui dit le texte."""

    mot = models.ForeignKey(Mot, on_delete=models.PROTECT, related_name="+", db_index=False)
    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("mot", "dossier"), name="mot_du_dossier_unique"),)
