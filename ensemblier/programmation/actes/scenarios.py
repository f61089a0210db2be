"""Les scénarios : ouvrir, écrire des hypothèses, partager, retenir celui qui vaut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.appels.models import Appel
from ensemblier.dossiers.etats import PERDUS, RECEVABLE
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.interface.formats import accord
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.noyau.montants import MontantInvalide, en_francais, euros
from ensemblier.programmation.etats import RETENU
from ensemblier.programmation.models import Explication, Proposition, Scenario
from ensemblier.programmation.scenarios import fautes, montant_fixe, peut_ecrire, volets_de
from ensemblier.registre.actes import ActeBloque, avancer, consigner, ouvrir, verrouiller

AUTEURS = (*PILOTE, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL)
FAUTES_DITES = 20


@dataclass(frozen=True, slots=True)
class Saisie:
    """Ce qu'une case dit : un montant ou rien, son verrou, et la version que la personne a lue."""

    montant: Decimal | None
    est_verrouillee: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class Dite:
    """Une explication à écrire : son genre, sa phrase, le dossier qu'elle vise."""

    genre: str
    phrase: str
    dossier: int | None = None


def roles_de(acteur: Acteur) -> set[Role]:
    return {droit.role for droit in acteur.droits}


@transaction.atomic
def ouvrir_un_scenario(
    appel: Appel, *, titre: str, par: Acteur, le: datetime, origine: Scenario | None = None
) -> Scenario:
    """Un scénario privé, copié d'un autre ou du tableau d'aujourd'hui."""
    if origine is not None and origine.appel_id != appel.pk:
        raise ActeBloque("Ce scénario est celui d'un autre appel. Choisissez-en un de cet appel.")
    scenario = _naitre(appel, titre=titre, par=par, le=le, origine=origine)
    if origine is None:
        copies = [
            (v.pk, v.propose, False)
            for v in volets_de(appel).filter(propose__isnull=False).exclude(etat__in=PERDUS)
        ]
    else:
        copies = list(origine.propositions.values_list("demande", "montant", "est_verrouillee"))
    _remplir(scenario, copies, par=par, le=le)
    return scenario


@transaction.atomic
def ouvrir_un_scenario_propose(
    appel: Appel,
    *,
    titre: str,
    montants: Iterable[tuple[int, Decimal, bool]],
    explications: Iterable[Dite],
    par: Acteur,
    le: datetime,
    origine: Scenario | None = None,
) -> Scenario:
    """Le scénario privé que l'aide a rempli, avec ce qu'elle en dit ; une personne décide de la suite."""
    exiger_role(roles_de(par), PILOTE, "Faire proposer une programmation")
    scenario = _naitre(appel, titre=titre, par=par, le=le, origine=origine)
    _remplir(scenario, montants, par=par, le=le)
    Explication.objects.bulk_create(
        Explication(scenario=scenario, rang=rang, genre=x.genre, dossier_id=x.dossier, phrase=x.phrase)
        for rang, x in enumerate(explications, start=1)
    )
    return scenario


def _naitre(appel: Appel, *, titre: str, par: Acteur, le: datetime, origine: Scenario | None) -> Scenario:
    exiger_role(roles_de(par), AUTEURS, "Ouvrir un scénario")
    if not titre.strip():
        raise ActeBloque("Le titre manque : écrivez ce que ce scénario essaie.")
    scenario = Scenario(
        territoire_id=appel.territoire_id, appel=appel, titre=titre.strip()[:120], auteur_id=par.utilisateur,
        origine=origine, cree_le=le, modifie_le=le,
    )  # fmt: skip
    ouvrir(
        scenario, par=par, le=le, acte="ouvrir_un_scenario", public=False,
        libelle=f"Scénario ouvert : {scenario.titre}"[:200],
        details={"appel": appel.code, "origine": origine.pk if origine else None},
    )  # fmt: skip
    return scenario


def _remplir(
    scenario: Scenario, montants: Iterable[tuple[int, Decimal, bool]], *, par: Acteur, le: datetime
) -> None:
    Proposition.objects.bulk_create(
        Proposition(
            scenario=scenario, demande_id=demande, montant=montant, est_verrouillee=verrou,
            modifiee_par=par.signature, modifiee_le=le,
        )
        for demande, montant, verrou in montants
    )  # fmt: skip


@transaction.atomic
def ecrire_les_montants(
    scenario: Scenario, saisies: dict[int, Saisie], *, par: Acteur, le: datetime
) -> tuple[int, dict[int, str]]:
    """Écrit les cases changées ; rend combien, et par volet la phrase de chaque refus, les autres passant.

    Un montant peut dépasser plafond ou enveloppe : c'est une hypothèse. Une case qu'un autre a changée
    entre-temps est refusée, les deux valeurs dites.
    """
    verrouiller(scenario.racine())
    scenario.refresh_from_db()
    if scenario.etat == RETENU:
        raise ActeBloque("Ce scénario est retenu : il ne change plus. Ouvrez-en une copie.")
    connues = {p.demande_id: p for p in scenario.propositions.filter(demande__in=saisies)}
    visibles = Dossier.objects.a_juger_par(par).filter(appel=scenario.appel_id, etat=RECEVABLE)
    volets = volets_de(scenario.appel).filter(pk__in=saisies, dossier__in=visibles.values("pk"))
    changes: dict[str, list[str | None]] = {}
    refus: dict[int, str] = {}
    for volet in volets.select_related("financeur__commune", "dossier"):
        saisie, connue = saisies[volet.pk], connues.get(volet.pk)
        if not _differe(saisie, connue):
            continue
        if phrase := _raison_de_refus(scenario, volet, saisie, connue, par):
            refus[volet.pk] = phrase
            continue
        changes[str(volet.pk)] = [
            volet.dossier.numero, volet.financeur.code, str(connue.montant) if connue else None,
            None if saisie.montant is None else str(euros(saisie.montant)),
        ]  # fmt: skip
        _ecrire(scenario, volet, saisie, connue, par=par, le=le)
    if changes:
        consigner(
            scenario, "ecrire_les_montants", par=par, le=le, public=False,
            libelle=f"{accord(len(changes), 'case changée', 'cases changées')}",
            details={"cases": changes}, version=scenario.version + 1, modifie_le=le,
        )  # fmt: skip
    return len(changes), refus


def _differe(saisie: Saisie, connue: Proposition | None) -> bool:
    if connue is None:
        return saisie.montant is not None
    return (saisie.montant, saisie.est_verrouillee) != (connue.montant, connue.est_verrouillee)


def _raison_de_refus(
    scenario: Scenario, volet: Demande, saisie: Saisie, connue: Proposition | None, par: Acteur
) -> str:
    if not peut_ecrire(par, scenario, volet.financeur):
        return f"La colonne est celle de « {volet.financeur.nom} », vous n'écrivez que la vôtre."
    if montant_fixe(volet) is not None:
        return f"Ce volet est « {volet.etat_agent.lower()} » : un scénario ne le change plus."
    try:
        if saisie.montant is not None and euros(saisie.montant) < 0:
            return "Un montant ne peut pas être négatif. Corrigez-le."
    except MontantInvalide as invalide:
        return str(invalide)
    if (connue.version if connue else 0) != saisie.version:
        dit = en_francais(connue.montant) if connue else "rien"
        qui = connue.modifiee_par.split(",")[0] if connue else "Une autre personne"
        vous = "rien" if saisie.montant is None else en_francais(saisie.montant)
        return f"{qui} a mis {dit} entre-temps. Vous : {vous}. Rien n'a changé, récrivez votre montant."
    return ""


def _ecrire(
    scenario: Scenario,
    volet: Demande,
    saisie: Saisie,
    connue: Proposition | None,
    *,
    par: Acteur,
    le: datetime,
) -> None:
    if saisie.montant is None:
        if connue is not None:
            connue.delete()
        return
    proposition = connue or Proposition(scenario=scenario, demande=volet)
    proposition.montant, proposition.est_verrouillee = euros(saisie.montant), saisie.est_verrouillee
    proposition.version = scenario.version + 1
    proposition.modifiee_par, proposition.modifiee_le = par.signature, le
    proposition.save()


@transaction.atomic
def partager(scenario: Scenario, *, par: Acteur, le: datetime) -> None:
    """Tous ceux qui lisent la programmation lisent le scénario ; chaque financeur y écrit sa colonne."""
    _exiger_auteur(scenario, par, "Partager le scénario")
    avancer(scenario, "partager_le_scenario", par=par, roles=roles_de(par), le=le, public=False)


@transaction.atomic
def rendre_prive(scenario: Scenario, *, par: Acteur, le: datetime) -> None:
    """Son auteur seul le lit de nouveau."""
    _exiger_auteur(scenario, par, "Ne plus partager le scénario")
    avancer(scenario, "rendre_prive", par=par, roles=roles_de(par), le=le, public=False)


def _exiger_auteur(scenario: Scenario, par: Acteur, libelle: str) -> None:
    if scenario.auteur_id != par.utilisateur:
        raise RoleInsuffisant(f"« {libelle} » : cet acte revient à la personne qui l'a ouvert.")


@transaction.atomic
def retenir(scenario: Scenario, *, par: Acteur, le: datetime, motif: str = "") -> None:
    """Le scénario qui vaut pour l'appel : rien n'y dépasse ; celui d'avant redevient partagé.

    Retenir ne propose rien : chaque financeur reprend ensuite sa colonne. Lève `ActeBloque`, chaque
    dépassement dit ; ceux des dossiers dont la personne est hors sont comptés, pas décrits (B10).
    """
    roles = roles_de(par)
    exiger_role(roles, PILOTE, "Retenir le scénario")
    verrouiller(f"appels.Appel:{scenario.appel_id}")
    verrouiller(scenario.racine())
    if raisons := list(_raisons(scenario, par)):
        reste = len(raisons) - FAUTES_DITES
        suite = [f"Et {accord(reste, 'autre dépassement', 'autres dépassements')}."] if reste > 0 else []
        raise ActeBloque(*raisons[:FAUTES_DITES], *suite, "Le scénario n'est pas retenu.")
    for ancien in Scenario.objects.filter(appel=scenario.appel_id, etat=RETENU).exclude(pk=scenario.pk):
        avancer(
            ancien, "remplacer_le_scenario", par=par, roles=roles, le=le, motif=motif, public=False,
            details={"remplace_par": scenario.pk},
        )  # fmt: skip
    poses = scenario.propositions.values_list("demande", "montant")
    avancer(
        scenario, "retenir_le_scenario", par=par, roles=roles, le=le, motif=motif, public=False, retenu_le=le,
        details={"montants": {str(demande): str(montant) for demande, montant in poses}},
    )  # fmt: skip


def _raisons(scenario: Scenario, par: Acteur) -> list[str]:
    trouvees = list(fautes(scenario))
    visibles = set(
        Dossier.objects.a_juger_par(par)
        .filter(pk__in=[f.dossier for f in trouvees if f.dossier])
        .values_list("pk", flat=True)
    )
    dites = [f.phrase for f in trouvees if f.dossier is None or f.dossier in visibles]
    if cachees := len(trouvees) - len(dites):
        dites.append(
            f"{accord(cachees, 'dépassement', 'dépassements')} sur des dossiers dont vous êtes hors."
        )
    return dites
