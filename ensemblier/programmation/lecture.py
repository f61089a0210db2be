"""Ce que les pages de la programmation montrent : le tableau, ses totaux, ses jauges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q

from ensemblier.appels.models import Appel
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.etats import (
    ABANDONNEE,
    CLOS,
    DECIDE,
    DEMANDE,
    PERDUS,
    PROGRAMMEE,
    PROPOSEE,
    RECEVABLE,
)
from ensemblier.dossiers.models import Ciblage, CommuneVisee, Demande, Dossier, DossierQuerySet
from ensemblier.interface.champs import somme
from ensemblier.interface.formats import ordre
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.models import Enveloppe, Seance
from ensemblier.registre.models import Evenement
from ensemblier.territoires.models import Financeur

CHANGEMENTS = ("deplacer_la_seance", "completer_l_ordre_du_jour")
PAR_PAGE = 50
PAR_GRILLE = 200
"""Une page sans JavaScript, et ce que la grille demande à la fois pour se compléter."""
COMMUNES = "COMMUNES"
PROPOSABLES = frozenset(DEMANDE.transition("proposer").de)


@dataclass(slots=True)
class Cellule:
    """Un volet dans le tableau ; `saisie` et `refus` gardent ce qui a été tapé et pourquoi c'est refusé."""

    volet: Demande
    est_mienne: bool
    saisie: str = ""
    refus: str = ""

    @property
    def montant(self) -> Decimal | None:
        return self.volet.vote if self.volet.vote is not None else self.volet.propose

    @property
    def mot(self) -> str:
        """« refusé », « écarté » : un volet perdu se dit, son zéro ne se lit pas comme un accord."""
        return self.volet.etat_agent.lower() if self.volet.etat in PERDUS else ""

    @property
    def statut(self) -> str:
        if self.volet.vote is not None:
            return "vote"
        return "propose" if self.volet.propose is not None else "attendu"

    @property
    def version(self) -> int:
        return self.volet.version

    @property
    def nom(self) -> str:
        """Le nom de sa boîte, sans le dossier."""
        return f"{self.volet.financeur.sigle} proposé"

    @property
    def vide(self) -> str:
        """Ce que dit une case d'un autre où rien n'est écrit."""
        return "attendu"

    @property
    def verrou(self) -> bool | None:
        """Fixée ou non ; `None` : une case du tableau ne se fixe pas."""
        return None


@dataclass(slots=True)
class Ligne:
    dossier: Dossier
    colonnes: dict[str, list[Cellule]] = field(default_factory=dict)
    total: Decimal = ZERO
    releve: Any = None
    """Ce qui entoure les montants (`releve.Releve`) ; posé pour les lignes montrées."""

    @property
    def ecart(self) -> Decimal:
        """Ce qui reste à trouver ; négatif si les financements dépassent le coût (S41)."""
        return self.dossier.cout_total - self.total

    @property
    def depassement(self) -> Decimal:
        return -self.ecart

    @property
    def refus(self) -> list[str]:
        return [c.refus for cellules in self.colonnes.values() for c in cellules if c.refus]


@dataclass(frozen=True, slots=True)
class Colonne:
    """Une colonne par financeur ; les communes n'en font qu'une."""

    cle: str
    titre: str


def dossiers_de(acteur: Acteur, appel: Appel) -> DossierQuerySet:
    """Les dossiers de l'appel qui se programment ou sont décidés, dans ce que l'acteur voit."""
    return Dossier.objects.a_juger_par(acteur).filter(
        appel=appel, etat__in=(RECEVABLE, DECIDE, CLOS), depose_le__isnull=False
    )


ALERTE = "alerte"
FILTRES = ("etat", "pilier", "commune", "qpv", "financeur", ALERTE, "q")
UNE, AUCUNE = "une", "aucune"
ALERTES = {
    "plafond": "Au-dessus du plafond", "besoin": "Au-dessus du besoin", "total": "Plus que le coût",
    "droit_commun": "Droit commun non dit", "contact": "Contact manquant", "bilan": "Bilan non rendu",
}  # fmt: skip
"""Les marques d'une ligne, relevées en Python (`releve`) : leur filtre relit toute la liste."""


def filtrer(dossiers: DossierQuerySet, dits: Mapping[str, str]) -> DossierQuerySet:
    """Les filtres de l'adresse, cumulés ; un code inconnu ne trouve rien, il n'ouvre rien non plus.

    État et financeur portent sur le même volet : « programmé » et « CALL » disent « programmé par la CALL ».
    """
    if pilier := dits.get("pilier"):
        dossiers = dossiers.filter(pilier__code=pilier)
    if commune := dits.get("commune"):
        visees = CommuneVisee.objects.filter(dossier=OuterRef("pk"), commune__code=commune)
        dossiers = dossiers.filter(Exists(visees))
    if qpv := dits.get("qpv"):
        dossiers = dossiers.filter(Exists(Ciblage.objects.filter(dossier=OuterRef("pk"), quartier__code=qpv)))
    volets = Demande.objects.filter(dossier=OuterRef("pk")).exclude(etat=ABANDONNEE)
    if etat := dits.get("etat"):
        volets = volets.filter(etat=etat)
    if financeur := dits.get("financeur"):
        cle = {"type": "commune"} if financeur == COMMUNES else {"code": financeur}
        volets = volets.filter(**{f"financeur__{nom}": valeur for nom, valeur in cle.items()})
    if etat or financeur:
        dossiers = dossiers.filter(Exists(volets))
    if mots := dits.get("q", "").strip()[:80]:
        dossiers = dossiers.filter(
            Q(numero__icontains=mots) | Q(intitule__icontains=mots) | Q(organisme__nom__icontains=mots)
        )
    return dossiers


def choix_des_filtres(appel: Appel) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Nom, titre et valeurs de chaque filtre ; lieux et financeurs viennent du pack, gardé en mémoire."""
    pack, financeurs = appel.territoire.pack(), appel.regles().financeurs
    visees = {code for q in pack.quartiers for code in q.communes}
    siens = [(x.code, x.sigle) for x in pack.financeurs if x.code in financeurs and x.type != "commune"]
    if any(x.type == "commune" and x.code in financeurs for x in pack.financeurs):
        siens.append((COMMUNES, "Communes"))
    return [
        ("etat", "État", [(code, agent) for code, (_, agent) in DEMANDE.etats.items() if code != ABANDONNEE]),
        ("pilier", "Pilier", [(p.code, p.libelle) for p in pack.piliers]),
        (
            "commune",
            "Commune",
            [(c.code, c.nom) for c in sorted(pack.communes, key=_par_nom) if c.code in visees],
        ),
        ("qpv", "Quartier", [(q.code, q.nom) for q in sorted(pack.quartiers, key=_par_nom)]),
        ("financeur", "Financeur", siens),
        (ALERTE, "Alertes", [(UNE, "Au moins une"), *ALERTES.items(), (AUCUNE, "Aucune")]),
    ]


def _par_nom(lieu: packs.Commune | packs.Quartier) -> str:
    return ordre(lieu.nom)


def colonnes_de(appel: Appel) -> list[Colonne]:
    """Les financeurs qui ouvrent un dispositif dans l'appel ; une requête."""
    financeurs = Financeur.objects.filter(pk__in=appel.dispositifs.values("financeur")).order_by("rang")
    rendues: dict[str, Colonne] = {}
    for f in financeurs:
        cle = COMMUNES if f.type == "commune" else f.code
        rendues.setdefault(cle, Colonne(cle, "Communes" if cle == COMMUNES else f.sigle))
    return list(rendues.values())


def cle_de(financeur: Financeur) -> str:
    return COMMUNES if financeur.type == "commune" else financeur.code


def lignes_du_tableau(acteur: Acteur, dossiers: Iterable[Dossier]) -> list[Ligne]:
    """Une requête pour tous les volets de la page."""
    lignes = {d.pk: Ligne(d) for d in dossiers}
    volets = (
        Demande.objects.filter(dossier__in=lignes)
        .exclude(etat=ABANDONNEE)
        .select_related("financeur__commune", "dispositif")
        .order_by("financeur__rang", "pk")
    )
    siens: dict[int, bool] = {}
    for volet in volets:
        ligne = lignes[volet.dossier_id]
        if volet.financeur_id not in siens:
            roles = roles_sur_financeur(acteur, volet.financeur)
            siens[volet.financeur_id] = Role.AGENT_FINANCEUR in roles
        mienne = siens[volet.financeur_id]
        ouverte = volet.etat in PROPOSABLES and ligne.dossier.etat == RECEVABLE
        ligne.colonnes.setdefault(cle_de(volet.financeur), []).append(Cellule(volet, mienne and ouverte))
        if volet.etat not in PERDUS:
            apport = volet.vote if volet.vote is not None else volet.propose
            ligne.total += apport or ZERO
    return list(lignes.values())


def montants(lignes: Iterable[Ligne], totaux: Mapping[str, Somme]) -> Iterator[Decimal | None]:
    """Tous les montants de la grille : une seule écriture pour tous, avec centimes si l'un en a."""
    for ligne in lignes:
        yield ligne.dossier.cout_total
        for cellule in (c for cellules in ligne.colonnes.values() for c in cellules):
            yield from (cellule.volet.demande, cellule.montant)
    for t in totaux.values():
        yield from (t.demande, t.attribue, t.vote)


@dataclass(slots=True)
class Somme:
    demande: Decimal = ZERO
    propose: Decimal = ZERO
    vote: Decimal = ZERO
    attribue: Decimal = ZERO
    """Voté, plus ce qui est proposé et pas encore voté : ce que la jauge compte."""

    def ajouter(self, autre: Somme) -> None:
        self.demande += autre.demande
        self.propose += autre.propose
        self.vote += autre.vote
        self.attribue += autre.attribue


def sommes(dossiers: DossierQuerySet) -> dict[str, Somme]:
    """Par financeur : demandé, proposé, voté, sur tout le filtre et non sur la seule page ; une requête."""
    a_voter = Q(etat__in=(PROPOSEE, PROGRAMMEE))
    lignes = (
        Demande.objects.filter(dossier__in=dossiers.values("pk"))
        .exclude(etat=ABANDONNEE)
        .values("financeur__code")
        .annotate(d=somme("demande"), p=somme("propose"), v=somme("vote"), a=somme("propose", filter=a_voter))
    )
    return {
        ligne["financeur__code"]: Somme(
            ligne["d"] or ZERO, ligne["p"] or ZERO, ligne["v"] or ZERO,
            (ligne["v"] or ZERO) + (ligne["a"] or ZERO),
        )
        for ligne in lignes
    }  # fmt: skip


def totaux(par_financeur: Mapping[str, Somme], colonnes: Iterable[Colonne]) -> dict[str, Somme]:
    """Les sommes rangées par colonne ; les communes n'en font qu'une."""
    rendus = {c.cle: Somme() for c in colonnes}
    for code, somme_lue in par_financeur.items():
        rendus.setdefault(code if code in rendus else COMMUNES, Somme()).ajouter(somme_lue)
    return rendus


def jauges(
    appels: Iterable[Appel], filtre: Mapping[str, Somme] | None = None
) -> dict[int, list[dict[str, Any]]]:
    """Les enveloppes de ces appels : voté, et proposé qui n'est pas encore voté ; deux requêtes.

    `filtre` : ce que la liste filtrée en prend, écrit sous la jauge.
    """
    cles = [a.pk for a in appels]
    enveloppes = (
        Enveloppe.objects.filter(appel__in=cles).select_related("financeur").order_by("financeur__rang")
    )
    proposes = {
        (p["dossier__appel"], p["financeur"]): p["total"]
        for p in Demande.objects.filter(dossier__appel__in=cles, etat__in=(PROPOSEE, PROGRAMMEE))
        .values("dossier__appel", "financeur")
        .annotate(total=somme("propose"))
    }
    rendues: dict[int, list[dict[str, Any]]] = {}
    for e in enveloppes:
        rendues.setdefault(e.appel_id, []).append(
            {
                "libelle": e.financeur.sigle, "financeur": cle_de(e.financeur), "total": e.montant,
                "vote": e.engage, "propose": proposes.get((e.appel_id, e.financeur_id)) or ZERO,
                "filtre": None if filtre is None else filtre.get(e.financeur.code, Somme()).attribue,
            }
        )  # fmt: skip
    return rendues


def en_bandeau(jauges: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Les jauges d'une ligne : les communes n'en font qu'une ; puis celles, de communes, qui débordent."""
    seules = [j for j in jauges if j["financeur"] != COMMUNES]
    communes = [j for j in jauges if j["financeur"] == COMMUNES]
    if len(communes) < 2:
        return [*seules, *communes], []
    ensemble = {"libelle": f"Communes ({len(communes)})", "financeur": COMMUNES, "filtre": None}
    for nom in ("total", "vote", "propose"):
        ensemble[nom] = sum((j[nom] for j in communes), ZERO)
    if communes[0]["filtre"] is not None:
        ensemble["filtre"] = sum((j["filtre"] for j in communes), ZERO)
    depassees = [j for j in communes if j["vote"] + j["propose"] > j["total"]]
    return [*seules, ensemble], depassees


def changements(seance: Seance) -> list[Evenement]:
    """Ce qui a changé depuis la convocation, avec sa raison, dans l'ordre ; une requête."""
    lus = Evenement.objects.filter(chaine__racine=seance.racine(), acte__in=CHANGEMENTS)
    return list(lus.select_related("detail").order_by("rang"))
