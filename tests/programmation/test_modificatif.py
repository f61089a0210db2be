"""Un montant voté ne change que par un nouvel acte : l'ancien reste, l'enveloppe suit (R60, S51, S52)."""

from decimal import Decimal

import pytest
from django.urls import reverse

from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.models import Demande
from ensemblier.noyau.machine import TransitionRefusee
from ensemblier.programmation import documents
from ensemblier.programmation.actes import accords
from ensemblier.programmation.models import Attribution, Deliberation, Enveloppe
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
OCTOBRE = f.instant("2025-10-16 18:00")


def votee(montant="9000.00"):
    scene.enveloppe("CALL", "20000.00")
    dossier = scene.recevable()
    scene.programmer(dossier, montant)
    scene.deliberer("CALL", (dossier, montant))
    return dossier


def modifier(dossier, montant, motif="Le porteur a trouvé un autre financement.", numero="2025-140"):
    return scene.deliberer("CALL", (dossier, montant, motif), numero=numero, le=OCTOBRE)


def test_un_acte_modificatif_remplace_l_attribution_et_rend_les_credits():
    dossier = votee()
    acte = modifier(dossier, "7000.00")
    volet = scene.volet(dossier)
    assert (volet.etat, volet.vote, volet.votee_le) == ("votee", 7000, OCTOBRE.date())
    ancienne, nouvelle = Attribution.objects.filter(demande=volet).order_by("pk")
    assert (ancienne.montant, ancienne.remplacee_le) == (9000, OCTOBRE)
    assert (nouvelle.montant, nouvelle.remplace, nouvelle.deliberation) == (7000, ancienne, acte)
    assert Enveloppe.objects.get().engage == 7000
    contexte = documents.contexte_de_l_annexe(acte)
    assert [x["motif"] for x in contexte["changes"]] == ["Le porteur a trouvé un autre financement."]
    assert contexte["total"] == 7000


def test_un_acte_modificatif_peut_relever_dans_la_demande_et_l_enveloppe():
    dossier = votee("5000.00")
    modifier(dossier, "9000.00")
    assert Enveloppe.objects.get().engage == 9000
    with pytest.raises(ActeBloque, match="dépasse la demande"):
        modifier(dossier, "9000.01", numero="2025-141")
    assert not Deliberation.objects.filter(numero="2025-141").exists()


def test_relever_un_accord_ne_depasse_pas_le_reste_de_l_enveloppe():
    scene.enveloppe("CALL", "6000.00")
    dossier = scene.recevable()
    scene.programmer(dossier, "5000.00")
    scene.deliberer("CALL", (dossier, "5000.00"))
    with pytest.raises(ActeBloque, match="enveloppe"):
        modifier(dossier, "6000.01")
    modifier(dossier, "6000.00")
    assert Enveloppe.objects.get().reste == 0


@pytest.mark.parametrize(
    ("montant", "motif", "dit"),
    [
        ("7000.00", " ", "La raison|la raison"),
        ("9000.00", "Erreur.", "déjà accordés"),
        (None, "Retrait.", "ne se refuse pas"),
    ],
)
def test_un_acte_modificatif_impossible_n_enregistre_rien(montant, motif, dit):
    dossier = votee()
    with pytest.raises(ActeBloque, match=dit):
        modifier(dossier, montant, motif)
    assert Deliberation.objects.count() == 1
    assert scene.volet(dossier).vote == 9000


def test_hors_d_un_acte_un_montant_vote_ne_change_pas():  # R60
    dossier = votee()
    volet = scene.volet(dossier)
    with pytest.raises(ActeBloque, match="Décidé"):
        scene.proposer(dossier, "7000.00")
    with pytest.raises(TransitionRefusee):
        avancer_demande(
            volet, "voter", par=f.acteur("benoit"), le=OCTOBRE, vote=Decimal(7000), votee_le=OCTOBRE.date()
        )
    assert scene.volet(dossier).vote == 9000


def test_hors_d_un_acte_un_montant_vote_ne_change_pas_garde_levee():
    """La main dans la base : la page de l'acte voit l'écart et le crie."""
    dossier = votee()
    Demande.objects.filter(pk=scene.volet(dossier).pk).update(vote=Decimal(7000))
    page = f.client("benoit").get(reverse("deliberation", args=[Deliberation.objects.get().pk]))
    assert page.context["ecart"] == 2000
    assert "ne s'accordent pas" in page.content.decode()


def test_un_accord_notifie_ne_baisse_que_si_l_organisme_y_renonce():
    """Les cas d'un avenant sont dans `tests/conventions/test_avenant.py`."""
    dossier = votee()
    Demande.objects.filter(pk=scene.volet(dossier).pk).update(etat="notifiee")
    with pytest.raises(ActeBloque, match="y renonce"):
        modifier(dossier, "7000.00")
    assert scene.volet(dossier).vote == 9000


def test_un_accord_dont_le_bilan_est_juge_ne_change_plus():
    dossier = votee()
    Demande.objects.filter(pk=scene.volet(dossier).pk).update(etat="justifiee")
    with pytest.raises(ActeBloque, match="son bilan est jugé"):
        modifier(dossier, "9500.00")


def test_un_accord_dont_le_bilan_est_juge_ne_change_plus_garde_levee(monkeypatch):
    dossier = votee()
    Demande.objects.filter(pk=scene.volet(dossier).pk).update(etat="justifiee")
    monkeypatch.setattr(
        accords, "_exiger_modifiable", lambda demande, montant, motif: Attribution.objects.get()
    )
    modifier(dossier, "7000.00")
    assert scene.volet(dossier).vote == 7000


def test_le_cumul_de_la_convention_suit_le_montant_change():  # S51, S52, K8
    premier = scene.recevable(**scene.budget("40000.00", {"CALL": "12000.00"}))
    second = scene.recevable(**scene.budget("40000.00", {"CALL": "11000.01"}))
    for dossier, montant in ((premier, "12000.00"), (second, "11000.00")):
        scene.programmer(dossier, montant)
    scene.deliberer("CALL", (premier, "12000.00"), (second, "11000.00"))
    assert somme_de(premier) == Decimal("23000.00")  # S51 : pas d'obligation légale
    modifier(second, "11000.01")
    assert somme_de(premier) == Decimal("23000.01")  # S52 : convention légale


def somme_de(dossier):
    acte = Deliberation.objects.latest("pk")
    return documents._cumuls(acte)[dossier.organisme_id]


def test_modifier_depuis_la_page():
    dossier = votee()
    volet = scene.volet(dossier)
    benoit = f.client("benoit")
    adresse = reverse("deliberation_nouvelle", args=["ami-2025", "CALL"])
    assert "Accords votés, pas encore notifiés" in benoit.get(adresse).content.decode()
    dits = {
        "numero": "2025-140", "votee_le": "16/10/2025", f"choix-{volet.pk}": "modifier",
        f"montant-{volet.pk}": "7000", f"motif-{volet.pk}": "",
    }  # fmt: skip
    refus = benoit.post(adresse, dits)
    assert refus.status_code == 422
    assert "La raison du changement manque. Écrivez-la" in refus.content.decode()
    reponse = benoit.post(adresse, dits | {f"motif-{volet.pk}": "Cofinancement trouvé."}, follow=True)
    page = reponse.content.decode()
    assert "remplace" in page
    ancienne = f.client("benoit").get(reverse("deliberation", args=[Deliberation.objects.earliest("pk").pk]))
    assert ancienne.context["ecart"] == 0
    assert "changé par l'acte 2025-140" in ancienne.content.decode()
