"""Parcourir l'application comme une personne : ses pages, leurs liens, leurs formulaires tels qu'affichés."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from django.db import transaction
from django.test import Client

from tests import fabriques as f


@dataclass
class Formulaire:
    """Un formulaire affiché : où il envoie, ce qu'il porte déjà, ce qu'on peut y choisir."""

    action: str
    methode: str
    champs: dict[str, list[str]] = field(default_factory=dict)
    choix: dict[str, list[str]] = field(default_factory=dict)
    indices: dict[str, str] = field(default_factory=dict)
    fichiers: set[str] = field(default_factory=set)

    @property
    def noms(self) -> set[str]:
        return set(self.champs) | self.fichiers

    @property
    def identite(self) -> tuple[str, str, tuple[str, ...]]:
        return self.action, self.methode, tuple(sorted(self.noms))

    def rempli(self) -> dict[str, object]:
        """Ce qu'une personne pressée enverrait : ce qui est vide reçoit une réponse plausible."""
        envoi: dict[str, object] = {nom: f.pdf_d_essai() for nom in self.fichiers}
        for nom, valeurs in self.champs.items():
            pleines = [v for v in valeurs if v]
            envoi[nom] = pleines or self.choix.get(nom, [])[-1:] or [self._plausible(nom)]
        return envoi

    def _plausible(self, nom: str) -> str:
        indice = self.indices.get(nom, "")
        if "saisie-date" in indice:
            return "15/06/2025"
        if "numeric" in indice or "decimal" in indice:
            return "10"
        return "quelqu.un@essai.example" if "email" in indice else "Une réponse"


class _Lecteur(HTMLParser):
    def __init__(self, adresse: str) -> None:
        super().__init__()
        self.adresse = adresse
        self.liens: list[str] = []
        self.formulaires: list[Formulaire] = []
        self._ouvert: Formulaire | None = None
        self._liste = self._zone = ""

    def handle_starttag(self, tag, attrs):
        a = {nom: valeur or "" for nom, valeur in attrs}
        if tag == "a" and "href" in a:
            self.liens.append(urljoin(self.adresse, a["href"]))
        elif tag == "form":
            action = urljoin(self.adresse, a.get("action", ""))
            self._ouvert = Formulaire(action, a.get("method", "get").lower())
            self.formulaires.append(self._ouvert)
        elif self._ouvert is not None and a.get("name"):
            self._champ(self._ouvert, tag, a)
        elif self._ouvert is not None and tag == "option" and self._liste:
            valeur = a.get("value", "")
            self._ouvert.choix.setdefault(self._liste, []).append(valeur)
            if "selected" in a:
                self._ouvert.champs[self._liste] = [valeur]

    def _champ(self, ouvert, tag, a):
        nom, genre = a["name"], a.get("type", "")
        ouvert.indices[nom] = f"{a.get('class', '')} {a.get('inputmode', '')} {genre}"
        if tag == "select":
            self._liste = nom
            ouvert.champs.setdefault(nom, [])
        elif tag == "textarea":
            self._zone = nom
            ouvert.champs[nom] = [""]
        elif genre == "file":
            ouvert.fichiers.add(nom)
        elif genre in ("checkbox", "radio"):
            ouvert.champs.setdefault(nom, [])
            ouvert.choix.setdefault(nom, []).append(a.get("value", "on"))
            if "checked" in a:
                ouvert.champs[nom].append(a.get("value", "on"))
        else:
            ouvert.champs.setdefault(nom, []).append(a.get("value", ""))

    def handle_data(self, data):
        if self._zone and self._ouvert is not None:
            self._ouvert.champs[self._zone][0] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self._ouvert = None
        elif tag == "select":
            self._liste = ""
        elif tag == "textarea":
            self._zone = ""


@dataclass(frozen=True)
class Page:
    """Une réponse lue jusqu'au bout, avec ce qu'elle offre de suivre."""

    adresse: str
    statut: int
    entetes: dict[str, str]
    corps: bytes
    liens: tuple[str, ...]
    formulaires: tuple[Formulaire, ...]


def lire(client: Client, adresse: str) -> Page:
    """GET sans rien laisser derrière : ce que la lecture aurait écrit (une trace) est défait."""
    point = transaction.savepoint()
    reponse = client.get(adresse)
    corps = b"".join(reponse.streaming_content) if reponse.streaming else reponse.content
    reponse.close()
    transaction.savepoint_rollback(point)
    lecteur = _Lecteur(adresse)
    if reponse.get("Content-Type", "").startswith("text/html"):
        lecteur.feed(corps.decode())
    if "Location" in reponse:
        lecteur.liens.append(urljoin(adresse, reponse["Location"]))
    return Page(
        adresse, reponse.status_code, dict(reponse.headers), corps, tuple(lecteur.liens),
        tuple(lecteur.formulaires),
    )  # fmt: skip


def parcourir(
    client: Client,
    departs: Iterable[str],
    *,
    suivre: Callable[[Iterable[str]], Iterable[str]] = list,
    au_plus: int = 400,
) -> Iterator[Page]:
    """Les pages atteintes depuis `departs`, chacune une fois ; `suivre` choisit parmi les liens d'ici."""
    reste, vues = list(dict.fromkeys(departs)), set()
    while reste and len(vues) < au_plus:
        adresse = reste.pop(0)
        if adresse in vues:
            continue
        vues.add(adresse)
        page = lire(client, adresse)
        yield page
        suites = (urldefrag(lien).url for lien in page.liens)
        reste += suivre(s for s in suites if not urlsplit(s).netloc and s.startswith("/") and s not in vues)


def formulaires_de(client: Client, departs: Iterable[str]) -> list[Formulaire]:
    """Chaque formulaire que ces pages montrent, une fois ; celui qui déconnecte est laissé."""
    vus: dict[object, Formulaire] = {}
    for adresse in departs:
        for formulaire in lire(client, adresse).formulaires:
            if "/deconnexion/" not in formulaire.action:
                vus.setdefault(formulaire.identite, formulaire)
    return list(vus.values())
