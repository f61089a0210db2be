"""Le dossier dans l'ordre du Cerfa 12156*06 (B2, §B.2) : pour l'imprimer, ou le recopier sur Dauphin.

Ce qu'Ensemblier ne demande pas reste à remplir à la main, et se voit : une ligne vide n'est pas une réponse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ensemblier.comptes.moyens import administration, humains
from ensemblier.dossiers.etats import ABANDONNEE
from ensemblier.dossiers.lecture import quartiers
from ensemblier.dossiers.models import Dossier, LigneDeBudget
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.formats import date_courte, euros, euros_ronds, nombre
from ensemblier.noyau import cerfa, montants

DESTINATAIRES = (
    ("etat", "État"), ("region", "Région"), ("departement", "Département"),
    ("commune", "Commune"), ("epci", "Intercommunalité"), ("caf", "Établissement public (CAF)"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rubrique:
    """Une rubrique : son titre, ses lignes (question, réponse) ; une réponse vide est à remplir à la main."""

    numero: str
    titre: str
    lignes: tuple[tuple[str, str], ...]


def description(dossier: Dossier) -> str:
    """Le descriptif, le pilier en préambule : l'appel le demande ainsi (R41, S16)."""
    preambule = f"Pilier : {dossier.pilier.nom}." if dossier.pilier else ""
    return "\n".join(filter(None, (preambule, dossier.resume, dossier.description)))


def entete(lues: Reponses) -> tuple[tuple[str, str], ...]:
    """Forme, fréquence, objet, période, destinataires : les cases du haut."""
    dossier = lues.dossier
    types = {d.financeur.type for d in lues.demandes if d.etat != ABANDONNEE and d.demande}
    pluriannuelle = bool(dossier.du and dossier.au and dossier.du.year != dossier.au.year)
    return (
        ("Forme", "En numéraire"),
        ("Fréquence", "Renouvellement" if dossier.suite_de_id else "Première demande"),
        ("Objet", "Projet ou action"),
        ("Période", "Pluriannuelle" if pluriannuelle else "Annuelle ou ponctuelle"),
        ("Adressée à", ", ".join(nom for code, nom in DESTINATAIRES if code in types)),
    )


def rubriques(lues: Reponses) -> tuple[Rubrique, ...]:
    """Les rubriques 1 à 4 et 6, dans l'ordre du formulaire ; le budget et l'attestation ont leur page."""
    dossier = lues.dossier
    o = dossier.organisme
    siege = f"{o.adresse} {o.code_postal} {o.commune}".strip()
    return (
        Rubrique("1", "Identification", (
            ("Nom", o.nom), ("Sigle", o.sigle), ("Site web", o.site), ("SIRET", o.siret), ("RNA", o.rna),
            ("Siège", siege),
            ("Adresse de correspondance", o.correspondance or (siege and "La même que le siège")),
            ("Courriel", o.courriel), ("Téléphone", o.telephone),
            ("Représentant légal", f"{o.representant_nom}, {o.representant_fonction}".strip(", ")),
            ("Personne chargée de la demande", dossier.cree_par.nom_complet),
        )),
        Rubrique("2", "Relations avec l'administration", administration(o)),
        Rubrique("3", "Relations avec d'autres associations", (
            ("Fédération, union ou réseau", o.federation),
            ("Organismes qui portent aussi l'action",
             " ; ".join(f"{c.nom} ({c.numero}) : {c.role}" for c in lues.co_porteurs)),
        )),
        Rubrique("4", "Moyens humains", humains(o)),
        Rubrique("6", "Projet", projet(lues)),
    )  # fmt: skip


def projet(lues: Reponses) -> tuple[tuple[str, str], ...]:
    """Le projet, rubrique 6, tel qu'il se recopie."""
    d = lues.dossier
    themes = "\n".join(
        f"{t.nom} (code État {t.code_etat})" if t.code_etat else t.nom for t in lues.thematiques
    )
    lieux = "\n".join(f"{nom} ({codes}) : {villes}" for nom, codes, villes in quartiers(lues))
    dates = f"du {date_courte(d.du)} au {date_courte(d.au)}" if d.du and d.au else date_courte(d.du)
    tous = f"{nombre(d.publics_total)} personnes" if d.publics_total is not None else ""
    des_quartiers = d.publics_qpv is not None
    dont = f"dont {nombre(d.publics_qpv)} habitants de quartier prioritaire" if des_quartiers else ""
    publics = ", ".join(filter(None, (tous, dont)))
    return (
        ("Intitulé", d.intitule), ("Thématiques", themes), ("Objectifs", d.objectifs),
        ("Description", description(d)),
        ("Bénéficiaires", "\n".join(filter(None, (publics, d.publics_description)))),
        ("Comment ils sont mobilisés", d.mobilisation_qpv), ("Territoire", lieux),
        ("Moyens matériels et humains", d.moyens), ("Partenaires", d.partenaires), ("Dates", dates),
        ("Évaluation", d.evaluation), ("Articulation avec le droit commun", d.droit_commun),
        ("Comité de suivi", d.comite_de_suivi),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cote:
    """Un côté du budget : ses comptes et leur montant, son total hors volontariat, puis avec."""

    lignes: tuple[tuple[str, Decimal], ...]
    total: Decimal
    volontaires: Decimal

    @property
    def avec_volontaires(self) -> Decimal:
        return montants.de_centimes(montants.en_centimes(self.total) + montants.en_centimes(self.volontaires))


def budget(lues: Reponses) -> tuple[Cote, Cote]:
    """Les charges, les produits : par compte du Cerfa, une ligne par financeur au compte 74 (K10)."""
    pack = lues.dossier.territoire.pack()
    charges: dict[str, Decimal] = {}
    produits: dict[str, Decimal] = {}
    for ligne in lues.lignes_de_budget:
        autre = pack.autre_ressource(ligne.compte.partition(":")[2])
        if ligne.sens == LigneDeBudget.Sens.CHARGE:
            nom = cerfa.libelle(ligne.compte)
            charges[nom] = charges.get(nom, Decimal(0)) + ligne.montant
        else:
            nom = f"74 {ligne.financeur.nom}" if ligne.financeur else f"74 {autre.nom}" if autre else ""
            nom = nom or cerfa.libelle(ligne.compte)
            produits[nom] = produits.get(nom, Decimal(0)) + ligne.montant
    return (
        _cote(charges, (c.libelle for c in cerfa.CHARGES), cerfa.EMPLOIS_VOLONTAIRES.libelle),
        _cote(produits, (c.libelle for c in cerfa.PRODUITS), cerfa.VOLONTAIRES.libelle),
    )


def budget_annuel(lues: Reponses) -> tuple[Cote, Cote] | None:
    """Rubrique 5 : le budget de l'organisme pour l'exercice de l'appel ; rien s'il n'est pas dit."""
    if lues.budget_annuel is None:
        return None
    charges = {cerfa.libelle(x.compte): x.montant for x in lues.lignes_annuelles if x.sens == "charge"}
    produits = {cerfa.libelle(x.compte): x.montant for x in lues.lignes_annuelles if x.sens == "produit"}
    avant = [c.libelle for c in cerfa.PRODUITS if c.code < cerfa.SUBVENTIONS.code]
    apres = [c.libelle for c in cerfa.PRODUITS if c.libelle not in avant]
    return (
        _cote(charges, (c.libelle for c in cerfa.CHARGES_DE_L_ORGANISME), cerfa.EMPLOIS_VOLONTAIRES.libelle),
        _cote(produits, (*avant, *(c.libelle for c in cerfa.ORIGINES), *apres), cerfa.VOLONTAIRES.libelle),
    )


def _cote(dits: dict[str, Decimal], comptes: Iterable[str], volontaires: str) -> Cote:
    """Tous les comptes du formulaire, le 74 à sa place ; un compte sans montant reste, à zéro."""
    rangs = [nom for nom in comptes if nom]
    subventions = [nom for nom in dits if nom.startswith("74 ")]
    autres = [nom for nom in dits if nom not in rangs and nom not in subventions and nom != volontaires]
    apres = next((i for i, nom in enumerate(rangs) if "(75)" in nom), len(rangs))
    ordre = [*rangs[:apres], *subventions, *rangs[apres:], *autres]
    lignes = tuple((nom, dits.get(nom, Decimal("0.00"))) for nom in ordre)
    total = montants.de_centimes(sum(montants.en_centimes(m) for _, m in lignes))
    return Cote(lignes, total, dits.get(volontaires, Decimal("0.00")))


def demandes(lues: Reponses) -> list[tuple[str, str]]:
    """Ce qui est demandé, financeur par financeur, volets abandonnés ôtés."""
    return [
        (f"{d.financeur.nom}, {d.dispositif.nom}", euros_ronds(d.demande))
        for d in lues.demandes
        if d.etat != ABANDONNEE and d.demande
    ]


def plan(lues: Reponses) -> list[tuple[str, list[tuple[str, str]]]]:
    """Le plan de financement à recopier : seulement les lignes qui ont un montant."""
    charges, produits = budget(lues)
    return [
        (titre, [(nom, euros(m)) for nom, m in (*cote.lignes, ("Bénévolat et dons", cote.volontaires)) if m])
        for titre, cote in (("Dépenses", charges), ("Ressources", produits))
    ]
