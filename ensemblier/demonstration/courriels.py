"""La galerie des courriels : chaque courriel de la maison, avec des données fictives, sans rien envoyer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from ensemblier.comptes.models import Genre
from ensemblier.interface import lettres

_VILLE = SimpleNamespace(
    service="Développement social", courriel="service@lens-lievin.example", telephone="+33199001234",
    epci="Communauté d'agglomération de Lens-Liévin", adresse="", nom="Développement social",
)  # fmt: skip
_JARDINS = SimpleNamespace(nom="Les Jardins de la fosse 12", cle="902100015")
_DOSSIER = SimpleNamespace(
    numero="25-0041", intitule="Cuisine partagée au pied des immeubles de la Grande Résidence",
    organisme=_JARDINS, territoire=_VILLE,
    appel=SimpleNamespace(titre="AMI Cohésion sociale 2025", titre_court="AMI 2025"),
)  # fmt: skip
_DEMANDE = SimpleNamespace(
    dossier=_DOSSIER, financeur=SimpleNamespace(nom="Communauté d'agglomération de Lens-Liévin")
)
_MESSAGE = SimpleNamespace(auteur_nom="Benoît Marchal", auteur_fonction="chargé de mission")
_MOTIF = (
    "Le compte 64 (personnel) ne correspond pas aux fiches de paie.\nReprenez-le, puis renvoyez le bilan."
)
_ACCUSE = SimpleNamespace(
    numero="25-0041", intitule=_DOSSIER.intitule, organisme=_JARDINS.nom, appel=_DOSSIER.appel.titre,
    recu="mardi 20 mai 2025, 21 h 04", signataire="Amina Haddad, présidente",
    decision_prevue="septembre 2025",
    rejet="dimanche 20 juillet 2025", recours="Un refus se conteste dans les deux mois, d'abord au service.",
    financeurs_saisis=[
        SimpleNamespace(financeur="Agglomération", dispositif="Cohésion sociale", demande=Decimal("9000")),
        SimpleNamespace(financeur="Département", dispositif="Politique de la ville", demande=Decimal("4000")),
    ],
    manquantes=["Relevé d'identité bancaire"],
    ailleurs=[SimpleNamespace(ou="Dauphin", quoi="déposer la demande à l'État", reference="")],
    empreinte="9f2c" * 16, service=_VILLE,
)  # fmt: skip
_RIB = SimpleNamespace(iban_fin="189", ajoute_par="Amina Haddad")


@dataclass(frozen=True, slots=True)
class Exemple:
    """Un courriel à regarder : son sujet, son gabarit, ce qu'il raconte."""

    code: str
    genre: Genre
    sujet: str
    gabarit: str
    contexte: dict[str, Any]

    def html(self) -> str:
        maison = settings.ADRESSE_PUBLIQUE
        quitter = "" if self.genre.est_oblige else f"{maison}/courriels/desabonnement/exemple/"
        contexte = {
            "adresse_publique": maison, "desabonnement": quitter, **self.contexte,
        }  # fmt: skip
        return lettres.habiller(render_to_string(f"{self.gabarit}.html", contexte))

    def texte(self) -> str:
        return lettres.en_texte(self.html())


def _de(genre: Genre, code: str, sujet: str, gabarit: str, **contexte: Any) -> Exemple:
    return Exemple(code, genre, sujet, gabarit, {"dossier": _DOSSIER, "demande": _DEMANDE} | contexte)


def _compte(code: str, sujet: str, nom: str) -> Exemple:
    contexte = {
        "activate_url": "https://exemple.example/inscription/confirmer/MQ:1uF/",
        "password_reset_url": "https://exemple.example/mot-de-passe/nouveau/1-ck2/",
        "signup_url": "https://exemple.example/inscription/", "email": "amina@jardins12.example",
    }  # fmt: skip
    return Exemple(code, Genre.COMPTE, sujet, f"account/email/{nom}_message", contexte)


def _nouvelles() -> list[dict[str, str]]:
    adresse = f"{settings.ADRESSE_PUBLIQUE}/instruction/25-0041/messages/"
    return [
        {
            "sujet": f"{numero} · Le porteur a écrit au service", "mot": "Lire le message et répondre",
            "phrase": f"{qui} a écrit au service au sujet du dossier {numero}.", "adresse": adresse,
        }
        for numero, qui in (("25-0041", _JARDINS.nom), ("25-0052", "Club de la Grande Résidence"))
    ]  # fmt: skip


def _des_co_porteurs(d: str, echeance: date) -> tuple[Exemple, ...]:
    """La question à l'organisme nommé, ses deux réponses, son retrait."""
    base = {
        "nom": "Club de la Grande Résidence", "role": "Anime les ateliers du mercredi, prête la salle.",
        "ajoute_par": "Amina Haddad, présidente", "repondu_le": date(2025, 5, 14),
        "repondu_par": "David Lambert, président",
    }  # fmt: skip
    nomme, oui = SimpleNamespace(**base), SimpleNamespace(**base, confirme=True)
    non = SimpleNamespace(**base, confirme=False, motif="Notre salle est en travaux jusqu'en décembre.")
    lien, genre = SimpleNamespace(jusqu_au=echeance), Genre.CONFIRMATION
    question, reponse = "25-0041 · Portez-vous cette action ?", f"{d}/co_porteur_repond"
    return (
        _de(genre, "co-porteur", question, f"{d}/co_porteur", co_porteur=nomme, lien=lien, jeton="exemple"),
        _de(genre, "co-porteur-connu", question, f"{d}/co_porteur", co_porteur=nomme, lien=lien, jeton=""),
        _de(genre, "co-porteur-confirme", "25-0041 · Votre co-porteur confirme", reponse, co_porteur=oui),
        _de(genre, "co-porteur-decline", "25-0041 · Votre co-porteur décline", reponse, co_porteur=non),
        _de(
            genre, "co-porteur-retire", "25-0041 · Vous n'êtes plus co-porteur", f"{d}/co_porteur_retire",
            co_porteur=nomme,
        ),
    )  # fmt: skip


def _des_seances() -> tuple[Exemple, ...]:
    """Une convocation, son changement, son ordre du jour complété, son annulation."""
    inscrits = [
        SimpleNamespace(rang=1, dossier=_DOSSIER),
        SimpleNamespace(
            rang=2,
            dossier=SimpleNamespace(
                numero="25-0052", intitule="Le mercredi des pères",
                organisme=SimpleNamespace(nom="Club de la Grande Résidence"),
            ),
        ),
    ]  # fmt: skip
    seance = SimpleNamespace(
        pk=1, titre="Jury du 1er juillet", le=datetime(2025, 7, 1, 12, tzinfo=UTC), lieu="Salle du Conseil",
        appel=_DOSSIER.appel, territoire=_VILLE, annulee_car="Le quorum ne peut pas être tenu ce jour-là.",
    )  # fmt: skip
    commun = {
        "dossier": None, "seance": seance, "membre": SimpleNamespace(fonction="membre du jury"), "nombre": 3,
        "hors": 1, "ordre": inscrits, "ajouts": inscrits[1:], "motif": "La salle est prise ce jour-là.",
    }  # fmt: skip
    sujets = {
        "convocation": "Convocation : Jury du 1er juillet",
        "deplacement": "Séance déplacée au 01/07/2025 : Jury du 1er juillet",
        "ordre_du_jour": "Ordre du jour complété : Jury du 1er juillet",
        "annulation": "Séance annulée : Jury du 1er juillet",
    }
    return tuple(
        _de(Genre.SEANCE, f"seance-{n}".replace("_", "-"), sujet, f"programmation/courriels/{n}", **commun)
        for n, sujet in sujets.items()
    )


def exemples() -> tuple[Exemple, ...]:
    """Tous les courriels, chacun dans ses cas."""
    echeance, paye_le = date(2025, 6, 18), date(2025, 11, 12)
    reversement = SimpleNamespace(reponse_avant_le=date(2026, 9, 30))
    c, d, i, s, b = (
        "comptes/courriels", "dossiers/courriels", "instruction/courriels", "conventions/courriels",
        "bilans/courriels",
    )  # fmt: skip
    return (
        _compte("confirmer", "Confirmez votre adresse pour Ensemblier", "email_confirmation_signup"),
        _compte("confirmer-autre", "Confirmez votre adresse pour Ensemblier", "email_confirmation"),
        _compte("deja-un-compte", "Vous avez déjà un compte Ensemblier", "account_already_exists"),
        _compte("mot-de-passe-oublie", "Changer votre mot de passe Ensemblier", "password_reset_key"),
        _compte("mot-de-passe-repris", "Votre mot de passe Ensemblier a changé", "password_reset"),
        _compte("mot-de-passe-change", "Votre mot de passe Ensemblier a changé", "password_changed"),
        _compte("sans-compte", "Aucun compte Ensemblier à cette adresse", "unknown_account"),
        _de(
            Genre.COMPTE, "invitation", f"{_JARDINS.nom} vous invite", f"{c}/invitation", dossier=None,
            organisme=_JARDINS,
            invitation=SimpleNamespace(fonction="trésorier", envoyee_par="Amina Haddad"),
        ),
        _de(
            Genre.RIB, "rib-change", "Le compte bancaire de votre organisme a changé", f"{c}/rib",
            dossier=None, organisme=_JARDINS, rib=_RIB, ancien=SimpleNamespace(iban_fin="606"),
            payable_le=date(2025, 11, 6),
        ),
        _de(
            Genre.RIB, "rib-ajoute", "Un compte bancaire est ajouté à votre organisme", f"{c}/rib",
            dossier=None, organisme=_JARDINS, rib=_RIB, ancien=None,
        ),
        _de(
            Genre.ACCUSE, "accuse", "25-0041 · Votre dossier est déposé", f"{d}/accuse", accuse=_ACCUSE,
            dossier=None,
        ),
        _de(Genre.ACCUSE, "retrait", "25-0041 · Votre dossier est retiré", f"{d}/retrait"),
        _de(
            Genre.CONFIRMATION, "confirmation", "25-0041 · Confirmez-vous ce contact ?", f"{d}/confirmation",
            phrase=f"{_JARDINS.nom} dit avoir contacté la ville de Lens le 18 octobre 2025, par téléphone.",
            jeton="exemple", lien=SimpleNamespace(jusqu_au=echeance),
            referent=SimpleNamespace(fonction="Référent politique de la ville", organisation="Ville de Lens"),
        ),
        _de(
            Genre.COMPTE, "aide", f"{_JARDINS.nom} vous invite à aider sur un dossier"[:60], f"{d}/aide",
            aide=SimpleNamespace(au=echeance, invitee_par="Amina Haddad"),
        ),
        _de(
            Genre.ECHEANCE, "signature", "25-0041 · Votre signature est demandée", f"{d}/signature",
            qui="Karim Delvaux, bénévole, Les Jardins du Onze",
        ),
        *_des_co_porteurs(d, echeance),
        _de(
            Genre.MESSAGE, "message", "25-0041 · Le service vous a écrit", f"{d}/message_au_porteur",
            message=_MESSAGE,
        ),
        _de(
            Genre.TRAVAIL, "message-au-service", "25-0041 · Le porteur a écrit au service",
            f"{d}/message_au_service",
            message=SimpleNamespace(auteur_nom="Amina Haddad", auteur_fonction="présidente"),
        ),
        _de(
            Genre.ECHEANCE, "derogation", "AMI 2025 · Déposez jusqu'au mer. 18 juin 2025", f"{d}/derogation",
            dossier=None, derogation=SimpleNamespace(
                organisme=_JARDINS, appel=SimpleNamespace(titre_court="AMI 2025"), jusqu_au=echeance,
                motif="La plateforme était en panne le soir du 25 mai.",
            ),
        ),
        _de(
            Genre.TRAVAIL, "affectation", "25-0041 · Vous suivez ce dossier", f"{d}/affectation",
            motif="Benoît reprend les dossiers de santé jusqu'à l'été.",
            par=SimpleNamespace(nom="Rose Wattrelot", fonction="responsable du développement social"),
        ),
        _de(
            Genre.CORRECTION, "complements", "25-0041 · Ajoutez : 2 choses, avant le 18 juin 2025",
            f"{i}/complements", noms=["Relevé d'identité bancaire", "Statuts signés"],
            complement=SimpleNamespace(
                echeance=echeance, message="Bonjour,\n\nIl nous manque deux pièces.\nMerci de les joindre."
            ),
        ),
        _de(
            Genre.CORRECTION, "prolongation", "25-0041 · Vous avez jusqu'au mer. 18 juin 2025",
            f"{i}/prolongation", complement=SimpleNamespace(echeance=echeance), avant=date(2025, 6, 4),
            motif="Votre expert-comptable rend vos comptes le 15 juin.",
        ),
        _de(
            Genre.TRAVAIL, "complete", "25-0041 · Le porteur a envoyé ce qui manquait", f"{i}/complete"
        ),
        *(
            _de(
                Genre.TRAVAIL, code, f"25-0041 · {sujet} attendu avant le 18 juin 2025", f"{i}/avis_demande",
                est_en_retard=en_retard,
                demande_d_avis=SimpleNamespace(
                    echeance=echeance, financeur=SimpleNamespace(nom="Ville de Lens", code="LENS")
                ),
            )
            for code, sujet, en_retard in (
                ("avis-demande", "Avis", False), ("avis-en-retard", "Rappel : avis", True),
            )
        ),
        _de(
            Genre.MENTION, "mention", "25-0041 · Un collègue vous écrit", f"{i}/mention",
            echange=SimpleNamespace(auteur_nom="Benoît Caudrelier", auteur_fonction="chargé de mission"),
        ),
        _de(
            Genre.DECISION, "irrecevable", "25-0041 · Votre dossier ne peut pas être examiné",
            f"{i}/irrecevable", motif="L'action se passe hors des quartiers du contrat de ville.",
        ),
        _de(
            Genre.DECISION, "accord", "25-0041 · Aide accordée, votre lettre", f"{s}/decision",
            est_accord=True, avec_convention=True,
        ),
        _de(
            Genre.DECISION, "refus", "25-0041 · Décision sur votre demande", f"{s}/decision",
            est_accord=False, avec_convention=False,
        ),
        _de(Genre.SUITE, "signee", "25-0041 · Convention signée des deux parties", f"{s}/signee"),
        _de(
            Genre.DECISION, "avenant", "25-0041 · Le montant de votre aide change, votre lettre",
            f"{s}/avenant", avenant=SimpleNamespace(projet_id=1),
        ),
        _de(Genre.SUITE, "avenant-signe", "25-0041 · Avenant signé des deux parties", f"{s}/avenant_signe"),
        _de(
            Genre.DECISION, "renoncement", "25-0041 · L'aide peut baisser", "dossiers/courriels/renoncement",
            par_un_agent=True, renoncement=SimpleNamespace(
                montant=Decimal("7000.00"), motif="Un autre financement est trouvé.",
                demande=SimpleNamespace(vote=Decimal("9000.00"), financeur=SimpleNamespace(nom="CALL")),
            ),
        ),
        _de(
            Genre.SUITE, "paiement", "25-0041 · Un versement est fait", f"{s}/paiement",
            versement=SimpleNamespace(paye_le=paye_le),
        ),
        _de(
            Genre.ECHEANCE, "bilan-a-rendre", "25-0041 · Bilan à rendre avant le 30/06/2026", f"{b}/rappel",
            bilan=SimpleNamespace(echeance=date(2026, 6, 30)), jours=15,
        ),
        _de(
            Genre.ECHEANCE, "bilan-en-retard", "25-0041 · Bilan en retard depuis le 30/06/2026",
            f"{b}/rappel", bilan=SimpleNamespace(echeance=date(2026, 6, 30)), jours=-1,
        ),
        _de(
            Genre.CORRECTION, "bilan-a-corriger", "25-0041 · Votre bilan est à corriger", f"{b}/a_corriger",
            motif=_MOTIF,
        ),
        _de(Genre.SUITE, "bilan-accepte", "25-0041 · Votre bilan est accepté", f"{b}/valide"),
        _de(
            Genre.DECISION, "somme-a-rendre", "25-0041 · Somme à rendre : répondez avant le 30/09/2026",
            f"{b}/reversement", etape="projet", reversement=reversement,
        ),
        _de(
            Genre.DECISION, "reversement", "25-0041 · Décision de reversement", f"{b}/reversement",
            etape="decision", reversement=reversement,
        ),
        *_des_seances(),
        Exemple(
            "recapitulatif", Genre.RECAPITULATIF, "Ensemblier · 2 nouvelles (récapitulatif du 04/11/2025)",
            "espaces/courriels/recapitulatif", {"nouvelles": _nouvelles()},
        ),
    )  # fmt: skip
