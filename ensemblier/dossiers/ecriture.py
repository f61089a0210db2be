"""Les lignes d'un brouillon : chaque fonction remplace une liste entière ; l'appelant tient le verrou."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ensemblier.appels.models import Dispositif
from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.models import (
    Ciblage,
    CommuneVisee,
    ContactCommune,
    CoPorteur,
    Critere,
    Demande,
    Dossier,
    LigneDeBudget,
)
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.actes import ouvrir
from ensemblier.territoires.models import Commune, Quartier

SUBVENTIONS = "74"
VOLONTAIRES = "86"


@dataclass(frozen=True, slots=True)
class Contact:
    """Un contact pris avec une commune : le jour, le moyen, une note."""

    commune: Commune
    le: date
    mode: str = ContactCommune.Mode.COURRIEL
    note: str = ""


@dataclass(frozen=True, slots=True)
class CritereDit:
    """Ce que le porteur dit d'un critère de bonification (R29)."""

    code: str
    est_declare: bool
    justification: str = ""


def poser_co_porteur(
    dossier: Dossier,
    *,
    nom: str,
    numero: str,
    role: str,
    par: Acteur,
    le: datetime,
    courriel: str = "",
    fonction: str = "",
) -> tuple[CoPorteur, bool]:
    """Un co-porteur, reconnu par son numéro ; rend aussi s'il est nouveau.

    Ce qui lui est demandé changé, sa réponse d'avant s'efface : il a confirmé autre chose.
    """
    connu = CoPorteur.objects.filter(dossier=dossier, numero=numero).first()
    co_porteur = connu or CoPorteur(dossier=dossier, numero=numero)
    avant, ancienne = co_porteur.teneur(), co_porteur.courriel
    co_porteur.nom, co_porteur.role = nom[:200], role[:300]
    co_porteur.courriel, co_porteur.fonction = courriel.lower(), fonction[:150]
    co_porteur.ajoute_le, co_porteur.ajoute_par = le, par.signature
    if connu is None or co_porteur.teneur() != avant:
        co_porteur.organisme = Organisme.objects.de_numero(numero).first()
        co_porteur.confirme = co_porteur.repondu_le = co_porteur.demande_le = None
        co_porteur.repondu_par = co_porteur.motif = ""
    if co_porteur.courriel != ancienne and co_porteur.confirme is None:
        co_porteur.demande_le = None
    co_porteur.save()
    return co_porteur, connu is None


def poser_quartiers(dossier: Dossier, vises: Mapping[Quartier, Iterable[Commune]]) -> None:
    """Les quartiers visés et, dans chacun, les communes de l'action.

    Aucune nommée : toutes celles du quartier, écrites, car c'est par elles qu'un référent voit le dossier.
    Seule à les écrire : les communes visées, que les listes lisent, en sont la somme.
    """
    CommuneVisee.objects.filter(dossier=dossier).delete()
    dossier.ciblages.all().delete()
    couple = Ciblage.communes.through
    ciblages = Ciblage.objects.bulk_create(Ciblage(dossier=dossier, quartier=q) for q in vises)
    par_quartier = {c.quartier_id: c for c in ciblages}
    touchees = {q: tuple(communes) or tuple(q.communes.all()) for q, communes in vises.items()}
    couple.objects.bulk_create(
        couple(ciblage=par_quartier[quartier.pk], commune=commune)
        for quartier, communes in touchees.items()
        for commune in communes
    )
    visees = {commune.pk for communes in touchees.values() for commune in communes}
    CommuneVisee.objects.bulk_create(CommuneVisee(dossier=dossier, commune_id=pk) for pk in sorted(visees))


def poser_contact(dossier: Dossier, contact: Contact) -> None:
    """Le contact d'une commune ; le changer efface la confirmation du référent."""
    champs = {"le": contact.le, "mode": contact.mode, "note": contact.note}
    connu = dossier.contacts_communes.filter(commune=contact.commune).first()
    if connu is None:
        ContactCommune.objects.create(dossier=dossier, commune=contact.commune, **champs)
    elif (connu.le, connu.mode, connu.note) != (contact.le, contact.mode, contact.note):
        vide = {"confirme": None, "confirme_le": None, "confirme_par": ""}
        dossier.contacts_communes.filter(pk=connu.pk).update(**champs, **vide)


def poser_budget(
    dossier: Dossier,
    *,
    charges: Mapping[str, Decimal],
    produits: Mapping[str, Decimal],
    subventions: Mapping[str, Decimal],
) -> None:
    """Les comptes non nuls du Cerfa ; `subventions` : le compte 74, par code de financeur."""
    financeurs = {f.code: f for f in dossier.territoire.financeurs.all()}
    sens = LigneDeBudget.Sens
    lignes = [(sens.CHARGE, compte, None, m) for compte, m in charges.items()]
    lignes += [(sens.PRODUIT, compte, None, m) for compte, m in produits.items()]
    for code, m in subventions.items():
        financeur = financeurs.get(code)
        compte = SUBVENTIONS if financeur else f"{SUBVENTIONS}:{code}"
        lignes.append((sens.PRODUIT, compte, financeur, m))
    dossier.lignes_de_budget.all().delete()
    LigneDeBudget.objects.bulk_create(
        LigneDeBudget(dossier=dossier, sens=s, compte=c, financeur=f, montant=m) for s, c, f, m in lignes if m
    )
    dossier.cout_total = sum(
        (m for compte, m in charges.items() if not compte.startswith(VOLONTAIRES)), Decimal(0)
    )
    dossier.save(update_fields=("cout_total",))


def poser_demandes(
    dossier: Dossier, demandes: Mapping[Dispositif, Decimal], *, par: Acteur, le: datetime
) -> None:
    """Une demande par financeur et dispositif ; un montant nul la retire du brouillon."""
    connues = {d.dispositif_id: d for d in dossier.demandes.all()}
    voulues = {dispositif: montant for dispositif, montant in demandes.items() if montant}
    garder = {dispositif.pk for dispositif in voulues}
    dossier.demandes.exclude(dispositif__in=garder).delete()
    for dispositif, montant in voulues.items():
        connue = connues.get(dispositif.pk)
        if connue is None:
            nouvelle = Demande(
                dossier=dossier, financeur=dispositif.financeur, dispositif=dispositif, demande=montant
            )
            libelle = f"Aide à demander : {dispositif.financeur.sigle}"
            ouvrir(nouvelle, par=par, le=le, libelle=libelle, public=False)
        elif connue.demande != montant:
            connue.demande = montant
            connue.save(update_fields=("demande",))
    dossier.demande_totale = sum(voulues.values(), Decimal(0))
    dossier.save(update_fields=("demande_totale",))


def poser_criteres(dossier: Dossier, criteres: Iterable[CritereDit]) -> None:
    """Ce que le porteur déclare ; les avis de l'instructeur et du jury restent."""
    for dit in criteres:
        Critere.objects.update_or_create(
            dossier=dossier,
            code=dit.code,
            defaults={"est_declare": dit.est_declare, "justification": dit.justification},
        )
