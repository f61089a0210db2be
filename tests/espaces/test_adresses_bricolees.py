"""Une adresse bricolée ne casse aucune page : un chiffre qui n'en est pas un, un nombre démesuré."""

import pytest
from django.urls import reverse

from tests import fabriques as f

pytestmark = pytest.mark.django_db
HOSTILES = ("0001-01-01T00:00:00+14:00_1", "2025-01-01_1", "²", "9" * 30, "9" * 5000, "-1", "é", "")
PAGES = (
    ("suites", "apres", "benoit"),
    ("suites_lot", "choix", "benoit"),
    ("observatoire_actions", "debut", None),
    ("observatoire_actions", "annee", None),
    ("instruction", "apres", "benoit"),
)


@pytest.mark.parametrize("hostile", HOSTILES)
@pytest.mark.parametrize(("page", "parametre", "qui"), PAGES)
def test_un_nombre_hostile_dans_l_adresse_ne_casse_pas_la_page(page, parametre, qui, hostile):
    assert f.client(qui).get(reverse(page), {parametre: hostile}).status_code == 200
