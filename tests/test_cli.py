"""La console : ses réponses, ses codes de sortie (0 fait, 1 refusé, 2 mal écrite), son français."""

from __future__ import annotations

import csv
import importlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.cli import COMMANDES, main

RACINE = Path(__file__).resolve().parents[1]
LENS = RACINE / "packs" / "lens-lievin"
AMI = LENS / "appels" / "ami-2025.toml"
FICHE = {
    "depose_le": "2025-05-20T10:00:00+02:00",
    "porteur": {"type": "association", "commune_siege": "LENS"},
    "action": {
        "intitule": "Cuisines",
        "pilier": "agir",
        "mobilisation_qpv": "Porte-à-porte.",
        "quartiers": [{"code": "QN06226M", "communes": ["LENS"]}],
    },
    "publics": {"total": 100, "qpv": 60},
    "budget": {"charges": {"60": "18000"}, "produits": {"74": {"CALL": "9000"}, "autofinancement": "9000"}},
    "pieces": ["lettre", "cerfa", "statuts", "dirigeants", "recepisse", "rib", "cer", "attestation"],
    "demande": {"CALL": "9000"},
}


@pytest.fixture
def fiche(tmp_path):
    def ecrire(**changements):
        fichier = tmp_path / "fiche.json"
        fichier.write_text(json.dumps({**FICHE, **changements}), encoding="utf-8")
        return str(fichier)

    return ecrire


def test_evaluer_dit_deposable_et_rend_0(fiche, capsys):
    assert main(["evaluer", str(AMI), fiche(), "--json"]) == 0
    sortie = json.loads(capsys.readouterr().out)
    assert sortie["deposable"] is True
    assert sortie["financement"]["plafond"] == "9000.00"
    assert sortie["echeancier"][0]["condition"] == "notification"


def test_evaluer_rend_1_quand_une_regle_arrete_le_depot(fiche, capsys):
    assert main(["evaluer", str(AMI), fiche(publics={"total": 1000, "qpv": 599})]) == 1
    sortie = capsys.readouterr().out
    assert "Il manque 1 habitant de quartier prioritaire." in sortie
    assert "Le dossier ne peut pas être déposé." in sortie


def test_evaluer_rend_1_sur_une_fiche_refusee_avec_toutes_ses_fautes(fiche, capsys):
    assert main(["evaluer", str(AMI), fiche(inconnue=1, publics={"total": -1}), "--json"]) == 1
    erreurs = json.loads(capsys.readouterr().out)["erreurs"]
    assert len(erreurs) == 2
    assert any(e.startswith("inconnue") for e in erreurs)


def test_evaluer_rend_1_sur_un_json_illisible(tmp_path, capsys):
    (tmp_path / "f.json").write_text("{", encoding="utf-8")
    assert main(["evaluer", str(AMI), str(tmp_path / "f.json")]) == 1
    assert "JSON" in capsys.readouterr().out


def test_evaluer_rend_2_quand_un_fichier_manque(capsys):
    assert main(["evaluer", str(AMI), "nulle-part.json"]) == 2
    assert "n'existe pas" in capsys.readouterr().err


def test_evaluer_lit_l_entree_standard(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(FICHE)))
    assert main(["evaluer", str(AMI), "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["moteur"]


@pytest.mark.parametrize("pack", ["lens-lievin", "val-fictif"])
def test_verifier_pack_accepte_les_packs_livres(pack, capsys):
    assert main(["verifier-pack", str(RACINE / "packs" / pack), "--json"]) == 0
    sortie = json.loads(capsys.readouterr().out)
    assert sortie["erreurs"] == []
    assert sortie["cas"]["joues"] > 0
    assert sortie["cas"]["ecarts"] == []


def test_verifier_pack_montre_les_contradictions(capsys):
    assert main(["verifier-pack", str(LENS)]) == 0
    sortie = capsys.readouterr().out.replace("\u00a0", " ")
    assert "22 ≠ 21 annoncés" in sortie
    assert "écart 1 754 845,00 €" in sortie


def test_verifier_pack_refuse_en_entier_et_rend_1(tmp_path, capsys):
    shutil.copytree(RACINE / "packs" / "val-fictif", tmp_path / "pack")
    toml = tmp_path / "pack" / "appels" / "appel-2026.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("poids = 40", "poids = 39"), encoding="utf-8")
    assert main(["verifier-pack", str(tmp_path / "pack"), "--json"]) == 1
    erreur = json.loads(capsys.readouterr().out)["erreurs"][0]
    assert erreur["fichier"] == "appel-2026.toml"
    assert erreur["cle"] == "grille.criteres"
    assert erreur["trouve"] == "des poids de somme 99"
    assert erreur["attendu"] == "des poids de somme 100"


def test_verifier_pack_rend_1_quand_un_cas_ne_concorde_plus(tmp_path, capsys):
    shutil.copytree(RACINE / "packs" / "val-fictif", tmp_path / "pack")
    toml = tmp_path / "pack" / "appels" / "appel-2026.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace('seuil = "50"', 'seuil = "10"'), encoding="utf-8"
    )
    assert main(["verifier-pack", str(tmp_path / "pack")]) == 1
    assert "part-habitants" in capsys.readouterr().out


def test_verifier_pack_rend_2_sans_dossier(capsys):
    assert main(["verifier-pack", "nulle-part"]) == 2


def test_un_point_dans_un_quartier_et_un_point_loin(capsys):
    assert main(["quartier", "--pack", str(LENS), "--lon", "2.843584", "--lat", "50.434653", "--json"]) == 0
    dedans = json.loads(capsys.readouterr().out)
    assert (dedans["verdict"], dedans["quartier"]) == ("dans", "QN06226M")
    assert main(["quartier", "--pack", str(LENS), "--lon", "2.70", "--lat", "50.39", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "hors"


def test_un_csv_garde_ses_colonnes_et_une_adresse_sans_position_reste_a_verifier_s67(tmp_path, capsys):
    fichier = tmp_path / "adresses.csv"
    fichier.write_text("nom;lon;lat\nA;2,843584;50,434653\nB;;\n", encoding="utf-8")
    assert main(["quartier", "--pack", str(LENS), "--csv", str(fichier)]) == 0
    lignes = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(ligne["nom"], ligne["verdict"], ligne["quartier"]) for ligne in lignes] == [
        ("A", "dans", "QN06226M"),
        ("B", "a_verifier", ""),
    ]


def test_un_csv_sans_position_est_refuse(tmp_path, capsys):
    fichier = tmp_path / "adresses.csv"
    fichier.write_text("nom\nA\n", encoding="utf-8")
    assert main(["quartier", "--pack", str(LENS), "--csv", str(fichier)]) == 1
    assert "lon" in capsys.readouterr().err


def test_sans_pack_le_premier_territoire_reel_repond(capsys):
    assert main(["quartier", "--lon", "2.843584", "--lat", "50.434653", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["quartier"] == "QN06226M"


@pytest.mark.parametrize(
    "arguments", [[], ["danser"], ["quartier", "--lon", "x"], ["evaluer"], ["demo", "--inconnu"]]
)
def test_une_commande_mal_ecrite_rend_2_en_francais(arguments, capsys):
    with pytest.raises(SystemExit) as sortie:
        main(arguments)
    assert sortie.value.code == 2
    dit = capsys.readouterr().err
    assert dit.startswith("usage : ensemblier")
    assert "error" not in dit


def test_un_point_sans_latitude_rend_2(capsys):
    assert main(["quartier", "--lon", "2.8"]) == 2
    assert "--lat" in capsys.readouterr().err


def test_chaque_commande_mene_a_une_fonction():
    for nom, commande in COMMANDES.items():
        module, fonction = commande.cible.split(":")
        assert callable(getattr(importlib.import_module(module), fonction)), nom


def test_evaluer_ne_demarre_pas_django():
    code = (
        "import sys; from config.cli import main; "
        f"main(['verifier-pack', {str(RACINE / 'packs' / 'val-fictif')!r}]); "
        "sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=RACINE, capture_output=True).returncode == 0


def test_la_page_des_regles_est_a_jour():
    from config.commandes.regles_md import page

    ecrite = (RACINE / "docs" / "regles.md").read_text(encoding="utf-8")
    assert ecrite == page(), "docs/regles.md est périmée : « make docs » la récrit"


def test_la_page_des_regles_nomme_chaque_regle():
    from config.commandes.regles_md import page
    from ensemblier.noyau.packs import lire_appels, lire_territoire

    texte = page()
    for appel in lire_appels(LENS, lire_territoire(LENS)).values():
        assert all(f"`{regle.code}`" in texte for regle in appel.regles)
