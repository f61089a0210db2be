"""Deux actes au même instant sur la même enveloppe : un seul passe, jamais un centime de trop."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from ensemblier.programmation import retour
from ensemblier.programmation.actes import deliberations
from ensemblier.programmation.models import Attribution, Enveloppe
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Evenement
from tests import fabriques as f
from tests.programmation import retouche, scene


def deux_programmes():
    dossiers = [scene.recevable(), scene.deuxieme()]
    for dossier in dossiers:
        scene.programmer(dossier, "9000")
    scene.enveloppe("CALL", "10000.00")
    return dossiers


def engages():
    return Enveloppe.objects.get().engage, sum(Attribution.objects.values_list("montant", flat=True))


def doubler(monkeypatch, second):
    """Un autre acte passe juste avant que le premier ne prenne le verrou."""
    verrouiller, passes = deliberations.verrouiller_dans_l_ordre, []

    def prendre(racines):
        if not passes:
            passes.append(True)
            scene.deliberer("CALL", (second, "9000"), numero="2025-119")
        verrouiller(racines)

    monkeypatch.setattr(deliberations, "verrouiller_dans_l_ordre", prendre)


@pytest.mark.django_db
def test_un_acte_double_au_verrou_lit_l_enveloppe_d_apres(monkeypatch):
    premier, second = deux_programmes()
    doubler(monkeypatch, second)
    with pytest.raises(ActeBloque, match="enveloppe"):
        scene.deliberer("CALL", (premier, "9000"))
    assert engages() == (Decimal("0.00"), 0)


@pytest.mark.django_db
def test_un_acte_double_au_verrou_lit_l_enveloppe_d_apres_garde_levee(monkeypatch):
    premier, second = deux_programmes()
    doubler(monkeypatch, second)
    monkeypatch.setattr(deliberations, "_relire", lambda enveloppe: enveloppe)
    scene.deliberer("CALL", (premier, "9000"))
    engage, attribue = engages()
    assert attribue == Decimal("18000.00") > engage


def deliberer_en_course(depart, dossier, numero):
    """Le fil d'un agent ; SQLite refuse au lieu d'attendre quand sa base est en mémoire : on recommence."""
    depart.wait(timeout=20)
    fin = time.monotonic() + 30
    try:
        while True:
            try:
                scene.deliberer("CALL", (dossier, "9000"), numero=numero)
            except OperationalError:
                if time.monotonic() > fin:
                    raise
                time.sleep(0.05)
            except ActeBloque as refus:
                return str(refus)
            else:
                return "voté"
    finally:
        connection.close()


def test_deux_agents_au_meme_instant_n_engagent_qu_une_fois(base_partagee):
    dossiers = deux_programmes()
    depart = Barrier(2)
    with ThreadPoolExecutor(2) as fils:
        reponses = list(fils.map(deliberer_en_course, [depart] * 2, dossiers, ["2025-118", "2025-119"]))
    assert sorted(r == "voté" for r in reponses) == [False, True], reponses
    assert any("enveloppe" in r for r in reponses)
    assert engages() == (Decimal("9000.00"), Decimal("9000.00"))


def appliquer_en_course(depart, recu):
    """Le fil d'un clic sur « Appliquer »."""
    depart.wait(timeout=20)
    fin = time.monotonic() + 30
    try:
        while True:
            try:
                return retour.appliquer(recu, essai=1, par=f.acteur("benoit"), le=scene.JURY)
            except OperationalError:
                if time.monotonic() > fin:
                    raise
                time.sleep(0.05)
    finally:
        connection.close()


def test_deux_clics_au_meme_instant_n_ecrivent_un_tableau_relu_qu_une_fois(base_partagee):
    """Le second attend les verrous, lit que c'est fait, et n'écrit rien."""
    dossiers = [scene.recevable(), scene.deuxieme()]
    octets = f.contenu(f.client("benoit").get(reverse("programmation_xlsx", args=["ami-2025"])))
    for dossier in dossiers:
        octets = retouche.ecrire(octets, dossier.numero, 1234.56)
    par = f.acteur("benoit")
    recu = retour.recevoir(f.appel(), octets=octets, nom="t.xlsx", cle="course", par=par, le=scene.JURY)
    retour.essayer(recu, par=par, le=scene.JURY)
    depart = Barrier(2)
    with ThreadPoolExecutor(2) as fils:
        assert list(fils.map(appliquer_en_course, [depart] * 2, [recu, recu])) == [2, 2]
    assert Evenement.objects.filter(acte="proposer").count() == 2
    assert {scene.volet(d).propose for d in dossiers} == {Decimal("1234.56")}
