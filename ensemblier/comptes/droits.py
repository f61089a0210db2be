"""Qui est cette personne, ici, maintenant : ses droits, lus une fois par requête."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from django.db.models import BigIntegerField, Value
from django.db.models.functions import Coalesce

from ensemblier.comptes.models import Aide, Habilitation, Organisme, Rattachement, Utilisateur
from ensemblier.interface.ecrites import ecrite
from ensemblier.noyau.machine import Acteur, Droit, Moyen, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Travail
from ensemblier.territoires.models import Territoire

NOM_AU_PLUS, FONCTION_AU_PLUS = 150, 200
"""Ce que le registre garde d'un nom et d'une fonction : un nom d'organisme très long n'arrête aucun acte."""


class _Droit(NamedTuple):
    """Une ligne de `_droits` ; `rang` : 0 un rattachement, 1 une aide invitée, 2 une habilitation."""

    rang: int
    cle: int
    qualite: str
    organisme: int | None
    objet: str
    fonction: str
    nom: str
    financeur: str
    commune: str
    ville: str


def acteur_de(utilisateur: Utilisateur, territoire: Territoire, *, le: date) -> Acteur:
    """L'acteur et ses droits au jour `le` ; une requête."""
    lus = _droits(utilisateur.pk, territoire.pk, le)
    return Acteur(
        nom=utilisateur.nom_complet[:NOM_AU_PLUS],
        fonction=_fonction(lus)[:FONCTION_AU_PLUS],
        territoire=territoire.code,
        utilisateur=utilisateur.pk,
        droits=tuple(_droit(lu, territoire) for lu in lus),
    )


def _droit(lu: _Droit, territoire: Territoire) -> Droit:
    """Le droit d'une ligne ; celui d'un agent de financeur s'étend à ce que le pack lui laisse lire (P39)."""
    role, commune, lit = Role(lu.qualite), lu.commune, ""
    if role == Role.AGENT_FINANCEUR and (financeur := territoire.pack().financeur(lu.financeur)):
        lit = financeur.lit
        commune = lu.ville if lit == "commune" else ""
    return Droit(
        role, organisme=lu.organisme, objet=lu.objet, financeur=lu.financeur, commune=commune,
        partout=lit == "territoire",
    )  # fmt: skip


def _droits(utilisateur: int, territoire: int, le: date) -> list[_Droit]:
    """Ce que la personne est ici : du côté des porteurs, puis de l'autorité ; une requête."""
    return sorted((_Droit(*lu) for lu in _lus(utilisateur, territoire, le)), key=lambda lu: lu[:2])


@ecrite
def _lus(utilisateur: int, territoire: int, le: date):
    """Une aide invitée n'a que son objet ; elle suit les rattachements, qui disent mieux qui elle est."""
    rien = Value("")
    rattachements = Rattachement.objects.en_vigueur(le).filter(utilisateur=utilisateur)
    aides = Aide.objects.en_vigueur(le).filter(utilisateur=utilisateur).order_by()
    siennes = Habilitation.objects.en_vigueur(le).filter(utilisateur=utilisateur, territoire=territoire)
    return rattachements.values_list(
        Value(0), "pk", "qualite", "organisme", rien, "fonction", "organisme__nom", rien, rien,
        rien,
    ).union(
        aides.values_list(
            Value(1), "pk", Value(Role.AIDE.value), "organisme", "objet", Value("aide invitée"),
            "organisme__nom", rien, rien, rien,
        ),
        siennes.order_by().values_list(
            Value(2), "pk", "qualite", Value(None, output_field=BigIntegerField()), rien, "fonction", rien,
            Coalesce("financeur__code", rien), Coalesce("commune__code", rien),
            Coalesce("financeur__commune__code", rien),
        ),
        all=True,
    )  # fmt: skip


def _fonction(lus: list[_Droit]) -> str:
    if not lus:
        return "sans rattachement"
    dite = next((lu for lu in lus if lu.rang == 2), lus[0])
    return f"{dite.fonction}, {dite.nom}" if dite.nom else dite.fonction


def systeme(territoire: str, nom: str = "Ensemblier") -> Acteur:
    """L'acteur des tâches de fond."""
    return Acteur(
        nom=nom, fonction="tâche automatique", territoire=territoire, moyen=Moyen.TACHE,
        droits=(Droit(Role.SYSTEME),),
    )  # fmt: skip


def acteur_du_travail(travail: Travail, *, le: date) -> tuple[Acteur, Territoire]:
    """Qui a demandé ce travail, avec les droits qu'il a encore au jour `le`, et son territoire.

    Lève `ActeBloque` si son compte est fermé : un travail n'agit pas pour qui n'est plus là.
    """
    personne = Utilisateur.objects.filter(pk=travail.demande_par, is_active=True).first()
    if personne is None:
        raise ActeBloque("Le compte qui a demandé ce travail est fermé. Une autre personne doit le demander.")
    territoire = Territoire.objects.get(code=travail.territoire)
    return replace(acteur_de(personne, territoire, le=le), moyen=Moyen.TACHE), territoire


def exiger(acteur: Acteur | None, *roles: Role) -> Acteur:
    """L'acteur, s'il a l'un des rôles ; sinon un refus qui dit à qui la page est ouverte (403)."""
    if acteur is None or not acteur.a(*roles):
        qui = " ou ".join(sorted(role.libelle for role in roles))
        raise RoleInsuffisant(f"Cette page est ouverte à : {qui}.")
    return acteur


def roles_sur_organisme(acteur: Acteur | None, organisme: Organisme) -> set[Role]:
    """Les rôles de l'acteur sur cet organisme : les siens s'il y est rattaché, et ceux de l'autorité."""
    if acteur is None:
        return set()
    return {
        droit.role
        for droit in acteur.droits
        if droit.organisme is None or (droit.organisme == organisme.pk and not droit.objet)
    }


def exiger_sur(roles: set[Role], *admis: Role) -> None:
    """Refuse la page d'un acte à qui ne peut pas le faire (403), au lieu de montrer un formulaire vain."""
    if not roles & set(admis):
        qui = " ou ".join(role.libelle for role in admis)
        raise RoleInsuffisant(f"Cette page est ouverte à : {qui}.")
