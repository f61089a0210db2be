"""Ce qui touche une base se rejoue sur PostgreSQL, dans un pytest enfant ; `tests/conftest.py` choisit."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

PIECES = (
    "appels", "bilans", "comptes", "conventions", "dossiers", "echanges", "espaces", "exploitation",
    "instruction", "observatoire", "programmation", "registre", "territoires",
)  # fmt: skip


@pytest.mark.postgresql
def test_ce_qui_touche_la_base_tient_aussi_sur_postgresql(capsys):
    enfant = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "worksteal", "--ds=tests.reglages_pg",
         "-m", "not navigateur and not postgresql", *(f"tests/{piece}" for piece in PIECES)],
        cwd=settings.RACINE, env=os.environ.copy(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert enfant.returncode == 0, enfant.stdout[-8000:] + enfant.stderr[-2000:]
    rejouees = set(re.findall(r"PASSED tests/(\w+)/", enfant.stdout))
    assert rejouees >= set(PIECES), f"rien ne s'est rejoué de : {set(PIECES) - rejouees}"
    with capsys.disabled():
        sys.stdout.write(f"\nPostgreSQL : {enfant.stdout.splitlines()[-1].strip('= ')}\n")
