"""Récit : l'AAP programmé à plusieurs, deux scénarios comparés, l'aide consultée, le comité tenu (É12, É13).

Deux dossiers demandent 33 000 € à cinq financeurs. La CAF dit qu'elle n'a plus que 2 000 € : le scénario qui
sert toutes les demandes la dépasse de 1 000 € et n'est pas retenu ; l'autre baisse chaque ligne du second
dossier et tient à 30 000 €. L'aide, elle, n'ôte que ces 1 000 €. Chacun reprend sa colonne, le comité décide.
"""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.conftest import Personne, Serveur
from tests.parcours.gestes import boite, ecrire, euros, ligne, panneau, presser, titre

CODE = "aap-du-jour"
FINANCEURS = {"CALL": "benoit", "État": "chloe", "Département": "diane", "CAF": "camille", "Lens": "farid"}
BAISSES = {"CALL": "5 500", "Département": "2 000", "CAF": "500", "Lens": "1 500"}
TOUT, SOBRE, AIDE = "Toutes les demandes", "Priorité à la Cité 2", "Proposition de l'aide"


def test_l_aap_se_programme_a_plusieurs(personne, serveur: Serveur):
    qui = {sigle: personne(nom) for sigle, nom in FINANCEURS.items()}
    benoit = qui["CALL"]
    premier, second = lire_le_tableau(benoit)
    baisser_l_enveloppe(qui["CAF"])
    ouvrir_deux_scenarios(benoit, second)
    ecrire_sa_colonne(qui["État"], second)
    comparer(benoit, second)
    faire_proposer(benoit, serveur, premier, second)
    retenir(benoit)
    reprendre_sa_colonne(qui, serveur, second)
    tenir_le_comite(benoit, premier, second)
    lire_la_suite(qui["CAF"], second)


def lire_le_tableau(benoit: Personne) -> tuple[str, str]:
    """Les deux dossiers que cinq financeurs ont à programmer."""
    benoit.va(f"/programmation/{CODE}/").lit(euros(33000))
    expect(benoit.page.locator("form[data-grille=prete]")).to_be_attached()
    numeros = [x.get_attribute("data-l") or "" for x in benoit.page.locator("tbody tr[data-l]").all()]
    assert len(numeros) == 2, numeros
    return numeros[0], numeros[1]


def baisser_l_enveloppe(camille: Personne) -> None:
    camille.va(f"/programmation/{CODE}/").suit("Enveloppes")
    ecrire(camille, {"Crédits disponibles": "2 000", "Pourquoi ce changement ?": "Dotation notifiée."})
    presser(camille, "Modifier l'enveloppe : CAF")
    camille.lit(euros(2000)).lit("dépassé")


# ------------------------------------------------------------------ Deux scénarios


def ouvrir_deux_scenarios(benoit: Personne, second: str) -> None:
    """L'un est le tableau d'aujourd'hui ; l'autre en part, et baisse le second dossier."""
    ouvrir(benoit, TOUT, "Le tableau d'aujourd'hui")
    benoit.lit(euros(33000)).lit("dépassé")
    presser(benoit, "Partager", lu="Scénario partagé")
    ouvrir(benoit, SOBRE, TOUT)
    for sigle, montant in BAISSES.items():
        taper(benoit, f"{sigle}, {second}", montant)
    boite(benoit, f"CAF, {second}").click()
    benoit.page.keyboard.press("Space")
    dit(benoit, "500, fixée, enregistré")
    benoit.page.keyboard.press("Control+z")
    expect(boite(benoit, f"fixée : CAF, {second}")).not_to_be_checked()
    dit(benoit, "500, enregistré")
    benoit.page.keyboard.press("Space")
    dit(benoit, "500, fixée, enregistré")
    presser(benoit, "Partager", lu="Scénario partagé")


def taper(qui: Personne, nom: str, montant: str) -> None:
    """Une case du scénario, au clavier ; l'annonce dit qu'elle est enregistrée."""
    gestes.taper(qui, nom, montant)
    dit(qui, re.compile(rf"{montant.replace(' ', r'.')}, enregistré"))


def dit(qui: Personne, mots: str | re.Pattern) -> None:
    expect(qui.page.locator("#annonce")).to_contain_text(mots)


def ouvrir(benoit: Personne, nom: str, depuis: str) -> None:
    benoit.va(f"/programmation/{CODE}/").suit("Scénarios")
    ici = panneau(benoit, "Ouvrir un scénario")
    ecrire(benoit, {"Titre du scénario": nom}, ici)
    boite(benoit, "Partir de", ici).select_option(label=depuis)
    presser(benoit, "Ouvrir le scénario", lu="Scénario ouvert")
    titre(benoit, nom)


def ecrire_sa_colonne(chloe: Personne, second: str) -> None:
    """L'État écrit la sienne dans le scénario partagé, et ne voit pas de case chez les autres."""
    chloe.va(f"/programmation/{CODE}/scenarios/").suit(SOBRE)
    titre(chloe, SOBRE)
    assert not chloe.page.get_by_label(f"CALL, {second}").count()
    taper(chloe, f"État, {second}", "4 000")
    chloe.regarde()


def comparer(benoit: Personne, second: str) -> None:
    """Qui perd, de combien, chez qui."""
    benoit.va(f"/programmation/{CODE}/scenarios/")
    ici = panneau(benoit, "Comparer")
    boite(benoit, "De", ici).select_option(label=TOUT)
    boite(benoit, "À", ici).select_option(label=SOBRE)
    presser(benoit, "Comparer", dans=ici)
    benoit.lit("0 dossier gagne, 1 dossier perd").lit(euros(30000))
    expect(ligne(benoit, second)).to_contain_text(re.compile(r"CAF [-−]1\s000,00\s€"))


# ------------------------------------------------------------------ L'aide


def faire_proposer(benoit: Personne, serveur: Serveur, premier: str, second: str) -> None:
    """Le calcul part des cases fixées et remplit un scénario privé, avec ses raisons."""
    benoit.va(f"/programmation/{CODE}/scenarios/").suit("Faire proposer une programmation")
    ecrire(benoit, {"Titre du scénario": AIDE, "Souhait 1 : au moins": "16 000"})
    boite(benoit, "Garder les cases fixées de").select_option(label=SOBRE)
    boite(benoit, "Souhait 1").select_option(label="Cité 2")
    presser(benoit, "Lancer le calcul")
    serveur.rythme()
    benoit.lit("Un scénario privé est rempli").suit("Voir le résultat")
    titre(benoit, AIDE)
    benoit.lit("Personne d'autre que vous ne le lit").lit("c'est prouvé")
    benoit.lit("Souhait tenu. Cité 2 : au moins")
    expect(boite(benoit, f"CAF, {second}")).to_have_value(re.compile("^500"))
    expect(boite(benoit, f"CALL, {premier}")).to_have_value(re.compile(r"^6\s000"))
    benoit.suit("Comparer au tableau")
    benoit.lit("0 dossier gagne, 1 dossier perd").lit(euros(32000))


def retenir(benoit: Personne) -> None:
    """Celui qui dépasse une enveloppe n'est pas retenu, et dit laquelle ; l'autre l'est."""
    benoit.va(f"/programmation/{CODE}/scenarios/").suit(TOUT)
    presser(benoit, "Retenir ce scénario", lu="L'enveloppe de « CAF » serait dépassée de")
    benoit.lit(euros(1000)).lit("Le scénario n'est pas retenu")
    benoit.va(f"/programmation/{CODE}/scenarios/").suit(SOBRE)
    presser(benoit, "Retenir ce scénario", lu="Scénario retenu")
    benoit.lit("il ne change plus")


def reprendre_sa_colonne(qui: dict[str, Personne], serveur: Serveur, second: str) -> None:
    """Chacun propose la sienne, d'un geste ; le tableau dit alors ce que dit le scénario."""
    for agent in qui.values():
        agent.va(f"/programmation/{CODE}/scenarios/").suit(SOBRE)
        presser(agent, "Proposer ma colonne (1 montant)")
    serveur.rythme()
    for agent in qui.values():
        agent.lit("1 ligne faite")
    benoit = qui["CALL"]
    benoit.va(f"/programmation/{CODE}/").lit(euros(30000))
    expect(benoit.page.locator(f'tr[data-l="{second}"]')).to_contain_text(re.compile(r"13\s500"))


# ------------------------------------------------------------------ Le comité


def tenir_le_comite(benoit: Personne, premier: str, second: str) -> None:
    """Ouvert avant son jour, avec sa raison ; il retient les deux dossiers aux montants programmés."""
    benoit.va("/programmation/seances/").suit(re.compile("^Comité des financeurs$"))
    titre(benoit, "Comité des financeurs")
    seance = benoit.page.url.removeprefix(benoit.serveur.adresse)
    ecrire(benoit, {"Pourquoi ouvrir avant": "Tous les membres sont là."})
    presser(benoit, "Ouvrir la séance", lu="Séance ouverte")
    while benoit.page.get_by_role("button", name=re.compile("^Noter présent")).count():
        presser(benoit, "Noter présent")
    for numero, propose in ((premier, 16500), (second, 13500)):
        benoit.va(seance).suit(f"Décider {numero}")
        benoit.lit(euros(propose))
        gestes.decider(benoit, "Retenu")
    presser(benoit, "Clore la séance", lu="Procès-verbal (PDF)")
    gestes.telecharger(benoit, "Procès-verbal (PDF)")


def lire_la_suite(camille: Personne, second: str) -> None:
    """Retenu en séance, le montant ne s'écrit plus ; l'enveloppe de la CAF est pleine, sans être dépassée."""
    camille.va(f"/programmation/{CODE}/").lit("retenu en séance")
    expect(camille.page.locator("#bandeau-des-enveloppes")).not_to_contain_text("dépassé")
    assert not camille.page.get_by_label(f"CAF proposé, {second}").count()
