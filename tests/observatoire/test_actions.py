"""Ce qui est financé : seulement ce qu'une délibération accorde, jamais un refus ni une personne (R60)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.dossiers.ecriture import poser_quartiers
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.interface import presentation
from ensemblier.observatoire import lecture
from ensemblier.programmation.models import Attribution, Deliberation
from ensemblier.registre.actes import ouvrir
from tests import fabriques

pytestmark = pytest.mark.django_db
LE = fabriques.instant("2025-09-20 10:00")


def _dossier(numero, intitule="Jardin partagé", quartier="QN06225M"):
    par, lieu = fabriques.acteur("amina"), fabriques.territoire()
    dossier = Dossier(
        numero=numero, territoire=lieu, appel=fabriques.appel(), organisme=fabriques.organisme(),
        cree_par=fabriques.personne("amina"), cree_le=LE, modifie_le=LE, intitule=intitule,
        pilier=lieu.piliers.get(code="agir"),
    )  # fmt: skip
    ouvrir(dossier, par=par, le=LE, libelle="Dossier commencé")
    poser_quartiers(dossier, {lieu.quartiers.get(code=quartier): [lieu.communes.get(code="LENS")]})
    return dossier


def _volet(dossier, montant, *, financeur="CALL", acte="2025-118"):
    lieu = fabriques.territoire()
    institution = lieu.financeurs.get(code=financeur)
    demande = Demande(
        dossier=dossier, financeur=institution, dispositif=dossier.appel.dispositifs.first(),
        demande=Decimal(9000),
    )  # fmt: skip
    ouvrir(demande, par=fabriques.acteur("amina"), le=LE, libelle="Demande")
    if montant is None:
        return demande
    deliberation, _ = Deliberation.objects.get_or_create(
        territoire=lieu, appel=dossier.appel, financeur=institution, numero=acte,
        defaults={"le": date(2025, 9, 18), "enregistree_le": LE, "enregistree_par": "Benoît Marchal"},
    )  # fmt: skip
    Attribution.objects.create(demande=demande, deliberation=deliberation, montant=Decimal(montant))
    return demande


def _page(adresse="/observatoire/actions/"):
    return fabriques.client().get(adresse).content.decode().replace("&#x27;", "'")


def test_une_action_accordee_est_montree_avec_son_acte():
    _volet(_dossier("25-0001"), "9000.00")
    page = _page()
    assert "Jardin partagé" in page
    assert "9\u00a0000,00\u00a0€" in page
    assert "2025-118" in page
    assert "Les Jardins de la fosse 12" in page


def test_ni_un_refus_ni_une_demande_ni_une_personne_ne_paraissent():
    _volet(_dossier("25-0002", "Projet refusé"), "0.00")
    _volet(_dossier("25-0003", "Projet demandé"), None)
    _volet(_dossier("25-0004", "Projet aidé"), "100.00")
    page = _page()
    assert "Projet aidé" in page
    assert "Projet refusé" not in page
    assert "Projet demandé" not in page
    assert "Amina" not in page
    assert "Benoît" not in page


def test_la_page_d_une_action_dit_ou_pour_qui_et_par_quel_acte():
    dossier = _dossier("25-0021")
    Dossier.objects.filter(pk=dossier.pk).update(
        resume="On jardine le mercredi.", publics_total=40, publics_qpv=4, du=date(2025, 10, 1)
    )
    _volet(dossier, "9000.00")
    _volet(dossier, "4000.00", financeur="ETAT", acte="ETAT-7")
    page = _page("/observatoire/actions/25-0021/")
    assert ": 13\u00a0000,00\u00a0€ accordés par 2\u00a0financeurs" in page
    for dit in ("On jardine le mercredi.", "Lens", "Grande Résidence", "ETAT-7, 18/09/2025", "Agir"):
        assert dit in page
    assert "40, dont moins de 5 habitants de quartier prioritaire" in page
    assert "Amina" not in page
    assert 'href="/observatoire/actions/25-0021/"' in _page()


def test_une_action_sans_accord_n_a_pas_de_page_publique():
    _volet(_dossier("25-0022"), "0.00")
    _volet(_dossier("25-0023"), None)
    remplacee = _volet(_dossier("25-0024"), "9000.00")
    Attribution.objects.filter(demande=remplacee).update(remplacee_le=LE)
    for numero in ("25-0022", "25-0023", "25-0024", "25-9999"):
        assert fabriques.client().get(f"/observatoire/actions/{numero}/").status_code == 404


def test_une_action_refusee_se_lirait_garde_levee(monkeypatch):
    """La garde est le filtre des attributions : élargi, la page d'un refus s'ouvre."""
    _volet(_dossier("25-0025"), "0.00")
    monkeypatch.setattr(
        lecture, "attributions", lambda lieu: Attribution.objects.filter(deliberation__territoire=lieu)
    )
    assert fabriques.client().get("/observatoire/actions/25-0025/").status_code == 200


def test_l_accueil_montre_les_dernieres_decisions_et_chaque_appel_sa_programmation():
    for rang in range(1, 6):
        _volet(_dossier(f"25-003{rang}", f"Action {rang}"), "100.00")
    accueil = _page("/")
    assert [n for n in range(1, 6) if f"Action {n}<" in accueil] == [3, 4, 5]
    assert "Les dernières décisions" in accueil
    finance = _page("/observatoire/")
    assert 'href="/observatoire/programmation/ami-2025/"' in finance


def test_une_attribution_remplacee_ne_compte_plus():
    demande = _volet(_dossier("25-0005"), "9000.00")
    Attribution.objects.filter(demande=demande).update(remplacee_le=LE)
    assert "Aucune action n'est encore décidée" in _page()


def test_les_totaux_sont_la_somme_des_volets():
    premier = _dossier("25-0006")
    _volet(premier, "9000.01")
    _volet(premier, "4000.02", financeur="ETAT", acte="ETAT-7")
    _volet(_dossier("25-0007"), "1000.00")
    page = _page("/observatoire/")
    assert "2\u00a0actions financées, 14\u00a0000,03\u00a0€ accordés" in page
    assert "10\u00a0000,01\u00a0€" in page
    assert "4\u00a0000,02\u00a0€" in page


@pytest.mark.parametrize(
    ("question", "nombre"),
    [
        ("financeur=ETAT", 1),
        ("quartier=QN06226M", 1),
        ("annee=2025", 2),
        ("annee=2031", 0),
        ("pilier=agir", 2),
    ],
)
def test_les_filtres_gardent_ce_qu_ils_disent(question, nombre):
    premier = _dossier("25-0008", "Première")
    _volet(premier, "9000.00")
    _volet(premier, "100.00", financeur="ETAT", acte="ETAT-7")
    _volet(_dossier("25-0009", "Seconde", quartier="QN06226M"), "1000.00")
    page = _page(f"/observatoire/actions/?{question}")
    assert page.count('<th scope="row">') == nombre


@pytest.mark.parametrize("question", ["annee=x", "apres=-1", "apres=99999999", "apres=abc", "quartier=%01"])
def test_un_filtre_absurde_ne_casse_rien(question):
    assert fabriques.client().get(f"/observatoire/actions/?{question}").status_code == 200


@pytest.mark.parametrize("adresse", ["/observatoire/", "/observatoire/actions/", "/"])
def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_d_actions(adresse):
    comptes = []
    for debut, fin in ((0, 2), (2, 12)):
        for rang in range(debut, fin):
            _volet(_dossier(f"25-1{rang:03d}"), "100.00")
        navigateur = fabriques.client()
        navigateur.get(adresse)
        with CaptureQueriesContext(connection) as requetes:
            navigateur.get(adresse)
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1] <= 12


def test_la_barre_ne_fait_qu_une_brique_des_communes():
    totaux = [
        lecture.Total("LENS", "Lens", Decimal(30), 2, commune=True),
        lecture.Total("ETAT", "État", Decimal(40), 3),
        lecture.Total("AVION", "Avion", Decimal(20), 1, commune=True),
    ]
    briques = lecture.en_briques(totaux)
    assert [(b["libelle"], b["montant"]) for b in briques] == [("Communes (2)", 50), ("État", 40)]
    assert presentation.couleur(briques[0]["financeur"]) == "financeur--communes"
    assert [b["libelle"] for b in lecture.en_briques(totaux[:2])] == ["État", "Lens"]
