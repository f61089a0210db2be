"""La seule porte des états : chaque acte laisse un événement chaîné, dans la même transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.models import ORIGINE, Chaine, Detail, Evenement, Sceau, Suivi, Trace


class ActeBloque(Exception):
    """L'acte et la personne sont les bons, un fait s'y oppose, et chaque raison le dit."""

    def __init__(self, *raisons: str) -> None:
        super().__init__(" ".join(raisons))
        self.raisons = raisons


def canonique(valeur: Any) -> str:
    return json.dumps(valeur, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def empreinte_des_details(motif: str, contenu: dict[str, Any]) -> str:
    return hashlib.sha256(canonique([motif, contenu]).encode()).hexdigest()


def empreinte_d_evenement(evenement: Evenement, racine: str) -> str:
    """SHA-256 du maillon : il couvre l'empreinte des détails, non les détails (architecture §3)."""
    maillon = [
        evenement.precedent,
        racine,
        evenement.rang,
        evenement.objet,
        evenement.acte,
        evenement.libelle,
        evenement.de,
        evenement.vers,
        evenement.auteur,
        evenement.auteur_nom,
        evenement.auteur_fonction,
        evenement.territoire,
        evenement.moyen,
        evenement.public,
        evenement.le.astimezone(UTC).isoformat(),
        evenement.enregistre_le.astimezone(UTC).isoformat(),
        evenement.details_empreinte,
    ]
    return hashlib.sha256(canonique(maillon).encode()).hexdigest()


def verrouiller(racine: str) -> Chaine:
    """Prend la ligne de la chaîne : tout acte sur la racine attend son tour."""
    tenue = Chaine.objects.select_for_update().filter(racine=racine)
    if connue := tenue.first():
        return connue
    Chaine.objects.get_or_create(racine=racine)
    return tenue.get()


@dataclass(frozen=True)
class Suite:
    """Un fait que l'acte entraîne : le maillon d'après, écrit avec lui ; il ne change aucun état."""

    acte: str
    libelle: str
    par: Acteur
    motif: str = ""
    details: dict[str, Any] | None = None
    public: bool = True


def _inscrire(objet: Suivi, chaine: Chaine, *, suites: Sequence[Suite] = (), **fait: Any) -> Evenement:
    """Le maillon suivant de la chaîne, que l'appelant tient, et ceux qu'il entraîne ; rend le premier."""
    maillons = [_maillon(objet, chaine, **fait)]
    for suite in suites:
        maillons.append(_maillon(objet, chaine, de=objet.etat, vers=objet.etat, le=fait["le"], **vars(suite)))
    Evenement.objects.bulk_create(evenement for evenement, _ in maillons)
    Detail.objects.bulk_create(Detail(evenement=e, motif=dit[0], contenu=dit[1]) for e, dit in maillons)
    chaine.save(update_fields=("rang", "tete"))
    return maillons[0][0]


def _maillon(
    objet: Suivi,
    chaine: Chaine,
    *,
    acte: str,
    libelle: str,
    de: str,
    vers: str,
    par: Acteur,
    le: datetime,
    motif: str,
    details: dict[str, Any] | None,
    public: bool,
) -> tuple[Evenement, tuple[str, dict[str, Any]]]:
    """Un maillon au bout de la chaîne, et ses détails ; l'appelant les enregistre."""
    contenu = json.loads(canonique(details or {}))
    evenement = Evenement(
        chaine=chaine,
        rang=chaine.rang + 1,
        objet=objet.designation(),
        acte=acte,
        libelle=libelle,
        de=de,
        vers=vers,
        auteur=par.utilisateur,
        auteur_nom=par.nom,
        auteur_fonction=par.fonction,
        territoire=par.territoire,
        moyen=par.moyen,
        public=public,
        le=le,
        enregistre_le=timezone.now(),
        details_empreinte=empreinte_des_details(motif, contenu),
        precedent=chaine.tete,
    )
    evenement.empreinte = empreinte_d_evenement(evenement, chaine.racine)
    chaine.rang, chaine.tete = evenement.rang, evenement.empreinte
    return evenement, (motif, contenu)


@transaction.atomic
def ouvrir(
    objet: Suivi,
    *,
    par: Acteur,
    le: datetime,
    libelle: str,
    acte: str = "ouvrir",
    details: dict[str, Any] | None = None,
    public: bool = True,
) -> Evenement:
    """Naissance : enregistre l'objet dans l'état initial de sa machine."""
    objet.etat = objet.machine.initial
    objet.save(force_insert=True)
    return _inscrire(
        objet, verrouiller(objet.racine()), acte=acte, libelle=libelle, de="", vers=objet.etat, par=par,
        le=le, motif="", details=details, public=public,
    )  # fmt: skip


@transaction.atomic
def avancer(
    objet: Suivi,
    acte: str,
    *,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    motif: str = "",
    details: dict[str, Any] | None = None,
    public: bool = True,
    tenue: Chaine | None = None,
    suites: Sequence[Suite] = (),
    **champs: Any,
) -> Evenement:
    """Verrouille, interroge la table, écrit l'état, les champs donnés et l'événement.

    `champs` sont enregistrés avec l'état ; l'objet reçu est mis à jour. Lève `TransitionRefusee`.
    `tenue` : la chaîne que l'appelant vient de verrouiller, quand il a relu l'objet sous ce verrou et n'y a
    rien écrit depuis : ni elle ni l'état ne se relisent. `suites` : les faits que l'acte entraîne.
    """
    if tenue is None:
        chaine = verrouiller(objet.racine())
        de = type(objet)._base_manager.select_for_update().values_list("etat", flat=True).get(pk=objet.pk)
    elif tenue.racine != objet.racine():
        raise ValueError(f"La chaîne tenue est celle de {tenue.racine}, non de {objet.racine()}.")
    else:
        chaine, de = tenue, objet.etat
    transition = objet.machine.verifier(etat=de, acte=acte, roles=roles, motif=motif)
    objet.etat = transition.vers
    for nom, valeur in champs.items():
        setattr(objet, nom, valeur)
    objet.save(update_fields=("etat", *champs))
    return _inscrire(
        objet, chaine, acte=acte, libelle=transition.au_registre, de=de, vers=transition.vers, par=par, le=le,
        motif=motif, details=details, public=public, suites=suites,
    )  # fmt: skip


@transaction.atomic
def consigner(
    objet: Suivi,
    acte: str,
    *,
    par: Acteur,
    le: datetime,
    libelle: str,
    motif: str = "",
    details: dict[str, Any] | None = None,
    public: bool = True,
    **champs: Any,
) -> Evenement:
    """Un fait qui ne change aucun état : un montant proposé, une pièce reçue."""
    chaine = verrouiller(objet.racine())
    if champs:
        for nom, valeur in champs.items():
            setattr(objet, nom, valeur)
        objet.save(update_fields=tuple(champs))
    return _inscrire(
        objet, chaine, acte=acte, libelle=libelle, de=objet.etat, vers=objet.etat, par=par, le=le,
        motif=motif, details=details, public=public,
    )  # fmt: skip


@transaction.atomic
def reprendre(
    objet: Suivi, *, etat: str, par: Acteur, le: datetime, libelle: str, details: dict[str, Any] | None = None
) -> Evenement:
    """Reprise d'un passé connu (import, données de charge) : dite comme telle dans le registre."""
    if etat not in objet.machine.etats:
        raise ValueError(f"{objet.machine.nom} : état inconnu « {etat} »")
    de = "" if objet._state.adding else objet.etat
    objet.etat = etat
    objet.save()
    return _inscrire(
        objet, verrouiller(objet.racine()), acte="reprendre", libelle=libelle, de=de, vers=etat, par=par,
        le=le, motif="", details=details, public=True,
    )  # fmt: skip


@transaction.atomic
def sceller(*, le: datetime) -> int:
    """Scelle les événements nouveaux dans la suite globale ; rend leur nombre."""
    verrouiller("registre.Sceau")
    dernier = Sceau.objects.order_by("-numero").first()
    numero = dernier.numero if dernier else 0
    tete = dernier.empreinte if dernier else ORIGINE
    nouveaux = Evenement.objects.filter(sceau=None).order_by("enregistre_le", "id")
    sceaux = []
    for identifiant, empreinte in nouveaux.values_list("id", "empreinte"):
        numero += 1
        suivante = hashlib.sha256(f"{tete}{numero}{empreinte}".encode()).hexdigest()
        sceaux.append(
            Sceau(numero=numero, evenement_id=identifiant, precedent=tete, empreinte=suivante, scelle_le=le)
        )
        tete = suivante
    Sceau.objects.bulk_create(sceaux)
    return len(sceaux)


def tracer(
    *, par: Acteur | None, nature: str, chemin: str, le: datetime, objet: str = "", raison: str = ""
) -> Trace:
    """Journal non chaîné : une consultation sensible, un refus."""
    return Trace.objects.create(
        nature=nature,
        le=le,
        utilisateur=par.utilisateur if par else None,
        nom=par.nom if par else "visiteur",
        fonction=par.fonction if par else "sans compte",
        territoire=par.territoire if par else "",
        chemin=chemin[:300],
        objet=objet,
        raison=raison,
    )
