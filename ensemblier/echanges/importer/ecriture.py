"""Écrire ce qu'une ligne apporte : par les actes, ou par une reprise dite ; jamais un état impossible."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from ensemblier.dossiers.actes import marquer_le_changement, noter_numero_dauphin
from ensemblier.dossiers.actes.commun import tenir
from ensemblier.dossiers.actes.volets import rafraichir_etape
from ensemblier.dossiers.etats import DECISIONS, DEMANDE, PERDUS, REFUSEE, SOLLICITEE, VOTEE
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.echanges.importer.lecture import Ligne
from ensemblier.instruction.examen import exiger_recevable
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.montants import en_francais
from ensemblier.noyau.packs.extractions import EN_SAISIE, Extraction
from ensemblier.programmation.actes import DecisionReprise, reprendre_une_decision
from ensemblier.registre.actes import ActeBloque, consigner, reprendre


def _atteints(de: str, pas: Iterable[tuple[str, str]]) -> set[str]:
    """Les états qu'on atteint depuis celui-ci, lui compris."""
    liens, atteints, a_voir = list(pas), {de}, [de]
    while a_voir:
        etat = a_voir.pop()
        suivants = {vers for depart, vers in liens if depart == etat} - atteints
        atteints |= suivants
        a_voir += suivants
    return atteints


def _pas() -> tuple[tuple[str, str], ...]:
    """Les pas que les actes font faire à un volet ; retirer une proposition est un retour, pas un pas."""
    rang = {etat: n for n, etat in enumerate(DEMANDE.etats)}
    tous = [(de, t.vers) for t in DEMANDE.transitions for de in t.de if de != t.vers]
    en_avant = [(de, vers) for de, vers in tous if rang[de] < rang[vers]]
    return tuple((de, vers) for de, vers in tous if de not in _atteints(vers, en_avant))


PAS = _pas()


def mene_a(de: str, vers: str) -> bool:
    """Vrai si les actes de la maison mènent un volet, sans revenir en arrière, de cet état à cet autre."""
    return vers in _atteints(de, PAS)


def ecrire(
    ligne: Ligne,
    *,
    dossier: int,
    volets: list[int],
    extraction: Extraction,
    par: Acteur,
    le: datetime,
) -> list[str]:
    """Écrit ce que la ligne apporte au dossier, sous son verrou ; rend ce qui a changé, en phrases.

    Une liste vide : la maison le savait déjà. Lève `ActeBloque` ou `TransitionRefusee` ; l'appelant défait
    alors la ligne entière.
    """
    tenu = tenir(Dossier(pk=dossier))
    faits = _noter_le_numero(tenu, ligne, par=par, le=le)
    if not volets:
        if ligne.vote:
            raise ActeBloque(
                f"{tenu.numero} ne demande rien à « {extraction.financeur} », et la ligne dit une aide votée."
            )
        return faits
    if len(volets) > 1:
        raise ActeBloque(
            f"{tenu.numero} a plusieurs demandes à « {extraction.financeur} », la ligne ne dit pas laquelle. "
            "Reportez-la dans le dossier."
        )
    lus = Demande.objects.select_for_update(of=("self",))
    demande = lus.select_related("financeur__commune", "dispositif").get(pk=volets[0])
    demande.dossier = tenu
    faits += _noter_la_demande(demande, ligne, extraction, par=par, le=le)
    return faits + _avancer(demande, ligne, extraction, par=par, le=le)


def _noter_le_numero(dossier: Dossier, ligne: Ligne, *, par: Acteur, le: datetime) -> list[str]:
    date_neuve = ligne.depose_le is not None and dossier.depose_dauphin_le is None
    if not ligne.numero or (dossier.numero_dauphin and not date_neuve):
        return []
    numero = dossier.numero_dauphin or ligne.numero
    faits = [] if dossier.numero_dauphin else [f"Numéro {numero} noté"]
    faits += [f"Déposé sur la plateforme le {ligne.depose_le:%d/%m/%Y}"] if date_neuve else []
    noter_numero_dauphin(
        dossier, numero=numero, depose_le=ligne.depose_le, par=par, roles={Role.SYSTEME}, le=le
    )
    return faits


def _noter_la_demande(
    demande: Demande, ligne: Ligne, extraction: Extraction, *, par: Acteur, le: datetime
) -> list[str]:
    """Le montant demandé là-bas fait foi tant que rien n'est décidé ; le plan de financement reste."""
    if ligne.demande is None or ligne.demande == demande.demande:
        return []
    ecart = f"Demandé : {en_francais(demande.demande)} ici, {en_francais(ligne.demande)} là-bas"
    if demande.etat in DECISIONS or demande.etat in PERDUS or demande.propose is not None:
        return [f"{ecart}, gardé : un montant est déjà proposé ou décidé"]
    if ligne.demande <= 0:
        raise ActeBloque(f"{demande.dossier.numero} : un montant demandé est au-dessus de zéro.")
    dossier, avant = demande.dossier, demande.demande
    evenement = consigner(
        demande, "reprendre_le_demande", par=par, le=le, public=False,
        libelle=f"Montant demandé repris : {extraction.nom}"[:200],
        details={"avant": str(avant), "apres": str(ligne.demande)}, demande=ligne.demande,
    )  # fmt: skip
    marquer_le_changement(demande, evenement)
    dossier.demande_totale += ligne.demande - avant
    dossier.save(update_fields=("demande_totale",))
    return [f"{ecart}, repris ; le plan de financement du dossier n'est pas changé"]


def _avancer(
    demande: Demande, ligne: Ligne, extraction: Extraction, *, par: Acteur, le: datetime
) -> list[str]:
    cible, numero = ligne.etat, demande.dossier.numero
    if not cible and ligne.vote and demande.vote is None:
        return [f"{en_francais(ligne.vote)} lus sans état : pas repris, une décision a sa date et son acte"]
    if cible in ("", EN_SAISIE, SOLLICITEE):
        return []
    if mene_a(cible, demande.etat):
        _exiger_la_meme_decision(demande, ligne)
        return []
    ici, la_bas = demande.etat_agent, DEMANDE.libelle(cible)
    if not mene_a(demande.etat, cible):
        raise ActeBloque(
            f"{numero} : le volet « {demande.financeur.sigle} » est « {ici} » ici et « {la_bas} » là-bas : "
            "aucun acte ne mène de l'un à l'autre. Vérifiez lequel est juste."
        )
    if cible in (VOTEE, REFUSEE):
        montant = ligne.vote if cible == VOTEE else None
        if cible == VOTEE and not montant:
            raise ActeBloque(f"{numero} : l'aide est dite votée, sans montant voté.")
        decision = DecisionReprise(montant, ligne.vote_le, ligne.decision, ligne.motif)
        reprendre_une_decision(demande, decision=decision, source=extraction.nom, par=par, le=le)
        somme = f", {en_francais(montant)}" if montant else ""
        return [f"Volet : {ici} → {la_bas}{somme}, acte {ligne.decision}"]
    exiger_recevable(demande.dossier, f"l'état du volet « {demande.financeur.sigle} »")
    evenement = reprendre(
        demande, etat=cible, par=par, le=le, libelle=f"Volet repris : {extraction.nom}"[:200],
        details={"source": extraction.nom, "ligne": ligne.rang},
    )  # fmt: skip
    marquer_le_changement(demande, evenement)
    rafraichir_etape(demande.dossier)
    return [f"Volet : {ici} → {la_bas}"]


def _exiger_la_meme_decision(demande: Demande, ligne: Ligne) -> None:
    """La maison a décidé autre chose que l'extraction : une personne tranche, rien ne s'écrase."""
    ici: Decimal | None = demande.vote
    if ligne.vote is not None and ici is not None and ligne.vote != ici:
        raise ActeBloque(
            f"{demande.dossier.numero} : {en_francais(ici)} votés ici, {en_francais(ligne.vote)} là-bas. "
            "Vérifiez l'acte ; une décision ne se change que par une autre."
        )
