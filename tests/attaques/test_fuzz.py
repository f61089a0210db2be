"""Des valeurs hostiles dans chaque formulaire et chaque adresse : une réponse, jamais une panne (G7).

Petit et semé ici ; `GRAINE=7 ENVOIS=20000 pytest tests/attaques/test_fuzz.py -s` en fait un grand.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from tests.aspirateur import Formulaire, formulaires_de
from tests.attaques.conftest import formulaires_visibles
from tests.test_acces import _adresse, adresses

ENVOIS = int(os.environ.get("ENVOIS", "360"))
PERSONNES = ("amina", "benoit", "chloe", "elise", "fatou_finances")
HOSTILES = (
    "", " ", "²", "٣", "１２", "½", "Ⅷ", "①", "𝟙𝟚", "-1", "-0", "- 5", "0", "1e400", "1E5", "1e-400", "NaN",
    "Infinity", "0x10", "1_000", "9" * 19, "9" * 30, "9" * 5000, "-" + "9" * 12, "1.5.5", "12,345", "0.001",
    "1\u00a0000\u202f000", "999999999999.99", "99999999999999999999999999.99", "12-²", "²-12", "02-31",
    "\ud7ff", "\u202e", "\u2028", "\r\nX-Faux: 1", "a\nBcc: x@pirate.example", "🦄", "é" * 70000, "x" * 300,
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}", "{% load x %}", "%s%n",
    "' OR 1=1 --", "'; DROP TABLE x; --", "\\", "../../../etc/passwd", "file:///etc/passwd",
    "http://127.0.0.1:9/", "=cmd|'/c calc'!A1", "31/02/2025", "01/01/0001", "31/12/9999", "1/1/1",
    "01/01/999999", "2025-13-01", "2025-05-20", "12:99", ":", "::", "habitants:²", "habitants:4", "None",
    "null", "[]", "{}", "on", "oui", "recevoir", "valider", "accord", "refus", "+33 1", "FR76", "W62",
    "0001-01-01T00:00:00+14:00_1", "9999-12-31T23:59:59-14:00_1", "2025-01-01_1", "2025-01-01T00:00Z_²",
)  # fmt: skip
PARAMETRES = ("q", "apres", "debut", "annee", "vue", "financeur", "etape", "version", "commune", "quartier",
              "pilier", "etat", "appel", "lon", "lat", "choix", "next")  # fmt: skip
SEGMENTS = ("²", "0", "9" * 30, "9" * 200, "-1", "..%2f..%2fetc", "%0d%0aX", "é", "x" * 300, "'", "None",
            "%ff", "26-0041", "LENS", "..", "%252e")  # fmt: skip
NOMS = ("a.pdf", "../x.pdf", "x" * 300 + ".pdf", "\u202efdp.exe", 'a"\r\nX: 1.pdf')
CONTENUS = (b"", b"%PDF-1.4 x", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"<script>")


def _hostile(hasard: random.Random, nom: str, formulaire: Formulaire) -> object:
    if nom in formulaire.fichiers:
        return SimpleUploadedFile(
            hasard.choice(NOMS), hasard.choice(CONTENUS), hasard.choice(("", "text/html"))
        )
    return hasard.choice(HOSTILES)


def _envois(hasard, formulaires):
    """Un formulaire plausible, dont un à trois champs sont pris en otage."""
    rang = 0
    while True:
        qui, formulaire = formulaires[rang % len(formulaires)]
        rang += 1
        donnees = formulaire.rempli()
        noms = sorted(formulaire.noms - {"csrfmiddlewaretoken"})
        for nom in hasard.sample(noms, min(len(noms), hasard.choice((0, 1, 1, 1, 2, 3)))):
            if hasard.random() < 0.08:
                donnees.pop(nom)
            else:
                donnees[nom] = _hostile(hasard, nom, formulaire)
        yield qui, "post" if formulaire.methode == "post" else "get", formulaire.action, donnees


def _adresses_tordues(hasard, le_monde):
    droites = [_adresse(nom, le_monde) for nom in adresses()]
    while True:
        adresse, donnees = hasard.choice(droites), {}
        if hasard.random() < 0.5:
            morceaux = adresse.strip("/").split("/")
            morceaux[hasard.randrange(len(morceaux))] = hasard.choice(SEGMENTS)
            adresse = f"/{'/'.join(morceaux)}/"
        else:
            donnees = {nom: hasard.choice(HOSTILES) for nom in hasard.sample(PARAMETRES, 4)}
        yield hasard.choice(PERSONNES), hasard.choice(("get", "get", "post")), adresse, donnees


def _fuzz(le_monde, *, envois: int, graine: int) -> tuple[Counter, dict[str, str]]:
    """Les statuts obtenus, et chaque panne avec ce qui l'a causée."""
    hasard, clients, formulaires = random.Random(graine), {}, {}
    for qui in PERSONNES:
        clients[qui], vus = formulaires_visibles(le_monde, qui)
        for formulaire in vus:
            formulaires.setdefault(formulaire.identite, (qui, formulaire))
    prets = list(formulaires.values())
    hasard.shuffle(prets)
    sources = (_envois(hasard, prets), _envois(hasard, prets), _adresses_tordues(hasard, le_monde))
    statuts, pannes = Counter(), {}
    for rang in range(envois):
        qui, methode, adresse, donnees = next(sources[rang % 3])
        point, temoins = transaction.savepoint(), clients[qui].cookies.copy()
        try:
            reponse = getattr(clients[qui], methode)(adresse, donnees)
            statuts[reponse.status_code] += 1
            reponse.close()
        except Exception as panne:
            statuts[500] += 1
            quoi = f"{type(panne).__name__} {str(panne)[:120]}"
            pannes.setdefault(quoi, f"{methode} {adresse} {donnees}"[:600])
        transaction.savepoint_rollback(point)
        clients[qui].cookies = temoins
    return statuts, pannes


@pytest.mark.filterwarnings("default")
def test_aucune_saisie_hostile_ne_casse_une_page(le_monde, comme_postgresql):
    statuts, pannes = _fuzz(le_monde, envois=ENVOIS, graine=int(os.environ.get("GRAINE", "1789")))
    sys.stdout.write(f"{sum(statuts.values())} envois : {dict(statuts)}\n")
    assert not pannes, "\n".join(f"{quoi}\n    {ou}" for quoi, ou in pannes.items())
    assert {200, 302, 403, 404, 405, 422} <= set(statuts), "le fuzz ne traverse pas la maison"


def test_une_page_fragile_serait_vue_garde_levee(le_monde, monkeypatch):
    """L'ancienne lecture des dates d'exercice tombait sur « ² » ; le fuzz la verrait."""
    from ensemblier.comptes.forms import OrganismeForm

    monkeypatch.setattr(
        OrganismeForm, "clean_fin_d_exercice", lambda self: str(int(self.cleaned_data["fin_d_exercice"][:2]))
    )
    client = Client()
    client.force_login(le_monde.personnes["amina"])
    adresse = f"/organismes/{le_monde.decide.organisme.cle}/identite/"
    formulaire = next(x for x in formulaires_de(client, [adresse]) if "fin_d_exercice" in x.noms)
    with pytest.raises(ValueError, match="invalid literal"):
        client.post(adresse, formulaire.rempli() | {"fin_d_exercice": "²-12"})
