"""Ce que montre la galerie : chaque composant dans ses états, avec des données fictives."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django import forms

from . import galerie_lignes as lignes
from .champs import EurosFormField
from .formulaires import ChampDate, ChampTroisCases, Formulaire
from .tableaux import est_montree

_AMI = {
    "document": "AMI Cohésion sociale 2025",
    "page": "p. 1",
    "citation": "majoritairement les habitants résidant en QPV (au moins 60 %)",
}


class ExempleFormulaire(Formulaire):
    """Un champ de chaque sorte."""

    groupes = (
        ("Publics", ("intitule", "total", "courriel", "resume"), "Les financeurs lisent ces réponses."),
        ("Organisme", ("siret", "adresse")),
        ("Budget et dates", ("montant", "debut", "fin", "piece")),
        ("Choix", ("pilier", "quartiers", "ville", "attestation")),
    )
    intitule = forms.CharField(label="Nom de l'action", max_length=120, help_text="Court et concret.")
    total = forms.IntegerField(label="Nombre de personnes en tout", min_value=1)
    courriel = forms.EmailField(label="Courriel de contact")
    resume = forms.CharField(
        label="L'action en quelques phrases", max_length=2000, required=False, widget=forms.Textarea
    )
    siret = forms.CharField(
        label="SIRET",
        max_length=17,
        help_text="14 chiffres, sur votre avis de situation.",
        widget=forms.TextInput({"class": "saisie-siret", "inputmode": "numeric", "autocomplete": "off"}),
    )
    adresse = forms.CharField(
        label="Adresse de l'action",
        help_text="Le numéro, la rue et la commune.",
        required=False,
        widget=forms.TextInput({"autocomplete": "street-address"}),
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


SOMMAIRE = (
    ("bouton", "Bouton"),
    ("argent", "Argent"),
    ("calendrier", "Frise"),
    ("etats", "États"),
    ("constats", "Constats"),
    ("tableau", "Tableau"),
    ("pieces", "Pièces"),
    ("fil", "Fil de messages"),
    ("journal", "Journal"),
    ("alertes", "Alertes"),
    ("dialogues", "Dialogues"),
    ("dessins", "Graphique et carte"),
    ("champs", "Champs"),
)

COLONNES = (
    {"cle": "numero", "titre": "N°", "defaut": True},
    {"cle": "porteur", "titre": "Porteur et action"},
    {"cle": "etat", "titre": "État"},
    {"cle": "demande", "titre": "Demandé", "classe": "nombre"},
    {"cle": "accorde", "titre": "Accordé", "classe": "nombre"},
)


def colonnes(choisies: list[str]) -> list[dict[str, Any]]:
    """Les colonnes du tableau d'exemple ; le numéro, qui nomme la ligne, reste toujours."""
    return [c | {"montree": c["cle"] == "numero" or est_montree(c["cle"], choisies)} for c in COLONNES]


def contexte() -> dict[str, Any]:
    """Rend tout ce que le gabarit de la galerie montre."""
    rempli = ExempleFormulaire(
        {
            "intitule": "Ateliers cuisine",
            "total": "0",
            "courriel": "amina",
            "siret": "123 456 789 00011",
            "montant": "12,345",
            "debut": "31/02/2025",
        }
    )
    juste = ExempleFormulaire(
        {
            "intitule": "Cuisine partagée et jardin nourricier au pied des immeubles de la Grande Résidence",
            "total": "100", "courriel": "amina@jardins-du-onze.example",
            "resume": "Un repas cuisiné ensemble chaque mercredi, avec les récoltes du jardin.",
            "siret": "000 000 018 00010", "adresse": "2 rue de la Démonstration, Lens", "montant": "9 000",
            "debut": "01/10/2025", "fin_jour": "30", "fin_mois": "6", "fin_annee": "2026", "pilier": "agir",
            "quartiers": ["a"], "ville": "lens", "attestation": "on",
        },
        auto_id="rempli_%s",
    )  # fmt: skip
    rapport = constats()
    un_par_verdict = {(c["verdict"], c.get("bloquante", False)): c for c in reversed(rapport)}
    return {
        "sommaire": SOMMAIRE,
        "rapport": rapport,
        "verdicts": sorted(un_par_verdict.values(), key=rapport.index),
        "fige": rapport[5] | {"fige": "Jugé le 20 mai 2025 sur la version 2 du règlement."},
        "contredit": rapport[1]
        | {"aussi": {**_AMI, "citation": "à hauteur de 60 % du coût", "page": "p. 5"}},
        "dossiers": lignes.dossiers(),
        "onglets_exemple": [
            {"libelle": "À faire", "url": "?vue=a-faire#tableau", "nombre": 12, "courant": True},
            {"libelle": "En retard", "url": "?vue=en-retard#tableau", "nombre": 3},
            {"libelle": "Tous", "url": "?vue=tout#tableau", "nombre": 1205},
        ],
        "rien": [],
        "messages_porteur": lignes.messages(),
        "messages_internes": [
            {
                "le": lignes.instant(21, 5, 2025, 16, 5),
                "auteur": "Benoît",
                "fonction": "chargé de mission",
                "texte": "Le Département attend la convention de 2024 avant de rendre son avis.",
            }
        ],
        "versions": [
            {
                "cle": "moi",
                "qui": "Votre texte",
                "quand": "21:04",
                "texte": "Un atelier cuisine chaque mercredi, avec les parents.",
            },
            {
                "cle": "autre",
                "qui": "Le texte de Karim",
                "quand": "21:03",
                "texte": "Un atelier cuisine chaque mercredi et un repas partagé par mois.",
            },
        ],
        "montants": [
            {"libelle": nom, "financeur": code, "montant": Decimal(m)}
            for nom, code, m in (
                ("État, politique de la ville", "ETAT", 610_000),
                ("Communauté d'agglomération de Lens-Liévin", "CALL", 170_000),
                ("Région Hauts-de-France", "REGION", 96_400),
                ("Département du Pas-de-Calais", "DEPARTEMENT", 52_000),
                ("Communes", "COMMUNES", 84_500),
                ("Caisse d'allocations familiales", "CAF", 33_000),
            )
        ],
        "zones": lignes.zones(),
        "bornes": [(1, "moins de 10 %"), (3, "de 10 à 25 %"), (5, "plus de 25 %")],
        "formulaire_vide": ExempleFormulaire(auto_id="vide_%s"),
        "formulaire_errone": rempli,
        "formulaire_rempli": juste,
        "financements": [
            {"financeur": "CALL", "libelle": "CALL", "montant": Decimal(9000), "statut": "demande"},
            {"financeur": "ETAT", "libelle": "État", "montant": Decimal(4000), "statut": "propose"},
            {"financeur": "LENS", "libelle": "Lens", "montant": Decimal(2000), "statut": "vote"},
            {"financeur": "CAF", "libelle": "CAF", "montant": Decimal(1500), "statut": "paye"},
            {"financeur": "", "libelle": "Fonds propres", "montant": Decimal(3000), "statut": "propre"},
        ],
        "jalons": [
            {"libelle": "Dépôt", "etat": "fait", "date": lignes.instant(25, 5, 2025, 23, 59)},
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
            lignes.enveloppe("CALL", 170000, 119000, 38600),
            lignes.enveloppe("État", 420000, 150000, 60000),
            lignes.enveloppe("Communes", 60000, 40000, 24000),
        ],
        "evenements": lignes.evenements(),
        "pieces": lignes.pieces(),
        "pastilles": [
            ("À terminer", "neutre"),
            ("En cours d'examen", "encours"),
            ("Recevable", "ok"),
            ("À compléter", "attention"),
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
