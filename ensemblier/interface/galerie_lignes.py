"""Les lignes que montrent la galerie et ses tableaux : dossiers, messages, pièces, tous fictifs."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from .formats import PARIS


def instant(jour: int, mois: int, annee: int, heure: int = 10, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(annee, mois, jour, heure, minute, tzinfo=PARIS)


def dossiers() -> list[dict[str, Any]]:
    def un(numero: str, porteur: str, action: str, etat: str, ton: str, **argent: Any) -> dict[str, Any]:
        lignes = {"numero": numero, "porteur": porteur, "action": action, "etat": etat, "ton": ton}
        return lignes | {"demande": None, "accorde": None, "statut": "attendu"} | argent

    return [
        un(
            "26-0041",
            "Les Jardins du Onze",
            "Cuisine partagée",
            "Incomplet",
            "attention",
            demande=Decimal(9000),
            accorde=Decimal("9000.01"),
            statut="vote",
        ),
        un("26-0042", "Lire à Calonne", "Ateliers lecture", "Recevable", "ok", demande=Decimal(0)),
        un(
            "26-0043",
            "Association pour la mobilité douce des habitants de Liévin et des communes voisines",
            "Atelier vélo ouvert à toutes et à tous, avec prêt d'outils et apprentissage de la réparation",
            "En cours d'examen",
            "encours",
            accorde=Decimal("-600"),
            statut="paye",
        ),
    ]


def messages() -> list[dict[str, Any]]:
    return [
        {
            "le": instant(20, 5, 2025, 14, 12),
            "auteur": "Benoît",
            "fonction": "chargé de mission",
            "texte": "Bonjour. Le RIB joint est celui d'une personne. Joignez celui de l'association.",
        },
        {
            "le": instant(22, 5, 2025, 21, 4),
            "auteur": "Amina",
            "fonction": "présidente",
            "texte": "Voici le bon RIB.\n\nLa banque l'a donné ce matin.",
            "mien": True,
            "pieces": [{"libelle": "RIB", "url": "#fil", "taille": 84_000}],
        },
    ]


def zones() -> list[dict[str, Any]]:
    """Six zones inventées, posées comme un damier de guingois autour de Lens."""
    zones = []
    for rang, (nom, valeur, classe) in enumerate(
        (
            ("Cité 12-14", "32 %", 5),
            ("Grande Résidence", "24 %", 3),
            ("Cité 2", "18 %", 3),
            ("Blum-Salengro", "8 %", 1),
            ("Calonne", "27 %", 5),
            ("République", "moins de 5 %", 1),
        )
    ):
        x, y = 2.80 + (rang % 3) * 0.05, 50.42 + (rang // 3) * 0.035
        anneau = [
            (x, y),
            (x + 0.031, y + 0.006),
            (x + 0.038, y + 0.021),
            (x + 0.012, y + 0.028),
            (x - 0.004, y + 0.014),
            (x, y),
        ]
        contour = {"type": "Polygon", "coordinates": [anneau]}
        zones.append({"nom": nom, "valeur": valeur, "classe": classe, "contour": contour, "url": "#dessins"})
    return zones


def enveloppe(libelle: str, total: int, vote: int, propose: int) -> dict[str, Any]:
    return {"libelle": libelle, "total": Decimal(total), "vote": Decimal(vote), "propose": Decimal(propose)}


def evenements() -> list[dict[str, Any]]:
    return [
        {
            "le": instant(20, 5, 2025),
            "auteur": "Amina",
            "fonction": "signataire du porteur",
            "libelle": "Dossier déposé",
            "empreinte": "a3f9" * 16,
        },
        {
            "le": instant(20, 5, 2025, 14, 12),
            "auteur": "Benoît",
            "fonction": "chargé de mission",
            "libelle": "RIB demandé",
            "motif": "Le RIB joint est celui d'une personne.",
            "empreinte": "17c0" * 16,
        },
        {
            "le": instant(22, 5, 2025, 9),
            "auteur": "Amina",
            "fonction": "rédacteur",
            "libelle": "RIB remplacé",
        },
    ]


def pieces() -> list[dict[str, Any]]:
    pdf = {
        "type_mime": "application/pdf",
        "taille": 272_000,
        "depose_le": instant(18, 5, 2025),
        "depose_par": "Amina",
    }
    return [
        {"libelle": "Statuts", "etat": "valide", "url": "#", **pdf},
        {"libelle": "Budget de l'action", "etat": "recue", "url": "#", **pdf},
        {"libelle": "Procès-verbal", "etat": "manquante", "url_ajout": "#", "facultative": True},
        {"libelle": "Photos de l'atelier", "etat": "envoi", **pdf},
        {
            "libelle": "Attestation d'assurance",
            "etat": "perimee",
            "motif": "Elle valait jusqu'au 31 décembre 2024. Joignez celle de 2025.",
            "url": "#",
            "url_ajout": "#",
            **pdf,
        },
        {
            "libelle": "Comptes annuels approuvés par l'assemblée générale, avec le rapport du commissaire",
            "etat": "refusee",
            "motif": "Ce PDF a un mot de passe. Enregistrez-le sans mot de passe, puis ajoutez-le.",
            "url_ajout": "#",
            **pdf,
        },
        {
            "libelle": "RIB",
            "etat": "a_remplacer",
            "motif": "Le RIB est au nom d'une personne. Joignez celui de l'association.",
            "url_ajout": "#",
            **pdf,
        },
    ]
