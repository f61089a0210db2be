"""Le territoire d'un pack : où l'on est, qui finance, à qui parler. Des données figées, rien d'autre."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from ensemblier.noyau.packs.extractions import Extraction
from ensemblier.noyau.packs.regle import Phrase, Source
from ensemblier.noyau.strict import Jour, Modele, Montant, cle

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
CodeMajuscule = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9']+([-_][A-Z0-9']+)*$", max_length=60)]
CodeInsee = Annotated[str, StringConstraints(pattern=r"^(\d{5}|2[AB]\d{3})$")]
CodeQuartier = Annotated[str, StringConstraints(pattern=r"^Q[NP][0-9A-Z]{6}$")]
Siren = Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
Siret = Annotated[str, StringConstraints(pattern=r"^\d{14}$")]
Couleur = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
Telephone = Annotated[str, StringConstraints(pattern=r"^\+\d{8,15}$")]
Courriel = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


class Epci(Modele):
    """L'EPCI qui pilote ; `siege` vide : la lettre part sans adresse, jamais inventée (P36).

    `attente_rib_heures` : ce qu'un compte bancaire changé attend avant de servir à payer (T29).
    """

    siren: Siren
    nom: Phrase
    sigle: Phrase
    siege: tuple[str, ...] = ()
    attente_rib_heures: Annotated[int, Field(ge=0, le=720)] = 48


class Conservation(Modele):
    """Combien de jours se garde un fichier de travail après son dernier usage (B26).

    `recus_jours` : les extractions importées et les tableaux relus ; `editions_jours` : les longs PDF faits
    pour une personne. Ni les dossiers, ni leurs pièces, ni les actes : ceux-là ont leur règle d'archives.
    """

    recus_jours: Annotated[int, Field(ge=30, le=3650)] = 180
    editions_jours: Annotated[int, Field(ge=30, le=3650)] = 180


class LibelleDate(Modele):
    libelle: Phrase
    du: Jour | None = None
    source: Phrase


class Contact(Modele):
    """Une fonction à joindre, jamais une personne ; téléphones au format E.164 (R68)."""

    code: Slug
    financeur: str
    fonction: Phrase
    perimetre: Phrase | None = None
    thematiques: tuple[str, ...] = ()
    commune: str | None = None
    courriel: Courriel | None = None
    telephones: Annotated[tuple[Telephone, ...], Field(max_length=2)] = ()
    repli: bool = False


@dataclass(frozen=True, slots=True)
class Routage:
    """Où vont des thèmes : la fonction, le thème qui y mène, et la phrase qui le dit (R70, R69)."""

    contact: Contact | None
    theme: str | None
    raison: str

    @property
    def poste(self) -> str:
        """Le code de la fonction qui suit ce thème ; vide au repli."""
        return self.contact.code if self.contact and self.theme else ""


class Annonce(Modele):
    """Un nombre que les documents annoncent, à confronter aux données (P06)."""

    quoi: Literal["quartiers", "communes", "communes_epci", "population"]
    nombre: Annotated[int, Field(ge=0)]
    source: Phrase


class DateConcurrente(Modele):
    quoi: Phrase
    le: Jour
    source: Phrase


class Contrat(Modele):
    nom: Phrase
    numero: str | None = None
    signe_le: Jour
    effet_le: Jour
    fin_le: Jour
    pilote: str
    signataires: tuple[str, ...] = ()
    dates_concurrentes: tuple[DateConcurrente, ...] = ()
    annonces: tuple[Annonce, ...] = ()


class ContratAnterieur(Modele):
    nom: Phrase
    debut: int
    fin: int
    axes: tuple[Phrase, ...] = ()
    source: Phrase


class Pilier(Modele):
    code: Slug
    libelle: Phrase
    source: Source


class CodeEtat(Modele):
    """Une ligne de la nomenclature du programme 147 (§C.3)."""

    code: Annotated[str, StringConstraints(pattern=r"^\d(\.\d[a-z]?)?$")]
    libelle: Phrase


class Thematique(Modele):
    code: Slug
    libelle: Phrase
    codes_etat: tuple[str, ...] = ()


class Financeur(Modele):
    """`paiement` : « prepare » : la maison prépare les mandats ; « constate » : elle les note.

    `perimetre` : ce que ses agents lisent sans y écrire, en plus de ce qui le sollicite (§C.2, P39) :
    rien (« demandes »), ceux qui visent sa commune (« commune »), tous (« territoire »).
    """

    code: CodeMajuscule
    nom: Phrase
    sigle: Phrase
    perimetre: Literal["demandes", "commune", "territoire"] | None = None
    type: Literal["epci", "etat", "region", "departement", "caf", "commune"]
    couleur: Couleur
    siret: Siret | None = None
    siren: Siren | None = None
    paiement: Literal["prepare", "constate"] = "constate"
    insee: CodeInsee | None = None

    @property
    def lit(self) -> str:
        """Son périmètre ; sans mot du pack, une commune lit ce qui la vise, un autre ce qui le sollicite."""
        return self.perimetre or ("commune" if self.type == "commune" else "demandes")


class AutreRessource(Modele):
    """Une ligne du compte 74 qui n'est pas un financeur du contrat."""

    code: CodeMajuscule
    nom: Phrase
    publique: bool


class Parametre(Modele):
    """Une question que les textes laissent ouverte, et la réponse du territoire (domaine §A.9)."""

    code: Annotated[str, StringConstraints(pattern=r"^P\d{2}$")]
    question: Phrase
    valeur: Phrase
    note: Phrase | None = None


class LigneChiffree(Modele):
    libelle: Phrase
    montant: Montant


class ChiffresAnnonces(Modele):
    """Un total publié et ses parts : on garde les deux, l'écart se signale (R79, S65)."""

    annee: int
    total: Montant
    parts: tuple[LigneChiffree, ...]
    source: Source


class Attribution(Modele):
    objet: Phrase
    texte: Phrase
    licence: Phrase


class Lien(Modele):
    libelle: Phrase
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    verifie_le: Jour | None = None


class Commune(Modele):
    code: CodeMajuscule
    insee: CodeInsee
    nom: Phrase
    membre: bool
    siren: Siren | None = None
    codes_postaux: tuple[str, ...] = ()
    population: int | None = None
    epci: str | None = None
    lon: float
    lat: float


class Quartier(Modele):
    """Un quartier prioritaire, ses deux codes (R19), les communes qu'il touche (R17)."""

    code: CodeQuartier
    code_ancien: CodeQuartier | None = None
    nom: Phrase
    communes: Annotated[tuple[str, ...], Field(min_length=1)]
    surface_ha: float | None = None
    lon: float
    lat: float
    centroide_dedans: bool = True
    part_epci: float | None = None


class LigneImprimee(Modele):
    """Une ligne du tableau imprimé dans un appel, gardée telle quelle (R16)."""

    code: CodeQuartier
    nom: Phrase
    communes: tuple[str, ...]


class Territoire(Modele):
    """Tout ce qu'un pack dit de son territoire. Se lit avec `lire_territoire`."""

    code: Slug
    nom: Phrase
    sigle: Phrase
    hote: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+$")]
    fictif: bool = False
    epci: Epci
    conservation: Conservation = Conservation()
    services: tuple[LibelleDate, ...] = ()
    contrat: Contrat
    contrats_anterieurs: tuple[ContratAnterieur, ...] = ()
    piliers: tuple[Pilier, ...]
    codes_etat: tuple[CodeEtat, ...] = ()
    thematiques: tuple[Thematique, ...]
    financeurs: tuple[Financeur, ...]
    autres_ressources: tuple[AutreRessource, ...] = ()
    contacts: tuple[Contact, ...] = ()
    parametres: tuple[Parametre, ...] = ()
    chiffres: tuple[ChiffresAnnonces, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    liens: tuple[Lien, ...] = ()
    extractions: tuple[Extraction, ...] = ()
    communes: tuple[Commune, ...] = ()
    quartiers: tuple[Quartier, ...] = ()
    tableau_imprime: tuple[LigneImprimee, ...] = ()
    contours: dict[str, Any] = Field(default_factory=dict, repr=False)

    @cached_property
    def _communes(self) -> dict[str, Commune]:
        return {c.code: c for c in self.communes} | {c.insee: c for c in self.communes}

    @cached_property
    def _quartiers(self) -> dict[str, Quartier]:
        anciens = {q.code_ancien: q for q in self.quartiers if q.code_ancien}
        return anciens | {q.code: q for q in self.quartiers}

    @cached_property
    def _financeurs(self) -> dict[str, Financeur]:
        return {f.code: f for f in self.financeurs}

    @cached_property
    def _autres(self) -> dict[str, AutreRessource]:
        return {a.code: a for a in self.autres_ressources}

    @cached_property
    def _parametres(self) -> dict[str, Parametre]:
        return {p.code: p for p in self.parametres}

    def commune(self, nom_ou_code: str) -> Commune | None:
        """La commune, par son code, son nom (casse et accents indifférents) ou son code Insee."""
        return self._communes.get(nom_ou_code) or self._communes.get(cle(nom_ou_code))

    def quartier(self, code: str) -> Quartier | None:
        """Le quartier, par son code en vigueur ou son ancien code (R19)."""
        return self._quartiers.get(code)

    def financeur(self, code: str) -> Financeur | None:
        return self._financeurs.get(code)

    def autre_ressource(self, code: str) -> AutreRessource | None:
        return self._autres.get(code)

    def parametre(self, code: str) -> Parametre | None:
        return self._parametres.get(code)

    def pilier(self, code: str) -> Pilier | None:
        return next((p for p in self.piliers if p.code == code), None)

    def thematique(self, code: str) -> Thematique | None:
        return next((t for t in self.thematiques if t.code == code), None)

    @cached_property
    def pilote(self) -> Financeur:
        """Le financeur qui pilote le contrat (P01)."""
        return next(f for f in self.financeurs if f.code == self.contrat.pilote)

    def couples(self) -> tuple[tuple[str, str], ...]:
        """Les couples (code de quartier en vigueur, code de commune)."""
        return tuple((q.code, c) for q in self.quartiers for c in q.communes)

    def referent(self, commune: str) -> Contact | None:
        """Le référent d'une commune (R67)."""
        return next((c for c in self.contacts if c.commune == commune), None)

    def contact_pour(self, thematique: str | None) -> Contact | None:
        """Le contact du service pour une thématique, à défaut le contact de repli (R70, S74)."""
        for contact in self.contacts:
            if thematique and thematique in contact.thematiques:
                return contact
        return next((c for c in self.contacts if c.repli), None)

    @cached_property
    def postes(self) -> tuple[Contact, ...]:
        """Les fonctions du service pilote qui suivent des thèmes, dans l'ordre du pack (R70)."""
        return tuple(c for c in self.contacts if c.financeur == self.contrat.pilote and c.thematiques)

    def poste(self, code: str) -> Contact | None:
        return next((c for c in self.postes if c.code == code), None)

    def routage(self, thematiques: Iterable[str]) -> Routage:
        """La fonction qui suit ces thèmes : celle qui en suit le plus, puis le premier dans l'ordre du pack.

        Son thème principal est le premier qu'elle suit. Aucun thème suivi : le contact de repli (R69, S74).
        """
        dits = set(thematiques)
        themes = [t for t in self.thematiques if t.code in dits]
        rangs = {t.code: rang for rang, t in enumerate(themes)}
        suivis = [(c, [t for t in themes if t.code in c.thematiques]) for c in self.postes]
        suivis = [(c, siens) for c, siens in suivis if siens]
        if not suivis:
            noms = ", ".join(f"« {t.libelle} »" for t in themes)
            quoi = f"Aucune fonction ne suit {noms}" if noms else "Aucun thème n'est dit"
            return Routage(self.contact_pour(None), None, f"{quoi} : contact de repli du service.")
        contact, siens = min(suivis, key=lambda x: (-len(x[1]), rangs[x[1][0].code]))
        raison = f"Thème « {siens[0].libelle} » : {contact.fonction}."
        return Routage(contact, siens[0].code, raison)
