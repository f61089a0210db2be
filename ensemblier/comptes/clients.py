"""L'annuaire des entreprises : un SIRET ou un RNA donne l'identité d'un organisme, à relire.

Contrat : GET `/search`, `q` un SIREN, un SIRET ou un texte, `minimal=true` et un `include` qui ne demande
pas les dirigeants (personnes physiques). Toute panne lève `ServiceIndisponible` : on écrit soi-même.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from ensemblier.comptes.models import Organisme
from ensemblier.registre import sorties

_TYPES = {
    "92": Organisme.Type.ASSOCIATION,
    "93": Organisme.Type.FONDATION,
    "7210": Organisme.Type.COMMUNE,
    "7361": Organisme.Type.CCAS,
    "7343": Organisme.Type.EPCI,
    "7344": Organisme.Type.EPCI,
    "7346": Organisme.Type.EPCI,
    "7347": Organisme.Type.EPCI,
    "7348": Organisme.Type.EPCI,
    "4": Organisme.Type.ETABLISSEMENT_PUBLIC,
    "7": Organisme.Type.ETABLISSEMENT_PUBLIC,
}
"""Catégories juridiques de l'Insee, de la plus précise à la plus large ; le reste est une entreprise."""
MASQUE = "[NON-DIFFUSIBLE]"
INCLURE = "siege,complements,matching_etablissements"


@dataclass(frozen=True, slots=True)
class Identite:
    """Ce que l'annuaire dit d'un organisme ; un champ masqué est vide, `ferme_le` dit qu'il a cessé."""

    nom: str
    sigle: str
    type: str
    siret: str
    rna: str
    adresse: str
    code_postal: str
    commune: str
    est_fermee: bool
    ferme_le: date | None

    def champs(self) -> dict[str, str]:
        """De quoi remplir le formulaire de l'organisme."""
        noms = ("nom", "sigle", "type", "siret", "rna", "adresse", "code_postal", "commune")
        return {nom: getattr(self, nom) for nom in noms}


def identite_de(numero: str, *, service: str, delai_s: float = sorties.DELAI_S) -> Identite | None:
    """L'identité de ce SIREN, SIRET ou RNA déjà contrôlé ; `None` si l'annuaire ne le connaît pas."""
    parametres = {"q": numero, "minimal": "true", "include": INCLURE, "per_page": 5, "page": 1}
    brut = sorties.lire(f"{service.rstrip('/')}/search?{urlencode(parametres)}", delai_s=delai_s)
    try:
        unites = json.loads(brut)["results"]
        return next((_identite(u, numero) for u in unites if _designe(u, numero)), None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as refus:
        raise sorties.ServiceIndisponible("réponse illisible") from refus


def _designe(unite: dict[str, Any], numero: str) -> bool:
    """Une recherche de texte ramène aussi des voisins : seul le numéro exact compte."""
    if numero.startswith("W"):
        return _texte(unite["complements"], "identifiant_association", 10) == numero
    return bool(numero[:9] == unite["siren"])


def _identite(unite: dict[str, Any], numero: str) -> Identite:
    siege = unite["siege"]
    trouves = [e for e in unite.get("matching_etablissements") or () if e.get("siret") == numero]
    lieu = trouves[0] if trouves else siege
    fermeture = _texte(lieu, "date_fermeture", 10) or _texte(unite, "date_fermeture", 10)
    code_postal = _texte(lieu, "code_postal", 5)
    return Identite(
        nom=_texte(unite, "nom_raison_sociale", 200) or _texte(unite, "nom_complet", 200),
        sigle=_texte(unite, "sigle", 40),
        type=_type(unite),
        siret=_texte(lieu, "siret", 14) or _texte(siege, "siret", 14),
        rna=_texte(unite["complements"], "identifiant_association", 10),
        adresse=_texte(lieu, "adresse", 200).split(f" {code_postal} ")[0] if code_postal else "",
        code_postal=code_postal,
        commune=_texte(lieu, "libelle_commune", 100).title(),
        est_fermee=lieu.get("etat_administratif") == "F" or unite.get("etat_administratif") == "C",
        ferme_le=date.fromisoformat(fermeture) if fermeture else None,
    )


def _type(unite: dict[str, Any]) -> str:
    categorie = _texte(unite, "nature_juridique", 4)
    if unite["complements"].get("est_association"):
        return Organisme.Type.ASSOCIATION
    connus = (_TYPES[categorie[:n]] for n in (4, 2, 1) if categorie[:n] in _TYPES)
    return next(connus, Organisme.Type.ENTREPRISE)


def _texte(objet: dict[str, Any], cle: str, maximum: int) -> str:
    """Une valeur de l'annuaire, courte, sur une ligne ; masquée ou absente, vide."""
    valeur = objet.get(cle)
    propre = " ".join(str(valeur).split()) if valeur is not None else ""
    return "" if MASQUE in propre else propre[:maximum]
