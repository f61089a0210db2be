"""Chaque adresse × chaque personne × lire ou agir : une case qui manque ou qui change fait rougir (G4)."""

from copy import deepcopy

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from tests import documents, fabriques, monde
from tests.acces import PARAMETRES, TABLE
from tests.monde import ACTEURS

LETTRES = {404: "n", 403: "i", 405: "-"}


def _motifs(motifs):
    for motif in motifs:
        if hasattr(motif, "url_patterns"):
            yield from _motifs(motif.url_patterns)
        else:
            yield motif


def adresses():
    return [m.name for m in _motifs(get_resolver().url_patterns)]


def test_chaque_adresse_a_un_nom_et_une_ligne_dans_la_table():
    noms = adresses()
    assert all(noms), "une adresse n'a pas de nom"
    assert len(noms) == len(set(noms)), "deux adresses portent le même nom"
    assert set(noms) == set(TABLE), f"table : {set(noms) ^ set(TABLE)}"
    assert all(len(lire) == len(agir) == len(ACTEURS) for lire, agir in TABLE.values())


def _adresse(nom, le_monde):
    motif = next(m for m in _motifs(get_resolver().url_patterns) if m.name == nom)
    voulus = set(motif.pattern.regex.groupindex) | set(getattr(motif.pattern, "converters", {}))
    propres = PARAMETRES.get(nom, {})
    valeurs = {}
    for parametre in voulus:
        valeur = propres.get(parametre, le_monde.parametres.get(parametre))
        valeurs[parametre] = valeur(le_monde) if callable(valeur) else valeur
    try:
        return reverse(nom, kwargs=valeurs)
    except NoReverseMatch as refus:
        raise AssertionError(f"{nom} : paramètres à dire dans tests/acces.py : {valeurs}") from refus


def _lettre(reponse):
    if reponse.status_code in (301, 302) and reponse["Location"].startswith("/connexion/"):
        return "c"
    assert reponse.status_code < 500, reponse
    return LETTRES.get(reponse.status_code, "o")


def _demander(client, methode, adresse):
    point, cookies = transaction.savepoint(), deepcopy(client.cookies)
    reponse = getattr(client, methode)(adresse)
    lettre = _lettre(reponse)
    fabriques.contenu(reponse)
    transaction.savepoint_rollback(point)
    client.cookies = cookies
    return lettre


def _clients(le_monde):
    clients = {}
    for nom in ACTEURS:
        clients[nom] = Client()
        if nom in le_monde.personnes:
            clients[nom].force_login(le_monde.personnes[nom])
    return clients


@pytest.fixture
def le_monde(db, settings, monkeypatch):
    settings.DEMONSTRATION = True
    documents.en_html(monkeypatch, *documents.TOUS)
    return monde.creer()


@pytest.mark.parametrize("methode", ["get", "post"])
def test_la_table_des_acces(le_monde, methode):
    """o admis, i refusé avec la raison, n introuvable, c connexion demandée, - sans objet."""
    clients, ecarts = _clients(le_monde), []
    for nom in adresses():
        adresse = _adresse(nom, le_monde)
        obtenu = "".join(_demander(clients[qui], methode, adresse) for qui in ACTEURS)
        attendu = TABLE.get(nom, ("", ""))[methode == "post"]
        if obtenu != attendu:
            ecarts.append(f'"{nom}": {methode} attendu {attendu!r}, obtenu {obtenu!r}')
    assert not ecarts, "\n".join(ecarts)


def test_la_table_des_acces_garde_levee(le_monde, monkeypatch):
    """Le contrôle retiré, la table voit la fuite : David lit le dossier d'Amina."""
    from ensemblier.dossiers.models import Dossier, DossierQuerySet

    adresse = reverse("dossier", kwargs={"numero": le_monde.decide.numero})
    david = Client()
    david.force_login(le_monde.personnes["david"])
    assert _demander(david, "get", adresse) == "n"
    monkeypatch.setattr(DossierQuerySet, "visibles_par", lambda self, acteur: self)
    assert Dossier.objects.visibles_par(None).exists()
    assert _demander(david, "get", adresse) != "n"
