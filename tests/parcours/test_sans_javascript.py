"""Sans JavaScript, Amina écrit un dossier de l'AMI ouvert, joint ses pièces et dépose, une fois (T09)."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.conftest import Personne, Serveur
from tests.parcours.guichetier import depots, empreinte_de_l_accuse


class _SansAxe(set):
    """axe est un script : il ne passe pas ici ; les récits l'ont passé sur les mêmes pages."""

    def __contains__(self, _: object) -> bool:
        return True


def test_amina_ecrit_joint_et_depose_sans_javascript(personne, serveur: Serveur, tmp_path: Path):
    amina = personne(java_script_enabled=False)
    amina.vues = _SansAxe()
    _se_connecter(amina)
    numero = _ecrire(amina)
    gestes.joindre_les_pieces(amina, numero, tmp_path)
    amina.va(f"/dossiers/{numero}/relecture/").lit("Rien ne bloque le dépôt")
    for case in amina.page.get_by_role("checkbox").all():
        case.check()
    envoi = _formulaire(amina)
    amina.page.get_by_role("button", name="Déposer le dossier").dblclick()
    amina.page.wait_for_url("**/accuse/")
    expect(amina.page.get_by_role("heading", level=1)).to_contain_text("Accusé de réception")
    accuse = empreinte_de_l_accuse(amina.page.content())
    for _ in range(2):
        reponse = amina.contexte.request.post(
            f"{serveur.adresse}/dossiers/{numero}/relecture/", form=envoi, max_redirects=1
        )
        assert reponse.url.endswith(f"/dossiers/{numero}/accuse/")
        assert empreinte_de_l_accuse(reponse.text()) == accuse
    with closing(sqlite3.connect(serveur.dossier / "ensemblier.sqlite3")) as base:
        actes, lettres, personnes = depots(base, numero)
    assert actes == 1
    assert lettres == personnes > 0


def _se_connecter(amina: Personne) -> None:
    compte = amina.serveur.comptes["amina"]
    amina.va("/connexion/").ecrit(login=compte["courriel"], password=compte["mot_de_passe"])
    amina.clique("Se connecter")


def _continuer(amina: Personne, etape: str) -> None:
    amina.clique("Continuer").lit(re.compile("Enregistré à"))
    expect(amina.page.get_by_role("heading", level=1)).to_contain_text(etape)


def _ecrire(amina: Personne) -> str:
    """Ouvrir, puis les étapes l'une après l'autre ; chacune dit qu'elle est enregistrée."""
    page = amina.page
    amina.va("/dossiers/nouveau/ami-du-jour/")
    page.get_by_label("Les Jardins du Onze").check()
    amina.clique("Commencer le dossier")
    numero = page.url.split("/")[-3]
    amina.ecrit(intitule="La veillée des jardins", resume="Un repas chaque mercredi.")
    page.locator("[name='pilier']").first.check()
    page.locator("[name='thematiques']").first.check()
    _continuer(amina, "étape 3")
    amina.ecrit(publics_total="100", publics_qpv="60", mobilisation_qpv="Porte-à-porte, affiches.")
    commune = page.locator("details", has_text=re.compile(r"^\s*Lens"))
    commune.locator("summary").first.click()
    commune.locator("[name='couples']").first.check()
    _continuer(amina, "étape 4")
    amina.ecrit(c_60="12 000", c_64="6 000,00", s_CALL="9000", p_autofinancement="9 000")
    _continuer(amina, "étape 5")
    page.locator("[name^='d_']").first.fill("9 000")
    _continuer(amina, "étape 6")
    return numero


def _formulaire(amina: Personne) -> dict[str, str]:
    """Ce que la page enverra, pour l'envoyer encore : la même clé."""
    formulaire = amina.page.locator("form", has=amina.page.get_by_role("button", name="Déposer le dossier"))
    champs = formulaire.locator("input[name]").all()
    return {c.get_attribute("name") or "": c.input_value() for c in champs}
