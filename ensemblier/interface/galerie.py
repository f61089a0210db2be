"""Ce que montre la galerie : chaque composant dans ses états, avec des données fictives."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django import forms

from .champs import EurosFormField
from .formats import PARIS
from .formulaires import ChampDate, ChampTroisCases, Formulaire

_AMI = {
    "document": "AMI Cohésion sociale 2025",
    "page": "p. 1",
    "citation": "majoritairement les habitants résidant en QPV (au moins 60 %)",
}


class ExempleFormulaire(Formulaire):
    """Un champ de chaque sorte."""

    groupes = (
        ("Publics", ("intitule", "total", "courriel", "resume"), "Les financeurs lisent ces réponses."),
        ("Budget et dates", ("montant", "debut", "fin", "piece")),
        ("Choix", ("pilier", "quartiers", "ville", "attestation")),
    )
    intitule = forms.CharField(label="Nom de l'action", max_length=120, help_text="Court et concret.")
    total = forms.IntegerField(label="Nombre de personnes en tout", min_value=1)
    courriel = forms.EmailField(label="Courriel de contact")
    resume = forms.CharField(
        label="L'action en quelques phrases", max_length=2000, required=False, widget=forms.Textarea
    )
    montant = EurosFormField(label="Montant demandé à l'agglomération", help_text="Au plus 9 000,00 €.")
    debut = ChampDate(label="Début de l'action")
    fin = ChampTroisCases(label="Fin de l'action", required=False)
    piece = forms.FileField(label="Budget signé", help_text="PDF ou image, 20 Mo au plus.", required=False)
    pilier = forms.ChoiceField(
        label="Pilier du contrat",
        widget=forms.RadioSelect,
        choices=[("agir", "Agir"), ("vivre", "Vivre mieux")],
    )
    quartiers = forms.MultipleChoiceField(
        label="Quartiers",
        widget=forms.CheckboxSelectMultiple,
        choices=[("a", "Cité 12-14"), ("b", "Grande Résidence")],
    )
    ville = forms.ChoiceField(
        label="Commune", choices=[("", "Choisissez"), ("lens", "Lens"), ("loos", "Loos")]
    )
    attestation = forms.BooleanField(label="J'atteste l'exactitude de ces informations")


def constats() -> list[dict[str, Any]]:
    """Un constat par verdict, avec les quatre genres de mesure."""
    return [
        {
            "regle": "part-qpv",
            "titre": "Part d'habitants",
            "verdict": "non_respectee",
            "bloquante": True,
            "bloque": ["deposer"],
            "phrase": "Il manque 1 habitant de quartier prioritaire.",
            "remede": "Prévoyez au moins 600 habitants sur 1 000.",
            "source": _AMI,
            "champs": ["publics.qpv"],
            "mesure": {
                "genre": "seuil",
                "valeur": 599,
                "requis": 600,
                "total": 1000,
                "part": "59,9 %",
                "seuil": "au moins 60 %",
            },
            "note": "Personnes ou séances ? Nous comptons les personnes (paramètre P09).",
        },
        {
            "regle": "plafond",
            "titre": "Plafond",
            "verdict": "non_respectee",
            "bloquante": False,
            "bloque": [],
            "phrase": "La demande dépasse le plafond de 500,00 €.",
            "remede": "Le jury attribuera 9 000,00 € au plus.",
            "source": {**_AMI, "citation": "à hauteur de 50 % maximum du coût total", "page": "p. 2"},
            "mesure": {
                "genre": "calcul",
                "lignes": [
                    ["Assiette", "12 000,00 € + 6 000,00 €", "18000.00"],
                    ["Plafond", "18 000,00 € × 50 %", "9000.00"],
                ],
            },
        },
        {
            "regle": "equilibre",
            "titre": "Budget",
            "verdict": "non_respectee",
            "bloquante": True,
            "bloque": ["deposer"],
            "phrase": "Il manque 1 500,00 € de ressources.",
            "remede": "Ajoutez 1 500,00 € de ressources, ou ôtez-les de l'autre côté.",
            "source": {**_AMI, "citation": "un budget prévisionnel équilibré", "page": "p. 3"},
            "mesure": {"genre": "egalite", "charges": "20000.00", "produits": "18500.00"},
        },
        {
            "regle": "villes",
            "titre": "Villes contactées",
            "verdict": "a_verifier",
            "bloquante": False,
            "bloque": [],
            "phrase": "Les communes confirment que vous les avez contactées.",
            "remede": "Chaque référent reçoit un lien et répond oui ou non.",
            "source": {
                **_AMI,
                "document": "AAP 2026",
                "citation": "prendre contact avec chaque ville concernée",
            },
            "mesure": {"genre": "presence", "elements": [["Lens", True], ["Loison", True], ["Loos", False]]},
        },
        {
            "regle": "pieces",
            "titre": "Pièces",
            "verdict": "a_renseigner",
            "bloquante": True,
            "bloque": ["deposer"],
            "phrase": "Les pièces ne sont pas encore jointes.",
            "remede": "Joignez les six pièces demandées.",
            "source": {**_AMI, "citation": "dossier complet, pièces comprises", "page": "p. 4"},
        },
        {
            "regle": "porteur",
            "titre": "Porteur",
            "verdict": "respectee",
            "phrase": "Une association peut déposer.",
            "source": _AMI,
        },
        {
            "regle": "quartier",
            "titre": "Quartier",
            "verdict": "respectee",
            "phrase": "Cité 12-14 est un quartier du contrat.",
            "source": _AMI,
        },
        {
            "regle": "numerique",
            "titre": "Numérique",
            "verdict": "sans_objet",
            "phrase": "L'action n'est pas numérique.",
            "source": _AMI,
        },
    ]


def _a(jour: int, mois: int, annee: int, heure: int = 10, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(annee, mois, jour, heure, minute, tzinfo=PARIS)


def contexte() -> dict[str, Any]:
    """Rend tout ce que le gabarit de la galerie montre."""
    rempli = ExempleFormulaire(
        {
            "intitule": "Ateliers cuisine",
            "total": "0",
            "courriel": "amina",
            "montant": "12,345",
            "debut": "31/02/2025",
        }
    )
    return {
        "rapport": constats(),
        "formulaire_vide": ExempleFormulaire(auto_id="vide_%s"),
        "formulaire_errone": rempli,
        "financements": [
            {"financeur": "CALL", "libelle": "CALL", "montant": Decimal(9000), "statut": "demande"},
            {"financeur": "ETAT", "libelle": "État", "montant": Decimal(4000), "statut": "propose"},
            {"financeur": "LENS", "libelle": "Lens", "montant": Decimal(2000), "statut": "vote"},
            {"financeur": "CAF", "libelle": "CAF", "montant": Decimal(1500), "statut": "paye"},
            {"financeur": "", "libelle": "Fonds propres", "montant": Decimal(3000), "statut": "propre"},
        ],
        "jalons": [
            {"libelle": "Dépôt", "etat": "fait", "date": _a(25, 5, 2025, 23, 59)},
            {"libelle": "Examen", "etat": "maintenant", "date": "jusqu'au 27 juin 2025"},
            {"libelle": "Jury", "etat": "a_venir", "date": datetime.date(2025, 7, 1)},
            {
                "libelle": "Rejet implicite",
                "etat": "a_venir",
                "date": datetime.date(2025, 7, 20),
                "legal": True,
                "phrase": "Sans réponse à cette date, la loi dit non. Le service peut encore dire oui.",
            },
            {"libelle": "Délibération", "etat": "flou", "date": "sept. 2025"},
        ],
        "tranches": [
            {
                "rang": 1,
                "libelle": "1er versement",
                "montant": Decimal("7200.01"),
                "condition": "après signature de la convention par les deux parties",
                "etat": "payee",
                "date": datetime.date(2025, 11, 12),
            },
            {
                "rang": 2,
                "libelle": "Solde",
                "montant": Decimal("1800.00"),
                "condition": "après validation de votre bilan",
                "etat": "a_venir",
                "date": "avant le 30 juin 2026",
                "constats": [
                    {
                        "verdict": "non_respectee",
                        "bloquante": True,
                        "bloque": ["verser"],
                        "phrase": "Le bilan n'est pas encore déposé.",
                    }
                ],
            },
        ],
        "lignes": [
            {"libelle": "Assiette", "calcul": "12 000,00 € + 6 000,00 €", "montant": Decimal("18000.00")},
            {"libelle": "Taux", "calcul": "sans bonification", "montant": "50 %"},
            {"libelle": "Plafond", "calcul": "18 000,00 € × 50 %", "montant": Decimal("9000.00")},
        ],
        "enveloppes": [
            _enveloppe("CALL", 170000, 119000, 38600),
            _enveloppe("État", 420000, 150000, 60000),
            _enveloppe("Communes", 60000, 40000, 24000),
        ],
        "evenements": _evenements(),
        "pieces": _pieces(),
        "pastilles": [
            ("À terminer", "neutre"),
            ("En cours d'examen", "encours"),
            ("Recevable", "ok"),
            ("Il manque une pièce", "attention"),
            ("Bilan à valider", "verifier"),
            ("Non retenu", "non"),
            ("Clos", "sans-objet"),
        ],
        "liens_fiche": {"publics.qpv": "#publics"},
        "zero": Decimal(0),
        "demande": Decimal(9000),
        "accorde": Decimal("9000.01"),
        "trop_percu": Decimal("-600"),
    }


def _enveloppe(libelle: str, total: int, vote: int, propose: int) -> dict[str, Any]:
    return {"libelle": libelle, "total": Decimal(total), "vote": Decimal(vote), "propose": Decimal(propose)}


def _evenements() -> list[dict[str, Any]]:
    return [
        {
            "le": _a(20, 5, 2025),
            "auteur": "Amina",
            "fonction": "signataire du porteur",
            "libelle": "Dossier déposé",
            "empreinte": "a3f9" * 16,
        },
        {
            "le": _a(20, 5, 2025, 14, 12),
            "auteur": "Benoît",
            "fonction": "chargé de mission",
            "libelle": "RIB demandé",
            "motif": "Le RIB joint est celui d'une personne.",
            "empreinte": "17c0" * 16,
        },
        {"le": _a(22, 5, 2025, 9), "auteur": "Amina", "fonction": "rédacteur", "libelle": "RIB remplacé"},
    ]


def _pieces() -> list[dict[str, Any]]:
    pdf = {
        "type_mime": "application/pdf",
        "taille": 272_000,
        "depose_le": _a(18, 5, 2025),
        "depose_par": "Amina",
    }
    return [
        {"libelle": "Statuts", "etat": "valide", "url": "#", **pdf},
        {"libelle": "Budget de l'action", "etat": "recue", "url": "#", **pdf},
        {"libelle": "Procès-verbal", "etat": "manquante", "url_ajout": "#", "facultative": True},
        {
            "libelle": "RIB",
            "etat": "a_remplacer",
            "motif": "Le RIB est au nom d'une personne. Joignez celui de l'association.",
            "url_ajout": "#",
            **pdf,
        },
    ]
