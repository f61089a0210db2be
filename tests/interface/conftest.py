"""Les essais de l'interface se font sur ses propres adresses, en démonstration."""

import pytest


@pytest.fixture
def galerie_ouverte(settings):
    settings.ROOT_URLCONF = "tests.interface.adresses"
    settings.DEMONSTRATION = True
    return settings
