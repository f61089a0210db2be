"""Les essais de l'interface se font sur ses propres adresses, en démonstration."""

import os

import pytest

# Playwright garde une boucle ouverte ; la base reste lue dans le fil du test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def galerie_ouverte(settings):
    settings.ROOT_URLCONF = "tests.interface.adresses"
    settings.DEMONSTRATION = True
    return settings
