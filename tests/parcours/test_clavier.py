"""Au clavier seul, de la connexion à l'accusé : le plus court dossier honnête de l'AMI, compté."""

import re
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.clavier import Clavier

REPONSES = {
    "action": {
        "Nom de l'action": "La veillée des jardins",
        "En deux phrases": "Un repas cuisiné ensemble chaque mercredi.",
    },
    "publics": {
        "Nombre de personnes en tout": "100",
        "Dont habitants de quartier": "60",
        "Comment allez-vous toucher": "Porte-à-porte avec deux relais, affiches dans les halls.",
    },
    "budget": {
        "Achats (60)": "12000",
        "Personnel (64)": "6000",
        "Communauté d'agglomération de Lens-Liévin (74)": "9000",
        "Nos fonds propres": "9000",
    },
}


def test_le_plus_court_dossier_se_depose_au_clavier_seul(personne, tmp_path: Path, capsys):
    amina = personne()
    clavier = Clavier(amina)
    compte = amina.serveur.comptes["amina"]
    amina.va("/connexion/?next=/dossiers/nouveau/ami-du-jour/")
    gestes.boite(amina, "Adresse").focus()
    clavier.ecrit("Adresse", compte["courriel"])
    clavier.ecrit("Mot de passe", compte["mot_de_passe"])
    clavier.presse("Se connecter")
    clavier = Clavier(amina)
    clavier.choisit("Les Jardins du Onze")
    clavier.presse("Commencer le dossier")
    _ecrire(clavier)
    _joindre(clavier, gestes.feuille(tmp_path, "piece"))
    clavier.presse("Relire", role="link")
    amina.lit("Rien ne bloque le dépôt")
    clavier.coche_tout()
    clavier.presse("Déposer le dossier")
    expect(amina.page.get_by_role("heading", level=1)).to_contain_text("Accusé de réception")
    with capsys.disabled():
        sys.stdout.write(
            f"\nPlus court dossier : {len(clavier.pages)} pages, {len(clavier.champs)} champs, "
            f"{clavier.caracteres} signes, {clavier.appuis} touches, {clavier.minutes():.0f} minutes\n"
        )


def _ecrire(clavier: Clavier) -> None:
    etape = re.compile(r"/(organisme|action|publics|budget|demandes|pieces)/")
    while (ici := etape.search(clavier.qui.page.url)) and ici.group(1) != "pieces":
        nom = ici.group(1)
        for question, reponse in REPONSES.get(nom, {}).items():
            clavier.ecrit(question, reponse)
        if nom == "action":
            clavier.choisit("Agir")
            clavier.coche("Alimentation")
        if nom == "publics":
            clavier.deplie(re.compile(r"^\s*Lens\s*\d"))
            clavier.coche("Cité 12-14")
        if nom == "demandes":
            clavier.ecrit("AMI Cohésion sociale", "9000")
        clavier.presse("Continuer")


def _joindre(clavier: Clavier, feuille: Path) -> None:
    ajouter = re.compile(r"^\s*Ajouter\s*:")
    while clavier.qui.page.get_by_role("link", name=ajouter).count():
        clavier.presse(ajouter, role="link")
        clavier.joint(feuille)
        clavier.presse("Ajouter la pièce")
