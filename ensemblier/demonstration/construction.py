"""Construire la démonstration : le pack, la distribution, l'année, les étapes. La relancer ne refait rien."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ensemblier.appels import actes as appels
from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import acteur_de, systeme
from ensemblier.comptes.models import Organisme, Utilisateur
from ensemblier.demonstration import annee, editions, organismes, personnes
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import sceller
from ensemblier.territoires.actes import charger
from ensemblier.territoires.models import Territoire

GRAINE = 20200913
PACK = "lens-lievin"
PARIS = ZoneInfo("Europe/Paris")
DEBUT = datetime(2024, 1, 15, 9, tzinfo=UTC)
OUVERTS = (
    ("ami-2025", "ami-du-jour", "AMI Cohésion sociale, édition de démonstration"),
    ("aap-2026", "aap-du-jour", "AAP contrat de ville, édition de démonstration"),
)


def construire(*, dire: Callable[[str], object]) -> list[dict[str, str]]:
    """Construit ce qui manque, dans l'ordre d'une année ; rend les comptes à montrer."""
    pack = packs.lire_territoire(settings.PACKS / PACK)
    if not Territoire.objects.filter(code=pack.code).exists():
        with transaction.atomic():
            _fonder(pack, dire)
    _tenir_ouvert(pack)
    sceller(le=timezone.now())
    return personnes.annonces()


def _fonder(pack: packs.Territoire, dire: Callable[[str], object]) -> None:
    hasard = random.Random(GRAINE)
    dire("     le territoire, ses quartiers, ses financeurs")
    territoire = charger(pack, le=DEBUT, hote="")
    par = _systeme(territoire)
    dire("     les associations et les comptes, tous fictifs")
    structures = organismes.creer_organismes(territoire, hasard, par=par, le=DEBUT)
    comptes = personnes.creer_personnes(territoire, structures, le=DEBUT)
    dire("     l'année fictive : 205 actions")
    _annee_fictive(pack, territoire, structures, comptes, hasard)


def _systeme(territoire: Territoire) -> Acteur:
    return systeme(territoire.code)


def _responsable(territoire: Territoire) -> Acteur:
    rose = Utilisateur.objects.get(courriel="rose@call.example")
    return acteur_de(rose, territoire, le=timezone.localdate())


def publier(appel: packs.Appel, territoire: Territoire, *, le: datetime) -> Appel:
    """Crée et publie un appel, par la responsable du territoire."""
    par = _responsable(territoire)
    nouveau = appels.creer(appel, territoire=territoire, par=par, le=le)
    appels.publier(nouveau, par=par, roles={Role.RESPONSABLE}, le=le)
    return nouveau


def _annee_fictive(
    pack: packs.Territoire,
    territoire: Territoire,
    structures: dict[str, Organisme],
    comptes: dict[str, Utilisateur],
    hasard: random.Random,
) -> None:
    modele = packs.lire_appel(settings.PACKS / PACK / "appels" / "aap-2026.toml", pack)
    passee = editions.edition_passee(
        modele, code="aap-annee-fictive", titre="AAP 2024, année fictive", exercice=2024
    )
    appel = publier(passee, territoire, le=DEBUT)
    dispositifs = appel.dispositifs.select_related("financeur").order_by("-rang")
    contexte = annee.Annee(
        appel=appel, financeurs={f.code: f for f in territoire.financeurs.all()},
        dispositifs={d.financeur.code: d for d in dispositifs},
        auteur=comptes["benoit"], par=_systeme(territoire), hasard=hasard,
    )  # fmt: skip
    quartiers = list(territoire.quartiers.prefetch_related("communes").order_by("code"))
    annee.ecrire(contexte, annee.imaginer(contexte, list(structures.values()), quartiers))


def _tenir_ouvert(pack: packs.Territoire) -> None:
    """Deux éditions restent ouvertes : publiées la première fois, prolongées ensuite, avec leur motif."""
    territoire = Territoire.objects.get(code=pack.code)
    jour, le = timezone.localdate(), timezone.now()
    for source, code, titre in OUVERTS:
        modele = packs.lire_appel(settings.PACKS / PACK / "appels" / f"{source}.toml", pack)
        appel = Appel.objects.filter(territoire=territoire, code=code).first()
        edition = editions.edition_du_jour(modele, code=code, titre=titre, jour=jour)
        if appel is None:
            publier(edition, territoire, le=le)
        elif appel.jalons.filter(nature="depot", fin__lt=jour).exists():
            appels.rectifier(
                appel, edition, motif="Démonstration : dépôt prolongé", par=_responsable(territoire),
                roles={Role.RESPONSABLE}, le=le,
            )  # fmt: skip
