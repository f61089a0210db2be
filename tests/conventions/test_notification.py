"""Notifier : la lettre, les tranches (K7), la convention (K8, P28), le bilan attendu (B5)."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from ensemblier.conventions import actes, documents, plan
from ensemblier.conventions.models import Convention, Notification, Tranche
from ensemblier.dossiers.models import Obligation
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques
from tests import fabriques_suites as f

pytestmark = pytest.mark.django_db


def _tranches(demande):
    return list(Tranche.objects.filter(demande=demande).values_list("montant", "condition"))


@pytest.mark.parametrize(
    ("accorde", "attendu"),
    [
        ("10000.00", [("10000.00", "notification")]),
        ("10000.01", [("8000.01", "convention"), ("2000.00", "bilan")]),
        ("12345.67", [("9876.54", "convention"), ("2469.13", "bilan")]),
        ("10000.03", [("8000.02", "convention"), ("2000.01", "bilan")]),
    ],
    ids=["S44", "S45", "S46", "S47"],
)
def test_les_tranches_suivent_l_echeancier(accorde, attendu):
    demande = f.notifier(f.volet(f.dossier(), accorde))
    assert _tranches(demande) == [(Decimal(m), c) for m, c in attendu]
    assert sum(m for m, _ in _tranches(demande)) == Decimal(accorde)
    assert demande.etat == "notifiee"


def test_s50_le_versement_unique_est_du_soixante_jours_apres_la_notification():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    tranche = f.tranche(demande)
    assert (tranche.exigible_le, tranche.echeance) == (date(2025, 10, 1), date(2025, 11, 30))


def test_le_solde_attend_le_bilan_sans_date():
    demande = f.notifier(f.volet(f.dossier(), "12000.00"))
    solde = f.tranche(demande, 2)
    assert (solde.exigible_le, solde.echeance) == (None, None)


def test_s51_une_aide_de_23_000_euros_n_est_conventionnee_que_par_le_territoire():
    demande = f.notifier(f.volet(f.dossier(), "23000.00"))
    convention = Convention.objects.get(demande=demande)
    assert (convention.est_legale, convention.est_locale) == (False, True)


def test_s52_le_cumul_de_l_exercice_rend_la_convention_legale():
    premiere = f.notifier(f.volet(f.dossier("25-0001"), "12000.00"))
    assert not Convention.objects.get(demande=premiere).est_legale
    seconde = f.notifier(f.volet(f.dossier("25-0002"), "11000.01"))
    convention = Convention.objects.get(demande=seconde)
    assert convention.est_legale
    assert "23\u00a0000,01" in convention.lignes[0]["calcul"]


def test_s52_le_cumul_ne_compte_ni_un_autre_organisme_ni_un_autre_financeur():
    f.notifier(f.volet(f.dossier("25-0001", porteur=f.organisme("Autre", "902100023")), "12000.00"))
    lui = f.dossier("25-0002")
    f.volet(lui, "12000.00", financeur="ETAT")
    assert not plan.prevoir(f.volet(lui, "11000.01")).convention.legale


def test_un_versement_unique_attend_la_convention_quand_la_loi_l_exige():
    f.notifier(f.volet(f.dossier("25-0001"), "20000.00"))
    seconde = f.notifier(f.volet(f.dossier("25-0002"), "5000.00"))
    assert _tranches(seconde) == [(Decimal("5000.00"), "convention")]


def test_un_financeur_sans_regle_de_versement_paie_en_une_fois():
    demande = f.volet(f.dossier(), "15000.00", financeur="ETAT")
    f.notifier(demande, qui="chloe")
    assert _tranches(demande) == [(Decimal("15000.00"), "notification")]
    assert not Convention.objects.filter(demande=demande).exists()


@pytest.mark.parametrize(
    ("fin_d_exercice", "au", "attendu"),
    [
        ("12-31", date(2025, 12, 31), date(2026, 6, 30)),
        ("08-31", date(2026, 6, 15), date(2027, 2, 28)),
        ("08-31", date(2025, 12, 31), date(2027, 2, 28)),
        ("12-31", None, date(2026, 6, 30)),
        ("02-29", date(2025, 1, 10), date(2025, 8, 31)),
    ],
)
def test_s59_le_bilan_est_attendu_six_mois_apres_la_fin_d_exercice(fin_d_exercice, au, attendu):
    porteur = fabriques.organisme()
    porteur.fin_d_exercice = fin_d_exercice
    porteur.save(update_fields=("fin_d_exercice",))
    demande = f.notifier(f.volet(f.dossier(du=None, au=au), "9000.00"))
    assert Obligation.objects.get(dossier=demande.dossier).echeance == attendu


def test_deux_financeurs_n_ouvrent_qu_une_obligation():
    dossier = f.dossier()
    f.notifier(f.volet(dossier, "9000.00"))
    f.notifier(f.volet(dossier, "4000.00", financeur="ETAT"), qui="chloe")
    assert Obligation.objects.filter(dossier=dossier).count() == 1


def test_une_decision_n_est_notifiee_qu_une_fois():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    with pytest.raises(EtatInterdit):
        f.notifier(demande)
    assert Notification.objects.count() == 1
    assert Tranche.objects.count() == 1
    assert Courriel.objects.filter(cle__startswith="notification:").count() == len(
        set(Courriel.objects.filter(cle__startswith="notification:").values_list("destinataire"))
    )


def test_sans_deliberation_rien_n_est_notifie():
    demande = f.volet(f.dossier(), "9000.00")
    demande.dossier.refresh_from_db()
    from ensemblier.programmation.models import Attribution

    Attribution.objects.filter(demande=demande).delete()
    with pytest.raises(ActeBloque, match="délibération"):
        f.notifier(demande)
    assert not Notification.objects.exists()


def test_chaque_financeur_notifie_sa_ligne():
    demande = f.volet(f.dossier(), "9000.00", financeur="ETAT")
    with pytest.raises(RoleInsuffisant):
        f.notifier(demande, qui="benoit")
    f.notifier(demande, qui="chloe")
    assert Evenement.objects.filter(acte="notifier", auteur_nom="Chloé Fontaine").exists()


def test_un_refus_part_avec_son_motif():
    demande = f.volet(f.dossier(), "0.00", etat="refusee", motif="Le public n'est pas assez ciblé.")
    notification = actes.notifier_refus(demande, par=f.acteur("benoit"), le=f.NOTIFIE_LE)
    demande.refresh_from_db()
    assert (demande.etat, notification.est_accord) == ("refus_notifie", False)
    assert not Tranche.objects.exists()
    assert not Obligation.objects.exists()


def test_un_refus_sans_motif_ne_part_pas():
    demande = f.volet(f.dossier(), "0.00", etat="refusee")
    with pytest.raises(ActeBloque, match="motif"):
        actes.notifier_refus(demande, par=f.acteur("benoit"), le=f.NOTIFIE_LE)


def test_un_lot_fait_ce_qu_il_peut_et_dit_le_reste():
    bon = f.volet(f.dossier("25-0001"), "9000.00")
    refus = f.volet(f.dossier("25-0002"), "0.00", etat="refusee", motif="Hors du périmètre.")
    muet = f.volet(f.dossier("25-0003"), "0.00", etat="refusee")
    lot = actes.notifier_lot([bon, refus, muet], par=f.acteur("benoit"), le=f.NOTIFIE_LE)
    assert [n.demande_id for n in lot.notifications] == [bon.pk, refus.pk]
    assert [(d.pk, "motif" in phrase) for d, phrase in lot.refus] == [(muet.pk, True)]


def _html(gabarit, contexte):
    html = render_to_string(gabarit, {**contexte, "titre_document": "Essai", "pour_pdf": True})
    return re.sub(r"[ \n]+", " ", html)


def test_la_lettre_d_accord_porte_ses_mentions():
    demande = f.volet(f.dossier(), "12000.00")
    contexte = documents.contexte_accord(demande, plan.prevoir(demande), jour=date(2025, 10, 1))
    html = _html("conventions/pdf/accord.html", contexte)
    for mention in (
        "2025-118",
        "mercredi 24\u00a0septembre 2025",
        "12\u00a0000,00\u00a0€",
        "douze mille euros",
        "Cuisine partagée",
        "exercice 2025",
        "9\u00a0600,00\u00a0€",
        "2\u00a0400,00\u00a0€",
        "dimanche 30\u00a0novembre 2025",
        "mardi 30\u00a0juin 2026",
        "contrat d'engagement républicain",
        "Vous citez",
        "tribunal administratif",
        "2 mois",
    ):
        assert mention in html, mention


def test_la_lettre_de_refus_porte_ses_mentions():
    demande = f.volet(f.dossier(), "0.00", etat="refusee", motif="Le public est trop large.")
    contexte = documents.contexte_refus(demande, plan.attribution_courante(demande), jour=date(2025, 10, 1))
    html = _html("conventions/pdf/refus.html", contexte)
    for mention in (
        "Le public est trop large.",
        "tribunal administratif",
        "2025-118",
        "Développement social",
    ):
        assert mention in html, mention


def test_la_convention_porte_ses_articles_et_ses_annexes():
    demande = f.volet(f.dossier(description="Des repas cuisinés ensemble."), "12000.00")
    contexte = documents.contexte_convention(demande, plan.prevoir(demande), jour=date(2025, 10, 1))
    html = _html("conventions/pdf/convention.html", contexte)
    for mention in (
        "Entre les parties", "Préambule", "Objet", "Durée", "Coût de l'action", "Versements", "Justificatifs",
        "Engagements", "Contrôle", "Évaluation", "Excédent", "Sanctions et reversement", "Avenant",
        "Résiliation", "Litiges", "Annexe 1", "Annexe 2", "Annexe 3", "contrat d'engagement républicain",
        "Des repas cuisinés ensemble.", "Personnel (64)",
        "24\u00a0000,00\u00a0€", "douze mille euros", "L1611-4",
    ):  # fmt: skip
        assert mention in html, mention


def test_les_documents_sont_des_pdf_gardes(vrai_pdf):
    demande = f.notifier(f.volet(f.dossier(), "12000.00"))
    lettre = Notification.objects.get(demande=demande).lettre
    projet = Convention.objects.get(demande=demande).projet
    for fichier in (lettre, projet):
        with fichier.contenu.open() as contenu:
            assert contenu.read(5) == b"%PDF-"
