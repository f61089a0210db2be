"""Construire la démonstration : le pack, la distribution, l'année, les étapes. La relancer ne refait rien."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ensemblier.appels import actes as appels
from ensemblier.appels.models import Appel
from ensemblier.bilans.taches import ouvrir_les_bilans
from ensemblier.comptes.droits import acteur_de, systeme
from ensemblier.comptes.models import Organisme, Utilisateur
from ensemblier.demonstration import annee, editions, etapes, organismes, personnes
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import sceller
from ensemblier.territoires.actes import charger
from ensemblier.territoires.models import Territoire

GRAINE = 20200913
PACK = "lens-lievin"
DEBUT = datetime(2024, 1, 15, 9, tzinfo=UTC)
PUBLICATIONS = (
    ("ami-2025", datetime(2025, 3, 18, 15, 18, tzinfo=UTC)),
    ("aap-2026", datetime(2025, 9, 17, 8, tzinfo=UTC)),
)
OUVERTS = (
    ("ami-2025", "ami-du-jour", "AMI Cohésion sociale, édition de démonstration"),
    ("aap-2026", "aap-du-jour", "AAP contrat de ville, édition de démonstration"),
)


@dataclass(frozen=True, slots=True)
class Monde:
    """Ce que tout récit partage."""

    pack: packs.Territoire
    territoire: Territoire
    structures: dict[str, Organisme]
    comptes: dict[str, Utilisateur]

    def modele(self, code: str) -> packs.Appel:
        return packs.lire_appel(settings.PACKS / PACK / "appels" / f"{code}.toml", self.pack)

    def publier(self, appel: packs.Appel, *, le: datetime) -> Appel:
        """Crée et publie un appel, par la responsable du territoire."""
        par = acteur_de(self.comptes["rose"], self.territoire, le=le.date())
        nouveau = appels.creer(appel, territoire=self.territoire, par=par, le=le)
        appels.publier(nouveau, par=par, roles={Role.RESPONSABLE}, le=le)
        return nouveau

    def prolonger(self, appel: Appel, edition: packs.Appel, *, le: datetime) -> None:
        par = acteur_de(self.comptes["rose"], self.territoire, le=le.date())
        motif = "Démonstration : dépôt prolongé."
        appels.rectifier(appel, edition, motif=motif, par=par, roles={Role.RESPONSABLE}, le=le)


def construire(*, dire: Callable[[str], object]) -> list[dict[str, str]]:
    """Construit ce qui manque, dans l'ordre d'une année ; rend les comptes à montrer.

    L'appelant construit à côté et ne met en place qu'une construction finie.
    """
    pack = packs.lire_territoire(settings.PACKS / PACK)
    if Territoire.objects.filter(code=pack.code).exists():
        monde = _retrouver(pack)
    else:
        monde = _fonder(pack, dire)
        for code, le in PUBLICATIONS:
            modele = monde.modele(code)
            dire(f"     {modele.titre_court} : un dossier à chaque étape")
            etapes.jouer(monde.publier(modele, le=le), monde.territoire, monde.comptes, monde.structures)
    _tenir_ouvert(monde, dire)
    ouvrir_les_bilans(le=timezone.now())
    sceller(le=timezone.now())
    return personnes.annonces()


def _retrouver(pack: packs.Territoire) -> Monde:
    comptes = {u.courriel.split("@")[0]: u for u in Utilisateur.objects.all()}
    structures = {o.nom: o for o in Organisme.objects.all()}
    return Monde(pack, Territoire.objects.get(code=pack.code), structures, comptes)


@transaction.atomic
def _fonder(pack: packs.Territoire, dire: Callable[[str], object]) -> Monde:
    hasard = random.Random(GRAINE)
    dire("     le territoire, ses quartiers, ses financeurs")
    territoire = charger(pack, le=DEBUT, hote="")
    dire("     les associations et les comptes, tous fictifs")
    structures = organismes.creer_organismes(territoire, hasard, par=systeme(territoire.code), le=DEBUT)
    comptes = personnes.creer_personnes(territoire, structures, le=DEBUT)
    monde = Monde(pack, territoire, structures, comptes)
    dire(f"     l'année fictive : {annee.ACTIONS} actions")
    _ecrire_l_annee(monde, hasard)
    return monde


def _ecrire_l_annee(monde: Monde, hasard: random.Random) -> None:
    passee = editions.edition_passee(
        monde.modele("aap-2026"), code="aap-annee-fictive", titre="AAP 2024, année fictive", exercice=2024
    )
    appel = monde.publier(passee, le=DEBUT)
    dispositifs = appel.dispositifs.select_related("financeur").order_by("-rang")
    contexte = annee.Annee(
        appel=appel, financeurs={f.code: f for f in monde.territoire.financeurs.all()},
        dispositifs={d.financeur.code: d for d in dispositifs},
        auteur=monde.comptes["benoit"], par=systeme(monde.territoire.code), hasard=hasard,
    )  # fmt: skip
    quartiers = list(monde.territoire.quartiers.prefetch_related("communes").order_by("code"))
    annee.ecrire(contexte, annee.imaginer(contexte, list(monde.structures.values()), quartiers))


def _tenir_ouvert(monde: Monde, dire: Callable[[str], object]) -> None:
    """Deux éditions restent ouvertes : publiées la première fois, prolongées ensuite, avec leur motif."""
    jour, le = timezone.localdate(), timezone.now()
    for source, code, titre in OUVERTS:
        edition = editions.edition_du_jour(monde.modele(source), code=code, titre=titre, jour=jour)
        appel = Appel.objects.filter(territoire=monde.territoire, code=code).first()
        if appel is None:
            dire(f"     {titre}, ouverte ce jour")
            nouveau = monde.publier(edition, le=le)
            etapes.occuper_le_jour(nouveau, monde.territoire, monde.comptes, monde.structures, jour=jour)
        elif appel.jalons.filter(nature="depot", fin__lt=jour).exists():
            monde.prolonger(appel, edition, le=le)
