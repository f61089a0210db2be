"""Ce que les essais posent d'abord : le vrai pack, un appel publié, la distribution, un organisme.

De simples fonctions : chacune rend ce qu'elle a créé, et le retrouve si on la rappelle dans le même essai.
Les personnes sont fictives, leurs adresses finissent en `.example`.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client

from ensemblier.appels import actes as actes_appels
from ensemblier.appels.models import Appel
from ensemblier.comptes import actes as actes_comptes
from ensemblier.comptes.droits import acteur_de, systeme
from ensemblier.comptes.models import Habilitation, Organisme, Rattachement, Utilisateur
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ouvrir
from ensemblier.territoires.actes import charger
from ensemblier.territoires.models import Territoire

PARIS = ZoneInfo("Europe/Paris")
PACK = settings.PACKS / "lens-lievin"
OUVERTURE = datetime(2025, 1, 2, 9, 0, tzinfo=PARIS)
MOT_DE_PASSE = "quatre mots sans rapport"
SIREN_DES_JARDINS, SIREN_DU_CLUB = "902100007", "902100015"
IBAN = "FR1420041010050500013M02606"


def instant(texte: str) -> datetime:
    """« 2025-05-20 10:00 », à l'heure de Paris."""
    return datetime.fromisoformat(texte).replace(tzinfo=PARIS)


@cache
def pack_du_territoire() -> packs.Territoire:
    return packs.lire_territoire(PACK)


@cache
def pack_de_l_appel(code: str) -> packs.Appel:
    return packs.lire_appel(PACK / "appels" / f"{code}.toml", pack_du_territoire())


def territoire() -> Territoire:
    """Le territoire du pack, qui répond à tout nom d'hôte."""
    connu = Territoire.objects.filter(code=pack_du_territoire().code).first()
    return connu or charger(pack_du_territoire(), le=OUVERTURE, hote="")


def appel(code: str = "ami-2025", *, le: datetime = OUVERTURE) -> Appel:
    """L'appel du pack, publié."""
    lieu = territoire()
    connu = Appel.objects.filter(territoire=lieu, code=code).first()
    if connu:
        return connu
    par = acteur("irene")
    nouveau = actes_appels.creer(pack_de_l_appel(code), territoire=lieu, par=par, le=le)
    actes_appels.publier(nouveau, par=par, roles={Role.RESPONSABLE}, le=le)
    return nouveau


_AGENTS = {
    "benoit": ("Benoît", "Marchal", "instructeur", "Chargé de mission politique de la ville", "", ""),
    "irene": ("Irène", "Vasseur", "responsable", "Responsable du développement social", "", ""),
    "chloe": ("Chloé", "Fontaine", "agent_financeur", "Déléguée du préfet", "ETAT", ""),
    "remi": ("Rémi", "Dubois", "agent_financeur", "Chargé d'aides, Région", "REGION", ""),
    "denise": ("Denise", "Lefort", "agent_financeur", "Chargée d'aides, Département", "DEPARTEMENT", ""),
    "farid": ("Farid", "Benali", "referent_communal", "Référent politique de la ville", "", "LENS"),
    "elise": ("Élise", "Carpentier", "jury", "Vice-présidente", "", ""),
    "fatou_finances": ("Fatou", "Diallo", "finances", "Gestionnaire, finances", "", ""),
    "gerard_certifie": ("Gérard", "Petit", "finances", "Responsable, finances", "", ""),
    "odile": ("Odile", "Renard", "auditeur", "Auditrice", "", ""),
}
_PORTEURS = {
    "amina": ("Amina", "Haddad", "signataire", "Présidente", "jardins"),
    "lucas": ("Lucas", "Morel", "redacteur", "Trésorier", "jardins"),
    "david": ("David", "Lambert", "signataire", "Président", "club"),
}
_ORGANISMES = {
    "jardins": {
        "nom": "Les Jardins de la fosse 12",
        "sigle": "JF12",
        "type": "association",
        "siren": SIREN_DES_JARDINS,
        "rna": "W624001234",
        "adresse": "12 rue des Exemples",
        "code_postal": "62300",
        "commune": "Lens",
        "code_insee": "62498",
        "courriel": "contact@jardins12.example",
        "representant_nom": "Amina Haddad",
        "representant_fonction": "Présidente",
    },
    "club": {
        "nom": "Club des Amis du terril",
        "type": "association",
        "siren": SIREN_DU_CLUB,
        "rna": "W624005678",
        "code_postal": "62800",
        "commune": "Liévin",
        "code_insee": "62510",
        "representant_nom": "David Lambert",
        "representant_fonction": "Président",
    },
    "ville_de_wingles": {
        "nom": "Ville de Wingles",
        "type": "commune",
        "siren": "216208959",
        "commune": "Wingles",
    },
}


def personne(nom: str) -> Utilisateur:
    """Quelqu'un de la distribution, avec son rôle : amina, lucas, david, benoit, chloe, farid, elise…"""
    courriel = f"{nom.replace('_', '.')}@maison.example"
    connue = Utilisateur.objects.filter(courriel=courriel).first()
    if connue:
        return connue
    lieu = territoire()
    prenom, famille, qualite, fonction, *perimetre = _AGENTS.get(nom) or _PORTEURS[nom]
    utilisateur = actes_comptes.creer_compte(
        courriel=courriel, mot_de_passe=MOT_DE_PASSE, prenom=prenom, nom=famille
    )
    if nom in _PORTEURS:
        Rattachement.objects.create(
            utilisateur=utilisateur, organisme=organisme(perimetre[0]), qualite=qualite, fonction=fonction
        )
        return utilisateur
    financeur, commune = perimetre
    ouvrir(
        Habilitation(
            utilisateur=utilisateur,
            territoire=lieu,
            qualite=qualite,
            fonction=fonction,
            financeur=lieu.financeurs.get(code=financeur) if financeur else None,
            commune=lieu.communes.get(code=commune) if commune else None,
        ),
        par=systeme(lieu.code), le=OUVERTURE, libelle="Habilitation donnée", public=False,
    )  # fmt: skip
    return utilisateur


def acteur(nom: str, *, le: date | None = None) -> Acteur:
    """L'acteur de cette personne, avec ses droits au jour `le` (2025-05-20 à défaut)."""
    return acteur_de(personne(nom), territoire(), le=le or date(2025, 5, 20))


def organisme(code: str = "jardins") -> Organisme:
    """« jardins » (celui d'Amina), « club » (celui de David), « ville_de_wingles »."""
    champs = _ORGANISMES[code]
    connu = Organisme.objects.filter(siren=champs["siren"]).first()
    if connu:
        return connu
    nouveau = Organisme(**champs)
    ouvrir(nouveau, par=systeme(territoire().code), le=OUVERTURE, libelle="Organisme créé")
    return nouveau


def client(qui: str | Utilisateur | None = None) -> Client:
    """Un navigateur, connecté si une personne est dite."""
    territoire()
    navigateur = Client()
    if qui is not None:
        navigateur.force_login(personne(qui) if isinstance(qui, str) else qui)
    return navigateur


def courriel_verifie(utilisateur: Utilisateur) -> bool:
    return EmailAddress.objects.filter(user=utilisateur, verified=True).exists()
