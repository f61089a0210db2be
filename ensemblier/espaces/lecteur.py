"""Qui lit la liste de travail, quel jour, et ce qui l'attend : ce dont filtres, tris et lignes dépendent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import Case, DateField, Exists, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from ensemblier.appels.models import Appel, Jalon
from ensemblier.comptes.droits import exiger
from ensemblier.comptes.equipe import PARTENAIRES
from ensemblier.comptes.models import Absence
from ensemblier.dossiers.etats import A_COMPLETER, ABANDONNEE
from ensemblier.dossiers.models import Demande, DemandeQuerySet, Dossier, DossierQuerySet
from ensemblier.dossiers.recherche import Recherche, rechercher
from ensemblier.dossiers.suivi import Equipe, equipe_du, tenus_par_d_autres
from ensemblier.instruction.attentes import JAMAIS, Attente, attentes, lignes_attendues, reunir
from ensemblier.instruction.examen import INSTRUCTION
from ensemblier.instruction.lecture import AUTORITES, lit_le_fil
from ensemblier.instruction.models import Complement, DemandeDAvis, DemandeDAvisQuerySet
from ensemblier.interface.champs import EurosField
from ensemblier.interface.cles import parmi
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Territoire

CLES_CITEES = 5_000


@dataclass(frozen=True, slots=True)
class Attendu:
    """Ce qu'un dossier attend du lecteur, en phrases, la plus pressante d'abord ; aucune : du porteur."""

    phrases: tuple[str, ...]
    est_en_retard: bool


class Lecteur:
    """Une autorité devant sa liste ; chaque lecture se fait au plus une fois par page."""

    def __init__(self, acteur: Acteur | None, territoire: Territoire, *, jour: date | None = None) -> None:
        self.acteur = exiger(acteur, *AUTORITES)
        self.territoire = territoire
        self.jour = jour or timezone.localdate()
        self._recherches: dict[str, Recherche] = {}

    def recherche(self, mots: str) -> Recherche:
        """Ce que trouvent ces mots, lu une fois."""
        if mots not in self._recherches:
            self._recherches[mots] = rechercher(mots)
        return self._recherches[mots]

    @cached_property
    def dossiers(self) -> DossierQuerySet:
        """Le territoire est redit par sa clé : les index qui commencent par elle donnent alors l'ordre."""
        return Dossier.objects.a_juger_par(self.acteur).deposes().filter(territoire=self.territoire)

    @cached_property
    def attentes(self) -> list[Attente]:
        echus = {cle for cle, fin in self.fins_d_instruction.items() if fin < self.jour}
        return attentes(self.acteur, jour=self.jour, appels_echus=echus, ailleurs=self.ailleurs)

    @cached_property
    def est_pilote(self) -> bool:
        return self.acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE)

    @cached_property
    def absences(self) -> list[Absence]:
        """Pour qui instruit ou rend un avis : son absence du jour, et celles où il remplace ; une requête.

        Aucune si l'équipe, déjà lue, ne le dit ni absent ni remplaçant.
        """
        if not self.peut_s_absenter or (
            self.est_pilote and not self.equipe.est_touche(self.acteur.utilisateur)
        ):
            return []
        moi = Q(remplacant=self.acteur.utilisateur) | Q(utilisateur=self.acteur.utilisateur)
        siennes = Absence.objects.en_vigueur(self.jour).filter(moi, territoire=self.territoire)
        return list(siennes.select_related("utilisateur").order_by("au", "pk"))

    @property
    def peut_s_absenter(self) -> bool:
        return self.est_pilote or self.acteur.a(*PARTENAIRES)

    @property
    def absent_jusqu_au(self) -> date | None:
        return next((a.au for a in self.absences if a.utilisateur_id == self.acteur.utilisateur), None)

    @property
    def remplace(self) -> Absence | None:
        """L'absence où il répond pour quelqu'un."""
        return next((a for a in self.absences if a.remplacant_id == self.acteur.utilisateur), None)

    @property
    def voit_le_suivi(self) -> bool:
        """Qui suit un dossier est l'affaire du service."""
        return self.est_pilote or self.acteur.a(Role.AUDITEUR)

    @cached_property
    def equipe(self) -> Equipe:
        """Qui instruit ce jour-là ; une requête."""
        return equipe_du(self.territoire, self.jour)

    @cached_property
    def ailleurs(self) -> Q | None:
        """Pour qui instruit : les dossiers qu'une autre personne suit."""
        return tenus_par_d_autres(self.acteur, self.equipe) if self.est_pilote else None

    @cached_property
    def attendus(self) -> dict[int, Attendu]:
        """Les dossiers où quelque chose attend : le lecteur, ou le porteur qui complète ; une requête.

        Grandit avec ce qui attend une personne, jamais avec les archives. Le reste de la page cite ces clés.
        """
        lus: dict[int, tuple[tuple[int, int], ...]] = {}
        for rang, cle, est_depassee in self._branches():
            lus[cle] = (*lus.get(cle, ()), (rang, est_depassee))
        sortes = {dits: self._attendu(sorted(dits)) for dits in set(lus.values())}
        return {cle: sortes[dits] for cle, dits in lus.items()}

    def _branches(self) -> Iterable[tuple[int, int, int]]:
        """Le rang de l'attente, la clé du dossier, un si elle est en retard : chacune par son index."""
        ouverts = Complement.objects.ouverts().filter(dossier=OuterRef("pk"))
        completent = Attente("", Q(etat=A_COMPLETER) & Q(Exists(ouverts)), JAMAIS)
        lues = [
            self.dossiers.filter(a.condition)
            .order_by()
            .values_list(Value(rang), "pk", Case(When(a.depassee, then=1), default=0))
            for rang, a in enumerate((*self.attentes, completent))
        ]
        return lues[0].union(*lues[1:], all=True)

    def _attendu(self, dits: list[tuple[int, int]]) -> Attendu:
        phrases = [self.attentes[rang].phrase for rang, _ in dits if rang < len(self.attentes)]
        return Attendu(tuple(dict.fromkeys(phrases)), any(est_depassee for _, est_depassee in dits))

    @cached_property
    def a_faire(self) -> Q:
        return self._parmi(lambda a: bool(a.phrases), [a.condition for a in self.attentes])

    @cached_property
    def en_retard(self) -> Q:
        return self._parmi(lambda a: a.est_en_retard, [a.retard for a in self.attentes])

    def _parmi(self, tient: Callable[[Attendu], bool], conditions: list[Q]) -> Q:
        """Leurs clés déjà lues ; trop nombreuses pour être citées, la condition que chaque branche relit."""
        cles = [cle for cle, attendu in self.attendus.items() if tient(attendu)]
        return parmi(cles) if len(cles) <= CLES_CITEES else self._reunir(conditions)

    def _reunir(self, conditions: list[Q]) -> Q:
        """L'une au moins : par leurs clés réunies, chaque branche suit son index (un « ou » lirait tout)."""
        ici = Dossier.objects.filter(territoire=self.territoire).order_by()
        branches = [ici.filter(condition).values("pk") for condition in conditions]
        if len(branches) < 2:
            return reunir(conditions)
        return Q(pk__in=branches[0].union(*branches[1:]))

    @property
    def lit_le_fil(self) -> bool:
        return lit_le_fil(self.acteur)

    @cached_property
    def appels(self) -> list[tuple[int, str, str, date | None]]:
        """Les appels publiés du territoire : clé, code, titre, fin de l'instruction ; une requête."""
        jalons = Jalon.objects.filter(appel=OuterRef("pk"), nature=INSTRUCTION, fin__isnull=False)
        fin = Subquery(jalons.order_by("-rang").values("fin")[:1])
        siens = Appel.objects.filter(territoire=self.territoire).publies().annotate(fin=fin)
        return list(siens.values_list("pk", "code", "titre_court", "fin"))

    @property
    def fins_d_instruction(self) -> dict[int, date]:
        """La fin de l'instruction de chaque appel qui la dit."""
        return {cle: fin for cle, _, _, fin in self.appels if fin}

    @cached_property
    def echeance(self) -> Case:
        """Avant quand : la réponse du porteur s'il complète, la fin de l'instruction si l'acteur agit."""
        return self._echeance(When(self.a_faire, then=self._avant_quand))

    @cached_property
    def echeance_attendue(self) -> Case:
        """La même, là où tout attend quelque chose : `avec_une_echeance`, ou moins."""
        return self._echeance(default=self._avant_quand)

    @staticmethod
    def _echeance(*sinon: When, default: Coalesce | None = None) -> Case:
        ouverts = Complement.objects.ouverts().filter(dossier=OuterRef("pk")).order_by("-pk")
        completer = When(etat=A_COMPLETER, then=Subquery(ouverts.values("echeance")[:1]))
        return Case(completer, *sinon, default=default, output_field=DateField())

    @property
    def _avant_quand(self) -> Coalesce:
        """La première échéance d'un avis demandé, à défaut la fin de l'instruction."""
        fins = [When(appel=cle, then=Value(fin)) for cle, fin in self.fins_d_instruction.items()]
        demandes = self._avis_demandes.order_by("echeance").values("echeance")
        return Coalesce(Subquery(demandes[:1]), Case(*fins, output_field=DateField()))

    @property
    def avec_une_echeance(self) -> Q:
        """Où `echeance` peut être dite."""
        ouverts = Complement.objects.ouverts().filter(dossier=OuterRef("pk"))
        completent = Q(etat=A_COMPLETER) & Q(Exists(ouverts))
        return self._parmi(lambda _: True, [completent, *(a.condition for a in self.attentes)])

    @property
    def _avis_demandes(self) -> DemandeDAvisQuerySet:
        """Les avis demandés au lecteur sur un dossier, encore sans réponse."""
        siens = DemandeDAvis.objects.filter(lignes_attendues(self.acteur), dossier=OuterRef("pk"))
        return siens.sans_reponse()

    def echeant(self, du: date, au: date) -> Q:
        """Ceux dont l'échéance tombe dans ces jours, sans la calculer ligne à ligne."""
        attendus = Complement.objects.ouverts().filter(dossier=OuterRef("pk"), echeance__range=(du, au))
        appels = [cle for cle, fin in self.fins_d_instruction.items() if du <= fin <= au]
        demandes = self._avis_demandes
        sans = Q(appel__in=appels) & ~Q(Exists(demandes))
        a_dire = Q(Exists(demandes.filter(echeance__range=(du, au)))) | sans
        return Q(etat=A_COMPLETER) & Q(Exists(attendus)) | ~Q(etat=A_COMPLETER) & self.a_faire & a_dire

    @cached_property
    def lignes_lues(self) -> Q | None:
        """Les demandes dont le montant le regarde : les siennes s'il finance, toutes sinon (`None`)."""
        codes = {d.financeur for d in self.acteur.perimetres(Role.AGENT_FINANCEUR)}
        communes = {d.commune for d in self.acteur.perimetres(Role.REFERENT_COMMUNAL)}
        pilote = self.acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR)
        if pilote or not (codes or communes):
            return None
        return Q(financeur__code__in=codes) | Q(financeur__commune__code__in=communes)

    def demandes(self) -> DemandeQuerySet:
        """Les demandes encore faites, parmi celles qui regardent le lecteur."""
        faites = Demande.objects.exclude(etat=ABANDONNEE)
        return faites if self.lignes_lues is None else faites.filter(self.lignes_lues)

    @cached_property
    def cle_de_la_demande(self) -> tuple[str, dict[str, Subquery]]:
        """La clé du tri par montant, celui que la colonne montre, et ce qu'il faut annoter pour l'avoir."""
        if self.lignes_lues is None:
            return "demande_totale", {}
        siennes = self.demandes().filter(dossier=OuterRef("pk")).order_by().values("dossier")
        totaux = siennes.annotate(total=Sum("demande")).values("total")
        return "demandee", {"demandee": Subquery(totaux, output_field=EurosField())}
