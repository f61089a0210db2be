"""La programmation décidée, document public : seulement ce qu'un acte accorde (R60), lisible sans compte."""

import io

import pikepdf
import pytest
from django.urls import reverse

from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
ADRESSE = "observatoire_programme"


def deux():
    vote, programme = scene.recevable(), scene.deuxieme()
    scene.programmer(vote, "9000.00")
    scene.programmer(programme, "4000.00")
    scene.deliberer("CALL", (vote, "9000.00"))
    return vote, programme


def page(code="ami-2025"):
    return f.client().get(reverse(ADRESSE, args=[code]))


def test_le_document_public_ne_dit_que_ce_qui_est_decide():  # R60
    vote, programme = deux()
    lue = page()
    contenu = lue.content.decode()
    assert vote.numero in contenu
    assert "2025-118" in contenu
    assert programme.numero not in contenu
    assert programme.organisme.nom not in contenu
    assert lue.context["total"] == 9000


def test_un_refus_ne_parait_pas():
    vote, _ = deux()
    refuse = scene.recevable()
    scene.proposer(refuse, "1000.00")
    scene.decider(scene.seance(refuse), refuse, "ecarte", "Double un service.")
    scene.deliberer("CALL", (refuse, None, "Double un service."), numero="2025-120")
    contenu = page().content.decode()
    assert refuse.numero not in contenu
    assert "Double un service" not in contenu
    assert vote.numero in contenu


def test_un_montant_change_n_y_est_compte_qu_une_fois():
    vote, _ = deux()
    scene.deliberer("CALL", (vote, "7000.00", "Cofinancement."), numero="2025-140",
                    le=f.instant("2025-10-16 18:00"))  # fmt: skip
    lue = page()
    assert lue.context["total"] == 7000
    assert "2025-118" not in lue.content.decode()


def test_le_pdf_suit_les_decisions():
    vote, _ = deux()
    adresse = reverse("observatoire_programme_pdf", args=["ami-2025"])
    premier = f.client().get(adresse).content
    with pikepdf.open(io.BytesIO(premier)) as lu:
        assert len(lu.pages) >= 1
    assert f.client().get(adresse).content == premier
    scene.deliberer("CALL", (vote, "7000.00", "Cofinancement."), numero="2025-140",
                    le=f.instant("2025-10-16 18:00"))  # fmt: skip
    assert f.client().get(adresse).content != premier


def test_sans_decision_la_page_le_dit_et_le_pdf_n_existe_pas():
    scene.recevable()
    assert "Aucune action n" in page().content.decode()
    assert f.client().get(reverse("observatoire_programme_pdf", args=["ami-2025"])).status_code == 404


def test_l_appel_ferme_mene_a_ses_actions_decidees():
    deux()
    appel = f.client().get(reverse("appel", args=["ami-2025"])).content.decode()
    assert reverse(ADRESSE, args=["ami-2025"]) in appel
