"""Les écrans des suites : qui les lit, ce qu'ils disent, ce qu'ils coûtent, un dossier de bout en bout."""

import html
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.bilans.models import Bilan, Decompte, Reversement
from ensemblier.conventions.actes import preparer_versement
from ensemblier.conventions.models import Convention, Notification, Tranche, Versement
from ensemblier.dossiers.models import Deport, Obligation
from ensemblier.registre.actes import reprendre
from tests import fabriques
from tests import fabriques_suites as f

pytestmark = pytest.mark.django_db
CE_JOUR = date(2025, 11, 18)
ONGLETS = ("suites", "suites_a_signer", "suites_a_payer", "suites_a_reclamer")


@pytest.fixture(autouse=True)
def _le_18_novembre():
    with time_machine.travel(fabriques.instant("2025-11-18 10:00"), tick=False):
        yield


def _lire(qui, nom, *args, **parametres):
    response = fabriques.client(qui).get(reverse(nom, args=args), parametres)
    return response, response.content.decode()


@pytest.mark.parametrize("onglet", ONGLETS)
@pytest.mark.parametrize("qui", ["benoit", "irene", "fatou_finances", "chloe", "odile"])
def test_les_autorites_lisent_les_suites(qui, onglet):
    assert _lire(qui, onglet)[0].status_code == 200


@pytest.mark.parametrize("qui", ["amina", "farid", "elise"])
def test_les_listes_sont_fermees_aux_autres(qui):
    assert _lire(qui, "suites_a_payer")[0].status_code == 403


def test_un_dossier_se_lit_par_son_porteur_et_pas_par_un_autre():
    f.notifier(f.volet(f.dossier(), "9000.00"))
    assert _lire("amina", "suite", "25-0041")[0].status_code == 200
    assert _lire("david", "suite", "25-0041")[0].status_code == 404


def test_une_personne_deportee_ne_voit_ni_ne_paie():
    dossier = f.notifier(f.volet(f.dossier(), "9000.00")).dossier
    Deport.objects.create(
        dossier=dossier, utilisateur=fabriques.personne("fatou_finances"), motif="Parente", declare_le=f.AVANT
    )
    assert _lire("fatou_finances", "suite", "25-0041")[0].status_code == 404
    assert "25-0041" not in _lire("fatou_finances", "suites_a_payer")[1]


def test_le_porteur_ne_voit_ni_montant_ni_decision_avant_sa_lettre():
    f.volet(f.dossier(), "9000.00")
    _, page = _lire("amina", "suite", "25-0041")
    assert "9\u00a0000" not in page
    assert "Aucune décision n'est encore notifiée" in page.replace("&#x27;", "'")


def test_un_financeur_ne_suit_que_sa_ligne():
    dossier = f.dossier()
    f.notifier(f.volet(dossier, "9000.00"))
    f.notifier(f.volet(dossier, "4000.00", financeur="ETAT"), qui="chloe")
    _, page = _lire("chloe", "suites_a_payer")
    assert "4\u00a0000,00" in page
    assert "9\u00a0000,00" not in page


def test_la_ligne_dit_ce_qui_bloque_et_le_delai():
    f.notifier(f.volet(f.dossier(), "12000.00"))
    _, page = _lire("benoit", "suites_a_payer")
    for mot in (
        "Convention non signée par le porteur.",
        "acompte 80\u00a0%",
        "30/11/2025",
        "J-12",
        "9\u00a0600,00",
    ):
        assert mot in page, mot
    assert "1\u00a0versement bloqué" in page
    assert "à préparer" not in page


def test_les_finances_lisent_d_abord_leur_geste_et_n_en_lisent_pas_d_autre():
    """Gérard : à certifier, puis à préparer, puis ce qui bloque ; un refus se dit."""
    bloque, pret, prepare, refus = (f.dossier(f"25-000{n}") for n in range(1, 5))
    f.notifier(f.volet(bloque, "12000.00"))
    for dossier in (pret, prepare):
        f.notifier(f.volet(dossier, "2000.00"))
    f.notifier(f.volet(pret, "4000.00", financeur="ETAT"), qui="chloe")
    f.volet(refus, "0.00", etat="refusee", motif="Crédits épuisés.")
    preparer_versement(
        Tranche.objects.get(demande__dossier=prepare), par=f.acteur("fatou_finances"), le=f.NOTIFIE_LE
    )
    lue, page = _lire("gerard_certifie", "suites")
    gestes = [(ligne["dossier"].numero, ligne["due"].geste) for ligne in lue.context["lignes"]]
    assert gestes == [("25-0003", "certifier"), ("25-0002", "preparer"), ("25-0001", ""), ("25-0002", "")]
    phrase = "1 versement à certifier, 1 versement à préparer (2 000,00 €), 1 versement bloqué."
    assert phrase in page.replace("\u00a0", " ")
    _, tout = _lire("gerard_certifie", "suites", vue="tout")
    assert "refusé" in tout


def test_un_retard_de_bilan_se_lit():
    with time_machine.travel(fabriques.instant("2026-07-12 10:00"), tick=False):
        f.notifier(f.volet(f.dossier(), "9000.00"))
        _, page = _lire("benoit", "suites_a_reclamer")
        assert "1\u00a0bilan en retard" in page
        _, bilan = _lire("amina", "suite_bilan", "25-0041")
        assert "En retard de 12\u00a0jours" in bilan


@pytest.mark.parametrize("onglet", ONGLETS)
def test_les_listes_coutent_le_meme_nombre_de_requetes(onglet):
    navigateur, comptes, faits = fabriques.client("benoit"), [], 0
    for nombre in (2, 12):
        for rang in range(faits, nombre):
            volet = f.volet(f.dossier(f"25-{rang:04d}"), "12000.00")
            if rang % 2:
                f.notifier(volet)
        faits = nombre
        navigateur.get(reverse(onglet))  # le pack du territoire se lit une fois par processus
        with CaptureQueriesContext(connection) as requetes:
            assert navigateur.get(reverse(onglet)).status_code == 200
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1]
    assert comptes[1] <= 25


def test_l_iban_n_est_jamais_en_clair_sur_ces_pages():
    f.notifier(f.volet(f.dossier(), "9000.00"))
    for qui in ("amina", "benoit", "fatou_finances"):
        _, page = _lire(qui, "suite", "25-0041")
        assert fabriques.IBAN not in page.replace(" ", "").replace("\u00a0", "")
        assert "606" in page


def test_notifier_depuis_la_page():
    demande = f.volet(f.dossier(), "12000.00")
    _, page = _lire("benoit", "suite_notifier", "25-0041", demande.pk)
    assert "12\u00a0000,00" in page
    assert _lire("chloe", "suite_notifier", "25-0041", demande.pk)[0].status_code in (403, 404)
    fabriques.client("benoit").post(reverse("suite_notifier", args=["25-0041", demande.pk]))
    assert Notification.objects.get().demande_id == demande.pk


def test_un_lot_se_relit_puis_part():
    voulus = [f.volet(f.dossier(f"25-000{n}"), "1000.00").pk for n in (1, 2)]
    _, page = _lire("benoit", "suites_lot", choix=voulus)
    assert "2\u00a0décisions" in page
    assert "2\u00a0000,00" in page
    assert not Notification.objects.exists()
    fabriques.client("benoit").post(reverse("suites_lot"), {"choix": voulus})
    assert Notification.objects.count() == 2
    _, relue = _lire("benoit", "suites_lot", choix=voulus)
    assert "décisions choisies sont déjà notifiées" in relue, "le retour, puis le rechargement"


def test_un_lot_ignore_la_ligne_d_un_autre_financeur():
    demande = f.volet(f.dossier(), "1000.00", financeur="ETAT")
    fabriques.client("benoit").post(reverse("suites_lot"), {"choix": [demande.pk]})
    assert not Notification.objects.exists()


def _envoyer(qui, nom, *args, **donnees):
    return fabriques.client(qui).post(reverse(nom, args=args), donnees)


def _exemplaire():
    return SimpleUploadedFile("signee.pdf", f.pdf(), content_type="application/pdf")


def test_une_image_n_est_pas_une_convention_signee():
    demande = f.notifier(f.volet(f.dossier(), "12000.00"))
    faux = SimpleUploadedFile("signee.pdf", b"\x89PNG\r\n\x1a\n", content_type="application/pdf")
    response = _envoyer("amina", "suite_signer", "25-0041", demande.pk, exemplaire=faux)
    assert response.status_code == 422
    assert Convention.objects.get().etat == "a_signer"


REPONSES = {
    "realisation": "complete",
    "participants": "100",
    "participants_qpv": "62",
    "femmes": "60",
    "hommes": "38",
    "sexe_non_renseigne": "2",
    "deroule": "Quarante ateliers.",
    "resultats": "Les objectifs sont atteints.",
    "explication_des_ecarts": "Moins d'achats.",
    "charge_60": "10 000",
    "charge_64": "10 000,00",
}


def test_d_une_lettre_au_solde_par_les_ecrans():
    demande = f.volet(f.dossier(), "12000.00")
    _envoyer("benoit", "suite_notifier", "25-0041", demande.pk)
    assert (
        _envoyer("benoit", "suite_signer", "25-0041", demande.pk, exemplaire=_exemplaire()).status_code == 403
    )
    _envoyer("amina", "suite_signer", "25-0041", demande.pk, exemplaire=_exemplaire())
    _envoyer("benoit", "suite_signer", "25-0041", demande.pk, exemplaire=_exemplaire())
    acompte = f.tranche(demande)
    _envoyer("fatou_finances", "suite_preparer", "25-0041", acompte.pk)
    versement = Versement.objects.get()
    _envoyer("fatou_finances", "suite_certifier", "25-0041", versement.pk)
    _, page = _lire("fatou_finances", "suite", "25-0041")
    assert "une autre personne doit le certifier" in page
    relues = {
        qui: _lire(qui, "suite_certifier", "25-0041", versement.pk)
        for qui in ("fatou_finances", "gerard_certifie", "benoit")
    }
    assert relues["benoit"][0].status_code == 403
    assert 'type="submit">Certifier' not in relues["fatou_finances"][1]
    assert 'type="submit">Certifier 9\u00a0600,00' in relues["gerard_certifie"][1]
    for dit in ("Les Jardins", "Compte bancaire", "Contrôlé", "préparé"):
        assert dit.lower() in relues["gerard_certifie"][1].lower()
    _envoyer("gerard_certifie", "suite_certifier", "25-0041", versement.pk)
    assert "n'est plus à certifier" in _lire("gerard_certifie", "suite_certifier", "25-0041", versement.pk)[1]
    paiement = {"paye_le": "18/11/2025", "reference": "M-1"}
    for _ in range(2):
        _envoyer("gerard_certifie", "suite_payer", "25-0041", versement.pk, **paiement)
    demande.refresh_from_db()
    assert (demande.etat, demande.verse) == ("acompte_verse", Decimal("9600.00"))

    calcul = _envoyer("amina", "suite_bilan_calcul", "25-0041", **REPONSES).content.decode()
    assert "solde prévu 400,00" in calcul
    assert not Bilan.objects.exists()
    assert _envoyer("amina", "suite_bilan", "25-0041", faire="envoyer", **REPONSES).status_code == 302
    assert _envoyer("benoit", "suite_bilan_lecture", "25-0041", faire="valider").status_code == 302
    assert Decompte.objects.get().reste == Decimal("400.00")

    solde = f.tranche(demande, 2)
    _envoyer("fatou_finances", "suite_preparer", "25-0041", solde.pk)
    dernier = Versement.objects.get(tranche=solde)
    _envoyer("gerard_certifie", "suite_certifier", "25-0041", dernier.pk)
    _envoyer("gerard_certifie", "suite_payer", "25-0041", dernier.pk, paye_le="18/11/2025", reference="M-2")
    demande.refresh_from_db()
    demande.dossier.refresh_from_db()
    assert (demande.etat, demande.verse, demande.dossier.etat) == ("soldee", Decimal("10000.00"), "clos")
    assert "Tout ce qui est dû est versé." in _lire("amina", "suite", "25-0041")[1]


def test_un_bilan_incomplet_est_garde_et_dit_ce_qui_manque():
    f.notifier(f.volet(f.dossier(), "9000.00"))
    reponses = {**REPONSES, "hommes": "30"}
    response = _envoyer("amina", "suite_bilan", "25-0041", faire="envoyer", **reponses)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Femmes 60 + hommes 30 + non renseigné 2 = 92, total 100" in page
    bilan = Bilan.objects.get()
    assert (bilan.etat, bilan.hommes) == ("attendu", 30)


def test_un_montant_illisible_garde_la_saisie():
    f.notifier(f.volet(f.dossier(), "9000.00"))
    response = _envoyer(
        "amina", "suite_bilan", "25-0041", faire="enregistrer", **{**REPONSES, "charge_60": "douze"}
    )
    assert response.status_code == 422
    assert "douze" in response.content.decode()
    assert not Bilan.objects.exists()


def test_recalculer_sans_javascript_n_enregistre_rien():
    f.notifier(f.volet(f.dossier(), "9000.00"))
    response = _envoyer("amina", "suite_bilan", "25-0041", faire="recalculer", **REPONSES)
    assert "solde prévu" in response.content.decode()
    assert not Bilan.objects.exists()


def test_une_correction_demandee_se_lit_en_haut_du_bilan():
    f.notifier(f.volet(f.dossier(), "9000.00"))
    _envoyer("amina", "suite_bilan", "25-0041", faire="envoyer", **REPONSES)
    _envoyer("benoit", "suite_bilan_lecture", "25-0041", faire="corriger", motif="Joignez la liste.")
    assert "Joignez la liste." in _lire("amina", "suite_bilan", "25-0041")[1]


@pytest.mark.parametrize(
    ("qui", "attendu"), [("amina", 200), ("benoit", 200), ("david", 404), ("elise", 404)]
)
def test_les_documents_se_lisent_par_qui_voit_le_dossier(qui, attendu):
    demande = f.notifier(f.volet(f.dossier(), "12000.00"))
    for nom, args in (("suite_lettre", ()), ("suite_convention", ("projet",))):
        response, _ = _sans_corps(qui, nom, "25-0041", demande.pk, *args)
        assert response.status_code == attendu, nom


def _sans_corps(qui, nom, *args):
    response = fabriques.client(qui).get(reverse(nom, args=args))
    fabriques.contenu(response)
    return response, ""


def test_un_exemplaire_pas_encore_depose_n_existe_pas():
    demande = f.notifier(f.volet(f.dossier(), "12000.00"))
    assert _sans_corps("benoit", "suite_convention", "25-0041", demande.pk, "signe")[0].status_code == 404


def test_le_porteur_repond_au_projet_de_reversement():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    f.verser(f.tranche(demande))
    _envoyer("amina", "suite_bilan", "25-0041", faire="envoyer", **{**REPONSES, "charge_60": "2 000"})
    _envoyer("benoit", "suite_bilan_lecture", "25-0041", faire="valider")
    _, page = _lire("amina", "suite", "25-0041")
    assert "mer. 3\u00a0décembre 2025" in page
    _envoyer(
        "amina", "suite_reversement", "25-0041", demande.pk, "observer", observations="Voici les factures."
    )
    assert "Voici les factures." in _lire("benoit", "suite", "25-0041")[1]


def test_une_somme_a_rendre_passe_avant_tout_est_verse():  # B17
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    f.verser(f.tranche(demande))
    demande.refresh_from_db()
    systeme = fabriques.systeme("lens-lievin")
    Obligation.objects.update(satisfaite_le=CE_JOUR)
    Decompte.objects.create(
        demande=demande, cout_reel=18000, du=8400, reste=0, trop_percu=600, etabli_le=f.NOTIFIE_LE
    )

    def lignes():
        pages = [_lire(qui, "suite", "25-0041")[1] for qui in ("amina", "benoit")]
        return [html.unescape(page).replace("\u00a0", " ") for page in pages]

    porteur, agent = lignes()
    assert (
        "Vous avez reçu plus que l'aide due : Communauté d'agglomération de Lens-Liévin, 600,00 €." in porteur
    )
    assert "trop-perçu de 600,00 € : à réclamer." in agent
    rendu = Reversement(
        demande=demande, montant=600, motif="Coût réel plus bas.", notifie_le=CE_JOUR,
        reponse_avant_le=CE_JOUR,
    )  # fmt: skip
    reprendre(rendu, etat="decide", par=systeme, le=f.NOTIFIE_LE, libelle="Repris")
    porteur, agent = lignes()
    assert "Vous avez 600,00 € à rendre : Communauté d'agglomération de Lens-Liévin." in porteur
    assert "trop-perçu de 600,00 € : à encaisser." in agent
    reprendre(rendu, etat="encaisse", par=systeme, le=f.NOTIFIE_LE, libelle="Repris")
    assert all("Tout ce qui est dû est versé." in page for page in lignes())
