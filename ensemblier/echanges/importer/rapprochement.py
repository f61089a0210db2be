"""Reconnaître le dossier d'une ligne : par son code, puis SIRET et exercice, puis titre proche (issue 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from django.db.models import Q

from ensemblier.appels.models import Dispositif
from ensemblier.dossiers.etats import ABANDONNEE
from ensemblier.dossiers.models import Demande, DossierQuerySet
from ensemblier.echanges.importer.lecture import Ligne
from ensemblier.echanges.models import LigneReprise
from ensemblier.noyau.mots import plat
from ensemblier.noyau.packs.extractions import Extraction
from ensemblier.territoires.models import Territoire

RECONNUE, INCONNUE, AMBIGUE, REFUSEE, DEJA = "reconnue", "inconnue", "ambigue", "refusee", "deja"
PROCHE, ECART = 0.8, 0.1
"""Un titre assez proche, et nettement plus que le suivant : sinon une personne tranche."""


@dataclass(frozen=True, slots=True)
class Candidat:
    """Ce qu'il faut d'un dossier pour le reconnaître."""

    pk: int
    numero: str
    dauphin: str
    intitule: str
    siren: str
    exercice: int


@dataclass(slots=True)
class Rapprochee:
    """Une ligne et ce qu'on en sait : reconnue dans `dossier`, ou pourquoi pas."""

    ligne: Ligne
    issue: str
    phrase: str = ""
    candidat: Candidat | None = None


@dataclass(slots=True)
class Rapprochement:
    """Rapproche les lignes par lots : cinq requêtes au plus par lot, quelle que soit sa longueur."""

    territoire: Territoire
    dossiers: DossierQuerySet
    extraction: Extraction
    contrat: str = ""
    _vus: dict[int, int] = field(default_factory=dict)

    def lot(self, lignes: Sequence[Ligne]) -> list[Rapprochee]:
        connues = self._deja_reprises(lignes)
        par_code, par_siren, par_titre = self._candidats(lignes)
        rendues = []
        for ligne in lignes:
            if ligne.fautes:
                rendue = Rapprochee(ligne, REFUSEE, " ".join(ligne.fautes))
            elif self.contrat and ligne.contrat and plat(ligne.contrat) != plat(self.contrat):
                rendue = Rapprochee(ligne, INCONNUE, f"D'un autre contrat de ville : {ligne.contrat}.")
            elif ligne.empreinte(self.extraction.code) in connues:
                rendue = Rapprochee(ligne, DEJA, "Déjà importée : rien à refaire.")
            else:
                rendue = self._reconnaitre(ligne, par_code, par_siren, par_titre)
            rendues.append(self._une_fois(rendue))
        return rendues

    def _deja_reprises(self, lignes: Iterable[Ligne]) -> set[str]:
        empreintes = [x.empreinte(self.extraction.code) for x in lignes]
        reprises = LigneReprise.objects.filter(territoire=self.territoire, empreinte__in=empreintes)
        return set(reprises.values_list("empreinte", flat=True))

    def _candidats(
        self, lignes: Sequence[Ligne]
    ) -> tuple[dict[str, list[Candidat]], dict[tuple[str, int], list[Candidat]], dict[str, list[Candidat]]]:
        saines = [x for x in lignes if not x.fautes]
        codes = {forme for x in saines if x.numero for forme in _formes(x.numero)}
        sirens = {x.siret[:9] for x in saines if x.siret}
        titres = {x.intitule for x in saines if x.intitule and not x.siret}
        exercices = {x.exercice for x in saines if x.exercice}
        lus = list(self._lire(Q(numero_dauphin__in=codes))) if codes else []
        siens = Q(organisme__siren__in=sirens, appel__exercice__in=exercices) & self._de_ses_appels()
        lus += self._lire(siens) if sirens and exercices else []
        memes = Q(intitule__in=titres, appel__exercice__in=exercices) & self._de_ses_appels()
        lus += self._lire(memes) if titres else []
        par_code: dict[str, list[Candidat]] = {}
        par_siren: dict[tuple[str, int], list[Candidat]] = {}
        par_titre: dict[str, list[Candidat]] = {}
        for c in {c.pk: c for c in lus}.values():
            if c.dauphin:
                par_code.setdefault(_canonique(c.dauphin), []).append(c)
            par_siren.setdefault((c.siren, c.exercice), []).append(c)
            par_titre.setdefault(plat(c.intitule), []).append(c)
        return par_code, par_siren, par_titre

    def _de_ses_appels(self) -> Q:
        """Sans code, la ligne est d'un appel où ce financeur a un dispositif : l'AMI n'en a pas."""
        siens = Dispositif.objects.filter(financeur__code=self.extraction.financeur)
        return Q(appel__in=siens.filter(appel__territoire=self.territoire).values("appel"))

    def _lire(self, condition: Q) -> Iterable[Candidat]:
        lus = self.dossiers.filter(condition).values_list(
            "pk", "numero", "numero_dauphin", "intitule", "organisme__siren", "appel__exercice"
        )
        return [Candidat(*x) for x in lus]

    def _reconnaitre(
        self,
        ligne: Ligne,
        par_code: dict[str, list[Candidat]],
        par_siren: dict[tuple[str, int], list[Candidat]],
        par_titre: dict[str, list[Candidat]],
    ) -> Rapprochee:
        trouves = par_code.get(_canonique(ligne.numero), []) if ligne.numero else []
        if len(trouves) == 1:
            return self._par_code(ligne, trouves[0])
        if len(trouves) > 1:  # deux éditions d'un appel peuvent porter le même code : le reste départage
            siens = [c for c in trouves if _concorde(ligne, c)]
            if len(siens) == 1:
                return Rapprochee(ligne, RECONNUE, candidat=siens[0])
            return _ambigue(ligne, trouves, f"Le code {ligne.numero} est porté par plusieurs dossiers")
        if ligne.siret and ligne.exercice:
            trouves = par_siren.get((ligne.siret[:9], ligne.exercice), [])
        elif ligne.intitule:
            memes = par_titre.get(plat(ligne.intitule), [])
            trouves = [c for c in memes if ligne.exercice in (None, c.exercice)]
        libres = [c for c in trouves if not c.dauphin or not ligne.numero]
        if trouves and not libres:
            return Rapprochee(
                ligne, INCONNUE,
                f"Les dossiers de cet organisme portent d'autres codes : {_noms(trouves)}.",
            )  # fmt: skip
        if len(libres) == 1 and (not ligne.intitule or _proximite(ligne, libres[0]) >= PROCHE):
            return Rapprochee(ligne, RECONNUE, candidat=libres[0])
        return self._par_titre(ligne, libres)

    def _par_code(self, ligne: Ligne, c: Candidat) -> Rapprochee:
        if ligne.siret and c.siren and ligne.siret[:9] != c.siren:
            return _ambigue(ligne, [c], f"Le code {ligne.numero} et le SIRET {ligne.siret} se contredisent")
        if ligne.exercice and ligne.exercice != c.exercice:
            return _ambigue(ligne, [c], f"Le code {ligne.numero} est d'un autre exercice, {c.exercice}")
        return Rapprochee(ligne, RECONNUE, candidat=c)

    @staticmethod
    def _par_titre(ligne: Ligne, libres: list[Candidat]) -> Rapprochee:
        """Le plus proche s'il l'est assez, et nettement ; sinon une personne tranche."""
        if not libres:
            return Rapprochee(ligne, INCONNUE, "Aucun dossier de la maison n'a ce code ni cet organisme.")
        rangs = sorted(((_proximite(ligne, c), c.pk, c) for c in libres), reverse=True)
        meilleur, suivant = rangs[0][0], rangs[1][0] if len(rangs) > 1 else 0.0
        if ligne.intitule and meilleur >= PROCHE and meilleur - suivant >= ECART:
            return Rapprochee(ligne, RECONNUE, candidat=rangs[0][2])
        return _ambigue(ligne, libres, "Le titre ne désigne pas un dossier plutôt qu'un autre")

    def _une_fois(self, rendue: Rapprochee) -> Rapprochee:
        """Deux lignes d'un fichier pour un même dossier se contredisent peut-être : la seconde attend."""
        if rendue.issue != RECONNUE or rendue.candidat is None:
            return rendue
        premiere = self._vus.setdefault(rendue.candidat.pk, rendue.ligne.rang)
        if premiere == rendue.ligne.rang:
            return rendue
        return _ambigue(rendue.ligne, [rendue.candidat], f"La ligne {premiere} décrit déjà ce dossier")


def volets(dossiers: Iterable[int], financeur: str) -> dict[int, list[int]]:
    """Les volets de ce financeur, par dossier ; une requête."""
    siens: dict[int, list[int]] = {}
    lus = Demande.objects.filter(dossier__in=list(dossiers), financeur__code=financeur).exclude(
        etat=ABANDONNEE
    )
    for pk, dossier in lus.order_by("pk").values_list("pk", "dossier"):
        siens.setdefault(dossier, []).append(pk)
    return siens


def _concorde(ligne: Ligne, c: Candidat) -> bool:
    """L'organisme et l'exercice que dit la ligne sont ceux du dossier ; ce qu'elle tait ne compte pas."""
    return ligne.siret[:9] in ("", c.siren) and ligne.exercice in (None, c.exercice)


def _canonique(numero: str) -> str:
    return numero.upper().removeprefix("DA")


def _formes(numero: str) -> tuple[str, str]:
    nu = _canonique(numero)
    return nu, f"DA{nu}"


def _proximite(ligne: Ligne, c: Candidat) -> float:
    return SequenceMatcher(None, plat(ligne.intitule), plat(c.intitule), autojunk=False).ratio()


def _noms(candidats: Iterable[Candidat]) -> str:
    return ", ".join(f"{c.numero}{f' ({c.dauphin})' if c.dauphin else ''}" for c in candidats)


def _ambigue(ligne: Ligne, candidats: Sequence[Candidat], pourquoi: str) -> Rapprochee:
    return Rapprochee(
        ligne, AMBIGUE,
        f"{pourquoi} : {_noms(candidats[:5])}. Notez le code Dauphin dans le bon dossier, puis recommencez.",
    )  # fmt: skip
