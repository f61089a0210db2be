"""Le dossier de séance et l'écran de la salle : ce qu'un déporté n'y trouve pas (B10)."""

import io
from datetime import date

import pikepdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.programmation import cahier, deports
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


def deux(membres=("elise", "irene"), ouverte=False):
    dossier, autre = scene.recevable(), scene.deuxieme()
    scene.proposer(dossier, "9000.00")
    scene.proposer(autre, "3000.00")
    Interet.objects.create(
        utilisateur=f.personne("irene"), organisme=dossier.organisme, nature="trésorière",
        connu_le=date(2025, 1, 1),
    )  # fmt: skip
    return dossier, autre, scene.seance(dossier, autre, membres=membres, ouverte=ouverte)


def contexte(seance, qui):
    acteur = f.acteur(qui)
    return cahier.contexte_du_cahier(seance, acteur, deports.lisibles_par(acteur, seance))


def test_chacun_a_son_exemplaire_et_un_deporte_ni_fiche_ni_part_dans_un_total():  # S69, B10
    _, autre, seance = deux()
    complet, sien = contexte(seance, "benoit"), contexte(seance, "irene")
    assert [bool(x.dossier) for x in sien["fiches"]] == [False, True]
    assert (complet["total_propose"], sien["total_propose"]) == (12000, 3000)
    assert sien["total_cout"] == autre.cout_total
    assert sien["totaux"] == [3000]


def test_un_deporte_ne_lit_pas_le_dossier_dans_son_exemplaire_garde_levee(monkeypatch):
    dossier, autre, seance = deux()
    monkeypatch.setattr(deports, "lisibles_par", lambda acteur, seance: {dossier.pk, autre.pk})
    assert contexte(seance, "irene")["total_propose"] == 12000


def test_le_pdf_a_un_sommaire_qui_mene_a_chaque_fiche():
    _, _, seance = deux()
    pdf = f.client("elise").get(reverse("seance_dossier", args=[seance.pk])).content
    with pikepdf.open(io.BytesIO(pdf)) as lu:
        assert len(lu.pages) >= 4  # couverture et sommaire, tableau, deux fiches
        noms = {str(n) for n in lu.Root.Names.Dests.Names if isinstance(n, pikepdf.String)}
        assert {"d-1", "d-2", "recapitulatif"} <= noms
    sien = f.client("irene").get(reverse("seance_dossier", args=[seance.pk])).content
    with pikepdf.open(io.BytesIO(sien)) as lu:
        noms = {str(n) for n in lu.Root.Names.Dests.Names if isinstance(n, pikepdf.String)}
        assert "d-1" not in noms


def test_l_ecran_n_a_ni_note_ni_nom_de_membre_ni_coordonnees():
    dossier, autre, seance = deux(ouverte=True)
    scene.noter(seance, dossier, "elise", 4)
    page = f.client("benoit").get(reverse("seance_ecran", args=[seance.pk])).content.decode()
    for numero in (dossier.numero, autre.numero):
        assert numero in page
    vue = page.split("data-ecran", 1)[1].split("</nav>", 1)[0]
    for qui in ("elise", "irene"):
        personne = f.personne(qui)
        assert personne.nom not in vue
        assert personne.courriel not in vue
    assert dossier.organisme.courriel not in vue
    assert "Moyenne" not in vue
    assert "100,0" not in vue
    assert "1\N{NO-BREAK SPACE}déport" in vue


@pytest.mark.parametrize("nom", ["seance_ecran", "seance_dossier"])
def test_autant_de_requetes_pour_2_que_pour_6(nom, monkeypatch):
    monkeypatch.setattr(cahier, "ecrire_pdf", lambda *dits, **nommes: b"%PDF-")
    dossiers = [scene.recevable(), scene.recevable()]

    def compter():
        seance = scene.seance(*dossiers, ouverte=False)
        client, adresse = f.client("benoit"), reverse(nom, args=[seance.pk])
        client.get(adresse)
        with CaptureQueriesContext(
            connection,
        ) as lues:
            assert client.get(adresse).status_code == 200
        return len(lues)

    a_deux = compter()
    dossiers += [scene.recevable() for _ in range(4)]
    assert compter() == a_deux <= 26


def test_le_reste_des_enveloppes_ote_ce_que_la_seance_a_retenu():
    dossier = scene.recevable()
    scene.enveloppe("CALL", "20000.00")
    scene.proposer(dossier, "9000.00")
    seance = scene.seance(dossier)
    sigle = scene.financeur("CALL").sigle
    assert cahier.restes(seance) == [(sigle, 20000)]
    scene.decider(seance, dossier)
    assert cahier.restes(seance) == [(sigle, 11000)]
