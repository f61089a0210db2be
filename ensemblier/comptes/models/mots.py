"""Les mots par lesquels un organisme se cherche : un vocabulaire, et qui porte quel mot."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models

from ensemblier.noyau.mots import AU_PLUS


class Vocable(models.Model):
    """Un mot d'un nom, ou un numéro : sans accent ni casse, que toute base range dans le même ordre."""

    mot = models.CharField(max_length=AU_PLUS, unique=True)

    def __str__(self) -> str:
        return self.mot


class MotDeLOrganisme(models.Model):
    """Un organisme porte ce mot ; écrit avec son nom et ses numéros."""

    mot = models.ForeignKey(Vocable, on_delete=models.PROTECT, related_name="+", db_index=False)
    organisme = models.ForeignKey("comptes.Organisme", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("mot", "organisme"), name="mot_de_l_organisme_unique"),
        )


def dire_les_mots(organisme: int, mots: Iterable[str]) -> None:
    """Récrit les mots de l'organisme de cette clé ; l'appelant tient la transaction."""
    voulus = set(mots)
    liens = MotDeLOrganisme.objects.filter(organisme=organisme)
    tenus = dict(liens.values_list("mot__mot", "pk"))
    if perdus := [cle for mot, cle in tenus.items() if mot not in voulus]:
        liens.filter(pk__in=perdus).delete()
    if nouveaux := sorted(voulus - set(tenus)):
        Vocable.objects.bulk_create((Vocable(mot=mot) for mot in nouveaux), ignore_conflicts=True)
        cles = Vocable.objects.filter(mot__in=nouveaux).values_list("pk", flat=True)
        MotDeLOrganisme.objects.bulk_create(
            MotDeLOrganisme(mot_id=cle, organisme_id=organisme) for cle in cles
        )
