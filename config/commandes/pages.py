"""Récrit les pages de documentation engendrées (`make docs`)."""

from pathlib import Path

from config.commandes import etats_md, regles_md

RACINE = Path(__file__).resolve().parent.parent.parent


def ecrire() -> None:
    (RACINE / "docs" / "etats.md").write_text(etats_md.page())
    (RACINE / "docs" / "regles.md").write_text(regles_md.page())


if __name__ == "__main__":
    ecrire()
    print("docs/etats.md et docs/regles.md récrites.")
