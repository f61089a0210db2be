"""Ce que les essais posent d'abord : le vrai pack, un appel publié, la distribution, un organisme.

De simples fonctions : chacune rend ce qu'elle a créé, et le retrouve si on la rappelle dans le même essai.
Les personnes sont fictives, leurs adresses finissent en `.example`.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime
from functools import cache
from io import BytesIO
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pikepdf
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from django.test import Client

from ensemblier.appels import actes as actes_appels
from ensemblier.appels.models import Appel
from ensemblier.comptes import actes as actes_comptes
from ensemblier.comptes.droits import acteur_de, systeme
from ensemblier.comptes.models import Habilitation, Organisme, Rattachement, Utilisateur
from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.attestations import a_donner
from ensemblier.dossiers.droits import roles as roles_sur_dossier
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction import actes as actes_instruction
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.regles import Fiche
from ensemblier.registre.actes import ouvrir
from ensemblier.territoires.actes import charger
from ensemblier.territoires.models import Financeur, Territoire
from tests.instantanes import recopiee

PARIS = ZoneInfo("Europe/Paris")
PACK = settings.PACKS / "lens-lievin"
OUVERTURE = datetime(2025, 1, 2, 9, 0, tzinfo=PARIS)
MOT_DE_PASSE = "quatre mots sans rapport"
SIREN_DES_JARDINS, SIREN_DU_CLUB = "902100007", "902100015"
APPELS = (("ami-2025",), ("aap-2026",))
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


def sans_territoire() -> None:
    """Une base neuve, avant toute installation."""
    Financeur.objects.all().delete()
    Territoire.objects.all().delete()


@recopiee(*APPELS)
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
    "salome": ("Salomé", "Roussel", "instructeur", "Chargée de mission politique de la ville", "", ""),
    "irene": ("Irène", "Vasseur", "responsable", "Responsable du développement social", "", ""),
    "chloe": ("Chloé", "Fontaine", "agent_financeur", "Déléguée du préfet", "ETAT", ""),
    "remi": ("Rémi", "Dubois", "agent_financeur", "Chargé d'aides, Région", "REGION", ""),
    "denise": ("Denise", "Lefort", "agent_financeur", "Chargée d'aides, Département", "DEPARTEMENT", ""),
    "yasmine": (
        "Yasmine",
        "Cordier",
        "agent_financeur",
        "Chargée des subventions, ville",
        "LOOS-EN-GOHELLE",
        "",
    ),
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


def habiliter(nom: str, qualite: str, fonction: str, *, du: date | None = None, au: date | None = None):
    """Une habilitation de plus à quelqu'un de la distribution ; rend la personne."""
    qui = personne(nom)
    ouvrir(
        Habilitation(
            utilisateur=qui, territoire=territoire(), qualite=qualite, fonction=fonction, du=du, au=au
        ),
        par=systeme(territoire().code), le=OUVERTURE, libelle="Habilitation donnée", public=False,
    )  # fmt: skip
    return qui


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


def contenu(reponse: HttpResponseBase) -> bytes:
    """Le corps, lu jusqu'au bout puis fermé, comme le fait le navigateur d'essai.

    `reponse.close()` seul annonce la fin d'une requête, et Django ferme alors la liaison à la base, avec la
    transaction de l'essai : sans effet sur SQLite en mémoire, fatal sur PostgreSQL.
    """
    corps = reponse.getvalue()
    request_finished.disconnect(close_old_connections)
    reponse.close()
    request_finished.connect(close_old_connections)
    return corps


def courriel_verifie(utilisateur: Utilisateur) -> bool:
    return EmailAddress.objects.filter(user=utilisateur, verified=True).exists()


FICHES: dict[str, dict[str, Any]] = {
    "ami-2025": {
        "action": {
            "intitule": "Ateliers cuisine du quartier",
            "pilier": "agir",
            "thematiques": ["alimentation", "sante"],
            "mobilisation_qpv": "Porte-à-porte, affiches chez les commerçants, relais du centre social.",
            "quartiers": [{"code": "QN06224M", "communes": ["LENS"]}],
        },
        "publics": {"total": 100, "qpv": 60},
        "budget": {
            "charges": {"60": "12000.00", "64": "6000.00"},
            "produits": {"74": {"CALL": "9000.00"}, "autofinancement": "9000.00"},
        },
        "demande": {"CALL": "9000.00"},
    },
    "aap-2026": {
        "action": {
            "intitule": "Vers l'emploi des séniors",
            "pilier": "agir",
            "thematiques": ["culture"],
            "droit_commun": "France Travail suit les personnes, l'action ajoute la mobilité.",
            "comite_de_suivi": "L'État, la ville de Lens, l'agglomération : deux réunions par an.",
            "numero_dauphin": "DA01234567",
            "quartiers": [{"code": "QN06224M", "communes": ["LENS"]}],
            "contacts_communes": [{"commune": "LENS", "le": "2025-10-02"}],
            "agent_departement": False,
        },
        "publics": {"total": 40, "qpv": 30},
        "budget": {
            "charges": {"60": "8000.00", "64": "12000.00"},
            "produits": {"74": {"CALL": "6000.00", "ETAT": "8000.00", "DEPARTEMENT": "2000.00"},
                         "autofinancement": "4000.00"},
        },
        "demande": {"CALL": "6000.00", "ETAT": "8000.00", "DEPARTEMENT": "2000.00"},
    },
}  # fmt: skip
DEPOTS = {"ami-2025": instant("2025-05-20 10:00"), "aap-2026": instant("2025-10-28 10:00")}


def fiche(code: str = "ami-2025", **chemins: Any) -> Fiche:
    """Une fiche déposable de l'appel ; `action__pilier=None` ôte une réponse, une valeur la remplace."""
    donnees = deepcopy(FICHES[code])
    for chemin, valeur in chemins.items():
        *avant, dernier = chemin.split("__")
        ici = donnees
        for pas in avant:
            ici = ici.setdefault(pas, {})
        if valeur is None:
            ici.pop(dernier, None)
        else:
            ici[dernier] = valeur
    return Fiche.lire(donnees)


def pdf_d_essai(nom: str = "statuts.pdf") -> SimpleUploadedFile:
    """Le plus petit PDF que le contrôle des pièces accepte."""
    return SimpleUploadedFile(nom, _page_blanche(), content_type="application/pdf")


@cache
def _page_blanche() -> bytes:
    tampon = BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(tampon)
    return tampon.getvalue()


@recopiee(*APPELS)
def dossier(
    code: str = "ami-2025",
    *,
    par: str = "amina",
    organisme_de: str = "jardins",
    le: datetime | None = None,
    **chemins: Any,
) -> Dossier:
    """Un brouillon prêt à déposer ; `**chemins` corrige sa fiche (`fiche`)."""  # fmt: skip
    le = le or DEPOTS[code].replace(hour=8)
    return actes_dossiers.creer(
        appel=appel(code), organisme=organisme(organisme_de), par=acteur(par, le=le.date()), le=le,
        fiche=fiche(code, **chemins),
    )  # fmt: skip


def joindre(brouillon: Dossier, *codes: str, par: str = "amina", le: datetime | None = None) -> None:
    """Joint un PDF pour chaque code de pièce."""
    le = le or brouillon.cree_le
    qui = acteur(par, le=le.date())
    for code in codes:
        actes_dossiers.joindre_piece(
            brouillon, code=code, fichier=pdf_d_essai(f"{code}.pdf"), par=qui,
            roles=roles_sur_dossier(qui, brouillon), le=le,
        )  # fmt: skip


def deposer(
    brouillon: Dossier,
    *,
    par: str = "amina",
    le: datetime | None = None,
    cle: str | None = None,
    sans: Any = (),
    attestations: Any = None,
) -> Dossier:
    """Dépose, toutes cases cochées à défaut ; rend le dossier relu."""  # fmt: skip
    le = le or DEPOTS[brouillon.appel.code]
    qui = acteur(par, le=le.date())
    if attestations is None:
        attestations = [d.code for d in a_donner(brouillon.appel.regles(), brouillon.organisme)]
    actes_dossiers.deposer(
        brouillon, cle=cle or uuid4().hex, attestations=attestations, sans=sans, par=qui,
        roles=roles_sur_dossier(qui, brouillon), le=le,
    )  # fmt: skip
    return Dossier.objects.select_related("territoire", "appel", "organisme", "reglement").get(
        pk=brouillon.pk
    )


@recopiee(*APPELS)
def dossier_depose(code: str = "ami-2025", *, le: datetime | None = None, **options: Any) -> Dossier:
    """Un dossier déposé, avec toutes ses pièces."""
    brouillon = dossier(code, **options)
    qui = options.get("par", "amina")
    demandees = brouillon.appel.regles().pieces_pour(brouillon.organisme.type)
    joindre(brouillon, *[p.code for p in demandees if not p.declaration], par=qui)
    return deposer(brouillon, par=qui, le=le)


def dossier_recevable(code: str = "aap-2026", *, le: datetime, **options: Any) -> Dossier:
    """Un dossier déposé, que Benoît a déclaré recevable."""
    depose = dossier_depose(code, **options)
    qui = acteur("benoit")
    actes_instruction.declarer_recevable(depose, par=qui, roles=roles_sur_dossier(qui, depose), le=le)
    return depose
