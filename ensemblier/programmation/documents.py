"""Convocation, procès-verbal, annexe d'une délibération : ce qu'ils disent, puis leur PDF (§C.7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Ciblage, Demande, Deport
from ensemblier.interface.pdf import ecrire_pdf
from ensemblier.noyau import montants
from ensemblier.programmation.lecture import changements
from ensemblier.programmation.models import Attribution, Deliberation, Seance
from ensemblier.programmation.notes import Resultat, resultats

ZERO = Decimal("0.00")


def convocation(seance: Seance, lisibles: Collection[int]) -> bytes:
    """Quand, où, qui siège, et l'ordre du jour ; `lisibles` : les dossiers que lit la personne."""
    return ecrire_pdf(
        "programmation/pdf/convocation.html",
        contexte_de_la_convocation(seance, lisibles),
        identifiant=f"convocation-{seance.pk}-{seance.version}-{sorted(lisibles)}",
        titre=f"Convocation, {seance.titre}",
    )


def contexte_de_la_convocation(seance: Seance, lisibles: Collection[int]) -> dict[str, Any]:
    return {
        "seance": seance,
        "territoire": seance.territoire,
        "emetteur": seance.territoire.nom,
        "reference_document": f"{seance.get_type_display()}, {seance.appel.titre_court}",
        "membres": list(seance.participants.select_related("utilisateur").order_by("pk")),
        "ordre": [
            (i, i.dossier_id in lisibles) for i in seance.inscriptions.select_related("dossier__organisme")
        ],
        "changements": changements(seance),
    }


def proces_verbal(seance: Seance) -> bytes:
    """Les présents, les déports nommés, les notes moyennes, les décisions et leurs motifs (B10, S69)."""
    contexte = contexte_du_proces_verbal(seance)
    titre = f"Procès-verbal, {seance.titre}"
    return ecrire_pdf(
        "programmation/pdf/proces_verbal.html", contexte, identifiant=f"pv-{seance.pk}", titre=titre
    )


def contexte_du_proces_verbal(seance: Seance) -> dict[str, Any]:
    membres = list(seance.participants.select_related("utilisateur").order_by("pk"))
    par_ordre = sorted(resultats(seance), key=lambda r: r.inscription.rang)
    volets = _volets([r.inscription.dossier_id for r in par_ordre])
    return {
        "seance": seance,
        "territoire": seance.territoire,
        "emetteur": seance.territoire.nom,
        "date_document": seance.le,
        "reference_document": f"{seance.get_type_display()}, {seance.appel.titre_court}",
        "presents": [m for m in membres if m.est_present],
        "absents": [m for m in membres if not m.est_present],
        "lignes": [_ligne_du_proces_verbal(r, volets.get(r.inscription.dossier_id, [])) for r in par_ordre],
    }


def _ligne_du_proces_verbal(resultat: Resultat, volets: list[Demande]) -> dict[str, Any]:
    inscription = resultat.inscription
    return {
        "inscription": inscription,
        "dossier": inscription.dossier,
        "moyenne": resultat.moyenne,
        "deportes": resultat.deportes,
        "volets": [v for v in volets if v.propose],
        "amendements": list(inscription.amendements.all()),
    }


def _volets(dossiers: Iterable[int]) -> dict[int, list[Demande]]:
    groupes: dict[int, list[Demande]] = {}
    for demande in Demande.objects.filter(dossier__in=list(dossiers)).select_related("financeur"):
        groupes.setdefault(demande.dossier_id, []).append(demande)
    return groupes


def annexe(deliberation: Deliberation) -> bytes:
    """Le tableau voté : un bénéficiaire par ligne, versements, convention, déports ; les totaux."""
    return ecrire_pdf(
        "programmation/pdf/annexe.html",
        contexte_de_l_annexe(deliberation),
        identifiant=f"annexe-{deliberation.pk}-{deliberation.numero}",
        titre=f"Annexe à la délibération {deliberation.numero}",
    )


def contexte_de_l_annexe(deliberation: Deliberation) -> dict[str, Any]:
    attributions = list(
        deliberation.attributions.select_related(
            "demande__dossier__organisme",
            "demande__dossier__appel__reglement",
            "demande__dossier__reglement",
            "demande__dispositif",
            "demande__financeur",
            "remplace__deliberation",
        ).order_by("demande__dossier__numero", "pk")
    )
    dossiers = [a.demande.dossier_id for a in attributions]
    lieux, deports = lieux_de(dossiers), _deports(dossiers)
    cumuls = _cumuls(deliberation)
    lignes = [
        _ligne_de_l_annexe(rang, a, lieux, deports, cumuls) for rang, a in enumerate(attributions, start=1)
    ]
    accords = [ligne for ligne in lignes if ligne["montant"]]
    return {
        "deliberation": deliberation,
        "territoire": deliberation.territoire,
        "emetteur": deliberation.financeur.nom,
        "date_document": deliberation.le,
        "reference_document": f"Délibération {deliberation.numero}",
        "accords": accords,
        "changes": [ligne for ligne in accords if ligne["remplace"]],
        "refus": [ligne for ligne in lignes if not ligne["montant"]],
        "total": sum((ligne["montant"] for ligne in accords), ZERO),
        "total_cout": sum((ligne["cout"] for ligne in accords), ZERO),
        "total_premier": sum((ligne["premier"] for ligne in accords), ZERO),
        "total_second": sum((ligne["second"] for ligne in accords), ZERO),
    }


def _ligne_de_l_annexe(
    rang: int,
    attribution: Attribution,
    lieux: dict[int, str],
    deports: dict[int, list[str]],
    cumuls: dict[int, Decimal],
) -> dict[str, Any]:
    demande = attribution.demande
    dossier, montant = demande.dossier, attribution.montant
    verse = demande.verse if attribution.est_avenant else ZERO
    premier, second = (verse, montant - verse) if verse else _versements(demande, montant)
    convention = montants.convention_requise(
        deja_attribues=[cumuls.get(dossier.organisme_id, montant) - montant], attribue=montant
    )
    return {
        "rang": rang,
        "dossier": dossier,
        "organisme": dossier.organisme,
        "siret": dossier.organisme.siret or dossier.organisme.siren,
        "lieux": lieux.get(dossier.pk, ""),
        "cout": dossier.cout_total,
        "taux": montants.pourcent(Fraction(montant) / Fraction(dossier.cout_total))
        if dossier.cout_total
        else "",
        "montant": montant,
        "premier": premier,
        "second": second,
        "verse": verse,
        "convention": convention.requise,
        "credits": demande.dispositif.credits or demande.dispositif.nom,
        "deports": deports.get(dossier.pk, []),
        "motif": attribution.motif,
        "remplace": attribution.remplace,
    }


def _versements(demande: Demande, montant: Decimal) -> tuple[Decimal, Decimal]:
    """K7 là où l'appel écrit une règle de versement ; sinon un versement (P34)."""
    ecrit = reglement_de(demande.dossier).versement(demande.financeur.code)
    if ecrit is None:
        return montant, ZERO
    tranches = montants.echeancier(attribue=montant, seuil=ecrit.seuil, part=ecrit.part).tranches
    parts = [t.montant for t in tranches]
    return (parts[0] if parts else ZERO), sum(parts[1:], ZERO)


def lieux_de(dossiers: Collection[int]) -> dict[int, str]:
    """Par dossier, ses quartiers et leurs communes, en mots ; deux requêtes."""
    noms: dict[int, list[str]] = {}
    cibles = (
        Ciblage.objects.filter(dossier__in=dossiers).select_related("quartier").prefetch_related("communes")
    )
    for cible in cibles.order_by("quartier__nom"):
        villes = ", ".join(c.nom for c in cible.communes.all())
        noms.setdefault(cible.dossier_id, []).append(
            f"{cible.quartier.nom} ({villes})" if villes else cible.quartier.nom
        )
    return {dossier: " ; ".join(textes) for dossier, textes in noms.items()}


def _deports(dossiers: list[int]) -> dict[int, list[str]]:
    noms: dict[int, list[str]] = {}
    for d in Deport.objects.filter(dossier__in=dossiers, leve_le=None).select_related("utilisateur"):
        noms.setdefault(d.dossier_id, []).append(d.utilisateur.nom_complet)
    return noms


def _cumuls(deliberation: Deliberation) -> dict[int, Decimal]:
    """K8 : par organisme, la somme attribuée par ce financeur sur l'exercice, cet acte compris."""
    sommes: dict[int, Decimal] = {}
    lignes = Attribution.objects.filter(
        remplacee_le=None,
        deliberation__financeur=deliberation.financeur_id,
        demande__dossier__appel__exercice=deliberation.appel.exercice,
    ).values_list("demande__dossier__organisme_id", "montant")
    for organisme, montant in lignes:
        sommes[organisme] = sommes.get(organisme, ZERO) + montant
    return sommes
