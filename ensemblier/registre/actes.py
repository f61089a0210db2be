"""La seule porte des états : chaque acte laisse un événement chaîné, dans la même transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import connection, models, transaction
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
    _forger(maillons)
    chaine.save(update_fields=("rang", "tete"))
    return maillons[0][0]


def _forger(maillons: Sequence[tuple[Evenement, Detail]]) -> None:
    """Met des maillons dans la base, dans leur ordre, chacun avec ses détails."""
    Evenement.objects.bulk_create([evenement for evenement, _ in maillons])
    for evenement, detail in maillons:
        detail.evenement = evenement
    Detail.objects.bulk_create([detail for _, detail in maillons])


def verrouiller_dans_l_ordre(racines: Iterable[str]) -> list[Chaine]:
    """Les chaînes dans l'ordre de leur identifiant : deux actes ne s'attendent jamais l'un l'autre."""
    voulues = set(racines)
    neuves = voulues - {*Chaine.objects.filter(racine__in=voulues).values_list("racine", flat=True)}
    Chaine.objects.bulk_create([Chaine(racine=r) for r in sorted(neuves)], ignore_conflicts=True)
    return [*Chaine.objects.select_for_update().filter(racine__in=voulues).order_by("pk")]


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
) -> tuple[Evenement, Detail]:
    """Le maillon suivant de la chaîne que l'appelant tient, et sa tête avancée ; rien n'est écrit."""
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
    return evenement, Detail(motif=motif, contenu=contenu)


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


class Lot:
    """Des actes d'une même transaction sur des objets tenus ensemble, écrits d'un coup par `ecrire`.

    Les chaînes sont prises une fois, dans l'ordre ; chaque état se lit sous leur verrou. Chaque acte
    interroge la table et calcule son maillon à son tour : le registre est celui des mêmes actes joués un à
    un.
    """

    RELUS: ClassVar[tuple[str, ...]] = ("etat",)
    """Ce qui se relit sous le verrou : lu avant, il ne compte pas."""

    def __init__(self, objets: Iterable[Suivi]) -> None:
        """Prend les verrous ; l'appelant est dans une transaction, et les objets sont d'un même modèle."""
        self.objets = {objet.pk: objet for objet in objets}
        racines = {objet.racine() for objet in self.objets.values()}
        self._chaines = {chaine.racine: chaine for chaine in verrouiller_dans_l_ordre(racines)}
        self._attente: list[tuple[Evenement, Detail]] = []
        self._champs: dict[int, set[str]] = {}
        self._relire()

    def _relire(self) -> None:
        for modele in {type(objet) for objet in self.objets.values()}:
            tenus = modele._base_manager.select_for_update().filter(pk__in=self.objets).order_by("pk")
            for cle, *valeurs in tenus.values_list("pk", *self.RELUS):
                for nom, valeur in zip(self.RELUS, valeurs, strict=True):
                    setattr(self.objets[cle], nom, valeur)

    def avancer(
        self,
        objet: Suivi,
        acte: str,
        *,
        par: Acteur,
        roles: Iterable[Role],
        le: datetime,
        motif: str = "",
        details: dict[str, Any] | None = None,
        public: bool = True,
        **champs: Any,
    ) -> Evenement:
        """Le même acte que la fonction `avancer`, écrit plus tard ; `TransitionRefusee` ne change rien."""
        de = objet.etat
        transition = objet.machine.verifier(etat=de, acte=acte, roles=roles, motif=motif)
        objet.etat = transition.vers
        self.changer(objet, etat=transition.vers, **champs)
        maillon = _maillon(
            objet, self._chaines[objet.racine()], acte=acte, libelle=transition.au_registre, de=de,
            vers=transition.vers, par=par, le=le, motif=motif, details=details, public=public,
        )  # fmt: skip
        self._attente.append(maillon)
        return maillon[0]

    def changer(self, objet: Suivi, **champs: Any) -> None:
        """Des champs de plus à enregistrer avec l'acte."""
        for nom, valeur in champs.items():
            setattr(objet, nom, valeur)
        self._champs.setdefault(objet.pk, set()).update(champs)

    def a_ecrire(self, objet: Suivi) -> bool:
        """Vrai si un acte de ce lot sur l'objet n'est pas encore dans la base."""
        return objet.pk in self._champs

    def ecrire(self) -> None:
        """Écrit ce que les actes ont laissé en attente : maillons, têtes des chaînes, états et champs."""
        if not self._attente:
            return
        _forger(self._attente)
        touchees = {evenement.chaine_id for evenement, _ in self._attente}
        chaines = [c for c in self._chaines.values() if c.pk in touchees]
        _poser(chaines, ("rang", "tete"))
        for noms in {frozenset(champs) for champs in self._champs.values()}:
            siens = [self.objets[cle] for cle, champs in self._champs.items() if champs == noms]
            _poser(siens, sorted(noms))
        self._attente, self._champs = [], {}


def _poser(objets: Sequence[models.Model], champs: Sequence[str]) -> None:
    """Ces champs de chaque ligne, par un seul ordre : le `CASE` de `bulk_update` coûte plus que les actes."""
    meta, nom = objets[0]._meta, connection.ops.quote_name
    poses = [meta.get_field(champ) for champ in champs]
    colonnes = ", ".join(f"{nom(c.column)} = %s" for c in poses)
    ordre = ("UPDATE", nom(meta.db_table), "SET", colonnes, "WHERE", nom(meta.pk.column), "= %s")
    valeurs = [
        [*(c.get_db_prep_save(getattr(objet, c.attname), connection) for c in poses), objet.pk]
        for objet in objets
    ]
    with connection.cursor() as curseur:
        curseur.executemany(" ".join(ordre), valeurs)


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
