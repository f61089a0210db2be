"""Les gestes d'une personne devant la maison : par les mots qu'elle lit, jamais par un identifiant caché.

Les petits gestes (écrire, cocher, joindre) d'abord, puis ceux du métier, du dossier commencé au solde payé.
Chacun attend la page qu'il ouvre et y lit la réponse : un récit qui casse dit à quel geste.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Download, Locator, expect

from ensemblier.demonstration.organismes import feuille_blanche
from tests.parcours.conftest import Personne, Serveur


def euros(entier: int, centimes: int = 0) -> re.Pattern:
    """Un montant tel qu'il se lit, quelles que soient ses espaces : « 13 000,00 € » ou « 13 000 € »."""
    chiffres = r"\s".join(f"{entier:,}".split(","))
    fin = rf",{centimes:02d}" if centimes else r"(,00)?"
    return re.compile(rf"(?<![\d,]){chiffres}{fin}\s€")


def jour(ecart: int = 0) -> str:
    """Ce jour à Paris, ou à quelques jours de là, comme on l'écrit dans une boîte."""
    return (datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=ecart)).strftime("%d/%m/%Y")


# ------------------------------------------------------------------ Les petits gestes


def titre(qui: Personne, mots: str | re.Pattern) -> Personne:
    """La page ouverte porte ce titre ; axe y passe si elle est nouvelle."""
    expect(qui.page.get_by_role("heading", level=1)).to_contain_text(mots)
    return qui.regarde()


def boite(qui: Personne, nom: str, dans: Locator | None = None) -> Locator:
    """La boîte que ce libellé nomme ; « facultatif » et l'étoile n'en font pas partie."""
    debut = re.compile(r"^\s*" + re.escape(nom).replace(r"\ ", r"\s"), re.IGNORECASE)
    saisies = qui.page.locator("input, textarea, select")
    return (dans or qui.page).get_by_label(debut).and_(saisies).first


def ecrire(qui: Personne, reponses: dict[str, str], dans: Locator | None = None) -> Personne:
    for nom, valeur in reponses.items():
        boite(qui, nom, dans).fill(valeur)
    return qui


def cocher(qui: Personne, *noms: str, dans: Locator | None = None) -> Personne:
    for nom in noms:
        boite(qui, nom, dans).check()
    return qui


def repondre_non(qui: Personne, *questions: str) -> Personne:
    for question in questions:
        qui.page.get_by_role("group", name=re.compile(question)).get_by_label("Non", exact=True).check()
    return qui


def deplier(qui: Personne, mots: str, dans: Locator | None = None) -> Personne:
    (dans or qui.page).locator("summary", has_text=mots).first.click()
    return qui


def presser(
    qui: Personne, bouton: str, *, dans: Locator | None = None, lu: str | re.Pattern = ""
) -> Personne:
    """Presse un bouton par son nom, attend la page suivante, et y lit la réponse."""
    (dans or qui.page).get_by_role("button", name=bouton).first.click()
    qui.page.wait_for_load_state()
    if lu:
        qui.lit(lu)
    return qui.regarde()


def ligne(qui: Personne, mots: str | re.Pattern) -> Locator:
    """La ligne d'un tableau où ces mots se lisent."""
    return qui.page.get_by_role("row").filter(has_text=mots).first


def panneau(qui: Personne, nom: str) -> Locator:
    """Une partie de la page, par le début de son titre."""
    return qui.page.get_by_role("region", name=re.compile(rf"^{re.escape(nom)}")).first


def feuille(dossier: Path, nom: str) -> Path:
    """Un vrai petit PDF, écrit pour l'essai."""
    chemin = dossier / f"{nom}.pdf"
    chemin.write_bytes(feuille_blanche(f"{nom} (fictif)"))
    return chemin


def joindre(qui: Personne, libelle: str, chemin: Path) -> Personne:
    boite(qui, libelle).set_input_files(chemin)
    return qui


def telecharger(qui: Personne, lien: str) -> bytes:
    """Le document derrière ce lien ; un PDF se reconnaît à ses premiers octets."""
    with qui.page.expect_download() as attendu:
        qui.page.get_by_role("link", name=lien).first.click()
    recu: Download = attendu.value
    octets = Path(recu.path()).read_bytes()
    assert octets.startswith(b"%PDF-"), f"« {lien} » ne rend pas un PDF : {octets[:20]!r}"
    return octets


@dataclass
class Lettre:
    """Un courriel du dossier local, tel qu'il se lit."""

    objet: str
    corps: str


def lettres(serveur: Serveur, a: str) -> list[Lettre]:
    """Les courriels déjà partis à cette adresse, du plus récent au plus ancien."""
    lues = []
    for brut in serveur.courriels():
        for morceau in re.split(r"^-{70,}$", brut, flags=re.MULTILINE):
            message = message_from_bytes(morceau.lstrip().encode(), policy=policy.default)
            if a in str(message["To"]):
                corps = message.get_body(preferencelist=("plain",))
                lues.append(Lettre(str(message["Subject"]), corps.get_content() if corps else ""))
    return lues[::-1]


def recue(serveur: Serveur, a: str, mots: str) -> Lettre:
    """La lettre reçue à cette adresse où ces mots se lisent ; le rythme ne passe que si elle manque.

    Deux fois s'il le faut : un passage envoie 200 courriels au plus, et la démonstration en a écrit autant.
    """
    for passer in (lambda: None, serveur.rythme, serveur.rythme):
        passer()
        for lettre in lettres(serveur, a):
            if mots in f"{lettre.objet}\n{lettre.corps}":
                return lettre
    objets = [lettre.objet for lettre in lettres(serveur, a)]
    raise AssertionError(f"Aucun courriel à {a} ne dit « {mots} » : {objets}")


# ------------------------------------------------------------------ Les pannes


def enregistre(qui: Personne) -> Personne:
    """Tout ce qui est écrit est confirmé : « Enregistré à 21 h 04 »."""
    expect(qui.page.locator("#etat-saisie")).to_contain_text(re.compile(r"Enregistré à \d"))
    return qui


def relu(qui: Personne, reponses: dict[str, str]) -> Personne:
    for nom, valeur in reponses.items():
        lue = re.compile(f"^{re.escape(valeur)}$".replace(r"\ ", r"\s"))
        expect(boite(qui, nom)).to_have_value(lue)
    return qui


def onglet_ferme(qui: Personne, reponses: dict[str, str]) -> None:
    ecrire(qui, reponses)
    _quitter_la_question(qui)
    enregistre(qui).perd_l_onglet()
    relu(qui, reponses)


def reseau_coupe(qui: Personne, reponses: dict[str, str]) -> None:
    qui.contexte.set_offline(True)
    ecrire(qui, reponses)
    _quitter_la_question(qui)
    expect(qui.page.locator("#etat-saisie")).to_contain_text("le réseau manque")
    qui.contexte.set_offline(False)
    _relire_apres_panne(qui, reponses)


def serveur_tue(qui: Personne, reponses: dict[str, str]) -> None:
    qui.serveur.tuer()
    ecrire(qui, reponses)
    _quitter_la_question(qui)
    expect(qui.page.locator("#etat-saisie")).to_contain_text("Non enregistré")
    qui.serveur.lancer()
    qui.page.evaluate("dispatchEvent(new Event('online'))")
    _relire_apres_panne(qui, reponses)


def session_perdue(qui: Personne, reponses: dict[str, str], compte: dict[str, str]) -> None:
    qui.contexte.clear_cookies()
    ecrire(qui, reponses)
    _quitter_la_question(qui)
    dialogue = qui.page.locator("dialog[open]")
    dialogue.locator("[name=login]").fill(compte["courriel"])
    dialogue.locator("[name=password]").fill(compte["mot_de_passe"])
    dialogue.get_by_role("button", name="Se reconnecter").click()
    _relire_apres_panne(qui, reponses)


def _quitter_la_question(qui: Personne) -> None:
    qui.page.evaluate("document.activeElement.blur()")


def _relire_apres_panne(qui: Personne, reponses: dict[str, str]) -> None:
    enregistre(qui).page.reload()
    relu(qui, reponses)
    qui.oublie(r"ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|htmx:|\b40[13]\b")


# ------------------------------------------------------------------ Le porteur


def commencer(qui: Personne, appel: str, organisme: str) -> str:
    """De la page publique de l'appel au dossier vide ; rend son numéro."""
    qui.va("/appels/").suit(appel)
    titre(qui, appel)
    qui.lit("Les règles, et d'où elles viennent")
    qui.suit("Lien vers cette règle")
    titre(qui, "Règles et sources")
    qui.page.go_back()
    qui.suit("Préparer mon dossier")
    titre(qui, "Nouveau dossier")
    cocher(qui, organisme)
    presser(qui, "Commencer le dossier")
    titre(qui, "étape 2 sur 6")
    trouve = re.search(r"/dossiers/([^/]+)/", qui.page.url)
    assert trouve, qui.page.url
    return trouve.group(1)


def continuer(qui: Personne, etape: str) -> Personne:
    presser(qui, "Continuer")
    return titre(qui, etape)


def choisir_le_quartier(qui: Personne, commune: str, quartier: str) -> Personne:
    """Un quartier se choisit sous sa commune."""
    page = qui.page
    groupe = (
        page.locator("details")
        .filter(has=page.locator("summary", has_text=re.compile(rf"^\s*{re.escape(commune)}\s*(\d|hors)")))
        .first
    )
    if groupe.get_attribute("open") is None:
        groupe.locator("summary").click()
    return cocher(qui, quartier, dans=groupe)


def joindre_les_pieces(qui: Personne, numero: str, dossier: Path, *, sauf: str = "") -> Personne:
    """Chaque pièce qui manque : son lien, un vrai PDF, le retour ; `sauf` en laisse une de côté."""
    qui.va(f"/dossiers/{numero}/pieces/")
    manquantes = qui.page.get_by_role("link", name=re.compile(r"^\s*Ajouter\s*:"))
    # Au clic, « Ajouter » ouvre le choix sur place ; ici, sa page, comme au clavier et sans JavaScript.
    pages = [
        (lien.inner_text().split(":", 1)[1].strip(), lien.get_attribute("href")) for lien in manquantes.all()
    ]
    for nom, adresse in pages:
        if nom != sauf:
            qui.va(adresse)
            joindre(qui, "Fichier", feuille(dossier, "piece"))
            presser(qui, "Ajouter la pièce", lu="C'est fait")
    return qui


def deposer(qui: Personne, numero: str) -> Personne:
    """Relire, attester, déposer : l'accusé s'ouvre."""
    qui.va(f"/dossiers/{numero}/relecture/").lit("Rien ne bloque le dépôt")
    for case in qui.page.get_by_role("checkbox").all():
        case.check()
    presser(qui, "Déposer le dossier", lu=f"Votre dossier {numero} est déposé")
    return titre(qui, "Accusé de réception")


def rendre_compte(
    qui: Personne, numero: str, *, reponses: dict[str, str], depenses: dict[str, str]
) -> Personne:
    """Le bilan : l'action faite, les personnes, les dépenses, le récit."""
    qui.va(f"/suites/{numero}/bilan/")
    cocher(qui, "Réalisée")
    ecrire(qui, reponses)
    return ecrire(qui, {f"{compte}, réalisé": montant for compte, montant in depenses.items()})


# ------------------------------------------------------------------ Le service


def valider_les_pieces(qui: Personne, numero: str) -> Personne:
    """Valide chaque pièce reçue, l'une après l'autre."""
    qui.va(f"/instruction/{numero}/completude/")
    restantes = qui.page.get_by_role("button", name=re.compile("^Valider"))
    while combien := restantes.count():
        restantes.first.click()
        expect(restantes).to_have_count(combien - 1)
    return qui


def rendre_l_avis(
    qui: Personne, numero: str, financeur: str, *, sens: str, motif: str, montant: str = ""
) -> Personne:
    """L'avis d'un financeur, et le montant qu'il propose."""
    qui.va(f"/instruction/{numero}/avis/{financeur}/")
    ici = qui.page.locator("form").filter(has=qui.page.get_by_role("button", name="Rendre l'avis"))
    cocher(qui, sens, dans=ici)
    ecrire(qui, {"Pourquoi ?": motif}, ici)
    if montant:
        ecrire(qui, {"Montant proposé": montant}, ici)
    return presser(qui, "Rendre l'avis", dans=ici)


def dossier_a_convoquer(qui: Personne, appel: str, organisme: str) -> str:
    """Le premier dossier recevable d'un organisme que la séance pourrait inscrire."""
    qui.va(f"/programmation/seances/nouvelle/{appel}/")
    nom = qui.page.locator("label", has_text=f" · {organisme} · ").first.inner_text()
    return nom.split(" · ")[0].strip()


def convoquer(
    qui: Personne, appel: str, *, instance: str, nom: str, membres: Iterable[str], dossiers: Iterable[str]
) -> Personne:
    qui.va(f"/programmation/seances/nouvelle/{appel}/")
    boite(qui, "Instance").select_option(label=instance)
    ecrire(qui, {"Titre": nom, "Jour": jour(), "Heure": "14:00", "Lieu": "Salle du Conseil", "Quorum": "1"})
    cocher(qui, *membres, *dossiers)
    presser(qui, "Convoquer la séance", lu="Séance convoquée")
    return titre(qui, nom)


def ouvrir_la_seance(qui: Personne, *presents: str) -> Personne:
    presser(qui, "Ouvrir la séance", lu="Séance ouverte")
    for present in presents:
        presser(qui, f"Noter présent : {present}", lu=f"Noter absent : {present}")
    return qui


def proposer_au_tableau(qui: Personne, appel: str, montants: dict[str, str]) -> Personne:
    """Les montants tapés au clavier dans la grille de programmation ; chacun n'écrit que dans sa colonne."""
    qui.va(f"/programmation/{appel}/")
    for nom, montant in montants.items():
        taper(qui, nom, montant)
        expect(qui.page.locator("#annonce")).to_contain_text("enregistré")
    return qui.regarde()


def taper(qui: Personne, nom: str, montant: str, touche: str = "Enter") -> Locator:
    """Une case de la grille : s'y mettre, taper, valider ; rend sa boîte."""
    expect(qui.page.locator("form[data-grille=prete]")).to_be_attached()
    case = boite(qui, nom)
    case.click()
    qui.page.keyboard.type(montant)
    qui.page.keyboard.press(touche)
    return case


def decider(qui: Personne, decision: str, motif: str = "") -> Personne:
    """Sur la page « Décider » d'un dossier, séance ouverte."""
    cocher(qui, decision)
    ecrire(qui, {"Motif": motif})
    return presser(qui, "Enregistrer la décision")


def deliberer(
    qui: Personne, appel: str, financeur: str, *, acte: str, accords: Iterable[str], refus: dict[str, str]
) -> Personne:
    """L'acte d'une assemblée : un accord ou un refus motivé par dossier, les autres laissés de côté."""
    qui.va(f"/programmation/deliberations/nouvelle/{appel}/{financeur}/")
    ecrire(qui, {"Numéro de l'acte": acte, "Date du vote": jour()})
    for groupe in qui.page.get_by_role("group", name=re.compile("^Décision sur")).all():
        sur = groupe.get_attribute("aria-label") or ""
        numero = sur.removeprefix("Décision sur ")
        if numero in refus:
            groupe.get_by_label("Refus", exact=True).check()
            groupe.get_by_label(f"Motif, {numero}").fill(refus[numero])
        else:
            choix = "Accord de" if numero in accords else "Pas dans cet acte"
            groupe.get_by_label(choix, exact=True).check()
    presser(qui, "Enregistrer l'acte", lu=f"Acte {acte} enregistré")
    return titre(qui, f"Délibération {acte}")


def notifier(qui: Personne, numero: str, financeur: str) -> Personne:
    """La lettre relue, puis envoyée."""
    qui.va(f"/suites/{numero}/")
    panneau(qui, financeur).get_by_role("link", name="Notifier la décision").click()
    qui.page.wait_for_load_state()
    qui.regarde()
    return presser(qui, "Notifier cette décision", lu="La lettre est partie")


def signer(qui: Personne, numero: str, financeur: str, dossier: Path) -> Personne:
    """La convention téléchargée, signée, déposée ; le porteur d'abord, le financeur ensuite."""
    qui.va(f"/suites/{numero}/")
    panneau(qui, financeur).get_by_role("link", name=re.compile("igner la convention$")).click()
    titre(qui, "Signer la convention")
    telecharger(qui, "Télécharger la convention à signer")
    joindre(qui, "Convention signée", feuille(dossier, "convention-signee"))
    return presser(qui, "Déposer la convention signée", lu="L'exemplaire signé est déposé")


def constater_le_paiement(qui: Personne, reference: str) -> Personne:
    ecrire(qui, {"Date du paiement": jour(), "Référence": reference})
    return presser(qui, "Constater le paiement", lu="Le paiement est constaté")


def payer_a_deux(
    prepare: Personne, certifie: Personne, numero: str, montant: re.Pattern, reference: str
) -> Personne:
    """L'une prépare et ne peut pas certifier ; l'autre certifie, puis constate le paiement."""
    prepare.va("/suites/a-payer/").lit(numero)
    prepare.va(f"/suites/{numero}/").clique(re.compile(f"Préparer {montant.pattern}"))
    prepare.lit("une autre personne doit le certifier")
    certifie.va(f"/suites/{numero}/").suit(re.compile(f"Certifier {montant.pattern}"))
    titre(certifie, "Certifier un versement").lit("Contrôlé")
    certifie.clique(re.compile(f"Certifier {montant.pattern}"))
    certifie.suit(re.compile(f"Constater le paiement de {montant.pattern}"))
    return constater_le_paiement(certifie, reference)
