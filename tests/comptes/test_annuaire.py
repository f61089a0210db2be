"""L'annuaire national : un numéro suffit, et sa panne ne bloque personne."""

import json
import os
from pathlib import Path

import pytest
from django.conf import settings

from ensemblier.comptes.clients import identite_de
from ensemblier.registre.sorties import ServiceIndisponible
from tests import fabriques
from tests.territoires.geocodeur import geocodeur as serveur

RACINE = Path(settings.RACINE)
SIRET = "12345678200002"


def unite(**autres):
    """Une réponse aux champs du contrat."""
    lieu = {
        "siret": SIRET, "adresse": "12 RUE DES EXEMPLES 62800 LIEVIN", "code_postal": "62800",
        "libelle_commune": "LIEVIN", "etat_administratif": "A", "date_fermeture": None,
    }  # fmt: skip
    base = {
        "siren": SIRET[:9], "nom_complet": "FIL ET AIGUILLE (FEA)", "nom_raison_sociale": "FIL ET AIGUILLE",
        "sigle": "FEA", "siege": lieu, "matching_etablissements": [lieu], "nature_juridique": "9220",
        "etat_administratif": "A", "date_fermeture": None,
        "complements": {"est_association": True, "identifiant_association": "W624007777"},
    }  # fmt: skip
    return base | autres


def corps(*unites):
    return json.dumps({"results": list(unites), "total_results": len(unites)}).encode()


def exemple(nom, sinon):
    """L'exemple du contrat, lu à côté du dépôt ; là où il manque, une réponse aux mêmes valeurs."""
    choix = [os.environ.get("ENSEMBLIER_SOURCES"), RACINE.parent / "shared", RACINE.parent.parent / "shared"]
    chemins = (Path(c) / "data" / "contracts" / f"recherche_entreprises_{nom}.json" for c in choix if c)
    trouve = next((c for c in chemins if c.is_file()), None)
    return trouve.read_bytes() if trouve else sinon


CESSEE = {"etat_administratif": "C", "date_fermeture": "2024-12-31"}
EXEMPLE = {
    "nom_raison_sociale": "ASSOCIATION D'EXEMPLE", "sigle": None,
    "complements": {"est_association": True, "identifiant_association": None},
}  # fmt: skip


def d_exemple(**autres):
    lieu = unite()["siege"] | {"adresse": "ADRESSE D'EXEMPLE 62800 LIEVIN"}
    return unite(**EXEMPLE, siege=lieu, matching_etablissements=[lieu], **autres)


def test_le_contrat_donne_une_identite_sans_les_dirigeants():
    with serveur(exemple("siret_exemple_construit", corps(d_exemple()))) as (service, recues):
        identite = identite_de(SIRET, service=service)
    assert identite.champs() == {
        "nom": "ASSOCIATION D'EXEMPLE", "sigle": "", "type": "association", "siret": SIRET, "rna": "",
        "adresse": "ADRESSE D'EXEMPLE", "code_postal": "62800", "commune": "Lievin",
    }  # fmt: skip
    demande = recues[0][0]
    assert demande["q"] == [SIRET]
    assert demande["minimal"] == ["true"]
    assert "dirigeants" not in demande["include"][0]


def test_un_organisme_cesse_se_dit():
    with serveur(exemple("cessee_exemple_construit", corps(d_exemple(**CESSEE)))) as (service, _):
        identite = identite_de(SIRET, service=service)
    assert identite.est_fermee
    assert str(identite.ferme_le) == "2024-12-31"


def test_un_numero_inconnu_ne_donne_rien():
    with serveur(exemple("vide_exemple_construit", corps())) as (service, _):
        assert identite_de(SIRET, service=service) is None


@pytest.mark.parametrize(
    ("categorie", "attendu"),
    [("7210", "commune"), ("7361", "ccas"), ("7348", "epci"), ("7382", "etablissement_public"),
     ("9300", "fondation"), ("9230", "association"), ("5499", "entreprise"), ("", "entreprise")],
)  # fmt: skip
def test_la_categorie_juridique_donne_la_forme(categorie, attendu):
    complements = {"est_association": False, "identifiant_association": None}
    reponse = corps(unite(nature_juridique=categorie, complements=complements))
    with serveur(reponse) as (service, _):
        assert identite_de(SIRET, service=service).type == attendu


def test_un_rna_ne_prend_que_le_numero_exact():
    autre = unite(complements={"est_association": True, "identifiant_association": "W624000000"})
    with serveur(corps(autre, unite())) as (service, _):
        assert identite_de("W624007777", service=service).nom == "FIL ET AIGUILLE"
        assert identite_de("W999999999", service=service) is None


def test_un_nom_masque_reste_vide():
    with serveur(corps(unite(nom_raison_sociale="[NON-DIFFUSIBLE]", nom_complet=None))) as (service, _):
        assert identite_de(SIRET, service=service).nom == ""


@pytest.mark.parametrize(
    "panne",
    [{"code": 500}, {"code": 429}, {"code": 302}, {"corps": b"<html>"}, {"corps": b"[]"}, {"corps": b"{}"},
     {"corps": b'{"results":[{"siren":"123456782"}]}'}, {"corps": b'{"results":["x"]}'},
     {"corps": b"[" * 100_000}, {"corps": b" " * 300_000}],
)  # fmt: skip
def test_toute_panne_se_dit_et_rien_d_autre(panne):
    with serveur(panne.pop("corps", b"{}"), **panne) as (service, _), pytest.raises(ServiceIndisponible):
        identite_de(SIRET, service=service, delai_s=1)


def test_un_service_muet_ne_retient_pas_la_page():
    with serveur(b"{}", pause=3) as (service, _), pytest.raises(ServiceIndisponible):
        identite_de(SIRET, service=service, delai_s=0.2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reponse", "options", "dit"),
    [
        (corps(unite()), {}, "Relisez, corrigez, complétez"),
        (corps(), {}, "ne connaît pas ce numéro"),
        (b"", {"code": 503}, "ne répond pas"),
        (corps(unite(etat_administratif="C", date_fermeture="2024-12-31")), {}, "fermé depuis le 31/12/2024"),
    ],
)
def test_la_page_se_remplit_ou_dit_pourquoi_non(settings, reponse, options, dit):
    with serveur(reponse, **options) as (service, _):
        settings.ANNUAIRE = service
        page = fabriques.client("david").get("/mon-organisme/creer/", {"numero": "123 456 782 00002"})
    texte = page.content.decode().replace("&#x27;", "'")
    assert page.status_code == 200
    assert dit in texte
    assert f'value="{SIRET}"' in texte
    assert ('value="FIL ET AIGUILLE"' in texte) is ("Relisez" in dit)


@pytest.mark.django_db
def test_un_numero_faux_est_refuse_avant_toute_requete(settings):
    with serveur(corps(unite())) as (service, recues):
        settings.ANNUAIRE = service
        page = fabriques.client("david").get("/mon-organisme/creer/", {"numero": "12345678200011"})
    assert page.status_code == 422
    assert not recues
