"""Préparer les composants : de la forme des objets du dessus au contexte des gabarits, sans requête."""

from __future__ import annotations

import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.forms import BaseForm

from . import formats
from .lecture import lire, liste, part, texte

TONS = {
    "neutre": "a-renseigner",
    "encours": "horloge",
    "ok": "respectee",
    "non": "bloque",
    "attention": "attention",
    "verifier": "verifier",
    "sans-objet": "sans-objet",
}

_ETATS = {
    "neutre": "brouillon sollicitee non_sollicitee redaction preparation prevu prevue a_venir",
    "encours": (
        "depose deposee en_instruction instruit instruite propose proposee programme programmee partage "
        "prise_en_charge en_cours ouvert ouverte envoye envoyee a_signer emis"
    ),
    "ok": (
        "complet recevable accorde accordee vote votee notifie notifiee conventionne conventionnee "
        "en_vigueur verse versee acompte_verse solde soldee justifie justifiee valide validee publie publiee "
        "decide signe signee paye payee adopte"
    ),
    "non": "irrecevable refuse refusee non_recevable rejete rejetee ecarte ecartee",
    "attention": (
        "a_completer incomplet bilan_attendu a_corriger suspendu liste_d_attente ajourne en_retard "
        "reversement"
    ),
    "verifier": "a_verifier a_valider bilan_depose",
    "sans-objet": "clos close retire retiree annule annulee sans_objet",
}
_TON_PAR_ETAT = {etat: ton for ton, mots in _ETATS.items() for etat in mots.split()}

STATUTS = {
    "": "",
    "demande": "demandé",
    "propose": "proposé",
    "vote": "voté",
    "paye": "payé",
    "attendu": "attendu",
    "secret": "moins de 5",
    "propre": "fonds propres",
}

FINANCEURS = ("CALL", "ETAT", "REGION", "DEPARTEMENT", "COMMUNES", "CAF")

ALERTES = {
    "information": ("information", "Information"),
    "attention": ("attention", "Attention"),
    "erreur": ("bloque", "Erreur"),
    "reussite": ("respectee", "C'est fait"),
}
_NIVEAUX = {
    "success": "reussite",
    "error": "erreur",
    "warning": "attention",
    "info": "information",
    "debug": "information",
}


def alerte(ton: str) -> dict[str, str]:
    """Rend forme et mot d'une alerte ; accepte aussi les niveaux des messages de Django."""
    ton = _NIVEAUX.get(ton, ton)
    if ton not in ALERTES:
        raise ValueError(f"Ton d'alerte inconnu : « {ton} ». Connus : {', '.join(ALERTES)}.")
    glyphe, mot = ALERTES[ton]
    return {"ton": ton, "glyphe": glyphe, "mot": mot}


def pastille(libelle: str, ton: str) -> dict[str, str]:
    """Rend le mot, le ton et la forme d'un état."""
    if ton not in TONS:
        raise ValueError(f"Ton inconnu : « {ton} ». Connus : {', '.join(TONS)}.")
    return {"libelle": libelle, "ton": ton, "glyphe": TONS[ton]}


def ton_de_l_etat(etat: str) -> str:
    """Rend le ton d'un état nommé ; un état inconnu est neutre : le mot, lui, est toujours écrit."""
    return _TON_PAR_ETAT.get(etat, "neutre")


def montant(valeur: Any, statut: str, rond: bool | None = None) -> dict[str, Any]:
    """Rend le texte d'un montant selon son statut : ronds si demandé, centimes sinon, « — » si rien.

    `rond` : une grille écrit tous ses montants de même, en euros entiers si aucun n'a de centimes.
    """
    if statut not in STATUTS:
        raise ValueError(f"Statut de montant inconnu : « {statut} ».")
    if statut in ("attendu", "secret"):
        return {"texte": STATUTS[statut], "statut": statut, "mot": "", "brique": ""}
    if valeur in (None, ""):
        return {"texte": formats.ABSENT, "statut": "absent", "mot": "non demandé", "brique": ""}
    if rond is None:
        rond = statut in ("demande", "")
    ecrire = formats.euros_ronds if rond else formats.euros
    return {"texte": ecrire(valeur), "statut": statut, "mot": STATUTS[statut], "brique": statut}


def couleur(financeur: str) -> str:
    """Rend la classe de couleur d'un financeur ; au-delà des six : « Autres »."""
    code = financeur.upper().replace("É", "E")
    racines = {"COMMUNE": "COMMUNES", "DEP": "DEPARTEMENT", "REG": "REGION"}
    for racine, connu in racines.items():
        code = connu if code.startswith(racine) else code
    return f"financeur--{code.lower()}" if code in FINANCEURS else "financeur--autres"


def briques(financements: Any, total: Any = None) -> dict[str, Any]:
    """Rend une brique par financement non nul, largeur proportionnelle au montant."""
    lignes = [
        {
            "libelle": texte(f, "libelle") or texte(f, "financeur"),
            "classe": couleur(texte(f, "financeur")),
            **montant(lire(f, "montant"), texte(f, "statut") or "demande"),
            "valeur": formats.decimal(lire(f, "montant", 0)),
        }
        for f in financements
    ]
    somme = formats.decimal(total) if total is not None else sum((x["valeur"] for x in lignes), Decimal(0))
    for ligne in lignes:
        ligne["largeur"] = part(ligne["valeur"], somme)
    return {"lignes": [x for x in lignes if x["valeur"] > 0], "total": somme}


def _date(valeur: Any) -> tuple[str, str]:
    """Rend (texte, attribut datetime) d'une date, d'un instant ou d'un texte libre."""
    if isinstance(valeur, datetime.datetime):
        return formats.echeance(valeur), valeur.isoformat()
    if isinstance(valeur, datetime.date):
        return formats.date_longue(valeur).split(" ", 1)[1], valeur.isoformat()
    return str(valeur or ""), ""


ETATS_DE_JALON = {"fait": "fait", "maintenant": "en ce moment", "a_venir": "à venir", "flou": "date à fixer"}


def frise(jalons: Any, variante: str) -> dict[str, Any]:
    """Rend les segments d'une frise, les faits d'abord repliables, « maintenant » repéré."""
    segments = []
    for jalon in jalons:
        etat = texte(jalon, "etat") or "a_venir"
        if etat not in ETATS_DE_JALON:
            raise ValueError(f"État de jalon inconnu : « {etat} ».")
        libelle_date, attribut = _date(lire(jalon, "date"))
        segments.append(
            {
                "libelle": texte(jalon, "libelle"),
                "etat": etat,
                "mot": ETATS_DE_JALON[etat],
                "date": libelle_date,
                "datetime": attribut,
                "phrase": texte(jalon, "phrase"),
                "legal": bool(lire(jalon, "legal", False)),
            }
        )
    return {"segments": segments, "variante": variante}


_TRANCHES = {
    "a_venir": ("demande", "à venir"),
    "prete": ("propose", "prêt à payer"),
    "payee": ("paye", "payé"),
}


def echeancier(tranches: Any, accorde: Any) -> dict[str, Any]:
    """Rend les tranches, leur brique, leur condition, et la somme écrite."""
    lignes = []
    for tranche in tranches:
        brique, mot = _TRANCHES[texte(tranche, "etat") or "a_venir"]
        libelle_date, attribut = _date(lire(tranche, "date"))
        lignes.append(
            {
                "libelle": texte(tranche, "libelle") or f"Versement {texte(tranche, 'rang')}",
                "montant": formats.euros(lire(tranche, "montant")),
                "valeur": formats.decimal(lire(tranche, "montant", 0)),
                "condition": texte(tranche, "condition"),
                "brique": brique,
                "mot": mot,
                "date": libelle_date,
                "datetime": attribut,
                "constats": liste(tranche, "constats"),
            }
        )
    somme = sum((x["valeur"] for x in lignes), Decimal(0))
    return {"lignes": lignes, "somme": somme, "accorde": accorde}


def _resultat(valeur: Any) -> str:
    """Un montant en euros ; un résultat déjà écrit (« 50 % ») reste tel quel."""
    if isinstance(valeur, str) and not valeur.lstrip("-").replace(".", "", 1).isdecimal():
        return valeur
    return formats.euros(valeur)


def calcul(lignes: Any) -> dict[str, Any]:
    """Rend les lignes d'un calcul ; la dernière est le résultat."""
    lues = []
    for ligne in lignes:
        lues.append(
            {
                "libelle": texte(ligne, "libelle"),
                "calcul": texte(ligne, "calcul"),
                "montant": _resultat(lire(ligne, "montant")),
            }
        )
    return {"lignes": lues[:-1], "resultat": lues[-1] if lues else None}


def jauge(enveloppe: Any) -> dict[str, Any]:
    """Rend les largeurs et les mots d'une enveloppe : voté, proposé, reste ou dépassement."""
    total = formats.decimal(lire(enveloppe, "total", 0))
    vote = formats.decimal(lire(enveloppe, "vote", 0))
    propose = formats.decimal(lire(enveloppe, "propose", 0))
    reste = total - vote - propose
    base = max(total, vote + propose)
    return {
        "libelle": texte(enveloppe, "libelle"),
        "classe": couleur(texte(enveloppe, "financeur") or texte(enveloppe, "libelle")),
        "total": total,
        "vote": vote,
        "propose": propose,
        "reste": reste,
        "depasse": -reste if reste < 0 else None,
        "largeur_vote": part(vote, base),
        "largeur_propose": part(propose, base),
        "filtre": lire(enveloppe, "filtre"),
    }


def journal(evenements: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rend `[(jour, lignes)]` dans l'ordre reçu, l'heure de Paris à chaque ligne."""
    lignes = [
        {
            "jour": formats.date_longue(lire(e, "le")),
            "le": lire(e, "le"),
            "auteur": texte(e, "auteur"),
            "fonction": texte(e, "fonction"),
            "libelle": texte(e, "libelle"),
            "motif": texte(e, "motif"),
            "empreinte": texte(e, "empreinte"),
            "rang": texte(e, "rang"),
        }
        for e in evenements
    ]
    return [(jour, list(groupe)) for jour, groupe in groupby(lignes, key=lambda x: x["jour"])]


_PIECES = {
    "manquante": ("Manquante", "neutre"),
    "envoi": ("Envoi en cours", "encours"),
    "recue": ("Reçue, à vérifier", "verifier"),
    "valide": ("Valide", "ok"),
    "a_remplacer": ("À remplacer", "attention"),
    "perimee": ("Périmée", "attention"),
    "refusee": ("Refusée", "non"),
}
_TYPES = {
    "application/pdf": "PDF",
    "image/png": "image PNG",
    "image/jpeg": "image JPEG",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.oasis.opendocument.text": "OpenDocument",
}


def piece(p: Any) -> dict[str, Any]:
    """Rend le mot, la forme et la ligne de description d'une pièce."""
    etat = texte(p, "etat") or "manquante"
    if etat not in _PIECES:
        raise ValueError(f"État de pièce inconnu : « {etat} ».")
    libelle, ton = _PIECES[etat]
    type_mime = texte(p, "type_mime")
    return {
        "libelle": texte(p, "libelle"),
        "etat": etat,
        "mot": libelle,
        "ton": ton,
        "type": _TYPES.get(type_mime, type_mime),
        "taille": lire(p, "taille"),
        "depose_le": lire(p, "depose_le"),
        "depose_par": texte(p, "depose_par"),
        "motif": texte(p, "motif"),
        "est_image": type_mime.startswith("image/"),
        "s_ouvre": type_mime == "application/pdf",
        "url": texte(p, "url"),
        "url_ajout": texte(p, "url_ajout"),
        "url_retrait": texte(p, "url_retrait"),
        "facultative": bool(lire(p, "facultative", False)),
    }


def onglets(liens: Any) -> list[dict[str, Any]]:
    """Rend les onglets ; un nombre, s'il est donné, est écrit à côté du mot."""
    return [
        {
            "libelle": texte(lien, "libelle"),
            "url": texte(lien, "url"),
            "courant": bool(lire(lien, "courant", False)),
            "nombre": lire(lien, "nombre"),
        }
        for lien in liens
    ]


_FILS = {
    False: ("porteur", "message", "Partagé.", "Votre organisme et le service lisent ce fil.", "Messages"),
    True: ("interne", "cadenas", "Interne.", "Le porteur ne lit pas ce fil.", "Notes internes"),
}


def echanges(messages: Any, *, interne: bool, lecteurs: str, titre: str, vide: str) -> dict[str, Any]:
    """Rend un fil de messages, et la phrase qui dit qui le lit."""
    genre, glyphe, mot, phrase, nom = _FILS[interne]
    rien = "Aucune note." if interne else "Aucun message. Le premier que vous écrirez sera lu par le service."
    return {
        "genre": genre,
        "glyphe": glyphe,
        "mot": mot,
        "lecteurs": lecteurs or phrase,
        "titre": titre or nom,
        "messages": list(messages),
        "phrase_vide": vide or rien,
    }


def groupes(form: BaseForm) -> list[dict[str, Any]]:
    """Rend les groupes `[{legende, aide, champs}]` d'un formulaire, selon `form.groupes` s'il existe.

    Un champ visible oublié par `form.groupes` est ajouté à la fin : rien ne disparaît en silence.
    """
    declares = getattr(form, "groupes", ())
    vus: set[str] = set()
    rendus = []
    for groupe in declares:
        legende, noms = groupe[0], groupe[1]
        aide = groupe[2] if len(groupe) > 2 else ""
        champs = [form[nom] for nom in noms if nom in form.fields]
        vus.update(noms)
        if champs:
            rendus.append({"legende": legende, "aide": aide, "champs": champs})
    reste = [champ for champ in form.visible_fields() if champ.name not in vus]
    if reste:
        rendus.append({"legende": "", "aide": "", "champs": reste})
    return rendus


def resume_erreurs(form: BaseForm) -> dict[str, Any]:
    """Rend les erreurs d'un formulaire, chacune avec l'identifiant de la boîte à corriger."""
    erreurs = [{"cible": "", "libelle": "", "message": m} for m in form.non_field_errors()]
    for nom, messages in form.errors.items():
        if nom in form.fields:
            champ = form[nom]
            erreurs += [
                {
                    "cible": champ.id_for_label or champ.auto_id,
                    "libelle": str(champ.label).rstrip(" .?:\u00a0"),
                    "message": m,
                }
                for m in messages
            ]
    return {"erreurs": erreurs, "nombre": len(erreurs)}
