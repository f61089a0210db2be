"""Les pièces rejouées sur PostgreSQL, la base de production, dans un pytest enfant."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

REJOUES = ("registre", "programmation")


@pytest.mark.postgresql
def test_les_pieces_tiennent_aussi_sur_postgresql():
    dossiers = [f"tests/{nom}" for nom in REJOUES if (settings.RACINE / "tests" / nom).is_dir()]
    enfant = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--ds=tests.reglages_pg", "-p", "no:randomly", *dossiers],
        cwd=settings.RACINE, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert enfant.returncode == 0, enfant.stdout[-6000:] + enfant.stderr[-2000:]
