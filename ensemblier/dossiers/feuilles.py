"""La feuille d'une étape : ce qu'elle montre du dossier, ce qu'elle juge, ce qu'elle range par les actes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict

from ensemblier.dossiers.actes import brouillon
from ensemblier.dossiers.actes.saisie import Contenu
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.forms import ActionForm, FormulaireDeDossier, PublicsForm, QuartiersForm
from ensemblier.dossiers.forms_budget import BudgetForm, DemandesForm
from ensemblier.dossiers.forms_contacts import ContactsForm
from ensemblier.dossiers.models import Dossier, Saisie
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.champs import lectures
from ensemblier.noyau.machine import Acteur, Role

FORMULAIRES: dict[str, dict[str, type[FormulaireDeDossier]]] = {
    "organisme": {},
    "action": {"form": ActionForm},
    "publics": {"form": PublicsForm, "quartiers": QuartiersForm, "contacts": ContactsForm},
    "budget": {"form": BudgetForm},
    "demandes": {"form": DemandesForm},
    "pieces": {},
}


class Feuille:
    """Les formulaires d'une étape, lus et rangés d'un seul tenant ; l'appelant tient le verrou."""

    def __init__(self, etape: str) -> None:
        self.etape = etape

    def vierge(self, lues: Reponses) -> dict[str, FormulaireDeDossier]:
        return self._formulaires(lues, None)

    def lier(self, lues: Reponses, contenu: Mapping[str, list[str]]) -> dict[str, FormulaireDeDossier]:
        donnees = QueryDict(mutable=True)
        for nom, valeurs in contenu.items():
            donnees.setlist(nom, valeurs)
        return self._formulaires(lues, donnees)

    def _formulaires(self, lues: Reponses, donnees: Any) -> dict[str, FormulaireDeDossier]:
        reglement = reglement_de(lues.dossier)
        return {
            nom: genre(donnees, lues=lues, reglement=reglement)
            for nom, genre in FORMULAIRES[self.etape].items()
        }

    def saisies(self, lues: Reponses) -> dict[str, Saisie]:
        """La dernière saisie de chaque réponse de la feuille."""
        return {champ: s for (etape, champ), s in lues.saisies.items() if etape == self.etape}

    def versions(self, lues: Reponses) -> dict[str, int]:
        return {champ: saisie.rang for champ, saisie in self.saisies(lues).items()}

    def en_attente(self, lues: Reponses) -> dict[str, Saisie]:
        """Ce qui a été tapé et n'a pas été compris : gardé, montré, jamais rangé."""
        return {champ: saisie for champ, saisie in self.saisies(lues).items() if saisie.erreur}

    def contenu(self, lues: Reponses) -> Contenu:
        """Ce que la page montre : le dossier, et par-dessus ce qui a été tapé sans être compris."""
        contenu = {
            boite.html_name: postee(boite)
            for formulaire in self.vierge(lues).values()
            for boite in formulaire
        }
        attendues = self.en_attente(lues).items()
        return contenu | {champ: list(s.valeur) for champ, s in attendues if champ in contenu}

    def ouvrir(self, lues: Reponses) -> dict[str, FormulaireDeDossier]:
        """Les formulaires d'une page qu'on ouvre : une réponse pas comprise revient avec son erreur."""
        if not self.en_attente(lues):
            return self.vierge(lues)
        formulaires = self.lier(lues, self.contenu(lues))
        self.erreurs(formulaires)
        return formulaires

    def lectures(self, lues: Reponses, champ: str) -> list[str]:
        """Ce que peut vouloir dire un montant ambigu, gardé tel qu'il a été tapé."""
        boite = _boite(self.ouvrir(lues), champ)
        return lectures(boite) if boite else []

    @staticmethod
    def erreurs(formulaires: Mapping[str, FormulaireDeDossier]) -> dict[str, str]:
        """La première phrase de chaque boîte refusée."""
        return {nom: str(phrases[0]) for f in formulaires.values() for nom, phrases in f.errors.items()}

    def ranger(
        self,
        dossier: Dossier,
        formulaires: Mapping[str, FormulaireDeDossier],
        *,
        par: Acteur,
        roles: set[Role],
        le: datetime,
    ) -> None:
        """Écrit ce qui est valide par les actes du brouillon ; le reste garde sa valeur d'avant."""
        for ecrire in _ECRIRE[self.etape]:
            ecrire(dossier, formulaires, {"par": par, "roles": roles, "le": le})


def postee(boite: forms.BoundField) -> list[str]:
    """La valeur d'une boîte, écrite comme le navigateur l'enverrait."""
    valeur, moyen = boite.value(), boite.field.widget
    if isinstance(moyen, forms.CheckboxInput):
        return ["on"] if moyen.check_test(valeur) else []
    ecrite = moyen.format_value(valeur)
    liste = ecrite if isinstance(ecrite, list | tuple | set) else [ecrite]
    return [str(v) for v in liste if v not in (None, "")]


def _boite(formulaires: Mapping[str, FormulaireDeDossier], champ: str) -> forms.BoundField | None:
    return next((f[champ] for f in formulaires.values() if champ in f.fields), None)


def question(formulaires: Mapping[str, FormulaireDeDossier], champ: str) -> str:
    """Ce que demande la boîte, comme l'écran le dit."""
    boite = _boite(formulaires, champ)
    return str(boite.label) if boite else champ


def lisible(formulaires: Mapping[str, FormulaireDeDossier], champ: str, valeurs: list[str]) -> str:
    """Une réponse en mots : une case par son nom, un texte tel quel, rien par « vide »."""
    boite = _boite(formulaires, champ)
    if boite and isinstance(boite.field.widget, forms.CheckboxInput):
        return "cochée" if valeurs else "pas cochée"
    noms = {str(cle): str(nom) for cle, nom in getattr(boite and boite.field, "choices", ())}
    return ", ".join(noms.get(v, v) for v in valeurs) or "vide"


def _colonnes(dossier: Dossier, f: Mapping[str, Any], commun: dict[str, Any]) -> None:
    brouillon.enregistrer_etape(dossier, champs=f["form"].colonnes(), **commun)


def _quartiers(dossier: Dossier, f: Mapping[str, Any], commun: dict[str, Any]) -> None:
    brouillon.enregistrer_quartiers(dossier, vises=f["quartiers"].vises(), **commun)
    for contact in f["contacts"].notes():
        brouillon.enregistrer_contact_commune(dossier, contact=contact, **commun)
    for commune in f["contacts"].retires():
        brouillon.retirer_contact_commune(dossier, commune=commune, **commun)


def _budget(dossier: Dossier, f: Mapping[str, Any], commun: dict[str, Any]) -> None:
    brouillon.enregistrer_budget(dossier, **f["form"].montants(), **commun)


def _demandes(dossier: Dossier, f: Mapping[str, Any], commun: dict[str, Any]) -> None:
    brouillon.enregistrer_demandes(dossier, demandes=f["form"].demandes(), **commun)
    brouillon.enregistrer_criteres(dossier, criteres=f["form"].dits(), **commun)


_ECRIRE: dict[str, tuple[Callable[[Dossier, Mapping[str, Any], dict[str, Any]], None], ...]] = {
    "organisme": (),
    "action": (_colonnes,),
    "publics": (_colonnes, _quartiers),
    "budget": (_budget,),
    "demandes": (_colonnes, _demandes),
    "pieces": (),
}
