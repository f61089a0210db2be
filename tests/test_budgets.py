"""Ce qu'une page d'un dossier coûte, en requêtes et en octets (architecture §7) ; `-s` montre le tableau.

Le budget d'architecture est 15 ; le compte d'aujourd'hui est un plafond, à baisser. Les petites listes d'un
dossier se lisent ensemble, en une requête (`interface.ensemble`). L'étape des publics en fait une de plus :
la question posée aux villes.
"""

import re
import sys

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.dossiers import fiche
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.etapes import CODES
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import actes
from tests import fabriques as f

pytestmark = pytest.mark.django_db
PRESENT = f.instant("2025-11-03 10:00")
OCTETS = 60_000
TRANSACTION = ("SAVEPOINT", "RELEASE")

PAGES = (
    ("benoit", "instruction_dossier", "depose", "", 13),
    ("benoit", "instruction_completude", "depose", "", 12),
    ("chloe", "instruction_avis", "depose", "ETAT", 17),
    ("amina", "dossier", "depose", "", 10),
    ("amina", "accuse", "depose", "", 8),
    ("amina", "dossier_messages", "depose", "", 8),
    ("benoit", "instruction_messages", "depose", "", 7),
    *(("amina", "dossier_etape", "depose", code, 9 + 2 * (code == "publics")) for code in CODES),
    ("amina", "dossier", "brouillon", "", 13),
    ("amina", "relecture", "brouillon", "", 12),
    *(("amina", "dossier_etape", "brouillon", code, 15 + 2 * (code == "publics")) for code in CODES),
)
DEPOT = 33
"""Dont dix-huit écritures et verrous : l'état, le registre, les mots, les saisies, le courriel."""


@pytest.fixture(autouse=True)
def au_3_novembre():
    with time_machine.travel(PRESENT, tick=True):
        yield


@pytest.fixture
def dossiers():
    depose = f.dossier_depose("aap-2026")
    par = f.acteur("benoit")
    actes.declarer_recevable(depose, par=par, roles=roles(par, depose), le=PRESENT)
    return {"depose": depose, "brouillon": f.dossier("aap-2026")}


def _requetes(client, methode, adresse, donnees=None):
    with CaptureQueriesContext(connection) as lues:
        reponse = getattr(client, methode)(adresse, donnees)
    return reponse, [q["sql"] for q in lues if not q["sql"].startswith(TRANSACTION)]


def test_chaque_page_d_un_dossier_tient_son_budget(dossiers):
    depassees = []
    for qui, nom, etat, code, budget in PAGES:
        adresse = reverse(nom, args=[dossiers[etat].numero, *([code] if code else [])])
        client = f.client(qui)
        client.get(adresse)
        reponse, requetes = _requetes(client, "get", adresse)
        octets = len(reponse.content)
        sys.stdout.write(f"{nom:24} {etat:10} {code:10} {qui:8} {len(requetes):3} {octets:6}\n")
        assert reponse.status_code == 200, (nom, etat, code)
        if len(requetes) > budget or octets > OCTETS:
            depassees.append((nom, etat, code, len(requetes), budget, octets))
    assert not depassees


DES_AUTRES = 'NOT ("dossiers_dossier"."id" = '
"""Les autres dossiers de l'organisme : d'autres lignes que celles de la page."""
_LUE = re.compile(r' FROM "(dossiers_\w+)"')


def _sans_parentheses(sql):
    """La requête sans ses sous-requêtes : la table lue est celle du dehors."""
    while (courte := re.sub(r"\([^()]*\)", "", sql)) != sql:
        sql = courte
    return sql


def test_aucune_page_ne_lit_deux_fois_les_memes_lignes(dossiers):
    """La page, ses constats et sa complétude partagent une lecture."""
    for qui, nom, etat in (
        ("benoit", "instruction_dossier", "depose"),
        ("benoit", "instruction_completude", "depose"),
        ("amina", "relecture", "brouillon"),
        ("amina", "dossier", "brouillon"),
    ):
        _, requetes = _requetes(f.client(qui), "get", reverse(nom, args=[dossiers[etat].numero]))
        siennes = [sql for sql in requetes if DES_AUTRES not in sql]
        tables = [lue[1] for sql in siennes if (lue := _LUE.search(_sans_parentheses(sql)))]
        assert len(tables) == len(set(tables)), (nom, sorted(tables))


def test_une_lecture_par_regle_serait_vue_garde_levee(dossiers, monkeypatch):
    """Si les règles relisaient pour elles-mêmes, le plafond de la page du dossier le dirait."""
    evaluer = fiche.rapport_de
    monkeypatch.setattr(
        "ensemblier.espaces.instruction.rapport_de", lambda dossier, lues: evaluer(dossier, lues=None)
    )
    adresse = reverse("instruction_dossier", args=[dossiers["depose"].numero])
    _, requetes = _requetes(f.client("benoit"), "get", adresse)
    assert len(requetes) > 15


def test_le_depot_ne_lit_qu_une_fois(dossiers):
    client, adresse = f.client("amina"), reverse("relecture", args=[dossiers["brouillon"].numero])
    form = client.get(adresse).context["form"]
    cases = {nom: "on" for nom in form.fields if nom != "cle"}
    reponse, requetes = _requetes(client, "post", adresse, cases | {"cle": form["cle"].value()})
    assert reponse.status_code == 302
    assert len(requetes) <= DEPOT


def test_une_lecture_ne_suit_pas_les_ecritures_une_autre_oui(dossiers):
    brouillon = dossiers["brouillon"]
    lues = Reponses(brouillon)
    avant = len(lues.demandes)
    brouillon.demandes.all().delete()
    assert len(lues.demandes) == avant > 0
    assert Reponses(brouillon).demandes == []
