"""Les actes qu'on fait sur plusieurs dossiers à la fois : chacun repasse par son acte, avec ses gardes.

Un acte en lot écarte d'abord ce qu'il refuserait, avec la raison ; le reste devient un travail, une
transaction par dossier. Ce qui change entre l'écran et le travail est refusé ligne à ligne, par l'acte même.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from ensemblier.comptes.droits import acteur_du_travail
from ensemblier.comptes.equipe import pilotes
from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.etats import A_COMPLETER, CLOS, DEPOSE, IRRECEVABLE, RECEVABLE, RETIRE
from ensemblier.dossiers.models import CommuneVisee, Demande, Dossier
from ensemblier.instruction import actes
from ensemblier.instruction.examen import completudes, decision_close
from ensemblier.instruction.forms import AffectationForm
from ensemblier.instruction.models import Avis, Complement, DemandeDAvis
from ensemblier.interface.formats import accord
from ensemblier.interface.formulaires import ChampDate, Formulaire
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import LigneDeTravail, Travail
from ensemblier.registre.travaux import Jalon, Ouvrage
from ensemblier.territoires.models import Financeur, Territoire

Dits = dict[str, Any]
Ecartes = dict[int, str]
FINIS = (IRRECEVABLE, RETIRE, CLOS)


class SansChoix(Formulaire):
    """Un acte qui n'a rien à demander."""

    def __init__(self, *args: Any, territoire: Territoire, jour: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def dits(self) -> Dits:
        """Ce que l'acte reçoit, une fois le formulaire juste."""
        return self.cleaned_data


class AffecterForm(AffectationForm):
    """À qui confier ces dossiers, ou les rendre à l'équipe, et pourquoi."""

    def __init__(self, *args: Any, territoire: Territoire, jour: date, **kwargs: Any) -> None:
        super().__init__(*args, personnes=pilotes(territoire, jour), actuelle=None, **kwargs)
        self.fields["a"].label = "Qui suit ces dossiers"

    def dits(self) -> Dits:
        return self.choix()


class DemanderAvisForm(SansChoix):
    financeurs = forms.ModelMultipleChoiceField(
        label="À qui", queryset=None, widget=forms.CheckboxSelectMultiple,
        help_text="Chacun n'est interrogé que sur les dossiers qui le concernent.",
    )  # fmt: skip
    echeance = ChampDate(label="Avant le", help_text="Le dernier jour pour répondre, compris.")

    def __init__(self, *args: Any, territoire: Territoire, jour: date, **kwargs: Any) -> None:
        super().__init__(*args, territoire=territoire, jour=jour, **kwargs)
        self.jour = jour
        ici = Financeur.objects.filter(territoire=territoire)
        self.fields["financeurs"].queryset = ici.select_related("commune").order_by("rang", "pk")
        self.fields["financeurs"].label_from_instance = lambda f: f.nom

    def parmi(self, dossiers: Iterable[Dossier]) -> None:
        """Ne propose que ceux que ces dossiers concernent."""
        cles = [d.pk for d in dossiers]
        sollicites = Demande.objects.filter(dossier__in=cles).values("financeur")
        touchees = CommuneVisee.objects.filter(dossier__in=cles).values("commune")
        tous = self.fields["financeurs"].queryset
        self.fields["financeurs"].queryset = tous.filter(Q(pk__in=sollicites) | Q(commune__in=touchees))

    def clean_echeance(self) -> date:
        echeance: date = self.cleaned_data["echeance"]
        if echeance <= self.jour:
            raise forms.ValidationError("Ce jour n'est pas à venir. Choisissez demain, ou plus tard.")
        return echeance


FormulaireDActe = SansChoix | AffecterForm


def _ecarter_d_affecter(dossiers: Sequence[Dossier], dits: Dits) -> Ecartes:
    finis = {d.pk: f"« {d.etat_agent} » : plus rien n'y attend." for d in dossiers if d.etat in FINIS}
    qui = dits["a"]
    deja = f"{qui.nom_complet} le suit déjà." if qui else "Personne ne le suit déjà."
    return finis | {d.pk: deja for d in dossiers if d.pk not in finis and d.charge_de_mission == qui}


def _affecter(dossier: Dossier, dits: Dits, **options: Any) -> str:
    actes_dossiers.affecter(dossier, a=dits["a"], motif=dits["motif"], **options)
    return f"Confié à {dits['a'].nom_complet}." if dits["a"] else "Rendu à l'équipe."


def _titre_d_affecter(combien: str, dits: Dits) -> str:
    qui = dits["a"]
    return f"Confier {combien} à {qui.nom_complet}" if qui else f"Rendre {combien} à l'équipe"


def _ecarter_de_complet(dossiers: Sequence[Dossier], _dits: Dits) -> Ecartes:
    ecartes = {d.pk: f"« {d.etat_agent} » : rien à vérifier." for d in dossiers if d.etat != DEPOSE}
    ecartes |= {d.pk: "Déjà déclaré complet." for d in dossiers if d.etat == DEPOSE and d.complet_le}
    for pk, lue in completudes([d for d in dossiers if d.pk not in ecartes]).items():
        if lue.manquantes:
            ecartes[pk] = f"Il manque : {', '.join(p.libelle for p in lue.manquantes)}."
    return ecartes


def _declarer_complet(dossier: Dossier, _dits: Dits, **options: Any) -> str:
    actes.declarer_complet(dossier, **options)
    return "Déclaré complet."


def avis_a_demander(dossiers: Sequence[Dossier], dits: Dits) -> dict[int, list[Financeur]]:
    """Pour chaque dossier recevable, ceux des financeurs choisis dont l'avis manque ; quatre requêtes."""
    recevables = [d for d in dossiers if d.etat == RECEVABLE]
    cles = [d.pk for d in recevables]
    volets: dict[tuple[int, int], list[Demande]] = {}
    for volet in Demande.objects.filter(dossier__in=cles):
        volets.setdefault((volet.dossier_id, volet.financeur_id), []).append(volet)
    touchees = set(CommuneVisee.objects.filter(dossier__in=cles).values_list("dossier_id", "commune_id"))
    rendus = set(Avis.objects.filter(dossier__in=cles).values_list("dossier_id", "financeur_id"))
    deja = DemandeDAvis.objects.filter(dossier__in=cles, echeance=dits["echeance"])
    tus = rendus | set(deja.values_list("dossier_id", "financeur_id"))

    def manque(dossier: Dossier, financeur: Financeur) -> bool:
        siens = volets.get((dossier.pk, financeur.pk), [])
        touchee = financeur.commune_id is not None and (dossier.pk, financeur.commune_id) in touchees
        if (dossier.pk, financeur.pk) in tus or not (siens or touchee):
            return False
        return not decision_close(dossier, financeur, siens)

    return {d.pk: [f for f in dits["financeurs"] if manque(d, f)] for d in recevables}


def _ecarter_d_avis(dossiers: Sequence[Dossier], dits: Dits) -> Ecartes:
    attendus = avis_a_demander(dossiers, dits)
    ecartes = {}
    for dossier in dossiers:
        if dossier.pk not in attendus:
            ecartes[dossier.pk] = f"« {dossier.etat_agent} » : un avis demande un dossier recevable."
        elif not attendus[dossier.pk]:
            ecartes[dossier.pk] = "Aucun des choisis n'a d'avis à y rendre, ou il est déjà demandé ou rendu."
    return ecartes


def _demander_avis(dossier: Dossier, dits: Dits, **options: Any) -> str:
    siens = avis_a_demander([dossier], dits).get(dossier.pk) or list(dits["financeurs"])
    actes.demander_avis(dossier, financeurs=siens, echeance=dits["echeance"], **options)
    return f"Demandé à : {', '.join(f.sigle for f in siens)}."


def _ecarter_de_relancer(dossiers: Sequence[Dossier], _dits: Dits) -> Ecartes:
    cles = [d.pk for d in dossiers]
    muets = set(Complement.objects.ouverts().filter(dossier__in=cles).values_list("dossier_id", flat=True))
    sans_avis = DemandeDAvis.objects.sans_reponse().filter(dossier__in=cles)
    attendus = set(sans_avis.values_list("dossier_id", flat=True))

    def attend(d: Dossier) -> bool:
        return (d.etat == A_COMPLETER and d.pk in muets) or (d.etat == RECEVABLE and d.pk in attendus)

    rien = "Rien n'est attendu : aucune réponse du porteur ni avis demandé ne manque."
    return {d.pk: rien for d in dossiers if not attend(d)}


def _relancer(dossier: Dossier, _dits: Dits, **options: Any) -> str:
    return f"Relance envoyée : {actes.relancer(dossier, **options)}."


@dataclass(frozen=True, slots=True)
class ActeEnLot:
    """`titre` : ce qui sera fait, de combien ; `ecarter` : ce que l'acte refuserait, et pourquoi."""

    code: str
    bouton: str
    form: type[SansChoix] | type[AffecterForm]
    titre: Callable[[str, Dits], str]
    ecarter: Callable[[Sequence[Dossier], Dits], Ecartes]
    faire: Callable[..., str]

    @property
    def genre(self) -> str:
        return f"espaces.{self.code}"

    def formulaire(self, dits: QueryDict | None, territoire: Territoire, jour: date) -> FormulaireDActe:
        return self.form(dits, territoire=territoire, jour=jour)


def _titre_d_avis(combien: str, dits: Dits) -> str:
    quand = en_francais(dits["echeance"], "lettre")
    return (
        f"Demander l'avis de {accord(len(dits['financeurs']), 'partenaire')} sur {combien}, avant le {quand}"
    )


ACTES = {
    a.code: a
    for a in (
        ActeEnLot(
            "affecter", "Affecter", AffecterForm, _titre_d_affecter, _ecarter_d_affecter, _affecter,
        ),
        ActeEnLot(
            "demander-avis", "Demander un avis", DemanderAvisForm, _titre_d_avis, _ecarter_d_avis,
            _demander_avis,
        ),
        ActeEnLot(
            "relancer", "Relancer", SansChoix, lambda combien, _: f"Relancer pour {combien}",
            _ecarter_de_relancer, _relancer,
        ),
        ActeEnLot(
            "declarer-complet", "Déclarer complet", SansChoix,
            lambda combien, _: f"Déclarer complets {combien}", _ecarter_de_complet, _declarer_complet,
        ),
    )
}  # fmt: skip


def a_traiter(acteur: Acteur) -> QuerySet[Dossier]:
    """Les dossiers que la personne peut juger, avec ce que les actes lisent."""
    return Dossier.objects.a_juger_par(acteur).deposes().avec_ses_regles("charge_de_mission")


def sur_un_dossier(acte: ActeEnLot, dossier: Dossier, dits: Dits, *, par: Acteur, le: datetime) -> str:
    """L'acte unitaire, avec les rôles de la personne sur ce dossier ; rend sa phrase."""
    siens: set[Role] = roles(par, dossier)
    return acte.faire(dossier, dits, par=par, roles=siens, le=le)


def _faire(acte: ActeEnLot, travail: Travail, jalon: Jalon) -> None:
    """Le travail : les droits sont ceux que la personne a quand il se fait, pas quand elle l'a demandé."""
    jour = jour_de(jalon.maintenant)
    par, territoire = acteur_du_travail(travail, le=jour)
    form = acte.formulaire(QueryDict(travail.parametres["dits"]), territoire, jour)
    if not form.is_valid():
        raise ActeBloque(*(phrase for phrases in form.errors.values() for phrase in phrases))

    def une_ligne(ligne: LigneDeTravail, le: datetime) -> str:
        dossier = a_traiter(par).filter(pk=int(ligne.objet.rpartition(":")[2])).first()
        if dossier is None:
            raise ActeBloque("Ce dossier ne vous est plus ouvert : vos droits ou vos intérêts ont changé.")
        return sur_un_dossier(acte, dossier, form.dits(), par=par, le=le)

    jalon.lignes(une_ligne)


OUVRAGES = tuple(Ouvrage(acte.genre, partial(_faire, acte)) for acte in ACTES.values())
