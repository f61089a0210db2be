"""Machine à états : une table qu'on lit à voix haute, et qui dit non avec sa raison.

Aucune écriture ici : `registre.actes.avancer` est la seule porte qui applique une transition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Ce qu'une personne est pour un objet, à un instant (domaine §C.2)."""

    PUBLIC = "public"
    REDACTEUR = "redacteur"
    SIGNATAIRE = "signataire"
    AIDE = "aide"
    CO_PORTEUR = "co_porteur"
    INSTRUCTEUR = "instructeur"
    RESPONSABLE = "responsable"
    FINANCES = "finances"
    AGENT_FINANCEUR = "agent_financeur"
    REFERENT_COMMUNAL = "referent_communal"
    JURY = "jury"
    AUDITEUR = "auditeur"
    SYSTEME = "systeme"

    @property
    def libelle(self) -> str:
        return _LIBELLES[self]


_LIBELLES: dict[Role, str] = {
    Role.PUBLIC: "public",
    Role.REDACTEUR: "rédacteur du porteur",
    Role.SIGNATAIRE: "signataire du porteur",
    Role.AIDE: "aide invitée par le porteur",
    Role.CO_PORTEUR: "co-porteur confirmé",
    Role.INSTRUCTEUR: "chargé de mission",
    Role.RESPONSABLE: "responsable du territoire",
    Role.FINANCES: "service des finances",
    Role.AGENT_FINANCEUR: "agent du financeur",
    Role.REFERENT_COMMUNAL: "référent communal",
    Role.JURY: "membre du jury",
    Role.AUDITEUR: "auditeur",
    Role.SYSTEME: "le système",
}


class Moyen(StrEnum):
    """Par où l'acte est arrivé."""

    SESSION = "session"
    LIEN = "lien"
    JETON = "jeton"
    TACHE = "tache"


@dataclass(frozen=True, slots=True)
class Droit:
    """Un rôle sur un périmètre ; un périmètre vide vaut pour tout le territoire.

    `organisme` est l'identifiant du porteur représenté (rédacteur, signataire) ; `financeur` et
    `commune` sont des codes du pack ; `objet` (« dossiers.Dossier:42 ») borne une aide à un seul dossier.
    Un agent de financeur lit aussi, sans y écrire, les dossiers qui visent sa `commune`, ou tous (`partout`),
    si le pack le dit (`Financeur.lit`).
    """

    role: Role
    organisme: int | None = None
    financeur: str = ""
    commune: str = ""
    objet: str = ""
    partout: bool = False


@dataclass(frozen=True, slots=True)
class Acteur:
    """Qui agit, en quelle qualité, sur quel territoire, par quel moyen.

    `droits` est lu une fois par requête : un rattachement retiré ne vaut plus à la requête suivante.
    """

    nom: str
    fonction: str
    territoire: str
    utilisateur: int | None = None
    moyen: Moyen = Moyen.SESSION
    droits: tuple[Droit, ...] = ()

    @property
    def signature(self) -> str:
        """« Amina Haddad, présidente », tel qu'un acte le garde ; 200 caractères au plus."""
        return f"{self.nom}, {self.fonction}"[:200]

    def a(self, *roles: Role) -> bool:
        return any(droit.role in roles for droit in self.droits)

    def perimetres(self, *roles: Role) -> tuple[Droit, ...]:
        return tuple(droit for droit in self.droits if droit.role in roles)


class TransitionRefusee(Exception):
    """La table ne permet pas cet acte ; `raison` est une phrase pour la personne."""

    def __init__(self, raison: str) -> None:
        super().__init__(raison)
        self.raison = raison


class RoleInsuffisant(TransitionRefusee):
    """L'état permet l'acte, la personne non."""


class EtatInterdit(TransitionRefusee):
    """La personne pourrait, l'état ne le permet pas."""


@dataclass(frozen=True, slots=True)
class Transition:
    """Une ligne de la table.

    `piece` nomme la seule pièce de la maison qui appelle l'acte (un test lit les appels). `libelle` est le
    bouton et le refus ; `fait` est ce que l'histoire en garde, une fois joué.
    """

    acte: str
    de: tuple[str, ...]
    vers: str
    roles: frozenset[Role]
    libelle: str
    piece: str = ""
    motif_requis: bool = False
    fait: str = ""

    @property
    def au_registre(self) -> str:
        return self.fait or self.libelle


@dataclass(frozen=True, slots=True)
class Machine:
    """La table d'un objet : ses états, avec un nom pour le porteur et un pour l'agent, et ses actes."""

    nom: str
    initial: str
    etats: dict[str, tuple[str, str]]
    transitions: tuple[Transition, ...]

    def __post_init__(self) -> None:
        connus = set(self.etats)
        cites = {self.initial} | {t.vers for t in self.transitions}
        cites |= {etat for t in self.transitions for etat in t.de}
        if inconnus := cites - connus:
            raise ValueError(f"{self.nom} : états sans libellé : {', '.join(sorted(inconnus))}")
        actes = [t.acte for t in self.transitions]
        if doubles := {acte for acte in actes if actes.count(acte) > 1}:
            raise ValueError(f"{self.nom} : actes écrits deux fois : {', '.join(sorted(doubles))}")

    def transition(self, acte: str) -> Transition:
        for t in self.transitions:
            if t.acte == acte:
                return t
        raise KeyError(f"{self.nom} : acte inconnu « {acte} »")

    def verifier(self, *, etat: str, acte: str, roles: Iterable[Role], motif: str = "") -> Transition:
        """Rend la transition permise, ou lève le refus avec sa raison (domaine §C.4)."""
        t = self.transition(acte)
        if not t.roles & set(roles):
            qui = " ou ".join(sorted(role.libelle for role in t.roles))
            raise RoleInsuffisant(f"« {t.libelle} » : cet acte revient à : {qui}.")
        if etat not in t.de:
            attendus = " ou ".join(f"« {self.etats[e][1]} »" for e in t.de)
            raise EtatInterdit(
                f"« {t.libelle} » : l'état est « {self.etats[etat][1]} », il faudrait {attendus}."
            )
        if t.motif_requis and not motif.strip():
            raise TransitionRefusee(f"« {t.libelle} » : écrivez le motif, il sera conservé.")
        return t

    def possibles(self, *, etat: str, roles: Iterable[Role]) -> tuple[Transition, ...]:
        """Les actes que l'état et les rôles permettent, dans l'ordre de la table."""
        qui = set(roles)
        return tuple(t for t in self.transitions if etat in t.de and t.roles & qui)

    def libelle(self, etat: str, *, porteur: bool = False) -> str:
        return self.etats[etat][0 if porteur else 1]
