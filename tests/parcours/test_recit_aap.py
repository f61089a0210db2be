"""Récits : l'AAP à plusieurs financeurs, la programmation avant l'instruction, puis après (R64, P24).

Le premier va du dépôt au solde réduit et au trop-perçu rendu.

36 000 € de coût ; demandé et accordé : 12 000 € à l'agglomération, 8 000 € à l'État, 4 000 € à la Région,
3 000 € au Département, 3 000 € à Lens. Au bilan, 30 600 € dépensés, soit 85 % : l'agglomération doit
10 200 €, son solde tombe de 2 400 € à 600 € ; l'État, qui a tout payé, réclame 1 200 €.

Le second s'arrête aux votes : deux villes, dont une ajoute sa part ; l'État propose dans son avis moins qu'il
ne lui est demandé, et le comité retient ce que les avis ont proposé.
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.conftest import Personne, Serveur
from tests.parcours.gestes import boite, cocher, ecrire, euros, panneau, presser

APPEL = "AAP contrat de ville, édition de démonstration"
CODE = "aap-du-jour"
VILLES_DES_HAUTS = ("Lens", "Liévin", "Loos-en-Gohelle")
ACTION = "Le garage des voisins de la Cité 2"
CALL, ETAT = "Communauté d'agglomération de Lens-Liévin", "État"
Lignes = dict[str, tuple[str, str, str, int]]
# Qui écrit la ligne de chaque financeur : la personne, le nom à l'écran, le sigle, le montant.
LIGNES: Lignes = {
    "CALL": ("benoit", CALL, "CALL", 12000),
    "ETAT": ("chloe", ETAT, "État", 8000),
    "REGION": ("regis", "Région Hauts-de-France", "Région", 4000),
    "DEPARTEMENT": ("diane", "Département du Pas-de-Calais", "Département", 3000),
    "LENS": ("farid", "Lens", "Lens", 3000),
}
DEUX_VILLES: Lignes = {
    **LIGNES, "LENS": ("farid", "Lens", "Lens", 2000), "LIEVIN": ("lucie", "Liévin", "Liévin", 1000),
}  # fmt: skip
DISPOSITIFS = {
    "CALL": "Crédits politique de la ville de l'agglomération",
    "ETAT": "Crédits de l'État, programme 147",
    "REGION": "Crédits politique de la ville de la Région",
    "DEPARTEMENT": "Crédits politique de la ville du Département",
    "LENS": "Crédits de la commune",
    "LIEVIN": "Crédits de la commune",
}


def test_l_aap_du_depot_au_reversement(personne, serveur: Serveur, tmp_path: Path):
    amina = personne("amina")
    numero = preparer_le_dossier(amina)
    gestes.joindre_les_pieces(amina, numero, tmp_path)
    gestes.deposer(amina, numero)
    amina.lit("Ce qu'il reste à faire ailleurs")
    agents = {code: personne(cle) for code, (cle, *_) in LIGNES.items()}
    benoit, chloe = agents["CALL"], agents["ETAT"]
    confirmer_le_contact(agents["LENS"], numero)
    declarer_recevable(benoit, numero)
    programmer(agents, personne("elise"), numero)
    donner_les_avis(agents, numero)
    noter_les_depots(agents, numero)
    voter(agents, numero)
    for code, agent in agents.items():
        gestes.notifier(agent, numero, LIGNES[code][1])
    lire_les_accords(amina, numero)
    signer_les_conventions(amina, agents, numero, tmp_path)
    fatou, gerard = personne("fatou"), personne("gerard")
    gestes.payer_a_deux(fatou, gerard, numero, euros(9600), "MANDAT-21")
    constater_les_autres(agents, numero)
    rendre_compte(amina, numero)
    valider_le_bilan(benoit, numero)
    gestes.payer_a_deux(fatou, gerard, numero, euros(600), "MANDAT-22")
    rendre_le_trop_percu(chloe, amina, numero)


def test_l_aap_instruit_avant_d_etre_programme(personne, serveur: Serveur, tmp_path: Path):
    """L'autre ordre, deux villes : les avis proposent, le comité programme ensuite, chacun vote (P24)."""
    amina = personne("amina")
    numero = preparer_le_dossier(amina, DEUX_VILLES, ("Les Hauts De Liévin", *VILLES_DES_HAUTS))
    gestes.joindre_les_pieces(amina, numero, tmp_path)
    gestes.deposer(amina, numero)
    agents = {code: personne(cle) for code, (cle, *_) in DEUX_VILLES.items()}
    for ville in ("LENS", "LIEVIN"):
        confirmer_le_contact(agents[ville], numero, ville)
    declarer_recevable(agents["CALL"], numero)
    noter_les_depots(agents, numero)
    proposes = {code: montant for code, (*_, montant) in DEUX_VILLES.items()} | {"ETAT": 7000}
    for code, agent in agents.items():
        motif = "Utile et bien suivie." if proposes[code] == DEUX_VILLES[code][3] else "Un mécanicien suffit."
        gestes.rendre_l_avis(agent, numero, code, sens="Favorable", motif=motif, montant=str(proposes[code]))
    amina.va(f"/dossiers/{numero}/")
    expect(amina.page.locator("main")).not_to_contain_text("Un mécanicien suffit")
    tenir_le_comite(agents["CALL"], personne("elise"), numero, propose=29000)
    for rang, (code, agent) in enumerate(agents.items(), start=51):
        gestes.deliberer(agent, CODE, code, acte=f"2026-{rang}", accords=[numero], refus={})
        agent.lit(euros(proposes[code]))


# ------------------------------------------------------------------ Amina écrit et dépose


def preparer_le_dossier(
    amina: Personne, lignes: Lignes = LIGNES, lieu: tuple[str, ...] = ("Cité 2 ", "Lens")
) -> str:
    numero = gestes.commencer(amina, APPEL, "Les Jardins du Onze")
    decrire(amina)
    dire_les_publics(amina, *lieu)
    chiffrer(amina, lignes)
    demander(amina, lignes)
    return numero


def decrire(amina: Personne) -> None:
    ecrire(
        amina,
        {
            "Nom de l'action": ACTION,
            "En deux phrases, de quoi s'agit-il ?": "Un garage où les voisins réparent ensemble.",
            "Que faites-vous, concrètement ?": "Trois après-midis par semaine, avec un mécanicien.",
            "L'action commence le": gestes.jour(60),
            "Elle finit le": gestes.jour(300),
            "Comment l'action complète-t-elle": "Elle mène aux aides à la mobilité de droit commun.",
            "Qui suit l'action avec vous ?": "Deux réunions par an, avec la ville et deux habitants.",
            "Numéro Dauphin": "DA07654321",
        },
    )
    cocher(amina, "Agir", "Mobilités")
    gestes.repondre_non(amina, "inédite ou expérimentale", "dimension numérique")
    gestes.continuer(amina, "étape 3 sur 6")


def dire_les_publics(amina: Personne, quartier: str, *villes: str) -> None:
    """Chaque ville de l'action se contacte avant le dépôt : le quartier choisi, elles s'affichent (R40)."""
    ecrire(
        amina,
        {
            "Nombre de personnes en tout": "80",
            "Dont habitants de quartier": "64",
            "Comment allez-vous toucher": "Bouche-à-oreille, affiches, relais du bailleur.",
        },
    )
    for ville in villes:
        gestes.choisir_le_quartier(amina, ville, quartier)
    presser(amina, "Mettre à jour les villes à contacter", lu="À contacter")
    for ville in villes:
        ici = amina.page.locator(".contact-ville").filter(
            has=amina.page.get_by_role("heading", name=re.compile(f"^{ville}"))
        )
        ecrire(amina, {"Contact pris le": gestes.jour(), "Service joint": "Politique de la ville"}, ici)
    gestes.continuer(amina, "étape 4 sur 6")


def chiffrer(amina: Personne, lignes: Lignes) -> None:
    ecrire(amina, {f"{nom} (74)": str(montant) for _, nom, _, montant in lignes.values()})
    ecrire(
        amina,
        {"Achats (60)": "16 000", "Locations, entretien": "6 000", "Personnel (64)": "14 000",
         "Nos fonds propres": "6 000"},
    )  # fmt: skip
    gestes.continuer(amina, "étape 5 sur 6")


def demander(amina: Personne, lignes: Lignes) -> None:
    for code, (_, nom, _, montant) in lignes.items():
        ici = amina.page.locator(".demande").filter(
            has=amina.page.get_by_role("heading", name=nom, exact=True)
        )
        boite(amina, DISPOSITIFS[code], ici).fill(str(montant))
    gestes.repondre_non(amina, "agent du Département")
    gestes.continuer(amina, "étape 6 sur 6")


# ------------------------------------------------------------------ La ville, le service, le comité


def confirmer_le_contact(referent: Personne, numero: str, ville: str = "LENS") -> None:
    referent.va(f"/instruction/{numero}/avis/{ville}/").lit("disent vous avoir contacté")
    presser(referent, "Je confirme")
    referent.lit("réponse donnée")


def declarer_recevable(benoit: Personne, numero: str) -> None:
    gestes.valider_les_pieces(benoit, numero)
    presser(benoit, "Déclarer complet")
    presser(benoit, "Déclarer recevable")


def programmer(agents: dict[str, Personne], elise: Personne, numero: str) -> None:
    """L'ordre de l'AAP : chacun écrit sa colonne, le comité retient, l'instruction vient après."""
    for code, agent in agents.items():
        _, _, sigle, montant = LIGNES[code]
        gestes.proposer_au_tableau(agent, CODE, {f"{sigle} proposé, {numero}": str(montant)})
    tenir_le_comite(agents["CALL"], elise, numero, propose=30000)


def tenir_le_comite(benoit: Personne, elise: Personne, numero: str, *, propose: int) -> None:
    gestes.convoquer(
        benoit, CODE, instance="Comité de pilotage", nom="Comité de l'édition", membres=["Élise Tancré"],
        dossiers=[numero],
    )  # fmt: skip
    seance = benoit.page.url.removeprefix(benoit.serveur.adresse)
    elise.va(seance).lit(ACTION)
    gestes.ouvrir_la_seance(benoit, "Élise Tancré")
    benoit.suit(f"Décider {numero}")
    benoit.lit(euros(propose)).lit(euros(36000))
    gestes.decider(benoit, "Retenu")
    benoit.va(seance)
    presser(benoit, "Clore la séance", lu="Procès-verbal (PDF)")


def donner_les_avis(agents: dict[str, Personne], numero: str) -> None:
    for code, agent in agents.items():
        gestes.rendre_l_avis(agent, numero, code, sens="Favorable", motif="Utile et bien suivie.")


def noter_les_depots(agents: dict[str, Personne], numero: str) -> None:
    """La Région vote après le dépôt sur sa plateforme ; le Département a son propre dépôt (R61)."""
    for code in ("REGION", "DEPARTEMENT"):
        qui = agents[code]
        qui.va(f"/instruction/{numero}/depots/")
        gestes.deplier(qui, "Noter le dépôt")
        ecrire(qui, {"Référence du dépôt": f"{code[:3]}-2026-77", "Date du dépôt": gestes.jour()})
        presser(qui, "Enregistrer le dépôt")
        qui.lit(f"{code[:3]}-2026-77")


def voter(agents: dict[str, Personne], numero: str) -> None:
    for rang, (code, agent) in enumerate(agents.items(), start=31):
        gestes.deliberer(agent, CODE, code, acte=f"2026-{rang}", accords=[numero], refus={})
        agent.lit(euros(LIGNES[code][3]))


# ------------------------------------------------------------------ Les suites


def lire_les_accords(amina: Personne, numero: str) -> None:
    amina.va(f"/dossiers/{numero}/")
    for *_, montant in LIGNES.values():
        amina.lit(euros(montant))
    amina.va(f"/suites/{numero}/").lit(euros(9600)).lit(euros(2400))


def signer_les_conventions(amina: Personne, agents: dict[str, Personne], numero: str, tmp: Path) -> None:
    """L'agglomération signe au-delà de 10 000 € ; un autre, au-delà de 23 000 € dans l'année."""
    signees = []
    for code, agent in agents.items():
        amina.va(f"/suites/{numero}/")
        nom = LIGNES[code][1]
        if panneau(amina, nom).get_by_role("link", name="Signer la convention").count():
            gestes.signer(amina, numero, nom, tmp)
            gestes.signer(agent, numero, nom, tmp)
            signees.append(code)
    assert "CALL" in signees


def constater_les_autres(agents: dict[str, Personne], numero: str) -> None:
    for code, agent in agents.items():
        if code != "CALL":
            agent.va(f"/suites/{numero}/").suit(re.compile("Constater"))
            gestes.constater_le_paiement(agent, f"EJ-{code}")
            agent.lit(euros(LIGNES[code][3]))


def rendre_compte(amina: Personne, numero: str) -> None:
    gestes.rendre_compte(
        amina, numero,
        reponses={
            "Participants": "75", "Dont habitants": "60", "Femmes": "30", "Hommes": "45",
            "Ce qui s'est passé": "Cent vingt après-midis, deux cents vélos.",
            "Les résultats, face aux objectifs": "Onze personnes ont repris un emploi plus loin.",
            "Le comité de suivi": "Réuni deux fois ; horaires élargis le samedi.",
            "Pourquoi ces écarts": "Des pièces données par les habitants.",
        },
        depenses={"Achats (60)": "10 600", "Locations, entretien, assurance (61)": "6 000",
                  "Personnel (64)": "14 000"},
    )  # fmt: skip
    presser(amina, "Envoyer le bilan", lu="Votre bilan est envoyé")


def valider_le_bilan(benoit: Personne, numero: str) -> None:
    benoit.va(f"/suites/{numero}/bilan/lecture/").lit(euros(10200)).lit(euros(6800))
    presser(benoit, "Valider le bilan")
    benoit.va(f"/suites/{numero}/").lit(euros(600)).lit(euros(1200))


def rendre_le_trop_percu(chloe: Personne, amina: Personne, numero: str) -> None:
    """Le contradictoire : un projet, une réponse, une décision, un encaissement."""
    chloe.va("/suites/a-reclamer/").lit(numero)
    chloe.va(f"/suites/{numero}/").suit("Demander un reversement")
    ecrire(chloe, {"Motif": "Le coût réel est de 85 % du prévu."})
    presser(chloe, "Envoyer le projet de reversement", lu=euros(1200))
    amina.va(f"/suites/{numero}/").suit(re.compile("^Répondre avant le"))
    ecrire(amina, {"Vos observations": "Nous rendrons la somme en une fois."})
    presser(amina, "Envoyer mes observations", lu="Vos observations sont envoyées")
    chloe.va(f"/suites/{numero}/").lit("Nous rendrons la somme en une fois.")
    chloe.suit("Décider le reversement")
    ecrire(chloe, {"Motif": "Trop-perçu confirmé par le porteur."})
    presser(chloe, "Décider le reversement", lu="La décision est prise")
    chloe.suit("Constater l'encaissement")
    ecrire(chloe, {"Date de l'encaissement": gestes.jour(), "Référence": "TITRE-9"})
    presser(chloe, "Constater l'encaissement", lu="La somme est rendue")
    amina.va(f"/suites/{numero}/").lit("Somme rendue")
