"""Récit : Benoît emporte le tableau dans son tableur, Rose écrit entre-temps ; rien ne s'écrase au retour."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.conftest import Personne
from tests.parcours.gestes import euros
from tests.programmation import retouche

TABLEAU = "/programmation/aap-2026/"
ANCIEN = "N° d'action;Porteur;Aide de l'agglo\n26-0008;Lire à Calonne;4 000,50\n26-0099;Inconnu;50\n"


def test_le_tableau_sort_se_retouche_et_revient(personne):
    benoit, rose = personne("benoit"), personne("rose")
    octets = emporter(benoit)
    rose_ecrit_entre_temps(rose)
    for numero, montant in (("26-0006", 4100.1), ("26-0007", 5250.25)):
        octets = retouche.ecrire(octets, numero, montant)
    revenir(benoit, octets)
    appliquer(benoit)
    importer_un_ancien_tableau(benoit)


def emporter(benoit: Personne) -> bytes:
    benoit.va(TABLEAU)
    with benoit.page.expect_download() as recu:
        benoit.page.get_by_role("link", name="Exporter en tableur").click()
    return Path(recu.value.path()).read_bytes()


def rose_ecrit_entre_temps(rose: Personne) -> None:
    rose.va(TABLEAU)
    expect(rose.page.locator("form[data-grille=prete]")).to_be_attached()
    gestes.taper(rose, "CALL proposé, 26-0007", "5400")
    expect(rose.page.locator("#annonce")).to_contain_text("enregistré")


def revenir(benoit: Personne, octets: bytes) -> None:
    """L'essai montre la case de Rose en conflit, ses deux valeurs, et n'écrit rien."""
    benoit.suit("Relire un tableau")
    fichier = {"name": "programmation.xlsx", "mimeType": "application/octet-stream", "buffer": octets}
    benoit.page.locator("input[type=file]").set_input_files(fichier)
    benoit.clique("Essayer à blanc")
    benoit.lit(re.compile(r"1\scase à appliquer, 1\sen conflit\. Rien n'est écrit\."))
    conflit = benoit.page.locator("tr", has_text="26-0007")
    expect(conflit).to_contain_text("Rose")
    expect(conflit).to_contain_text(euros(5400))
    expect(conflit).to_contain_text(euros(5250, 25))


def appliquer(benoit: Personne) -> None:
    benoit.clique("Appliquer").lit("1\xa0case écrite dans le tableau")
    benoit.suit("Voir le tableau de programmation")
    vaut(benoit, "26-0006", r"4\s100,10")
    vaut(benoit, "26-0007", r"5\s400(,00)?")


def vaut(qui: Personne, numero: str, motif: str) -> None:
    case = gestes.boite(qui, f"CALL proposé, {numero}")
    expect(case).to_have_attribute("value", re.compile(f"^{motif}$"))


def importer_un_ancien_tableau(benoit: Personne) -> None:
    """Il dit la colonne du dossier et celle du montant ; une ligne inconnue se dit, l'autre s'écrit."""
    benoit.suit("Relire un tableau").suit("Importer un autre tableau")
    fichier = {"name": "ancien.csv", "mimeType": "text/csv", "buffer": ANCIEN.encode()}
    benoit.page.locator("input[type=file]").set_input_files(fichier)
    benoit.clique("Continuer")
    gestes.boite(benoit, "Colonne du dossier").select_option("0")
    gestes.boite(benoit, "Montant proposé").select_option("2")
    benoit.clique("Essayer à blanc").lit("Aucun dossier de votre liste")
    benoit.clique("Appliquer").lit("1\xa0case écrite dans le tableau")
    benoit.suit("Voir le tableau de programmation")
    vaut(benoit, "26-0008", r"4\s000,50")
