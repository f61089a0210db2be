"""Récit : l'AMI, de la page publique au solde payé, par les cinq personnes qui s'en occupent.

Chaque euro du récit est lu à l'écran : 20 000 € de coût, 14 000 € demandés, 10 000 € permis à 50 %, 13 000 €
accordés à 65 %, 10 400 € puis 2 600 € prévus, 12 025,33 € dus au vu du bilan, 1 625,33 € de solde.
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.conftest import Personne, Serveur
from tests.parcours.gestes import cocher, ecrire, euros, panneau, presser, titre

APPEL = "AMI Cohésion sociale, édition de démonstration"
CODE = "ami-du-jour"
CALL = "Communauté d'agglomération de Lens-Liévin"
ACTION = "La grande tablée de la Cité 12-14"
JARDINS = "amina@jardins-du-onze.example"


def test_l_ami_du_depot_au_solde(personne, serveur: Serveur, tmp_path: Path):
    amina = personne("amina", largeur=375)
    numero = preparer_le_dossier(amina)
    gestes.joindre_les_pieces(amina, numero, tmp_path, sauf="Statuts")
    gestes.deposer(amina, numero)
    lire_l_accuse(amina, serveur, numero)
    benoit = personne("benoit")
    demander_les_statuts(benoit, numero)
    repondre_au_service(amina, serveur, numero, tmp_path)
    declarer_recevable(benoit, numero)
    qualifier_la_bonification(benoit, numero)
    instruire(benoit, numero)
    autre = gestes.dossier_a_convoquer(benoit, CODE, "Les Jardins du Onze")
    elise = personne("elise")
    tenir_le_jury(benoit, elise, numero, autre)
    deliberer(benoit, numero, autre)
    gestes.notifier(benoit, numero, CALL)
    gestes.notifier(benoit, autre, CALL)
    lire_le_refus(amina, serveur, autre)
    lire_l_accord(amina, serveur, numero)
    signer_a_deux(amina, benoit, numero, tmp_path)
    fatou, gerard = personne("fatou"), personne("gerard")
    gestes.payer_a_deux(fatou, gerard, numero, euros(10400), "MANDAT-1")
    rendre_compte(amina, numero)
    valider_le_bilan(benoit, numero)
    gestes.payer_a_deux(fatou, gerard, numero, euros(1625, 33), "MANDAT-2")
    lire_la_fin(amina, benoit, numero)


# ------------------------------------------------------------------ Amina écrit et dépose


def preparer_le_dossier(amina: Personne) -> str:
    """Le soir, sur son téléphone, interrompue cinq fois : rien de ce qui est dit enregistré ne se perd."""
    numero = gestes.commencer(amina, APPEL, "Les Jardins du Onze")
    decrire(amina)
    dire_les_publics(amina)
    chiffrer(amina)
    demander(amina)
    return numero


def decrire(amina: Personne) -> None:
    gestes.onglet_ferme(
        amina,
        {
            "Nom de l'action": ACTION,
            "En deux phrases, de quoi s'agit-il ?": "Un repas cuisiné ensemble chaque mercredi.",
        },
    )
    gestes.reseau_coupe(
        amina,
        {
            "Que faites-vous, concrètement ?": "Marché, cuisine, table commune, chez l'habitant ou au local.",
            "Que voulez-vous obtenir ?": "Que cent personnes se connaissent et sachent où demander.",
        },
    )
    ecrire(
        amina,
        {
            "Avec qui ?": "Le centre social et le bailleur.",
            "L'action commence le": gestes.jour(60),
            "Elle finit le": gestes.jour(240),
        },
    )
    cocher(amina, "Agir", "Alimentation")
    gestes.continuer(amina, "étape 3 sur 6")


def dire_les_publics(amina: Personne) -> None:
    """59 personnes sur 100 ne suffisent pas, 60 suffisent : la marge le dit sans rien enregistrer."""
    gestes.serveur_tue(
        amina,
        {"Comment allez-vous toucher": "Porte-à-porte, affiches dans les halls, relais du centre social."},
    )
    vivant = amina.page.locator("#vivant")
    ecrire(amina, {"Nombre de personnes en tout": "100", "Dont habitants de quartier": "59"})
    boite = gestes.boite(amina, "Comment allez-vous toucher")
    boite.focus()
    expect(vivant).to_contain_text(re.compile(r"59(,0)?\s%"))
    ecrire(amina, {"Dont habitants de quartier": "60"})
    boite.focus()
    expect(vivant).to_contain_text(re.compile(r"60(,0)?\s%"))
    expect(vivant).not_to_contain_text(re.compile(r"59(,0)?\s%"))
    gestes.choisir_le_quartier(amina, "Lens", "Cité 12-14")
    gestes.continuer(amina, "étape 4 sur 6")


def chiffrer(amina: Personne) -> None:
    """Le pied du budget suit la saisie : il manque 6 000 €, puis tout s'équilibre."""
    pied = amina.page.locator("#pied-budget")
    gestes.session_perdue(amina, {"Achats (60)": "9 000"}, amina.serveur.comptes["amina"])
    ecrire(
        amina,
        {
            "Honoraires, déplacements": "5000,00",
            "Personnel (64)": "6 000",
            f"{CALL} (74)": "14 000",
            "Bénévolat et dons utilisés": "1500",
            "Bénévolat et dons reçus": "1 500",
        },
    )
    gestes.boite(amina, "Bénévolat et dons reçus").blur()
    expect(pied).to_contain_text("Il manque des ressources")
    expect(pied).to_contain_text(euros(6000))
    ecrire(amina, {"Nos fonds propres": "6000"})
    gestes.boite(amina, "Nos fonds propres").blur()
    expect(pied).to_contain_text("Équilibré")
    gestes.continuer(amina, "étape 5 sur 6")


def demander(amina: Personne) -> None:
    """14 000 € dépassent les 10 000 € permis à 50 % : l'écran le dit, et la bonification se demande."""
    marge = amina.page.get_by_role("complementary", name="Règles de l'appel")
    expect(marge).to_contain_text(euros(10000))
    ecrire(amina, {"AMI Cohésion sociale": "14 000"})
    cocher(amina, "Portée par des habitants")
    raison = "Quatre habitantes tiennent la caisse et choisissent les menus."
    gestes.onglet_ferme(amina, {"Pourquoi ?": raison})
    gestes.continuer(amina, "étape 6 sur 6")


def lire_l_accuse(amina: Personne, serveur: Serveur, numero: str) -> None:
    amina.lit(euros(14000)).lit("Statuts").lit("Décision prévue : au plus tard le").lit(
        "sera considérée comme rejetée"
    )
    gestes.telecharger(amina, "Télécharger l'accusé (PDF)")
    lettre = gestes.recue(serveur, JARDINS, f"{numero} · Votre dossier est déposé")
    assert euros(14000).search(lettre.corps), lettre


def repondre_au_service(amina: Personne, serveur: Serveur, numero: str, tmp_path: Path) -> None:
    """Le complément demandé se lit, se joint, se renvoie."""
    gestes.recue(serveur, JARDINS, "Il manque vos statuts signés.")
    amina.va("/dossiers/").suit(re.compile("Répondre|Ajouter|Compléter"))
    amina.va(f"/dossiers/{numero}/corrections/").lit("Il manque vos statuts signés.")
    gestes.joindre_les_pieces(amina, numero, tmp_path)
    amina.va(f"/dossiers/{numero}/corrections/")
    presser(amina, "Envoyer ma réponse", lu="Votre réponse est envoyée")


# ------------------------------------------------------------------ Benoît instruit


def demander_les_statuts(benoit: Personne, numero: str) -> None:
    benoit.va("/instruction/").suit(numero)
    titre(benoit, ACTION)
    benoit.va(f"/instruction/{numero}/completude/").lit("Il manque")
    ecrire(benoit, {"Message au porteur": "Il manque vos statuts signés."})
    presser(benoit, "Envoyer la demande au porteur")
    benoit.lit("Réponse attendue avant le")


def declarer_recevable(benoit: Personne, numero: str) -> None:
    gestes.valider_les_pieces(benoit, numero)
    presser(benoit, "Déclarer complet")
    presser(benoit, "Déclarer recevable")
    benoit.va(f"/instruction/{numero}/").lit("Recevable")


def qualifier_la_bonification(benoit: Personne, numero: str) -> None:
    benoit.va(f"/instruction/{numero}/criteres/")
    critere = panneau(benoit, "Portée par des habitants")
    cocher(benoit, "Oui", dans=critere)
    ecrire(benoit, {"Pourquoi ?": "Le compte rendu du groupe nomme quatre habitantes."}, dans=critere)
    presser(benoit, "Enregistrer", dans=critere)
    benoit.lit("Le compte rendu du groupe nomme quatre habitantes.")


def instruire(benoit: Personne, numero: str) -> None:
    """La ligne de l'agglomération : prise en charge, recevable, avis, 10 000 € au plus avant le jury."""
    benoit.va(f"/instruction/{numero}/avis/CALL/")
    presser(benoit, "Juger le volet recevable")
    gestes.rendre_l_avis(
        benoit, numero, "CALL", sens="Favorable", motif="Portée par le quartier.", montant="10 000"
    )
    benoit.va(f"/instruction/{numero}/").lit(euros(10000))


# ------------------------------------------------------------------ Le jury et l'assemblée


def tenir_le_jury(benoit: Personne, elise: Personne, numero: str, autre: str) -> None:
    gestes.convoquer(
        benoit, CODE, instance="Jury", nom="Jury de l'édition", membres=["Élise Tancré"],
        dossiers=[numero, autre],
    )  # fmt: skip
    seance = benoit.page.url.removeprefix(benoit.serveur.adresse)
    gestes.ouvrir_la_seance(benoit, "Élise Tancré")
    elise.va("/programmation/seances/").suit("Jury de l'édition")
    noter(elise, numero)
    benoit.va(seance).suit(f"Décider {numero}")
    fixer_le_taux(benoit, numero)
    gestes.proposer_au_tableau(benoit, CODE, {f"CALL proposé, {numero}": "13 000"})
    benoit.va(f"{seance}decider/{numero}/").lit(euros(13000))
    gestes.decider(benoit, "Retenu", "Portée par le quartier, budget sobre : 65 %.")
    benoit.va(seance).suit(f"Décider {autre}")
    gestes.decider(benoit, "Écarté", "L'action double l'atelier du centre social.")
    benoit.va(seance)
    presser(benoit, "Clore la séance", lu="Procès-verbal (PDF)")
    gestes.telecharger(benoit, "Procès-verbal (PDF)")


def noter(elise: Personne, numero: str) -> None:
    """Trois sur quatre partout : 75 sur 100."""
    elise.suit(f"Noter {numero}")
    criteres = elise.page.locator("fieldset.critere-note")
    for rang in range(criteres.count()):
        trois = criteres.nth(rang).get_by_role("button", name=re.compile(" : 3 sur 4$"))
        trois.click()
        expect(trois).to_have_attribute("aria-pressed", "true")
    elise.lit("Votre note : 75,0 sur 100")


def fixer_le_taux(benoit: Personne, numero: str) -> None:
    """Le jury valide le critère : 81 % est trop, 65 % est admis, soit 13 000 € sur 20 000 €."""
    presser(benoit, "Valider le critère", lu="Critère validé")
    ecrire(benoit, {"Taux retenu par le jury": "81"})
    presser(benoit, "Fixer le taux", lu=re.compile(r"80\s%"))
    ecrire(benoit, {"Taux retenu par le jury": "65"})
    presser(benoit, "Fixer le taux", lu="Taux enregistré")
    benoit.va(f"/instruction/{numero}/").lit("La règle permet d'attribuer").lit(euros(13000))


def deliberer(benoit: Personne, numero: str, autre: str) -> None:
    gestes.deliberer(
        benoit, CODE, "CALL", acte="2026-118", accords=[numero],
        refus={autre: "L'action double l'atelier du centre social."},
    )  # fmt: skip
    benoit.lit("Annexe = tableau, écart 0,00 €").lit(euros(13000))
    gestes.telecharger(benoit, "Annexe (PDF)")


# ------------------------------------------------------------------ Les suites


def lire_le_refus(amina: Personne, serveur: Serveur, autre: str) -> None:
    amina.va(f"/dossiers/{autre}/").lit("Non retenu, avec le motif")
    amina.lit("L'action double l'atelier du centre social.")
    gestes.recue(serveur, JARDINS, f"{autre} · Décision sur votre demande")
    amina.va(f"/suites/{autre}/")
    gestes.telecharger(amina, "Lettre du")


def lire_l_accord(amina: Personne, serveur: Serveur, numero: str) -> None:
    gestes.recue(serveur, JARDINS, f"{numero} · Aide accordée, votre lettre")
    amina.va(f"/dossiers/{numero}/").lit(euros(13000))
    amina.va(f"/suites/{numero}/").lit(euros(10400)).lit(euros(2600))
    gestes.telecharger(amina, "Lettre du")


def signer_a_deux(amina: Personne, benoit: Personne, numero: str, tmp_path: Path) -> None:
    gestes.signer(amina, numero, CALL, tmp_path)
    gestes.signer(benoit, numero, CALL, tmp_path)
    amina.va(f"/suites/{numero}/").lit("Convention signée")


def rendre_compte(amina: Personne, numero: str) -> None:
    """18 500,50 € dépensés sur 20 000 € : 12 025,33 € dus, 1 625,33 € de solde, dits avant l'envoi."""
    gestes.rendre_compte(
        amina, numero,
        reponses={
            "Participants": "98", "Dont habitants": "61", "Femmes": "60", "Hommes": "37",
            "Sexe non renseigné": "1", "Ce qui s'est passé": "Trente mercredis, une fête en juin.",
            "Les résultats, face aux objectifs": "Douze habitants animent seuls.",
            "Pourquoi ces écarts": "Des légumes donnés par le marché.",
        },
        depenses={
            "Achats (60)": "7 500,50", "Honoraires, déplacements, communication (62)": "5 000",
            "Personnel (64)": "6 000", "Bénévolat et dons utilisés (86)": "1 500",
        },
    )  # fmt: skip
    amina.page.keyboard.press("Tab")
    expect(amina.page.locator("#solde")).to_contain_text(euros(12025, 33))
    expect(amina.page.locator("#solde")).to_contain_text(euros(1625, 33))
    presser(amina, "Envoyer le bilan", lu="Votre bilan est envoyé")


def valider_le_bilan(benoit: Personne, numero: str) -> None:
    benoit.va("/suites/a-reclamer/").suit(numero)
    benoit.lit(euros(7500, 50)).lit(euros(12025, 33))
    presser(benoit, "Valider le bilan")
    benoit.va(f"/suites/{numero}/").lit(euros(1625, 33))


def lire_la_fin(amina: Personne, benoit: Personne, numero: str) -> None:
    amina.va(f"/dossiers/{numero}/").lit("Terminé")
    amina.va(f"/dossiers/{numero}/historique/").lit("Convention signée")
    benoit.va(f"/instruction/{numero}/historique/").lit("Dossier clos")
