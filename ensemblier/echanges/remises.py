"""L'archive remise à un financeur : ce qu'il lit d'un dossier, en un ZIP écrit au fil de l'eau.

Déterministe : mêmes dossiers, mêmes octets. Aucun avis, aucune note, aucun message ; le RIB, pour qui le lit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.utils.text import slugify

from ensemblier.dossiers import pdf
from ensemblier.dossiers.etats import ABANDONNEE
from ensemblier.dossiers.fiche import fiche_de, reglement_de
from ensemblier.dossiers.models import Demande, Dossier, DossierQuerySet, Piece
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.formats import euros
from ensemblier.noyau.calendrier import a_paris, en_francais
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.models import Fichier
from ensemblier.territoires.models import Financeur

LISEZMOI, FICHE, CERFA, LETTRE = "LISEZMOI.txt", "dossier.json", "cerfa.pdf", "lettre"
MORCEAU = 64 * 1024
Instant = tuple[int, int, int, int, int, int]
EPOQUE: Instant = (1980, 1, 1, 0, 0, 0)
"""La plus ancienne date qu'un ZIP sait écrire : celle d'un fichier qui n'en a pas d'autre."""
_SUFFIXE = re.compile(r"\.[a-z0-9]{1,5}$")


def remettables(acteur: Acteur, financeur: Financeur) -> DossierQuerySet:
    """Les dossiers déposés que l'acteur peut juger et où ce financeur est sollicité."""
    sollicites = Demande.objects.filter(financeur=financeur).exclude(etat=ABANDONNEE).values("dossier")
    return Dossier.objects.a_juger_par(acteur).deposes().filter(pk__in=sollicites)


@dataclass(frozen=True, slots=True)
class Entree:
    """Un fichier de l'archive : son chemin, ce qu'il est, et son empreinte une fois écrit."""

    chemin: str
    quoi: str
    empreinte: str = ""
    reserve: str = ""


class _Flux:
    """Ce que le ZIP écrit, rendu morceau après morceau : sans retour en arrière, il ne tient rien d'autre."""

    def __init__(self) -> None:
        self._morceaux: list[bytes] = []

    def write(self, octets: bytes) -> int:
        self._morceaux.append(bytes(octets))
        return len(octets)

    def flush(self) -> None: ...

    def vider(self) -> bytes:
        rendus, self._morceaux = b"".join(self._morceaux), []
        return rendus


@dataclass(slots=True)
class Archive:
    """L'archive d'une liste de dossiers pour un financeur ; `octets()` ne se lit qu'une fois."""

    financeur: Financeur
    acteur: Acteur
    dossiers: Iterable[Dossier]
    _flux: _Flux = field(default_factory=_Flux)

    def octets(self) -> Iterator[bytes]:
        with ZipFile(cast(IO[bytes], self._flux), "w", ZIP_STORED) as archive:
            sommaire: list[str] = []
            for dossier in self.dossiers:
                empreinte = yield from self._un_dossier(archive, dossier)
                sommaire.append(f"{empreinte}  {dossier_en_nom(dossier)}/{LISEZMOI}")
            texte = lisezmoi_d_ensemble(self.financeur, sommaire)
            yield from self._ecrire(archive, LISEZMOI, EPOQUE, [texte.encode()])
        yield self._flux.vider()

    def _un_dossier(self, archive: ZipFile, dossier: Dossier) -> Generator[bytes, None, str]:
        """Le répertoire d'un dossier ; rend l'empreinte de son LISEZMOI, qui porte toutes les autres."""
        lues, racine, le = Reponses(dossier), dossier_en_nom(dossier), _date(dossier.depose_le)
        fiche = json.dumps(fiche_remise(dossier, lues), ensure_ascii=False, indent=1, sort_keys=True)
        entrees: list[Entree] = []

        def noter(nom: str, quoi: str, morceaux: Iterable[bytes]) -> Generator[bytes, None, None]:
            empreinte = yield from self._ecrire(archive, f"{racine}/{nom}", le, morceaux)
            entrees.append(Entree(nom, quoi, empreinte))

        yield from noter(FICHE, "Les réponses du dossier (format FICHE)", [f"{fiche}\n".encode()])
        yield from noter(CERFA, "Le dossier dans l'ordre du Cerfa 12156", [pdf.en_cerfa(dossier)])
        pieces = pieces_remises(lues, self.financeur, self.acteur)
        if self.financeur.type == "epci" and not any(p.code == LETTRE for p in pieces):
            quoi = "La lettre au Président, NON SIGNÉE : aucune lettre signée n'est jointe"
            yield from noter("lettre-non-signee.pdf", quoi, [pdf.lettre(dossier)])
        libelles = {p.code: p.libelle for p in reglement_de(dossier).pieces}
        for rang, piece in enumerate(pieces, start=1):
            nom, quoi = nom_de_piece(rang, piece), libelles.get(piece.code, piece.code)
            try:
                yield from noter(nom, quoi, _morceaux(piece.fichier))
            except FileNotFoundError:
                entrees.append(Entree(nom, quoi, reserve="ABSENTE : son contenu est introuvable"))
                continue
            if entrees[-1].empreinte != piece.fichier.empreinte:
                entrees[-1] = Entree(nom, quoi, entrees[-1].empreinte, "ALTÉRÉE depuis sa réception")
        texte = lisezmoi(lues, self.financeur, entrees)
        return (yield from self._ecrire(archive, f"{racine}/{LISEZMOI}", le, [texte.encode()]))

    def _ecrire(
        self, archive: ZipFile, chemin: str, le: Instant, morceaux: Iterable[bytes]
    ) -> Generator[bytes, None, str]:
        info = ZipInfo(chemin, le)
        info.create_system, info.external_attr = 3, 0o100644 << 16
        info.compress_type = ZIP_DEFLATED if chemin.endswith((".json", ".txt")) else ZIP_STORED
        empreinte, suite = hashlib.sha256(), iter(morceaux)
        premier = next(suite, b"")
        with archive.open(info, "w") as sortie:
            for morceau in _apres(premier, suite):
                empreinte.update(morceau)
                sortie.write(morceau)
                yield self._flux.vider()
        yield self._flux.vider()
        return empreinte.hexdigest()


def _apres(premier: bytes, suite: Iterator[bytes]) -> Iterator[bytes]:
    """Le premier morceau est lu avant d'ouvrir l'entrée : un contenu introuvable n'en laisse pas une vide."""
    yield premier
    yield from suite


def _morceaux(fichier: Fichier) -> Iterator[bytes]:
    with fichier.contenu.open("rb") as source:
        while morceau := source.read(MORCEAU):
            yield morceau


def _date(le: datetime | None) -> Instant:
    """L'heure du dépôt, à Paris : la même à chaque remise."""
    if le is None:
        return EPOQUE
    local = a_paris(le)
    return (local.year, local.month, local.day, local.hour, local.minute, local.second)


def dossier_en_nom(dossier: Dossier) -> str:
    return slugify(dossier.numero) or str(dossier.pk)


def nom_de_l_archive(financeur: Financeur, numeros: list[str]) -> str:
    """« remise-etat-26-0041.zip », « remise-etat-12-dossiers.zip » : court, sans accent, sans surprise."""
    suite = slugify(numeros[0]) if len(numeros) == 1 else f"{len(numeros)}-dossiers"
    return f"remise-{slugify(financeur.code)[:40] or 'financeur'}-{suite}.zip"


def nom_de_piece(rang: int, piece: Piece) -> str:
    """« pieces/03-statuts.pdf » : le rang la rend unique, le code la nomme ; jamais le nom envoyé."""
    suffixe = _SUFFIXE.search(piece.fichier.nom.lower())
    return f"pieces/{rang:02d}-{slugify(piece.code)[:40]}{suffixe[0] if suffixe else '.bin'}"


def pieces_remises(lues: Reponses, financeur: Financeur, acteur: Acteur) -> list[Piece]:
    """Les pièces courantes que l'acteur peut lire et que l'appel ne réserve pas à un autre financeur."""
    reservees = {p.code: p.financeurs for p in reglement_de(lues.dossier).pieces if p.financeurs}
    lisibles = Piece.objects.visibles_par(acteur).filter(dossier=lues.dossier, remplacee_le=None)
    return [
        p
        for p in lisibles.select_related("fichier").order_by("code")
        if financeur.code in reservees.get(p.code, (financeur.code,))
    ]


def fiche_remise(dossier: Dossier, lues: Reponses) -> dict[str, Any]:
    """La fiche du dossier (architecture §4), sans ce que le jury en a décidé : ni critère validé, ni taux."""
    ecrite = fiche_de(dossier, lues=lues).en_json()
    bonification = ecrite.get("bonification", {})
    bonification.pop("taux_jury", None)
    criteres = [c for nom, c in bonification.items() if nom != "autres"]
    for critere in [*criteres, *bonification.get("autres", {}).values()]:
        critere.pop("valide", None)
    ecrite.get("action", {}).pop("tolerance_validee", None)
    return ecrite


def lisezmoi(lues: Reponses, financeur: Financeur, entrees: Iterable[Entree]) -> str:
    """Ce que contient le répertoire d'un dossier, avec l'empreinte SHA-256 de chaque fichier."""
    dossier = lues.dossier
    siens = [d for d in lues.demandes if d.financeur_id == financeur.pk and d.etat != ABANDONNEE]
    depose = en_francais(a_paris(dossier.depose_le).date(), "courte") if dossier.depose_le else ""
    lignes = [
        f"Dossier {dossier.numero} : {dossier.intitule}",
        f"Porteur : {dossier.organisme.nom}",
        f"Appel : {dossier.appel.titre}",
        f"Déposé le {depose}.",
        *(f"Demandé à {financeur.nom}, {d.dispositif.nom} : {euros(d.demande)}" for d in siens),
        "",
        "Fichiers, avec leur empreinte SHA-256 (vérifiez : sha256sum -c sur ces lignes) :",
        "",
    ]
    for entree in entrees:
        lignes.append(f"{entree.empreinte or '-' * 64}  {entree.chemin}")
        lignes.append(f"# {entree.quoi}{f' : {entree.reserve}' if entree.reserve else ''}")
    return "\n".join(lignes) + "\n"


def lisezmoi_d_ensemble(financeur: Financeur, sommaire: Iterable[str]) -> str:
    """La page de garde : un répertoire par dossier, et l'empreinte du LISEZMOI de chacun."""
    lignes = list(sommaire)
    return "\n".join(
        [
            f"Remise à : {financeur.nom}",
            f"Dossiers : {len(lignes)}",
            "",
            "Un répertoire par dossier ; son LISEZMOI.txt donne l'empreinte de chacun de ses fichiers.",
            "Empreinte SHA-256 de chaque LISEZMOI.txt :",
            "",
            *lignes,
            "",
        ]
    )
