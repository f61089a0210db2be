"""Les longs PDF qu'une personne demande : faits par un travail, relus avec ses droits du jour."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import acteur_du_travail
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import cahier, fiches
from ensemblier.programmation.deports import lisibles_par
from ensemblier.programmation.models import Edition, Seance
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Travail
from ensemblier.registre.travaux import Jalon, Ouvrage, demander

FICHES, CAHIER = "fiches_action", "dossier_de_seance"
RIEN = "Aucune action n'est encore programmée : retenez-en en séance, puis demandez."
AU_PLUS = 40
"""Au-delà, un dossier de séance ne se fait pas pendant qu'une page attend."""


def demander_les_fiches(appel: Appel, *, cle: str, par: Acteur, le: datetime) -> Travail:
    """Met en file les fiches action de l'appel ; lève `ActeBloque` si rien n'y est programmé."""
    combien = fiches.programmees(appel, par).count()
    if not combien:
        raise ActeBloque(RIEN)
    return demander(
        cle=cle, genre=FICHES, titre=f"Fiches action, {appel.titre_court}", par=par, le=le,
        parametres={"appel": appel.pk}, retour=reverse("fiches_action", args=[appel.code]),
    )  # fmt: skip


def demander_le_dossier(seance: Seance, *, cle: str, par: Acteur, le: datetime) -> Travail:
    """Met en file le dossier de séance de la personne : il sera fait avec ses droits d'alors (B10)."""
    return demander(
        cle=cle, genre=CAHIER, titre=f"Dossier de séance, {seance.titre}", par=par, le=le,
        parametres={"seance": seance.pk}, retour=reverse("seance", args=[seance.pk]),
    )  # fmt: skip


def _faire_les_fiches(travail: Travail, jalon: Jalon) -> None:
    appel = Appel.objects.select_related("territoire").get(pk=travail.parametres["appel"])
    par = _demandeur(travail)
    dossiers = list(
        fiches.programmees(appel, par)
        .select_related("organisme", "pilier")
        .prefetch_related("thematiques")
        .order_by("numero")
    )
    if not dossiers:
        raise ActeBloque(RIEN)
    jalon.avance(0, len(dossiers), "Mise en page")
    contenu = fiches.en_pdf(appel, dossiers, date_document=jour_de(travail.demande_le))
    _garder(
        travail, jalon, contenu, appel=appel, dossiers=[d.pk for d in dossiers], par=par,
        nom=f"fiches-action-{appel.code}.pdf", phrase=f"{len(dossiers)} fiches action, une par page.",
    )  # fmt: skip


def _faire_le_dossier(travail: Travail, jalon: Jalon) -> None:
    seance = Seance.objects.select_related("appel__reglement", "territoire").get(
        pk=travail.parametres["seance"]
    )
    par = _demandeur(travail)
    lisibles = lisibles_par(par, seance)
    jalon.avance(0, len(lisibles), "Mise en page")
    contenu = cahier.cahier(seance, par, lisibles, exemplaire=f"Exemplaire de {par.nom}.")
    _garder(
        travail, jalon, contenu, appel=seance.appel, seance=seance, dossiers=sorted(lisibles), par=par,
        nom=f"dossier-de-seance-{seance.pk}.pdf", phrase="Dossier de séance prêt.",
    )  # fmt: skip


def _demandeur(travail: Travail) -> Acteur:
    par, _ = acteur_du_travail(travail, le=jour_de(timezone.now()))
    return par


@transaction.atomic
def _garder(
    travail: Travail,
    jalon: Jalon,
    contenu: bytes,
    *,
    appel: Appel,
    seance: Seance | None = None,
    dossiers: Collection[int],
    par: Acteur,
    nom: str,
    phrase: str,
) -> None:
    le = timezone.now()
    edition = Edition.objects.create(
        appel=appel, seance=seance, utilisateur_id=travail.demande_par, dossiers=list(dossiers), faite_le=le,
        fichier=conserver(contenu, nom=nom, type_mime="application/pdf", par=par, le=le),
    )  # fmt: skip
    jalon.conclure(phrase=phrase, adresse=reverse("edition", args=[edition.pk]))


def encore_lisible(edition: Edition, acteur: Acteur | None) -> bool:
    """Vrai si la personne lit encore chaque dossier du document : un déport a pu venir depuis (B10)."""
    lus = Dossier.objects.a_juger_par(acteur).filter(pk__in=edition.dossiers).count()
    return lus == len(set(edition.dossiers))


OUVRAGES = (
    Ouvrage(FICHES, _faire_les_fiches, est_long=True, bail=timedelta(minutes=15)),
    Ouvrage(CAHIER, _faire_le_dossier, est_long=True, bail=timedelta(minutes=15)),
)
