"""Une page repart après la dernière ligne de la précédente : rien n'est sauté ni montré deux fois."""

import pytest

from ensemblier.interface import pages
from ensemblier.interface.pages import Page
from ensemblier.registre.models import Trace
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-09-20 10:00")
NOMS = ("b", "a", "b", "c", "a", "b", "a")
RANGS = (2, None, 1, None, 3, 2, None)


@pytest.fixture(autouse=True)
def trois_par_page(monkeypatch):
    monkeypatch.setattr(pages, "PAR_PAGE", 3)


@pytest.fixture
def traces():
    return Trace.objects.bulk_create(
        Trace(nature="refus", le=LE, nom=nom, utilisateur=rang) for nom, rang in zip(NOMS, RANGS, strict=True)
    )


def _parcourir(*cles):
    vues, page = [], Page(Trace.objects.all(), *cles)
    while page.suivant:
        vues += [page.lignes]
        page = Page(Trace.objects.all(), *cles, apres=page.suivant)
    return [*vues, page.lignes]


def _tri(t, cle):
    valeur = getattr(t, cle.lstrip("-"))
    if valeur is None:
        return (1, 0)
    return (0, -valeur if cle[0] == "-" else valeur)


@pytest.mark.parametrize("cles", [("utilisateur",), ("-utilisateur",), ("nom", "utilisateur"), ()])
def test_les_pages_mises_bout_a_bout_font_la_liste(traces, cles):
    lues = _parcourir(*cles)
    assert [len(p) for p in lues] == [3, 3, 1]
    sens = -1 if cles and cles[-1][0] == "-" else 1
    attendue = sorted(traces, key=lambda t: (*(_tri(t, c) for c in cles), sens * t.pk))
    assert [t.pk for p in lues for t in p] == [t.pk for t in attendue]


def test_une_ligne_partie_de_la_liste_reste_un_repere(traces):
    premiere = Page(Trace.objects.filter(nature="refus"), "nom")
    Trace.objects.filter(pk=int(premiere.suivant)).update(nature="consultation")
    suite = Page(Trace.objects.filter(nature="refus"), "nom", apres=premiere.suivant)
    assert not {t.pk for t in premiere} & {t.pk for t in suite}
    assert [t.nom for t in suite] == ["b", "b", "b"]


@pytest.mark.parametrize("apres", ["", "abc", "-1", "9" * 30, "²", "0"])
def test_un_repere_inconnu_ouvre_la_premiere_page(traces, apres):
    page = Page(Trace.objects.all(), "nom", apres=apres)
    assert page.est_la_premiere
    assert [t.nom for t in page] == ["a", "a", "a"]


def test_le_total_compte_toute_la_liste(traces, django_assert_num_queries):
    assert Page(Trace.objects.all(), "nom").total == 7
    with django_assert_num_queries(1):
        assert Page(Trace.objects.filter(nom="a"), "nom").total == 3
