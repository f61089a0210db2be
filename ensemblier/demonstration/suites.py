"""Du vote au solde : notifier, signer, verser, rendre compte, solder ou réclamer."""

from __future__ import annotations

from decimal import Decimal

from ensemblier.bilans import actes as bilans
from ensemblier.bilans.models import Bilan, Reversement
from ensemblier.conventions import actes as conventions
from ensemblier.conventions.models import Convention, Tranche
from ensemblier.demonstration.organismes import feuille_blanche
from ensemblier.demonstration.recit import Cas, Recit
from ensemblier.dossiers.models import Demande, LigneDeBudget
from ensemblier.noyau.machine import Acteur
from ensemblier.territoires.models import Financeur

RECIT = {
    "realisation": Bilan.Realisation.COMPLETE,
    "deroule": "Les ateliers ont eu lieu chaque semaine, du printemps à l'automne.",
    "resultats": "Le groupe s'est étoffé ; douze personnes ont repris une formation ou un emploi.",
    "participation": "Trois habitants animent désormais avec la salariée.",
    "comite_de_suivi": "Réuni le 12 juin : la ville, l'agglomération et deux habitants ; horaires élargis.",
    "difficultes": "La salle a manqué en juillet.",
    "suites": "Le groupe continue, avec le centre social.",
    "explication_des_ecarts": "Moins d'achats que prévu : des dons de matériel.",
}


def jouer(recit: Recit) -> None:
    """Chaque cas va jusqu'à son étape ; un refus est notifié, un trop-perçu réclamé."""
    _notifier(recit)
    _signer(recit)
    _verser(recit, "acompte")
    _rendre_compte(recit)
    _valider(recit)
    _verser(recit, "solde")


def _volets(cas: Cas, *etats: str) -> list[Demande]:
    demandes = Demande.objects.filter(dossier=cas.dossier, etat__in=etats)
    return list(
        demandes.select_related("financeur", "dossier__organisme", "dossier__appel", "dossier__territoire")
    )


def _notifier(recit: Recit) -> None:
    for cas in recit.a("vote"):
        if cas.issue == "refus":
            for demande in _volets(cas, "refusee"):
                par = recit.agent(demande.financeur.code, "notifie")
                conventions.notifier_refus(demande, par=par, le=recit.le("notifie"))
        elif cas.atteint("notifie"):
            for demande in _volets(cas, "votee"):
                par = recit.agent(demande.financeur.code, "notifie")
                conventions.notifier(demande, par=par, le=recit.le("notifie"))
            bilans.ouvrir_bilan(
                cas.dossier, par=recit.acteur("benoit", "notifie"), le=recit.le("notifie", 11)
            )


def _signer(recit: Recit) -> None:
    for cas in recit.a("signe"):
        projets = Convention.objects.filter(demande__dossier=cas.dossier)
        for convention in projets.select_related("demande__financeur", "demande__dossier__organisme"):
            code = convention.demande.financeur.code
            conventions.signer_porteur(
                convention, exemplaire=feuille_blanche("Convention signée (fictif)"),
                par=recit.porteur(cas, "signe"), le=recit.le("signe", 9),
            )  # fmt: skip
            conventions.signer_financeur(
                convention, exemplaire=feuille_blanche("Convention contresignée (fictif)"),
                par=recit.agent(code, "signe"), le=recit.le("signe", 15),
            )  # fmt: skip


def _verser(recit: Recit, etape: str) -> None:
    """Les finances préparent, puis certifient à deux ; un autre financeur constate son paiement."""
    for cas in recit.a(etape):
        tranches = Tranche.objects.filter(
            demande__dossier=cas.dossier, exigible_le__isnull=False, montant__gt=0
        )
        for tranche in tranches.select_related("demande__financeur", "demande__dossier__organisme"):
            if tranche.versements.exclude(etat="annule").exists():
                continue
            if tranche.demande.financeur.paiement == Financeur.Paiement.PREPARE:
                _mandater(recit, tranche, etape)
            else:
                bilans.constater_versement(
                    tranche, paye_le=recit.jours[etape], reference=f"EJ-{tranche.pk:06d}",
                    par=recit.agent(tranche.demande.financeur.code, etape), le=recit.le(etape, 16),
                )  # fmt: skip


def _mandater(recit: Recit, tranche: Tranche, etape: str) -> None:
    versement = conventions.preparer_versement(
        tranche, par=recit.acteur("fatou", etape), le=recit.le(etape, 9)
    )
    gerard = recit.acteur("gerard", etape)
    conventions.certifier_versement(versement, par=gerard, le=recit.le(etape, 11))
    bilans.payer_versement(
        versement, paye_le=recit.jours[etape], reference=f"MANDAT-{tranche.pk:05d}", par=gerard,
        le=recit.le(etape, 16),
    )  # fmt: skip


def _rendre_compte(recit: Recit) -> None:
    for cas in recit.a("bilan"):
        par, le = recit.porteur(cas, "bilan"), recit.le("bilan", 21)
        bilan = Bilan.objects.select_related("dossier__organisme", "dossier__appel").get(dossier=cas.dossier)
        charges = _realise(cas)
        bilans.enregistrer_bilan(
            bilan, champs=RECIT | _effectifs(cas), charges=charges,
            produits={"autofinancement": sum(charges.values(), Decimal(0))}, par=par, le=le,
        )  # fmt: skip
        bilans.deposer_bilan(bilan, par=par, le=le)


def _realise(cas: Cas) -> dict[str, Decimal]:
    """Presque tout est fait ; dans le cas à reverser, la moitié seulement."""
    part = Decimal("0.50") if cas.issue == "a_reverser" else Decimal("0.97")
    lignes = LigneDeBudget.objects.filter(dossier=cas.dossier, sens="charge").exclude(compte__startswith="86")
    return {ligne.compte: (ligne.montant * part).quantize(Decimal("0.01")) for ligne in lignes}


def _effectifs(cas: Cas) -> dict[str, int]:
    presents = cas.total - 4
    femmes = presents // 2
    return {
        "participants": presents,
        "participants_qpv": presents * 70 // 100,
        "femmes": femmes,
        "hommes": presents - femmes - 1,
        "sexe_non_renseigne": 1,
    }


def _valider(recit: Recit) -> None:
    for cas in recit.a("valide"):
        bilan = Bilan.objects.select_related("dossier__organisme", "dossier__appel").get(dossier=cas.dossier)
        bilans.valider(bilan, par=recit.acteur("benoit", "valide"), le=recit.le("valide"))
        if cas.issue == "a_reverser":
            _contredire(recit, cas)


def _contredire(recit: Recit, cas: Cas) -> None:
    """Le porteur répond ; le contradictoire reste ouvert, rien n'est décidé d'office (B17)."""
    par: Acteur = recit.porteur(cas, "solde")
    for reversement in Reversement.objects.filter(demande__dossier=cas.dossier):
        bilans.observer(
            reversement, par=par, le=recit.le("solde"),
            observations="La salle a manqué six semaines : nous demandons un échéancier.",
        )  # fmt: skip
