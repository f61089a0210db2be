"""Deux lancements de `make test` tirent les mêmes exemples ; `make hasard` en tire d'autres."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import hasard


def _tires(**reglages) -> list[int]:
    vus = []

    @settings(max_examples=20, **reglages)
    @given(st.integers())
    def propriete(nombre: int) -> None:
        vus.append(nombre)

    propriete()
    return vus


def test_les_memes_exemples_a_chaque_lancement():
    assert (_tires() == _tires()) is (hasard.FOIS == 1)


def test_les_memes_exemples_a_chaque_lancement_garde_levee():
    assert _tires(derandomize=False) != _tires(derandomize=False)
