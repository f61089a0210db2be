"""L'import d'une extraction, comme travail : rapproché hors de toute transaction, écrit en une seule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from ensemblier.comptes.droits import acteur_du_travail
from ensemblier.echanges.actes import IMPORT
from ensemblier.echanges.importer import IMPORTEE, INCONNUE, Rapport, extractions_de, importer, lire
from ensemblier.echanges.models import Importation
from ensemblier.interface.controles import FichierRefuse
from ensemblier.noyau.calendrier import jour_de
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import octets_de
from ensemblier.registre.models import LigneDeTravail, Travail
from ensemblier.registre.travaux import Jalon, Ligne, Ouvrage

ISSUE = LigneDeTravail.Issue


def importer_le_fichier(travail: Travail, jalon: Jalon) -> None:
    """Essaie le fichier à blanc, ou l'applique ; le rapport, ligne à ligne, est celui du travail."""
    importation = Importation.objects.select_related("territoire", "fichier").get(
        pk=travail.parametres["importation"]
    )
    ecrit, le = bool(travail.parametres.get("ecrit")), timezone.now()
    lieu = importation.territoire
    par, _ = acteur_du_travail(travail, le=jour_de(le))
    adresse = reverse("importation", args=[importation.pk])

    def conclure(rapport: Rapport) -> None:
        _garder(importation, rapport, travail)
        jalon.rapporter(_lignes(rapport))
        jalon.conclure(phrase=rapport.phrase, adresse=adresse)

    try:
        lecture = lire(
            octets_de(importation.fichier), extractions_de(lieu, par), exercice=importation.exercice
        )
        rapport = importer(
            lecture, territoire=lieu, par=par, le=le, ecrit=ecrit,
            les_autres=bool(travail.parametres.get("les_autres")),
            avance=lambda fait, etape: jalon.avance(fait, None, etape), conclure=conclure,
        )  # fmt: skip
    except FichierRefuse as refus:
        raise ActeBloque(str(refus)) from refus
    if not rapport.est_ecrit:
        conclure(rapport)


def _garder(importation: Importation, rapport: Rapport, travail: Travail) -> None:
    le = timezone.now()
    importation.extraction, importation.financeur = rapport.extraction.code, rapport.extraction.financeur
    importation.resume = {
        "phrase": rapport.phrase, "comptes": rapport.comptes, "bloquantes": len(rapport.bloquantes),
        "travail": travail.pk,
    }  # fmt: skip
    if rapport.est_ecrit:
        importation.appliquee_le = le
    else:
        importation.essayee_le = le
    importation.save()


def _lignes(rapport: Rapport) -> Iterable[Ligne]:
    refusees = {id(x) for x in rapport.bloquantes}
    for x in rapport.lignes:
        adresse = reverse("instruction_depots", args=[x.numero]) if x.numero else ""
        faite = ISSUE.A_FAIRE if x.issue == INCONNUE else ISSUE.FAIT
        issue = ISSUE.REFUSE if id(x) in refusees else faite
        debut = "Serait importée. " if x.issue == IMPORTEE and not rapport.est_ecrit else ""
        yield Ligne(x.libelle, adresse=adresse, issue=issue, phrase=f"{debut}{x.phrase}")


IMPORTER = Ouvrage(IMPORT, importer_le_fichier, est_long=True, bail=timedelta(minutes=20))
