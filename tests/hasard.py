"""Le hasard tenu : `make test` tire toujours les mêmes exemples, `make hasard` en tire d'autres, bien plus.

Un tirage malheureux ne fait pas rougir un changement qui n'y est pour rien ; il se cherche exprès.
"""

import os

from hypothesis import settings

FOIS = int(os.environ.get("HASARD", "1"))
"""Combien de fois plus d'exemples ; à 1, ils ne changent pas d'un lancement à l'autre."""


def exemples(nombre: int) -> int:
    """Le nombre d'exemples d'une propriété qui en dit un à elle, multiplié par `make hasard`."""
    return nombre * FOIS


def tenir() -> None:
    """Cent exemples par propriété, sans chronomètre : deux cœurs partagés le rendraient capricieux."""
    settings.register_profile(
        "maison", deadline=None, max_examples=exemples(100), derandomize=FOIS == 1, database=None,
        print_blob=True,
    )  # fmt: skip
    settings.load_profile("maison")
