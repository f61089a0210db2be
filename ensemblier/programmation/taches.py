"""Les travaux de la programmation : faire proposer un scénario, proposer sa colonne d'un scénario retenu."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import acteur_du_travail
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.noyau import optimum
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.montants import en_francais
from ensemblier.programmation.actes.propositions import proposer
from ensemblier.programmation.actes.scenarios import AUTEURS, ouvrir_un_scenario_propose, roles_de
from ensemblier.programmation.etats import RETENU
from ensemblier.programmation.models import Proposition, Scenario
from ensemblier.programmation.optimum import Pose, Reglages, explications, montants, poser
from ensemblier.programmation.scenarios import montant_fixe, volets_de
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import LigneDeTravail, Travail
from ensemblier.registre.travaux import Interruption, Jalon, Ligne, Ouvrage, demander

PROPOSER, COLONNE = "proposer_une_programmation", "proposer_la_colonne"


def demander_une_proposition(
    appel: Appel,
    reglages: Reglages,
    *,
    titre: str,
    depuis: Scenario | None,
    limite: int,
    cle: str,
    par: Acteur,
    le: datetime,
) -> Travail:
    """Met le calcul en file, au plus `limite` secondes ; `depuis` : celui dont les cases fixées restent."""
    exiger_role(roles_de(par), PILOTE, "Faire proposer une programmation")
    dits = {
        "appel": appel.pk, "titre": titre, "depuis": depuis.pk if depuis else None, "limite": limite,
        "reglages": reglages.en_json(),
    }  # fmt: skip
    return demander(
        cle=cle, genre=PROPOSER, titre=f"Proposer une programmation : {titre}", par=par, le=le,
        parametres=dits, retour=reverse("scenarios", args=[appel.code]),
    )  # fmt: skip


def _faire_proposer(travail: Travail, jalon: Jalon) -> None:
    """Lit, cherche, écrit un scénario privé ; annulé, il n'en reste rien."""
    dits = travail.parametres
    appel = Appel.objects.select_related("reglement", "territoire").get(pk=dits["appel"])
    par = _acteur(travail)
    reglages, limite = Reglages.de_json(dits["reglages"]), int(dits["limite"])
    depuis = _scenario_de_depart(par, dits["depuis"])
    try:
        pose = poser(appel, reglages, depuis)
    except optimum.EntreeInvalide as invalide:
        raise ActeBloque(*invalide.raisons) from invalide
    if not pose.dossiers:
        raise ActeBloque(
            "Aucun dossier recevable n'attend de montant dans cet appel : rien n'est à proposer."
        )
    rendue = _chercher(pose, limite, jalon)
    if rendue.montants is None:
        jalon.rapporter(_lignes_du_conflit(rendue))
        jalon.conclure(phrase=_phrase_sans_montant(rendue))
        return
    with transaction.atomic():
        scenario = ouvrir_un_scenario_propose(
            appel, titre=dits["titre"], montants=montants(pose, rendue), origine=depuis, par=par,
            explications=explications(pose, rendue, reglages), le=travail.demande_le,
        )  # fmt: skip
        jalon.conclure(
            phrase="Un scénario privé est rempli, avec ses explications. Rien d'autre n'est changé.",
            adresse=reverse("scenario", args=[scenario.pk]), resultat={"scenario": scenario.pk},
        )  # fmt: skip


def _chercher(pose: Pose, limite: int, jalon: Jalon) -> optimum.Proposition:
    """Le calcul ne laisse passer aucune exception : l'interruption attend qu'il ait rendu la main."""
    interruptions: list[Interruption] = []

    def suivre(avancement: optimum.Avancement) -> bool:
        ecart = (
            "" if avancement.ecart is None else f", écart {avancement.ecart * 100:.2f} %".replace(".", ",")
        )
        try:
            jalon.avance(min(int(avancement.secondes), limite - 1), limite, f"{avancement.etape}{ecart}")
        except Interruption as interruption:
            interruptions.append(interruption)
        return not interruptions

    rendue = optimum.proposer(pose.probleme, limite=float(limite), suivre=suivre)
    if interruptions:
        raise interruptions[0]
    return rendue


def _phrase_sans_montant(rendue: optimum.Proposition) -> str:
    if rendue.conflit is not None:
        return f"{rendue.conflit.phrase} Aucun scénario n'est ouvert."
    return (
        "Le temps s'est écoulé avant qu'une proposition tienne toutes les règles. Aucun scénario n'est "
        "ouvert : donnez plus de temps, ou moins de souhaits."
    )


def _lignes_du_conflit(rendue: optimum.Proposition) -> Iterator[Ligne]:
    if rendue.conflit is None:
        return
    remedes = rendue.conflit.remedes or ("",) * len(rendue.conflit.membres)
    for membre, remede in zip(rendue.conflit.membres, remedes, strict=True):
        yield Ligne(membre.phrase, issue=LigneDeTravail.Issue.REFUSE, phrase=remede)


def _scenario_de_depart(par: Acteur, pk: int | None) -> Scenario | None:
    """Devenu privé entre-temps, il n'est plus lu : on ne part plus de lui."""
    if pk is None:
        return None
    if (lu := Scenario.objects.visibles_par(par).filter(pk=pk).first()) is None:
        raise ActeBloque("Le scénario de départ n'est plus partagé. Choisissez-en un autre.")
    return lu


def _acteur(travail: Travail) -> Acteur:
    """Les droits du jour : un compte fermé, une habilitation retirée depuis la demande ne valent plus."""
    par, _ = acteur_du_travail(travail, le=jour_de(timezone.now()))
    return par


@transaction.atomic
def demander_la_colonne(scenario: Scenario, *, cle: str, par: Acteur, le: datetime) -> Travail:
    """Reprend dans le tableau les montants de sa colonne, un acte par case, avec toutes ses gardes."""
    exiger_role(roles_de(par), AUTEURS, "Proposer sa colonne")
    if scenario.etat != RETENU:
        raise ActeBloque("Ce scénario n'est pas retenu : ses montants ne se proposent pas encore.")
    if not (lignes := [_ligne(p) for p in a_proposer(scenario, par)]):
        raise ActeBloque("Votre colonne du tableau dit déjà ces montants : rien n'est à proposer.")
    return demander(
        cle=cle, genre=COLONNE, titre=f"Proposer sa colonne : {scenario.titre}", par=par, le=le,
        parametres={"scenario": scenario.pk}, lignes=lignes, retour=reverse("scenario", args=[scenario.pk]),
    )  # fmt: skip


def a_proposer(scenario: Scenario, par: Acteur) -> list[Proposition]:
    """Les cases de ses colonnes que le tableau ne dit pas encore ; un zéro jamais proposé n'en est pas."""
    visibles = Dossier.objects.a_juger_par(par).filter(appel=scenario.appel_id)
    posees = scenario.propositions.filter(
        demande__in=volets_de(scenario.appel), demande__dossier__in=visibles.values("pk")
    ).select_related("demande__financeur__commune", "demande__dossier__organisme")
    return [
        p
        for p in posees.order_by("demande__dossier__numero", "demande__financeur__rang", "pk")
        if montant_fixe(p.demande) is None
        and p.montant != (p.demande.propose or 0)
        and Role.AGENT_FINANCEUR in roles_sur_financeur(par, p.demande.financeur)
    ]


def _ligne(p: Proposition) -> Ligne:
    dossier = p.demande.dossier
    return Ligne(
        f"{dossier.numero} {dossier.organisme.nom}, {p.demande.financeur.sigle} : {en_francais(p.montant)}",
        objet=p.demande.designation(), adresse=reverse("instruction_dossier", args=[dossier.numero]),
    )  # fmt: skip


def _proposer_la_colonne(travail: Travail, jalon: Jalon) -> None:
    scenario = Scenario.objects.select_related("appel__territoire").get(pk=travail.parametres["scenario"])
    par = _acteur(travail)

    def proposer_une_case(ligne: LigneDeTravail, le: datetime) -> str | None:
        volets = Demande.objects.select_related(*_LIENS).filter(
            dossier__in=Dossier.objects.a_juger_par(par).values("pk")
        )
        volet = volets.filter(pk=int(ligne.objet.rpartition(":")[2])).first()
        posee = scenario.propositions.filter(demande=volet).first() if volet else None
        if volet is None or posee is None:
            raise ActeBloque("Cette case n'est plus à vous, ou n'est plus dans le scénario.")
        if Role.AGENT_FINANCEUR not in roles_sur_financeur(par, volet.financeur):
            raise ActeBloque("Vous n'écrivez plus pour ce financeur.")
        proposer(volet, montant=posee.montant, motif=f"Scénario « {scenario.titre} »", par=par, le=le)
        return f"{en_francais(posee.montant)} proposés."

    jalon.lignes(proposer_une_case)


_LIENS: tuple[Any, ...] = (
    "dossier__appel__reglement", "dossier__reglement", "dossier__territoire", "dossier__organisme",
    "financeur__commune", "dispositif",
)  # fmt: skip
OUVRAGES = (
    Ouvrage(PROPOSER, _faire_proposer, est_long=True),
    Ouvrage(COLONNE, _proposer_la_colonne),
)
