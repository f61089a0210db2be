"""Ouvrir un dossier et l'écrire : rien ne s'enregistre plus après le dépôt (T13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from ensemblier.appels.models import Appel, Dispositif
from ensemblier.comptes.models import Organisme, Utilisateur
from ensemblier.dossiers import ecriture
from ensemblier.dossiers.actes.commun import PORTEUR, tenir_le_brouillon
from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.fiche import remplir
from ensemblier.dossiers.models import Derogation, Dossier, Numerotation
from ensemblier.dossiers.suite import recopier
from ensemblier.noyau.calendrier import en_francais, instant_limite, jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.noyau.regles import Fiche
from ensemblier.registre import intentions
from ensemblier.registre.actes import ActeBloque, ouvrir
from ensemblier.registre.models import Intention
from ensemblier.territoires.models import Commune, Quartier

CHAMPS = frozenset(
    {
        "intitule", "resume", "description", "objectifs", "parcours", "partenaires", "moyens", "evaluation",
        "du", "au", "pilier", "est_experimentale", "experimentale_justification", "est_numerique",
        "numerique_coherence", "droit_commun", "comite_de_suivi", "cibles_couvertes", "gestionnaire",
        "numero_dauphin", "depose_dauphin_le", "contact_departement_le", "a_agent_departement",
        "heures_departement", "publics_total", "publics_qpv", "publics_description", "mobilisation_qpv",
    }
)  # fmt: skip
"""Les colonnes que le porteur écrit ; l'instruction et le jury ont leurs actes pour les autres."""


@transaction.atomic
def creer(
    *,
    appel: Appel,
    organisme: Organisme,
    par: Acteur,
    le: datetime,
    fiche: Fiche | None = None,
    suite_de: Dossier | None = None,
) -> Dossier:
    """Ouvre un brouillon, numéroté « 25-0041 » : l'année de l'appel, puis l'ordre d'ouverture.

    `fiche` le remplit (import, simulateur), ou `suite_de`, l'action d'un dossier déposé qu'il continue. Lève
    `RoleInsuffisant` si la personne n'est pas de l'organisme, `ActeBloque` si l'appel n'est pas publié.
    """
    siens = {d.organisme for d in par.perimetres(*PORTEUR)}
    if organisme.pk not in siens and not par.a(Role.SYSTEME):
        raise RoleInsuffisant(f"« Ouvrir un dossier » : cet acte revient aux personnes de : {organisme.nom}.")
    if not appel.est_publie:
        raise ActeBloque(
            f"L'appel « {appel.titre_court} » n'est pas ouvert : aucun dossier ne peut y commencer.",
            "Choisissez un appel publié.",
        )
    if suite_de is not None:
        _exiger_la_meme_action(suite_de, appel=appel, organisme=organisme)
    auteur = par.utilisateur or _premier_rattache(organisme)
    dossier = Dossier(
        numero=_numero(appel), territoire=appel.territoire, appel=appel, organisme=organisme,
        cree_par_id=auteur, cree_le=le, modifie_le=le, etape=BROUILLON, suite_de=suite_de,
    )  # fmt: skip
    libelle = f"Dossier ouvert, suite de {suite_de.numero}" if suite_de else "Dossier ouvert"
    ouvrir(dossier, par=par, le=le, libelle=libelle)
    if suite_de is not None:
        recopier(dossier, suite_de, par=par, le=le)
    if fiche is not None:
        remplir(dossier, fiche, par=par, le=le)
    return dossier


def _exiger_la_meme_action(ancien: Dossier, *, appel: Appel, organisme: Organisme) -> None:
    """Une action se continue chez elle : même organisme, même territoire, et d'un dossier déposé."""
    if ancien.organisme_id != organisme.pk or ancien.territoire_id != appel.territoire_id:
        raise ActeBloque(
            f"Le dossier {ancien.numero} est d'un autre organisme : son action ne se reprend pas ici.",
            "Choisissez un dossier de cet organisme.",
        )
    if ancien.depose_le is None or ancien.appel_id == appel.pk:
        raise ActeBloque(
            f"Le dossier {ancien.numero} n'a pas été déposé dans un autre appel : il n'y a rien à reprendre.",
            "Continuez ce dossier, ou commencez une action nouvelle.",
        )


def creer_une_fois(
    *,
    cle: str,
    appel: Appel,
    organisme: Organisme,
    par: Acteur,
    le: datetime,
    fiche: Fiche | None = None,
    suite_de: Dossier | None = None,
) -> Dossier:
    """Comme `creer` ; la même clé (double clic, page renvoyée) rend le même brouillon.

    Lève `ActeBloque` une fois l'appel fermé, sauf dérogation en cours (S21) : personne n'écrit pour rien.
    """
    corps: dict[str, Any] = {"acte": "creer", "appel": appel.pk, "organisme": organisme.pk}
    if fiche is not None:
        corps["fiche"] = fiche.en_json()
    if suite_de is not None:
        corps["suite_de"] = suite_de.pk
    intention = intentions.recevoir(cle=cle, par=par, corps=corps, le=le)
    with transaction.atomic():
        tenue = Intention.objects.select_for_update().get(pk=intention.pk)
        if tenue.reponse:
            return Dossier.objects.get(pk=tenue.reponse["dossier"])
        _exiger_l_ouverture(appel, organisme, le)
        dossier = creer(appel=appel, organisme=organisme, par=par, le=le, fiche=fiche, suite_de=suite_de)
        intentions.repondre(tenue, {"dossier": dossier.pk})
    return dossier


def _exiger_l_ouverture(appel: Appel, organisme: Organisme, le: datetime) -> None:
    jour = jour_de(le)
    fin = appel.jalons.filter(nature="depot").values_list("fin", flat=True).first()
    prolonge = Derogation.objects.filter(appel=appel, organisme=organisme, jusqu_au__gte=jour)
    if fin is not None and fin < jour and not prolonge.exists():
        raise ActeBloque(
            f"L'appel « {appel.titre_court} » est fermé depuis le {en_francais(instant_limite(fin))}.",
            "Un empêchement ? Écrivez au service : une dérogation est possible, motivée.",
        )


def _premier_rattache(organisme: Organisme) -> int:
    premier = organisme.rattachements.order_by("pk").values_list("utilisateur_id", flat=True).first()
    if premier is None:
        raise ActeBloque(f"{organisme.nom} n'a aucune personne rattachée : personne ne suivrait ce dossier.")
    return int(Utilisateur.objects.values_list("pk", flat=True).get(pk=premier))


def _numero(appel: Appel) -> str:
    """Le numéro suivant, sous le verrou de sa ligne : deux ouvertures au même instant ne le partagent pas."""
    lieu = {"territoire": appel.territoire, "annee": appel.exercice}
    Numerotation.objects.get_or_create(**lieu)
    suite = Numerotation.objects.select_for_update().get(**lieu)
    suite.dernier += 1
    suite.save(update_fields=("dernier",))
    return f"{appel.exercice % 100:02d}-{suite.dernier:04d}"


def _dater(dossier: Dossier, le: datetime) -> None:
    dossier.modifie_le = le
    dossier.save(update_fields=("modifie_le",))


@transaction.atomic
def enregistrer_etape(
    dossier: Dossier, *, champs: Mapping[str, Any], par: Acteur, roles: Iterable[Role], le: datetime
) -> Dossier:
    """Enregistre des réponses du porteur (`CHAMPS`, et `thematiques` : une liste) ; rend le dossier relu."""
    tenu = tenir_le_brouillon(dossier, roles, quoi="Enregistrer une réponse")
    champs = dict(champs)
    thematiques = champs.pop("thematiques", None)
    if inconnus := set(champs) - CHAMPS:
        raise ValueError(f"Le porteur n'écrit pas : {', '.join(sorted(inconnus))}")
    for nom, valeur in champs.items():
        setattr(tenu, nom, valeur)
    tenu.modifie_le = le
    try:
        tenu.full_clean(exclude={f.name for f in Dossier._meta.fields} - set(champs), validate_unique=False)
    except ValidationError as refus:
        raise ActeBloque(*refus.messages) from refus
    tenu.save(update_fields=(*champs, "modifie_le"))
    if thematiques is not None:
        tenu.thematiques.set(thematiques)
    return tenu


@transaction.atomic
def enregistrer_quartiers(
    dossier: Dossier,
    *,
    vises: Mapping[Quartier, Iterable[Commune]],
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Dossier:
    """Les quartiers de l'action, avec leurs communes (R17) ; une commune hors du quartier est refusée."""
    tenu = tenir_le_brouillon(dossier, roles, quoi="Enregistrer les quartiers")
    for quartier, communes in vises.items():
        admises = set(quartier.communes.all())
        if etrangeres := [c.nom for c in communes if c not in admises]:
            raise ActeBloque(
                f"{', '.join(etrangeres)} : hors du quartier {quartier.nom}. Choisissez ses communes."
            )
    ecriture.poser_quartiers(tenu, vises)
    _dater(tenu, le)
    return tenu


@transaction.atomic
def enregistrer_contact_commune(
    dossier: Dossier, *, contact: ecriture.Contact, par: Acteur, roles: Iterable[Role], le: datetime
) -> Dossier:
    """La trace d'un contact pris avec une ville avant le dépôt (R40, P20)."""
    tenu = tenir_le_brouillon(dossier, roles, quoi="Noter un contact avec une commune")
    ecriture.poser_contact(tenu, contact)
    _dater(tenu, le)
    return tenu


@transaction.atomic
def retirer_contact_commune(
    dossier: Dossier, *, commune: Commune, par: Acteur, roles: Iterable[Role], le: datetime
) -> Dossier:
    tenu = tenir_le_brouillon(dossier, roles, quoi="Retirer un contact")
    tenu.contacts_communes.filter(commune=commune).delete()
    _dater(tenu, le)
    return tenu


@transaction.atomic
def enregistrer_budget(
    dossier: Dossier,
    *,
    charges: Mapping[str, Decimal],
    produits: Mapping[str, Decimal],
    subventions: Mapping[str, Decimal],
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Dossier:
    """Le budget de l'action, par compte du Cerfa ; `subventions` : le compte 74, par code de financeur."""
    tenu = tenir_le_brouillon(dossier, roles, quoi="Enregistrer le budget")
    ecriture.poser_budget(tenu, charges=charges, produits=produits, subventions=subventions)
    _dater(tenu, le)
    return tenu


@transaction.atomic
def enregistrer_demandes(
    dossier: Dossier,
    *,
    demandes: Mapping[Dispositif, Decimal],
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Dossier:
    """Ce qui est demandé à chaque financeur, par dispositif, en euros entiers (P31)."""
    tenu = tenir_le_brouillon(dossier, roles, quoi="Enregistrer les demandes")
    if any(d.appel_id != tenu.appel_id for d in demandes):
        raise ActeBloque("Ce dispositif n'est pas de cet appel. Choisissez dans la liste de l'appel.")
    if tenu.appel.regles().demandes_entieres and any(m != m.to_integral_value() for m in demandes.values()):
        raise ActeBloque("Une demande se fait en euros entiers. Arrondissez le montant.")
    ecriture.poser_demandes(tenu, demandes, par=par, le=le)
    _dater(tenu, le)
    return tenu


@transaction.atomic
def enregistrer_criteres(
    dossier: Dossier,
    *,
    criteres: Iterable[ecriture.CritereDit],
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Dossier:
    """Les critères de bonification que le porteur déclare et justifie (R29) ; le jury les valide."""
    tenu = tenir_le_brouillon(dossier, roles, quoi="Déclarer un critère")
    dits = list(criteres)
    connus = {c.code for c in tenu.appel.regles().financement.criteres}
    if inconnus := [c.code for c in dits if c.code not in connus]:
        raise ActeBloque(f"Cet appel n'a pas de critère « {', '.join(inconnus)} ».")
    ecriture.poser_criteres(tenu, dits)
    _dater(tenu, le)
    return tenu
