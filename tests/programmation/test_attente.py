"""La liste d'attente : ce qui manque à chacun, et sa reprise en séance quand des crédits se libèrent."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.programmation.attente import liste_d_attente, restes_par_financeur
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
OCTOBRE = f.instant("2025-10-16 18:00")


def en_attente():
    """10 000 € d'enveloppe : 9 000 votés à l'un, l'autre attend 3 000."""
    scene.enveloppe("CALL", "10000.00")
    premier, second = scene.recevable(), scene.deuxieme()
    scene.programmer(premier, "9000.00")
    scene.proposer(second, "1000.00")
    scene.decider(scene.seance(second), second, "liste_attente", "Crédits épuisés.")
    type(scene.volet(second)).objects.filter(pk=scene.volet(second).pk).update(propose=Decimal("3000.00"))
    scene.deliberer("CALL", (premier, "9000.00"))
    return premier, second


def attendus(qui="benoit"):
    return liste_d_attente(f.appel(), f.acteur(qui))


def test_un_dossier_en_attente_dit_ce_qui_lui_manque():
    _, second = en_attente()
    (seul,) = attendus()
    assert (seul.dossier, seul.total, seul.manques) == (second, 3000, [("CALL", 2000)])
    assert seul.inscription.motif == "Crédits épuisés."


def test_des_credits_liberes_par_un_acte_permettent_la_reprise_en_seance():
    premier, second = en_attente()
    scene.deliberer("CALL", (premier, "7000.00", "Cofinancement."), numero="2025-140", le=OCTOBRE)
    assert restes_par_financeur(f.appel()) == {scene.financeur("CALL").pk: 3000}
    (seul,) = attendus()
    assert seul.manques == []
    scene.decider(scene.seance(second, le=OCTOBRE), second, le=OCTOBRE)
    assert scene.volet(second).etat == "programmee"
    assert attendus() == []


def test_sans_credits_la_seance_ne_reprend_pas_non_plus():
    _, second = en_attente()
    with pytest.raises(Exception, match="serait dépassée"):
        scene.decider(scene.seance(second, le=OCTOBRE), second, le=OCTOBRE)


def test_la_page_propose_de_convoquer_avec_ceux_qui_tiennent():
    premier, second = en_attente()
    adresse = reverse("liste_d_attente", args=["ami-2025"])
    page = f.client("benoit").get(adresse).content.decode()
    assert "il manque" in page
    assert "Convoquer une séance" not in page
    scene.deliberer("CALL", (premier, "7000.00", "Cofinancement."), numero="2025-140", le=OCTOBRE)
    page = f.client("benoit").get(adresse).content.decode()
    assert "Convoquer une séance" in page
    convoquer = reverse("seance_nouvelle", args=["ami-2025"])
    form = f.client("benoit").get(convoquer, {"dossiers": second.pk}).context["form"]
    assert form["dossiers"].value() == [str(second.pk)]
    assert "Convoquer une séance" not in f.client("odile").get(adresse).content.decode()


def test_qui_est_hors_du_dossier_ne_le_voit_pas_attendre():  # B10
    _, second = en_attente()
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=second.organisme, nature="trésorier",
        connu_le=date(2025, 1, 1),
    )  # fmt: skip
    assert attendus() == []


def test_autant_de_requetes_pour_1_que_pour_4():
    def compter(combien):
        for _ in range(combien):
            dossier = scene.recevable()
            scene.proposer(dossier, "1000.00")
            scene.decider(scene.seance(dossier), dossier, "liste_attente", "Crédits épuisés.")
        appel, acteur = f.appel(), f.acteur("benoit")
        with CaptureQueriesContext(connection) as lues:
            liste_d_attente(appel, acteur)
        return len(lues)

    assert compter(1) == compter(3) <= 6
