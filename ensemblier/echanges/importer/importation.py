"""Importer une extraction : un essai à blanc qui est l'import lui-même, défait ; puis tout, ou rien."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db import transaction

from ensemblier.dossiers.models import Dossier, DossierQuerySet
from ensemblier.echanges.importer.ecriture import ecrire
from ensemblier.echanges.importer.lecture import Lecture, Ligne
from ensemblier.echanges.importer.rapprochement import (
    AMBIGUE,
    DEJA,
    INCONNUE,
    RECONNUE,
    REFUSEE,
    Rapprochement,
    volets,
)
from ensemblier.echanges.models import LigneReprise
from ensemblier.interface.formats import accord, nombre
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant, TransitionRefusee
from ensemblier.noyau.packs.extractions import Extraction
from ensemblier.programmation.models import Enveloppe
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Chaine
from ensemblier.territoires.models import Territoire

IMPORTEE, A_JOUR = "importee", "a_jour"
MOTS = {
    IMPORTEE: ("à importer", "à importer"), A_JOUR: ("déjà à jour", "déjà à jour"),
    DEJA: ("déjà importée", "déjà importées"), INCONNUE: ("inconnue ici", "inconnues ici"),
    AMBIGUE: ("ambiguë", "ambiguës"), REFUSEE: ("refusée", "refusées"),
}  # fmt: skip
BLOQUANTES = (AMBIGUE, REFUSEE)
LOT = 500
Avance = Callable[[int, str], None]


@dataclass(slots=True)
class Resultat:
    """Ce qu'une ligne devient : son issue, et pourquoi ou quoi, en une phrase."""

    rang: int
    libelle: str
    issue: str
    phrase: str = ""
    numero: str = ""


@dataclass(slots=True)
class Rapport:
    """Chaque ligne, dans l'ordre du fichier ; `est_ecrit` : ce qui est « à importer » l'est."""

    extraction: Extraction
    lignes: list[Resultat] = field(default_factory=list)
    est_ecrit: bool = False

    @property
    def comptes(self) -> dict[str, int]:
        lus = Counter(x.issue for x in self.lignes)
        return {issue: lus[issue] for issue in MOTS if lus[issue]}

    @property
    def bloquantes(self) -> list[Resultat]:
        return [x for x in self.lignes if x.issue in BLOQUANTES]

    @property
    def phrase(self) -> str:
        """« 3 lignes importées, 2 refusées, 49 995 inconnues ici. Rien n'est écrit. »"""
        mots = MOTS | ({IMPORTEE: ("importée", "importées")} if self.est_ecrit else {})
        dits = ", ".join(accord(n, *mots[issue]) for issue, n in self.comptes.items())
        rien = "" if self.est_ecrit else " Rien n'est écrit."
        return f"Lignes lues : {nombre(len(self.lignes))} ({dits or 'aucune'}).{rien}"


@dataclass(slots=True)
class _AEcrire:
    ligne: Ligne
    resultat: Resultat
    dossier: int
    volets: list[int]


def extractions_de(territoire: Territoire, acteur: Acteur) -> list[Extraction]:
    """Celles que le pack décrit : toutes pour qui pilote, celles de sa ligne pour un financeur."""
    return [e for e in territoire.pack().extractions if _peut(acteur, e)]


def _peut(acteur: Acteur, extraction: Extraction) -> bool:
    if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.SYSTEME):
        return True
    return extraction.financeur in {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}


def importer(
    lecture: Lecture,
    *,
    territoire: Territoire,
    par: Acteur,
    le: datetime,
    ecrit: bool = False,
    les_autres: bool = False,
    avance: Avance = lambda _fait, _etape: None,
    conclure: Callable[[Rapport], None] = lambda _rapport: None,
) -> Rapport:
    """Rapproche les lignes, puis les écrit dans une seule transaction, défaite si `ecrit` est faux.

    Une ligne ambiguë ou refusée empêche tout, sauf si `les_autres` le demande. `conclure` est appelé dans
    la transaction quand elle reste. Ré-importer le même fichier n'écrit rien.
    """
    if not _peut(par, lecture.extraction):
        raise RoleInsuffisant(f"« Importer » : la ligne est celle de « {lecture.extraction.financeur} ».")
    rapport = Rapport(lecture.extraction)
    a_ecrire = list(_rapprocher(lecture, rapport, territoire, _dossiers(territoire, par), avance))
    with transaction.atomic():
        _verrouiller(a_ecrire, lecture.extraction)
        for travail in a_ecrire:
            _une_ligne(travail, lecture.extraction, territoire, par=par, le=le)
        rapport.est_ecrit = ecrit and (les_autres or not rapport.bloquantes)
        if rapport.est_ecrit:
            conclure(rapport)
        else:
            transaction.set_rollback(True)
    return rapport


def _dossiers(territoire: Territoire, par: Acteur) -> DossierQuerySet:
    """Une tâche voit tout son territoire ; une personne, ce qu'elle peut juger (B10)."""
    if par.a(Role.SYSTEME):
        return Dossier.objects.filter(territoire=territoire).deposes()
    return Dossier.objects.a_juger_par(par).deposes()


def _rapprocher(
    lecture: Lecture, rapport: Rapport, territoire: Territoire, dossiers: DossierQuerySet, avance: Avance
) -> Iterator[_AEcrire]:
    pack, code = territoire.pack(), lecture.extraction.financeur
    rapprochement = Rapprochement(territoire, dossiers, lecture.extraction, pack.contrat.numero or "")
    while lot := list(islice(lecture.lignes, LOT)):
        rapprochees = rapprochement.lot(lot)
        reconnues = [x.candidat.pk for x in rapprochees if x.issue == RECONNUE and x.candidat]
        siens = volets(reconnues, code) if reconnues else {}
        for x in rapprochees:
            numero = x.candidat.numero if x.candidat else ""
            resultat = Resultat(x.ligne.rang, x.ligne.libelle, x.issue, x.phrase, numero)
            rapport.lignes.append(resultat)
            if x.issue == RECONNUE and x.candidat:
                yield _AEcrire(x.ligne, resultat, x.candidat.pk, siens.get(x.candidat.pk, []))
        avance(len(rapport.lignes), "Lecture et rapprochement")


def _verrouiller(a_ecrire: Sequence[_AEcrire], extraction: Extraction) -> None:
    """Toutes les chaînes d'abord, dans l'ordre de leur identifiant : deux actes ne s'attendent jamais."""
    racines = [Dossier(pk=x.dossier).racine() for x in a_ecrire]
    for debut in range(0, len(a_ecrire), LOT):
        cles = [x.dossier for x in a_ecrire[debut : debut + LOT]]
        appels = Dossier.objects.filter(pk__in=cles).order_by().values("appel")
        tenues = Enveloppe.objects.filter(appel__in=appels, financeur__code=extraction.financeur)
        racines += [e.racine() for e in tenues]
    cles_des_chaines: list[int] = []
    uniques = sorted(set(racines))
    for debut in range(0, len(uniques), LOT):
        lot = uniques[debut : debut + LOT]
        Chaine.objects.bulk_create([Chaine(racine=r) for r in lot], ignore_conflicts=True)
        cles_des_chaines += Chaine.objects.filter(racine__in=lot).values_list("pk", flat=True)
    cles_des_chaines.sort()
    for debut in range(0, len(cles_des_chaines), LOT):
        lot_de_cles = cles_des_chaines[debut : debut + LOT]
        list(Chaine.objects.select_for_update().filter(pk__in=lot_de_cles).order_by("pk").values_list("pk"))


def _une_ligne(
    travail: _AEcrire, extraction: Extraction, territoire: Territoire, *, par: Acteur, le: datetime
) -> None:
    """La ligne entière, ou rien d'elle."""
    resultat = travail.resultat
    try:
        with transaction.atomic():
            faits = ecrire(
                travail.ligne, dossier=travail.dossier, volets=travail.volets, extraction=extraction,
                par=par, le=le,
            )  # fmt: skip
            LigneReprise.objects.create(
                territoire=territoire, dossier_id=travail.dossier, le=le,
                empreinte=travail.ligne.empreinte(extraction.code),
            )  # fmt: skip
    except ActeBloque as refus:
        resultat.issue, resultat.phrase = REFUSEE, " ".join(refus.raisons)
    except TransitionRefusee as refus:
        resultat.issue, resultat.phrase = REFUSEE, refus.raison
    else:
        resultat.issue = IMPORTEE if faits else A_JOUR
        resultat.phrase = f"{resultat.numero} : {' ; '.join(faits) or 'rien de nouveau'}."
