"""Des cases écrites ensemble : les mêmes actes qu'une à une, le même registre, en peu de requêtes."""

import json

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ensemblier.dossiers.etats import EN_ATTENTE
from ensemblier.dossiers.fiche import fiches_de_l_argent
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.programmation import actes, retour
from ensemblier.programmation.actes import CasesTenues
from ensemblier.programmation.calculs import attribuable_au_volet
from ensemblier.programmation.retour import essai
from ensemblier.registre import actes as registre
from ensemblier.registre.actes import Lot
from ensemblier.registre.models import Chaine, Detail, Evenement
from ensemblier.registre.verification import verifier
from tests import fabriques as f
from tests.programmation import retouche, scene

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def trois_dossiers():
    return [scene.recevable(), scene.deuxieme(), scene.recevable()]


def envoyer(*cases):
    corps = {"cases": [{"volet": v.pk, "version": n, "valeur": x} for v, n, x in cases]}
    adresse = reverse("programmation_cases", args=["ami-2025"])
    return f.client("benoit").post(adresse, json.dumps(corps), "application/json").json()["cases"]


def appliquer(montants):
    """Un tableau exporté, ces montants dans la colonne CALL, relu, essayé, appliqué."""
    octets = f.contenu(f.client("benoit").get(reverse("programmation_xlsx", args=["ami-2025"])))
    for numero, montant in montants.items():
        octets = retouche.ecrire(octets, numero, montant)
    par, le = f.acteur("benoit"), timezone.now()
    recu = retour.recevoir(f.appel(), octets=octets, nom="t.xlsx", cle="lot", par=par, le=le)
    retour.essayer(recu, par=par, le=le)
    return retour.appliquer(recu, essai=recu.essais, par=par, le=le)


def au_registre():
    """Ce que dit chaque maillon, dans l'ordre de sa chaîne, sans ce que l'horloge y met."""
    lus = Evenement.objects.filter(acte__in=("proposer", "retirer_la_proposition"))
    return [
        (e.chaine.racine, e.rang, e.objet, e.acte, e.libelle, e.de, e.vers, e.auteur_nom, e.public,
         Detail.objects.get(evenement=e).contenu, Detail.objects.get(evenement=e).motif)
        for e in lus.select_related("chaine").order_by("chaine", "rang")
    ]  # fmt: skip


def ecrire_et_relire(monkeypatch, a_la_fois):
    """Le registre que laisse l'application par lots de `a_la_fois` cases, puis rien."""
    monkeypatch.setattr(essai, "A_LA_FOIS", a_la_fois)
    dossiers = list(Dossier.objects.filter(etat="recevable").order_by("pk"))
    avec_une_valeur = dossiers[0]
    point = transaction.savepoint()
    scene.proposer(avec_une_valeur, "8000.05")
    appliquer({avec_une_valeur.numero: "", dossiers[1].numero: 4000.25, dossiers[2].numero: 1500.5})
    assert verifier().est_intacte
    rendu = (
        au_registre(), [*Demande.objects.values_list("pk", "etat", "propose", "version").order_by("pk")],
        [*Dossier.objects.values_list("pk", "etape").order_by("pk")],
    )  # fmt: skip
    transaction.savepoint_rollback(point)
    return rendu


def test_un_lot_laisse_le_registre_des_memes_actes_un_a_un(monkeypatch):
    trois_dossiers()
    ensemble, un_a_un = (ecrire_et_relire(monkeypatch, combien) for combien in (100, 1))
    assert ensemble == un_a_un
    assert len(ensemble[0]) == 4


def test_un_lot_laisse_le_registre_des_memes_actes_garde_levee(monkeypatch):
    """Sans la tête avancée, le maillon suivant ne suivrait pas : la relecture du registre le voit."""
    trois_dossiers()
    poser = registre._poser
    monkeypatch.setattr(
        registre, "_poser", lambda objets, champs: None if "tete" in champs else poser(objets, champs)
    )
    appliquer({d.numero: 1000 for d in Dossier.objects.filter(etat="recevable")})
    assert [a.phrase for a in verifier().anomalies] == [
        "la fin de la chaîne n'est pas celle que sa tête annonce"
    ] * 3


def test_le_nombre_de_requetes_ne_suit_pas_les_cases():
    dossiers, comptes = trois_dossiers(), []
    for combien in (1, 3):
        volets = [scene.volet(d) for d in dossiers[:combien]]
        with CaptureQueriesContext(
            connection,
        ) as lues:
            assert all(i["faite"] for i in envoyer(*((v, v.version, str(900 + combien)) for v in volets)))
        comptes.append(len(lues))
    assert comptes[0] == comptes[1]


def test_une_case_refusee_laisse_passer_les_autres_du_lot():
    premier, second, troisieme = trois_dossiers()
    cases = [(scene.volet(premier), 0, "1000"), (scene.volet(second), 0, "999999"),
             (scene.volet(troisieme), 7, "1000")]  # fmt: skip
    dites = envoyer(*cases)
    assert [(d["faite"], d["conflit"]) for d in dites] == [(True, False), (False, False), (False, True)]
    assert [scene.volet(d).propose for d in (premier, second, troisieme)] == [1000, None, None]
    assert verifier().est_intacte


def test_deux_fois_la_meme_case_dans_un_lot_se_suivent():
    volet = scene.volet(scene.recevable())
    dites = envoyer((volet, 0, "8000"), (volet, 1, "7500"), (volet, 1, "7000"))
    assert [d["faite"] for d in dites] == [True, True, False]
    assert "Benoît" in dites[2]["phrase"]
    assert Evenement.objects.filter(acte="proposer").count() == 2
    relu = Demande.objects.get(pk=volet.pk)
    assert (relu.propose, relu.version) == (7500, 2)
    assert verifier().est_intacte


def en_attente():
    dossier = scene.recevable()
    volet = scene.volet(dossier)
    Demande.objects.filter(pk=volet.pk).update(**{"etat": EN_ATTENTE})
    return scene.volet(dossier)


def test_vider_une_case_en_attente_proposee_dans_le_meme_lot_se_refuse():
    volet = en_attente()
    dites = envoyer((volet, 0, "8000"), (volet, 1, ""))
    assert (dites[0]["faite"], "liste d'attente" in dites[1]["phrase"]) == (True, True)


def test_vider_une_case_en_attente_proposee_dans_le_meme_lot_garde_levee(monkeypatch):
    """Sans ce qui met d'abord le lot au registre, l'entrée en attente ne s'y lirait pas."""
    monkeypatch.setattr(CasesTenues, "jusqu_ici", lambda self, demande: None)
    volet = en_attente()
    assert [d["faite"] for d in envoyer((volet, 0, "8000"), (volet, 1, ""))] == [True, True]


def test_l_etat_se_lit_sous_le_verrou(monkeypatch):
    """Le volet lu avant le lot ne compte pas : un autre acte a pu passer."""
    dossier = scene.recevable()
    avant = scene.volet(dossier)
    scene.proposer(dossier, "8000")
    actes.proposer(avant, montant=7000, par=f.acteur("benoit"), le=scene.JURY)
    assert (avant.version, avant.propose) == (2, 7000)
    dernier = Evenement.objects.filter(acte="proposer").latest("pk")
    assert (dernier.de, dernier.rang) == ("proposee", Chaine.objects.get(racine=dossier.racine()).rang)


def test_l_etat_se_lit_sous_le_verrou_garde_levee(monkeypatch):
    dossier = scene.recevable()
    avant = scene.volet(dossier)
    scene.proposer(dossier, "8000")
    monkeypatch.setattr(Lot, "_relire", lambda self: None)
    actes.proposer(avant, montant=7000, par=f.acteur("benoit"), le=scene.JURY)
    assert Evenement.objects.filter(acte="proposer").latest("pk").de != "proposee"


@pytest.mark.parametrize("code", ["ami-2025", "aap-2026"])
def test_la_fiche_de_l_argent_donne_le_meme_attribuable(code):
    """K6 ligne à ligne, critères validés et taux du jury compris : la fiche entière n'en dit pas plus."""
    dossier = scene.recevable(code)
    for financeur_valide in (False, True):
        dossier.criteres.update(est_valide=financeur_valide)
        fiche = fiches_de_l_argent([dossier])[dossier.pk]
        for volet in dossier.demandes.select_related("financeur", "dispositif"):
            volet.dossier = dossier
            assert attribuable_au_volet(volet, fiche=fiche) == attribuable_au_volet(volet)
