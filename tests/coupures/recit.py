"""Le récit dont chaque écriture est coupée : un dossier de l'AMI, du brouillon au reversement encaissé.

Chaque pas est la demande HTTP d'une personne, telle que sa page l'envoie. `etats` : les états validés que le
pas traverse, le dernier compris ; un état de plus serait une écriture à moitié faite. `encore` : ce que
répond la même demande, renvoyée quand la réponse s'est perdue ; un refus y dit que c'est déjà fait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ensemblier.appels.models import Appel
from ensemblier.conventions.models import Tranche, Versement
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.programmation import actes as programmation
from ensemblier.programmation.models import Deliberation, Participant, Seance
from tests import fabriques as f
from tests import fabriques_suites as s


@dataclass(frozen=True, slots=True)
class Pas:
    """Qui demande quoi, quand ; `prepare` pose d'abord ce que d'autres pages auraient posé ;
    `repare` : le bouton qui achève le pas, si la même demande renvoyée à mi-chemin est refusée."""

    nom: str
    qui: str
    le: datetime
    adresse: Callable[[], str]
    corps: Callable[[], dict[str, Any]] | None = dict
    etats: int = 1
    encore: int = 302
    encore_vers: Callable[[], str] | None = None
    prepare: Callable[[], object] | None = None
    repare: Callable[[], str] | None = None


DEPOT = f.DEPOTS["ami-2025"]
JUIN, JURY = f.instant("2025-06-12 09:00"), f.instant("2025-07-01 14:00")
SEPTEMBRE, OCTOBRE = f.instant("2025-09-24 18:00"), f.instant("2025-10-01 09:00")
BILAN, FIN = f.instant("2026-03-02 10:00"), f.instant("2026-03-30 10:00")


def dossier() -> Dossier:
    return Dossier.objects.select_related("appel", "organisme", "territoire").get()


def _du(nom: str, *suite: Any) -> Callable[[], str]:
    """L'adresse d'une page du dossier."""
    return lambda: reverse(nom, args=[dossier().numero, *suite])


def _du_volet(nom: str, *suite: Any) -> Callable[[], str]:
    return lambda: reverse(nom, args=[dossier().numero, Demande.objects.get().pk, *suite])


def _de_la_seance(nom: str, *, avec_le_dossier: bool = False) -> Callable[[], str]:
    return lambda: reverse(
        nom, args=[Seance.objects.get().pk, *([dossier().numero] if avec_le_dossier else [])]
    )


@dataclass(frozen=True, slots=True)
class Fichier:
    """Un fichier choisi dans la page : renvoyé, ce sont les mêmes octets."""

    nom: str
    octets: bytes = s.pdf()

    def choisi(self) -> SimpleUploadedFile:
        return SimpleUploadedFile(self.nom, self.octets, content_type="application/pdf")


def _action() -> dict[str, Any]:
    lieu = f.territoire()
    return {
        "intitule": "Ateliers cuisine du quartier", "pilier": lieu.piliers.get(code="agir").pk,
        "thematiques": [t.pk for t in lieu.thematiques.filter(code__in=("alimentation", "sante"))],
        "resume": "Cuisiner ensemble, deux fois par semaine.", "du": "01/09/2025", "au": "31/12/2025",
    }  # fmt: skip


def _publics() -> dict[str, Any]:
    cite = f.territoire().quartiers.get(code="QN06224M")
    return {
        "publics_total": "100", "publics_qpv": "60", "mobilisation_qpv": "Porte-à-porte, affiches.",
        "couples": [f"{cite.pk}-{cite.communes.get(code='LENS').pk}"],
    }  # fmt: skip


def _joindre_le_reste() -> None:
    f.joindre(dossier(), "lettre", "dirigeants", "recepisse", "rib", le=DEPOT)


def _seance() -> dict[str, Any]:
    return {
        "type": "jury", "titre": "Jury", "jour": "01/07/2025", "heure": "14:00", "lieu": "Lens",
        "quorum": "1", "membres": [f.personne("elise").pk], "dossiers": [dossier().pk],
    }  # fmt: skip


def _enveloppe() -> None:
    programmation.ouvrir_enveloppe(
        Appel.objects.get(), f.territoire().financeurs.get(code="CALL"), montant=Decimal("200000"),
        par=f.acteur("benoit"), le=SEPTEMBRE,
    )  # fmt: skip


def _deliberation() -> dict[str, Any]:
    pk = Demande.objects.get().pk
    return {
        "numero": "2025-118", "votee_le": "24/09/2025", f"choix-{pk}": "accord", f"montant-{pk}": "12 000",
        "acte_signe": Fichier("acte.pdf"),
    }  # fmt: skip


def _bilan(faire: str, deroule: str) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "realisation": "complete", "deroule": deroule, "resultats": "Objectifs atteints.",
        "explication_des_ecarts": "Moins d'achats que prévu.", "participants": "100",
        "participants_qpv": "62", "femmes": "60", "hommes": "38", "sexe_non_renseigne": "2",
        "charge_60": "8 000", "charge_64": "10 000", "faire": faire,
    }  # fmt: skip


RECIT = (
    Pas("ouvrir le dossier", "amina", DEPOT, lambda: reverse("nouveau_dossier", args=["ami-2025"]),
        lambda: {"cle": "a" * 32, "organisme": f.organisme().pk}, etats=2),
    Pas("écrire l'action", "amina", DEPOT, _du("dossier_etape", "action"), _action),
    Pas("écrire les publics", "amina", DEPOT, _du("dossier_etape", "publics"), _publics),
    Pas("écrire le budget", "amina", DEPOT, _du("dossier_etape", "budget"),
        lambda: {"c_60": "12 000", "c_64": "12 000", "s_CALL": "12 000", "p_autofinancement": "12 000"}),
    Pas("écrire les demandes", "amina", DEPOT, _du("dossier_etape", "demandes"),
        lambda: {f"d_{Appel.objects.get().dispositifs.get().pk}": "12 000"}),
    Pas("joindre une pièce", "amina", DEPOT, _du("joindre_piece", "statuts"),
        lambda: {"fichier": Fichier("statuts.pdf")}),
    Pas("déposer", "amina", DEPOT, _du("relecture"),
        lambda: {"cle": "d" * 32, "a_cer": "on", "a_attestation": "on"}, etats=2, prepare=_joindre_le_reste),
    Pas("garder l'accusé", "amina", DEPOT, _du("accuse_pdf"), None, encore=200),
    Pas("déclarer recevable", "benoit", JUIN, _du("declarer_recevable"), encore=403),
    Pas("rendre l'avis et proposer", "benoit", JUIN, _du("instruction_avis", "CALL"),
        lambda: {"sens": "favorable", "motif": "", f"montant_{Demande.objects.get().pk}": "12 000"}),
    Pas("convoquer", "benoit", JUIN, lambda: reverse("seance_nouvelle", args=["ami-2025"]), _seance),
    Pas("ouvrir la séance", "benoit", JURY, _de_la_seance("seance_ouvrir"), encore=403),
    Pas("pointer", "benoit", JURY,
        lambda: reverse("seance_pointer", args=[Seance.objects.get().pk, Participant.objects.get().pk]),
        lambda: {"present": "oui"}),
    Pas("noter", "elise", JURY, _de_la_seance("seance_noter", avec_le_dossier=True),
        lambda: {"note": "ciblage:3"}),
    Pas("retenir le dossier", "benoit", JURY, _de_la_seance("seance_decider", avec_le_dossier=True),
        lambda: {"decision": "retenu", "motif": ""}, encore=422),
    Pas("clore la séance", "benoit", JURY, _de_la_seance("seance_clore"), etats=2, encore=403),
    Pas("enregistrer la délibération", "benoit", SEPTEMBRE,
        lambda: reverse("deliberation_nouvelle", args=["ami-2025", "CALL"]), _deliberation, etats=2,
        encore=422, prepare=_enveloppe,
        repare=lambda: reverse("deliberation_annexer", args=[Deliberation.objects.get().pk])),
    Pas("notifier", "benoit", OCTOBRE, _du_volet("suite_notifier"), encore=403,
        prepare=lambda: s.en_regle(f.organisme())),
    Pas("signer, le porteur", "amina", OCTOBRE, _du_volet("suite_signer"),
        lambda: {"exemplaire": Fichier("convention.pdf")}, encore=403),
    Pas("signer, le financeur", "benoit", OCTOBRE, _du_volet("suite_signer"),
        lambda: {"exemplaire": Fichier("convention.pdf")}, encore=403),
    Pas("préparer le versement", "fatou_finances", OCTOBRE,
        lambda: reverse("suite_preparer", args=[dossier().numero, Tranche.objects.get(rang=1).pk])),
    Pas("certifier le versement", "gerard_certifie", OCTOBRE,
        lambda: reverse("suite_certifier", args=[dossier().numero, Versement.objects.get().pk]), encore=403),
    Pas("payer", "gerard_certifie", OCTOBRE,
        lambda: reverse("suite_payer", args=[dossier().numero, Versement.objects.get().pk]),
        lambda: {"paye_le": "01/10/2025", "reference": "M-1"}),
    Pas("enregistrer le bilan", "amina", BILAN, _du("suite_bilan"),
        _bilan("enregistrer", "Quarante ateliers."), etats=2),
    Pas("envoyer le bilan", "amina", BILAN, _du("suite_bilan"),
        _bilan("envoyer", "Quarante ateliers, un repas de fin."), etats=2,
        encore_vers=_du("suite_bilan_lecture")),
    Pas("valider le bilan", "benoit", BILAN, _du("suite_bilan_lecture"), lambda: {"faire": "valider"},
        encore=403),
    Pas("répondre au projet de reversement", "amina", BILAN, _du_volet("suite_reversement", "observer"),
        lambda: {"observations": "La salle a fermé un mois."}),
    Pas("décider le reversement", "benoit", FIN, _du_volet("suite_reversement", "decider"),
        lambda: {"motif": "Le coût réel est moindre."}, encore=403),
    Pas("encaisser le reversement", "gerard_certifie", FIN, _du_volet("suite_reversement", "encaisser"),
        lambda: {"encaisse_le": "30/03/2026", "reference": "T-1"}, encore=403),
)  # fmt: skip
