"""Changer une aide notifiée : la lettre, l'avenant à signer sur une convention, puis les tranches."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ensemblier.conventions import courriels, documents
from ensemblier.conventions.actes.notification import PDF, ouvrir_la_convention
from ensemblier.conventions.actes.signature import exiger_l_etat, exiger_le_pouvoir
from ensemblier.conventions.actes.versement import changer_le_montant
from ensemblier.conventions.etats import A_SIGNER, PAYE, SIGNEE, SIGNEE_PORTEUR
from ensemblier.conventions.models import Avenant, Convention, Tranche, Versement
from ensemblier.conventions.plan import (
    BILAN,
    CONVENTION,
    NOTIFICATION,
    Part,
    Plan,
    Repartition,
    attribution_courante,
    condition_en_mots,
    en_json,
    prevoir,
    regle_de_versement,
    repartir,
)
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.etats import APRES_LETTRE
from ensemblier.dossiers.models import Demande
from ensemblier.noyau import calendrier
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.programmation.actes import prendre_effet
from ensemblier.programmation.models import Attribution
from ensemblier.registre.actes import ActeBloque, avancer, consigner, ouvrir, verrouiller
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Fichier


def attendu(demande: Demande) -> Attribution:
    """L'attribution votée après la lettre et pas encore notifiée ; `ActeBloque` s'il n'y en a pas."""
    attribution = (
        Avenant.objects.attendus()
        .filter(demande=demande, suivi=None)
        .select_related("deliberation", "remplace__deliberation")
        .first()
    )
    if attribution is None:
        raise ActeBloque(
            "Aucun avenant n'est à notifier sur cette aide. Un acte en change d'abord le montant."
        )
    return attribution


def notifier_l_avenant(demande: Demande, *, par: Acteur, le: datetime) -> Avenant:
    """Écrit au porteur le nouveau montant ; sans convention signée il prend effet, sinon il se signe.

    Les PDF se font avant la transaction ; si la décision, la convention ou le versé a changé entre-temps,
    rien n'est écrit.
    """
    if Role.AGENT_FINANCEUR not in roles_sur_demande(par, demande):
        raise RoleInsuffisant(f"Les lettres de {demande.financeur.nom} reviennent à ses agents.")
    attribution, plan = attendu(demande), prevoir(demande)
    convention = Convention.objects.filter(demande=demande).first()
    _exiger_une_convention_sue(convention)
    jour = calendrier.jour_de(le)
    lettre = documents.lettre_d_avenant(demande, plan, attribution, jour=jour)
    projet = _projet(demande, plan, attribution, convention, jour)
    with transaction.atomic():
        verrouiller(demande.racine())
        verse = demande.verse
        demande.refresh_from_db(fields=("etat", "vote", "verse"))
        _exiger_la_meme_decision(demande, plan, convention, verse=verse)
        avenant = _inscrire(demande, attribution, convention, lettre, projet, par=par, le=le)
        if convention is None and projet is not None:
            ouvrir_la_convention(demande, plan, projet=projet, par=par, le=le)
        elif convention is not None and convention.etat == A_SIGNER and projet is not None:
            _refaire_le_projet(convention, plan, projet, par=par, le=le)
        if avenant.projet_id is None:
            avancer(avenant, "prendre_effet", par=par, roles=roles_sur_demande(par, demande), le=le)
            _prendre_effet(avenant, plan, par=par, le=le)
        courriels.annoncer_l_avenant(avenant, le=le)
    return avenant


def _exiger_une_convention_sue(convention: Convention | None) -> None:
    if convention is not None and convention.etat == SIGNEE_PORTEUR:
        raise ActeBloque(
            "Le porteur a signé la convention, pas encore vous. Contresignez-la : l'avenant vient après."
        )


def _projet(
    demande: Demande, plan: Plan, attribution: Attribution, convention: Convention | None, jour: date
) -> bytes | None:
    """L'avenant à une convention signée ; une convention refaite, ou la première, si elle est exigée."""
    if convention is not None and convention.etat == SIGNEE:
        return documents.projet_d_avenant(demande, plan, attribution, convention, jour=jour)
    if convention is not None or plan.convention.requise:
        return documents.projet_de_convention(demande, plan, jour=jour)
    return None


def _exiger_la_meme_decision(
    demande: Demande, plan: Plan, convention: Convention | None, *, verse: Decimal
) -> None:
    """Ce que la lettre et l'avenant écrivent reste vrai sous le verrou ; `verse` : ce qu'ils en disent."""
    courante = attribution_courante(demande)
    lue = Convention.objects.filter(demande=demande).values_list("etat", flat=True).first()
    if courante.pk != plan.attribution.pk or lue != (convention.etat if convention else None):
        raise ActeBloque(
            "La décision ou la convention vient de changer. Relisez la lettre, puis recommencez."
        )
    if demande.verse != verse:
        raise ActeBloque(
            "Un versement vient d'être payé : la lettre dirait un autre reste. Relisez-la, puis recommencez."
        )
    if Avenant.objects.filter(attribution=courante).exists():
        raise ActeBloque("Cet avenant est déjà notifié. Rechargez la page.")
    if demande.etat not in APRES_LETTRE:
        raise ActeBloque("Le bilan de cette action est jugé : l'aide ne change plus de montant.")


def _inscrire(
    demande: Demande,
    attribution: Attribution,
    convention: Convention | None,
    lettre: bytes,
    projet: bytes | None,
    *,
    par: Acteur,
    le: datetime,
) -> Avenant:
    rang = Avenant.objects.filter(demande=demande).count() + 1
    nom = f"{demande.dossier.numero}-{demande.financeur.code.lower()}-{rang}.pdf"
    a_signer = projet is not None and convention is not None and convention.etat == SIGNEE
    avenant = Avenant(
        demande=demande,
        attribution=attribution,
        rang=rang,
        de=attribution.de or Decimal(0),
        vers=attribution.montant,
        notifie_le=calendrier.jour_de(le),
        notifie_par=par.nom,
        lettre=conserver(lettre, nom=f"lettre-avenant-{nom}", type_mime=PDF, par=par, le=le),
        projet=conserver(projet, nom=f"avenant-{nom}", type_mime=PDF, par=par, le=le) if a_signer else None,
    )
    ouvrir(
        avenant, par=par, le=le, acte="notifier_l_avenant", libelle=f"Avenant n° {rang} notifié",
        details={
            "deliberation": attribution.deliberation.numero, "de": str(avenant.de), "vers": str(avenant.vers),
        },
    )  # fmt: skip
    return avenant


def _refaire_le_projet(
    convention: Convention, plan: Plan, projet: bytes, *, par: Acteur, le: datetime
) -> None:
    """Personne n'a signé : la convention porte le nouveau montant, l'ancien projet reste au registre."""
    demande = convention.demande
    nom = f"convention-{demande.dossier.numero}-{demande.financeur.code.lower()}.pdf"
    fichier: Fichier = conserver(projet, nom=nom, type_mime=PDF, par=par, le=le)
    consigner(
        convention, "refaire_le_projet", par=par, le=le, libelle="Convention refaite, à signer",
        details={"empreinte": fichier.empreinte}, projet=fichier, lignes=en_json(plan.convention.lignes),
        est_legale=plan.convention.legale, est_locale=plan.convention.locale,
    )  # fmt: skip


@transaction.atomic
def signer_l_avenant_porteur(
    avenant: Avenant, *, exemplaire: bytes | UploadedFile, par: Acteur, le: datetime
) -> None:
    """Le signataire du porteur dépose l'avenant signé ; l'autre partie signe ensuite."""
    demande = avenant.demande
    qui = roles(par, demande.dossier)
    exiger_l_etat(avenant, "signer_porteur", qui=qui)
    exiger_le_pouvoir(demande.dossier.organisme, par=par, le=le)
    nom = f"avenant-{demande.dossier.numero}-{avenant.rang}-signe-porteur.pdf"
    fichier = conserver(exemplaire, nom=nom, type_mime=PDF, par=par, le=le)
    avancer(
        avenant, "signer_porteur", par=par, roles=qui, le=le, details={"empreinte": fichier.empreinte},
        signe_porteur_le=calendrier.jour_de(le), exemplaire_porteur=fichier,
    )  # fmt: skip


@transaction.atomic
def signer_l_avenant_financeur(
    avenant: Avenant, *, exemplaire: bytes | UploadedFile, par: Acteur, le: datetime
) -> None:
    """Le financeur contresigne : l'aide due est celle de l'avenant."""
    demande = avenant.demande
    qui = roles_sur_demande(par, demande)
    exiger_l_etat(avenant, "signer_financeur", qui=qui)
    nom = f"avenant-{demande.dossier.numero}-{avenant.rang}-signe.pdf"
    fichier = conserver(exemplaire, nom=nom, type_mime=PDF, par=par, le=le)
    avancer(
        avenant, "signer_financeur", par=par, roles=qui, le=le, details={"empreinte": fichier.empreinte},
        signe_financeur_le=calendrier.jour_de(le), exemplaire_signe=fichier,
    )  # fmt: skip
    demande.refresh_from_db(fields=("etat", "vote", "verse"))
    _prendre_effet(avenant, prevoir(demande), par=par, le=le)
    courriels.annoncer_l_avenant_signe(avenant, le=le)


def _prendre_effet(avenant: Avenant, plan: Plan, *, par: Acteur, le: datetime) -> None:
    """Les tranches non payées portent le nouveau total ; ce qui est payé l'est."""
    demande, jour = avenant.demande, calendrier.jour_de(le)
    tranches = {t.rang: t for t in Tranche.objects.filter(demande=demande).select_related("demande__dossier")}
    libelle = f"Montant du versement changé par l'avenant n° {avenant.rang}"
    reparti = reste_a_verser(demande, plan)
    for rang, montant in reparti.dus.items():
        changer_le_montant(
            tranches[rang], montant, part=_part(montant, avenant), libelle=libelle, par=par, le=le
        )
    for condition, montant in _de_plus(demande, reparti):
        if montant:
            rang = Tranche.objects.filter(demande=demande).count() + 1
            tranche = Tranche(
                demande=demande, rang=rang, montant=montant, part=_part(montant, avenant), condition=condition
            )
            _ajouter(tranche, libelle=libelle, par=par, le=le)
    prendre_effet(avenant.attribution, le=jour)


def reste_a_verser(demande: Demande, plan: Plan) -> Repartition:
    """Ce que chaque versement pas encore payé devra sous ce plan, et ce qui s'y ajoute (K7)."""
    payees = set(
        Versement.objects.filter(tranche__demande=demande, etat=PAYE).values_list("tranche", flat=True)
    )
    tranches = Tranche.objects.filter(demande=demande)
    return repartir(
        plan.echeancier, [Part(t.rang, t.condition == BILAN, t.montant, t.pk in payees) for t in tranches]
    )


def prochains_versements(demande: Demande, plan: Plan) -> list[dict[str, Any]]:
    """Les versements à venir une fois l'avenant en vigueur : libellé, montant, condition en mots."""
    existants = dict(Tranche.objects.filter(demande=demande).values_list("rang", "condition"))
    reparti, ecrit = reste_a_verser(demande, plan), regle_de_versement(demande)
    dus = [(existants[rang], montant) for rang, montant in reparti.dus.items()]
    payes = len(existants) - len(dus)
    a_venir = [(c, m) for c, m in (*dus, *_de_plus(demande, reparti)) if m]
    a_venir.sort(key=lambda x: x[0] == BILAN)
    return [
        {
            "libelle": documents.nom_de_tranche(place, payes + len(a_venir)),
            "montant": montant,
            "condition": condition_en_mots(condition, ecrit),
        }
        for place, (condition, montant) in enumerate(a_venir, start=payes + 1)
    ]


def _de_plus(demande: Demande, reparti: Repartition) -> tuple[tuple[str, Decimal], ...]:
    return (_condition_de_plus(demande), reparti.avant), (BILAN, reparti.au_bilan)


def _part(montant: Decimal, avenant: Avenant) -> Decimal:
    return (montant / avenant.vers).quantize(Decimal("0.0001"))


def _condition_de_plus(demande: Demande) -> str:
    """Un rang de plus suit la lettre, ou la signature si une convention l'attend encore."""
    attendue = Convention.objects.filter(demande=demande).exclude(etat=SIGNEE).exists()
    return CONVENTION if attendue else NOTIFICATION


def _ajouter(tranche: Tranche, *, libelle: str, par: Acteur, le: datetime) -> None:
    """B4 : ce qui est dû dès l'avenant l'est sous soixante jours ; un solde attend le bilan."""
    if tranche.condition == NOTIFICATION:
        tranche.exigible_le = calendrier.jour_de(le)
        tranche.echeance = calendrier.echeance_versement(tranche.exigible_le)
    tranche.save(force_insert=True)
    consigner(
        tranche.demande, "ajuster", par=par, le=le, libelle=libelle,
        details={"tranche": tranche.rang, "de": "0.00", "vers": str(tranche.montant)},
    )  # fmt: skip
