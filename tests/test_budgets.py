"""Ce qu'une page d'un dossier coûte, en requêtes et en octets (architecture §7) ; `-s` montre le tableau.

Le budget d'architecture est 15 ; le compte d'aujourd'hui est un plafond, à baisser. Les petites listes d'un
dossier se lisent ensemble, en une requête (`interface.ensemble`). L'étape des publics en fait deux de plus :
la question posée aux villes.
"""

import re
import sys

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.comptes.models import Rattachement, Utilisateur
from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers import fiche
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.etapes import CODES
from ensemblier.dossiers.feuilles import Feuille
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.suivi import routage_de
from ensemblier.registre.models import Courriel, Evenement
from ensemblier.registre.verification import verifier
from tests import fabriques as f

pytestmark = pytest.mark.django_db
PRESENT = f.instant("2025-11-03 10:00")
OCTETS = 60_000
TRANSACTION = ("SAVEPOINT", "RELEASE")

PAGES = (
    ("benoit", "instruction_dossier", "depose", "", 9),
    ("chloe", "instruction_dossier", "depose", "", 9),
    ("farid", "instruction_dossier", "depose", "", 11),
    ("benoit", "instruction_completude", "depose", "", 8),
    ("chloe", "instruction_avis", "depose", "ETAT", 13),
    ("amina", "dossier", "depose", "", 9),
    ("amina", "accuse", "depose", "", 8),
    ("amina", "dossier_messages", "depose", "", 8),
    ("benoit", "instruction_messages", "depose", "", 7),
    *(("amina", "dossier_etape", "depose", code, 8 + (code == "publics")) for code in CODES),
    ("amina", "dossier", "brouillon", "", 9),
    ("amina", "relecture", "brouillon", "", 8),
    *(("amina", "dossier_etape", "brouillon", code, 10 + 2 * (code == "publics")) for code in CODES),
)
DEPOT = 20
"""Dont treize écritures et verrous : l'intention, l'état, le registre, les attestations, les mots, les
saisies, le courriel ; autant avec l'affectation d'office et trois destinataires."""


@pytest.fixture(autouse=True)
def au_3_novembre():
    with time_machine.travel(PRESENT, tick=True):
        yield


@pytest.fixture
def dossiers():
    return {"depose": f.dossier_recevable(le=PRESENT), "brouillon": f.dossier("aap-2026")}


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
    assert len(requetes) > 9


def _deposer(brouillon, qui="amina"):
    """Les requêtes du dépôt d'un brouillon écrit ici, une réponse à la fois."""
    par = f.acteur("amina", le=PRESENT.date())
    actes_dossiers.saisir(
        brouillon, feuille=Feuille("action"), champ="resume", valeur=["Deux ateliers par semaine."],
        version=0, cle="r" * 32, par=par, roles=roles(par, brouillon), le=PRESENT,
    )  # fmt: skip
    client, adresse = f.client(qui), reverse("relecture", args=[brouillon.numero])
    form = client.get(adresse).context["form"]
    cases = {nom: "on" for nom in form.fields if nom != "cle"}
    reponse, requetes = _requetes(client, "post", adresse, cases | {"cle": form["cle"].value()})
    assert reponse.status_code == 302
    return requetes


def test_le_depot_ne_lit_qu_une_fois(dossiers):
    assert len(_deposer(dossiers["brouillon"])) <= DEPOT


def test_le_depot_coute_autant_avec_une_equipe_et_plusieurs_destinataires(dossiers):
    """L'affectation d'office est un second maillon, écrit avec le premier ; l'accusé, une écriture."""
    brouillon = dossiers["brouillon"]
    poste = routage_de(brouillon).poste
    f.personne("benoit").habilitations.update(postes=[poste])
    for rang in range(2):
        autre = Utilisateur.objects.create(courriel=f"redactrice-{rang}@jardins.example", nom=f"R{rang}")
        Rattachement.objects.create(
            utilisateur=autre, organisme=brouillon.organisme, qualite="redacteur", fonction="Rédactrice"
        )
    requetes = _deposer(brouillon)
    relu = Dossier.objects.get(pk=brouillon.pk)
    assert (relu.etat, relu.charge_de_mission) == ("depose", f.personne("benoit"))
    faits = Evenement.objects.filter(chaine__racine=brouillon.racine()).order_by("rang")
    assert [e.acte for e in faits][-2:] == ["deposer", "affecter"]
    assert Courriel.objects.filter(cle__startswith=f"accuse:{brouillon.pk}:").count() == 3
    assert verifier().est_intacte
    assert len(requetes) <= DEPOT


def test_une_lecture_ne_suit_pas_les_ecritures_une_autre_oui(dossiers):
    brouillon = dossiers["brouillon"]
    lues = Reponses(brouillon)
    avant = len(lues.demandes)
    brouillon.demandes.all().delete()
    assert len(lues.demandes) == avant > 0
    assert Reponses(brouillon).demandes == []
