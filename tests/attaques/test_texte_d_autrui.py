"""Le texte de quelqu'un n'est jamais une balise chez un autre : page, PDF, courriel (T20, T22)."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.utils.safestring import SafeString

from ensemblier.interface import pdf
from tests.aspirateur import parcourir
from tests.attaques.conftest import ouvertes_a

BALISE = "<zibeline onerror=1>"
DESIGNES = ("compte", "password", "objet")
"""Ce que la maison écrit elle-même : un compte du Cerfa, une empreinte, la désignation d'un objet."""
FIGES = {"registre", "appels", "territoires"}
"""Le registre ne se modifie pas ; le pack est écrit par le service, et relu avant d'entrer."""


def _semer_la_balise():
    """La balise au bout de chaque texte libre de la base."""
    semes = 0
    for modele in apps.get_models():
        if not modele.__module__.startswith("ensemblier.") or modele._meta.app_label in FIGES:
            continue
        for champ in modele._meta.concrete_fields:
            libre = isinstance(champ, models.TextField) or (
                type(champ) is models.CharField and (champ.max_length or 0) >= 80
            )
            if libre and not champ.choices and not champ.unique and champ.name not in DESIGNES:
                semes += modele._base_manager.update(**{champ.name: f"Texte {BALISE}"})
    assert semes > 30
    return semes


def _pages(le_monde, qui):
    client = Client()
    if qui in le_monde.personnes:
        client.force_login(le_monde.personnes[qui])
    return [
        page.corps.decode()
        for page in parcourir(client, ouvertes_a(le_monde, qui), suivre=lambda liens: [])
        if page.entetes.get("Content-Type", "").startswith("text/html")
    ]


@pytest.mark.parametrize("qui", ["amina", "benoit", "elise", "anonyme"])
def test_le_texte_d_autrui_se_lit_et_ne_s_execute_pas(le_monde, qui):
    _semer_la_balise()
    pages = _pages(le_monde, qui)
    assert not [page[:200] for page in pages if "<zibeline" in page]
    vues = sum("&lt;zibeline" in page for page in pages)
    assert vues >= (1 if qui == "anonyme" else 4), "la balise n'est montrée nulle part : rien n'est prouvé"


def test_le_texte_d_autrui_n_est_pas_une_balise_dans_un_pdf(le_monde, monkeypatch):
    _semer_la_balise()
    vus, rendre = [], pdf.render_to_string
    monkeypatch.setattr(pdf, "render_to_string", lambda *a, **k: vus.append(rendre(*a, **k)) or vus[-1])
    client = Client()
    client.force_login(le_monde.personnes["amina"])
    assert client.get(f"/dossiers/{le_monde.decide.numero}/lettre.pdf").status_code == 200
    assert "&lt;zibeline" in vus[0]
    assert "<zibeline" not in vus[0]


def test_un_texte_marque_sur_serait_vu_garde_levee(le_monde, monkeypatch):
    from ensemblier.comptes.models import Organisme

    _semer_la_balise()
    sur = SafeString(BALISE)
    monkeypatch.setattr(Organisme, "__str__", lambda self: sur)
    monkeypatch.setattr(Organisme, "nom", property(lambda self: sur, lambda self, valeur: None))
    assert any("<zibeline" in page for page in _pages(le_monde, "amina"))
