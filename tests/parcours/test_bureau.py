"""Récit : une matinée de Benoît. Une vue gardée, un avis demandé en lot, un import, une affectation."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.conftest import Personne

VUE = "Recevables à l'AAP"
ENTETES = ("Code action", "Code SIRET", "Exercice", "Intitulé de l'action", "Statut")
REFUSEE = ("DA99999999", "7,3E+13", "2026", "Une ligne que le tableur a abîmée", "Prise en charge")


def test_une_matinee_au_bureau(personne, tmp_path):
    benoit = personne("benoit")
    numeros = filtrer_et_garder(benoit)
    demander_un_avis_en_lot(benoit, numeros)
    importer_une_extraction(benoit, tmp_path)
    affecter(benoit, numeros[0])


def filtrer_et_garder(benoit: Personne) -> list[str]:
    """Les recevables de l'AAP, sous un nom ; rend leurs numéros."""
    benoit.va("/instruction/?vue=tout")
    gestes.boite(benoit, "Appel").select_option(label="AAP 2026")
    gestes.boite(benoit, "État").select_option(label="Recevable")
    gestes.presser(benoit, "Filtrer", lu="retirer ce filtre")
    benoit.suit("Garder cette vue")
    gestes.ecrire(benoit, {"Nom": VUE})
    gestes.presser(benoit, "Garder")
    benoit.va("/instruction/").suit(VUE)
    expect(benoit.page.get_by_role("link", name=VUE)).to_have_attribute("aria-current", "page")
    numeros = benoit.page.locator("#tableau-dossiers tbody a.ligne").all_inner_texts()
    assert len(numeros) >= 3, numeros
    return numeros


def demander_un_avis_en_lot(benoit: Personne, numeros: list[str]) -> None:
    """Trois dossiers cochés, deux partenaires, une échéance ; le travail se suit jusqu'à sa fin."""
    for numero in numeros[:3]:
        benoit.page.get_by_role("checkbox", name=numero).check()
    gestes.presser(benoit, "Demander un avis", lu="3 dossiers choisis")
    partenaires = benoit.page.get_by_role("group", name=re.compile("À qui")).get_by_role("checkbox")
    for case in partenaires.all()[:2]:
        case.check()
    gestes.ecrire(benoit, {"Avant le": gestes.jour(21)})
    gestes.presser(benoit, "Continuer", lu=re.compile(r"dossiers? (sera|seront)\s"))
    benoit.page.get_by_role("button", name=re.compile("^Demander l'avis de 2 partenaires")).click()
    gestes.titre(benoit, "Demander l'avis de 2 partenaires").lit("En attente")
    benoit.serveur.rythme()
    expect(benoit.page.locator("#travail-reponse")).to_contain_text("Rien n'est refusé")
    benoit.va("/travaux/").suit(re.compile("^Demander l'avis de 2 partenaires"))
    benoit.lit("Demandé à :").suit("Revenir à la liste")
    gestes.titre(benoit, "Dossiers")


def importer_une_extraction(benoit: Personne, dossier: Path) -> None:
    """Les numéros viennent de la liste exportée ; l'essai dit la ligne fautive, les autres passent."""
    benoit.va("/instruction/?vue=tout&appel=aap-2026&etat=recevable&col=porteur&col=dauphin&col=siret")
    with benoit.page.expect_download() as attendu:
        benoit.page.get_by_role("link", name="CSV").click()
    exportes = attendu.value.path().read_text("utf-8-sig").splitlines()
    lignes = [
        (x["N° Dauphin"], x["SIRET"], "2026", x["Action"], "Prise en charge")
        for x in csv.DictReader(exportes, delimiter=";")
    ]
    chemin = dossier / "extraction.csv"
    with chemin.open("w", encoding="utf-16", newline="") as flux:
        csv.writer(flux, delimiter="\t").writerows([ENTETES, *lignes, REFUSEE])
    benoit.va("/imports/").lit("Ces en-têtes sont supposés")
    gestes.joindre(benoit, "Fichier", chemin)
    gestes.presser(benoit, "Essayer à blanc")
    benoit.serveur.rythme()
    benoit.page.get_by_role("link", name="Voir le résultat").click()
    gestes.titre(benoit, "extraction.csv").lit(
        re.compile(r"rien n'est écrit.*1\s(ligne est )?refusée", re.DOTALL)
    )
    benoit.suit("Lire le rapport ligne à ligne").lit("notation scientifique")
    benoit.page.go_back()
    gestes.presser(benoit, "Importer les autres lignes")
    benoit.serveur.rythme()
    benoit.page.get_by_role("link", name="Voir le résultat").click()
    gestes.titre(benoit, "extraction.csv").lit("Importé le")


def affecter(benoit: Personne, numero: str) -> None:
    """Ce que disent ses thèmes, puis une autre personne, avec le motif."""
    benoit.va(f"/instruction/{numero}/suivi/").lit("Ce que disent ses thèmes")
    qui = gestes.boite(benoit, "Qui suit ce dossier")
    nom = qui.locator("option").last.inner_text()
    qui.select_option(label=nom)
    gestes.ecrire(benoit, {"Pourquoi ?": "Elle connaît ce quartier."})
    gestes.presser(benoit, "Enregistrer l'affectation", lu="L'affectation est enregistrée")
    benoit.va(f"/instruction/{numero}/").lit(nom)
    benoit.suit("Historique").lit("Elle connaît ce quartier.")
