"""L'acte qui crée les droits : une délibération vote ou refuse, ligne à ligne, et engage l'enveloppe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import systeme
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.etats import ABANDONNEE, ACCORDS, DECIDE, DECISIONS, RECEVABLE, etape
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.droits import exiger_sa_ligne
from ensemblier.instruction.examen import exiger_recevable
from ensemblier.interface.controles import FichierRefuse, controler
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.montants import Attribuable, Ligne, euros
from ensemblier.programmation import documents
from ensemblier.programmation.actes import accords
from ensemblier.programmation.actes.parts import engager
from ensemblier.programmation.actes.propositions import lignes_en_json
from ensemblier.programmation.calculs import ZERO, Restes
from ensemblier.programmation.models import Attribution, Deliberation, Enveloppe
from ensemblier.registre.actes import ActeBloque, avancer, consigner, verrouiller_dans_l_ordre
from ensemblier.registre.fichiers import conserver
from ensemblier.territoires.models import Financeur


@dataclass(frozen=True, slots=True)
class Decision:
    """Une ligne de l'acte : un montant accordé ou changé, ou un refus (`montant` nul) avec son motif."""

    demande: Demande
    montant: Decimal | None
    motif: str = ""


def enregistrer_deliberation(
    financeur: Financeur,
    appel: Appel,
    *,
    numero: str,
    votee_le: date,
    decisions: Sequence[Decision],
    par: Acteur,
    le: datetime,
    annexe: bool = True,
) -> Deliberation:
    """Enregistre l'acte voté par un financeur : tout, ou rien si une ligne ne tient pas (R60).

    Chaque ligne qui ne tient pas dit sa raison, toutes d'un coup.

    Un accord déjà voté y change de montant, avec sa raison : c'est un acte modificatif, et lui seul le peut.
    Chaque accord est au plus l'attribuable (K6), dans le coût (S41) et dans l'enveloppe ; en AAP il suit
    l'instruction du volet ; un dispositif à dépôt propre attend sa référence (S70). Puis l'annexe (§C.7).
    """
    exiger_sa_ligne(par, financeur, "Enregistrer une délibération")
    with transaction.atomic():
        deliberation = _enregistrer(
            financeur, appel, numero=numero.strip(), votee_le=votee_le, decisions=decisions, par=par, le=le
        )
    if annexe:
        annexer(deliberation, par=par, le=le)
    return deliberation


def _enregistrer(
    financeur: Financeur,
    appel: Appel,
    *,
    numero: str,
    votee_le: date,
    decisions: Sequence[Decision],
    par: Acteur,
    le: datetime,
) -> Deliberation:
    _verifier_l_acte(financeur, numero, votee_le, decisions, le)
    enveloppe = Enveloppe.objects.filter(appel=appel, financeur=financeur).first()
    dossiers = {d.demande.dossier_id: d.demande.dossier for d in decisions}
    verrouiller_dans_l_ordre(
        [d.racine() for d in dossiers.values()] + ([enveloppe.racine()] if enveloppe else [])
    )
    if enveloppe:
        enveloppe = _relire(enveloppe)
    deliberation = Deliberation.objects.create(
        territoire=appel.territoire,
        appel=appel,
        financeur=financeur,
        numero=numero,
        le=votee_le,
        enregistree_le=le,
        enregistree_par=par.signature,
    )
    restes = Restes(enveloppe) if enveloppe else None
    engages, raisons = [], []
    for decision in sorted(decisions, key=lambda d: d.demande.pk):
        reste = restes.de(decision.demande) if restes else None
        try:
            montant = _appliquer(deliberation, decision, reste=reste, par=par, le=le)
        except ActeBloque as refus:
            raisons.extend(refus.raisons)
            continue
        engages.append((decision.demande, montant))
        if restes:
            restes.prendre(decision.demande, montant)
    if raisons:
        raise ActeBloque(*raisons)
    if enveloppe and any(montant for _, montant in engages):
        pris = sum((montant for _, montant in engages), ZERO)
        libelle = f"{'Engagé' if pris > 0 else 'Libéré'} par l'acte {deliberation.numero}"
        engager(enveloppe, engages, libelle=libelle, par=par, le=le)
    for dossier in dossiers.values():
        clore_l_instruction(dossier, le=le)
    return deliberation


def _relire(enveloppe: Enveloppe) -> Enveloppe:
    """L'enveloppe telle qu'elle est une fois le verrou pris : lue avant, elle ne compte pas."""
    return Enveloppe.objects.select_for_update().get(pk=enveloppe.pk)


def _verifier_l_acte(
    financeur: Financeur, numero: str, votee_le: date, decisions: Sequence[Decision], le: datetime
) -> None:
    if raisons := [*_fautes_de_l_acte(financeur, numero, votee_le, decisions, le)]:
        raise ActeBloque(*raisons)


def _fautes_de_l_acte(
    financeur: Financeur, numero: str, votee_le: date, decisions: Sequence[Decision], le: datetime
) -> Iterator[str]:
    if not numero:
        yield "Le numéro de l'acte manque : rien n'est accordé sans lui. Recopiez-le."
    if votee_le > jour_de(le):
        yield (
            f"Le {votee_le:%d/%m/%Y} n'est pas encore passé : une décision à venir n'accorde rien. "
            "Vérifiez la date du vote."
        )
    if tardifs := [
        d.demande.dossier.numero
        for d in decisions
        if d.demande.dossier.depose_le and votee_le < jour_de(d.demande.dossier.depose_le)
    ]:
        yield (
            f"Le {votee_le:%d/%m/%Y}, ces dossiers n'étaient pas encore déposés : {', '.join(tardifs)}. "
            "Vérifiez la date du vote."
        )
    if Deliberation.objects.filter(financeur=financeur, numero=numero).exists():
        yield f"L'acte {numero} de « {financeur.sigle} » est déjà enregistré. Vérifiez le numéro."
    if not decisions:
        yield "L'acte ne décide d'aucun dossier. Choisissez au moins une ligne."
    if len({d.demande.pk for d in decisions}) != len(decisions):
        yield "Un même volet est décidé deux fois dans cet acte. Gardez une seule ligne."
    if autres := [d.demande.dossier.numero for d in decisions if d.demande.financeur_id != financeur.pk]:
        yield f"Ces lignes sont d'un autre financeur : {', '.join(autres)}."


def _appliquer(
    deliberation: Deliberation, decision: Decision, *, reste: Decimal | None, par: Acteur, le: datetime
) -> Decimal:
    """Vote ou refuse un volet, ou en change le montant voté ; rend ce qu'il engage."""
    demande = decision.demande
    dossier = demande.dossier
    if demande.etat in ACCORDS and dossier.appel_id == deliberation.appel_id:
        return accords.modifier(
            deliberation, demande, montant=decision.montant, motif=decision.motif, reste=reste, par=par, le=le
        )
    if dossier.appel_id != deliberation.appel_id:
        raise ActeBloque(f"{dossier.numero} n'est pas de l'appel « {deliberation.appel} ».")
    exiger_recevable(dossier, f"la décision sur {dossier.numero}")
    acte = f"Acte {deliberation.numero} du {deliberation.le:%d/%m/%Y}"
    details = {"deliberation": deliberation.numero, "le": deliberation.le.isoformat()}
    if decision.montant is None:
        if not decision.motif.strip():
            raise ActeBloque(f"{dossier.numero} : le motif du refus manque, il est écrit dans la lettre.")
        lignes = [{"libelle": acte, "calcul": "refus", "montant": "0.00"}]
        _attribuer(deliberation, demande, ZERO, decision.motif.strip(), lignes)
        avancer_demande(
            demande, "refuser", par=par, le=le, motif=decision.motif.strip(), details=details, public=True,
            vote=ZERO, votee_le=deliberation.le,
        )  # fmt: skip
        return ZERO
    montant = euros(decision.montant)
    calcul = accords.exiger_l_accord(demande, montant, reste=reste, le=le)
    ligne = Ligne("Accordé", acte, montant)
    complet = Attribuable(montant, calcul.limite, (*calcul.lignes, ligne))
    _attribuer(deliberation, demande, montant, decision.motif.strip(), lignes_en_json(complet))
    avancer_demande(
        demande, "voter", par=par, le=le, motif=decision.motif.strip(), public=True,
        details={**details, "montant": str(montant)}, vote=montant, votee_le=deliberation.le,
    )  # fmt: skip
    return montant


def _attribuer(
    deliberation: Deliberation, demande: Demande, montant: Decimal, motif: str, lignes: list[dict[str, str]]
) -> None:
    Attribution.objects.create(
        demande=demande, deliberation=deliberation, montant=montant, motif=motif, lignes=lignes
    )


def clore_l_instruction(dossier: Dossier, *, le: datetime) -> None:
    """Quand chaque volet est décidé, le dossier l'est : ce qui lie le porteur est complet."""
    etats = list(dossier.demandes.values_list("etat", flat=True))
    decides = all(etat in (*DECISIONS, ABANDONNEE) for etat in etats)
    lu = Dossier.objects.values_list("etat", flat=True).get(pk=dossier.pk)
    if decides and lu == RECEVABLE:
        avancer(
            dossier, "decider", par=systeme(dossier.territoire.code), roles={Role.SYSTEME}, le=le,
            decide_le=le, etape=etape(DECIDE, etats),
        )  # fmt: skip


def annexer(deliberation: Deliberation, *, par: Acteur, le: datetime) -> None:
    """Écrit l'annexe (§C.7), une fois : ses totaux sont ceux des attributions."""
    exiger_sa_ligne(par, deliberation.financeur, "Écrire l'annexe")
    if deliberation.annexe_id:
        return
    contenu = documents.annexe(deliberation)
    with transaction.atomic():
        tenue = Deliberation.objects.select_for_update().get(pk=deliberation.pk)
        if tenue.annexe_id is None:
            nom = f"annexe-{deliberation.financeur.code.lower()}-{deliberation.numero}.pdf"
            tenue.annexe = conserver(contenu, nom=nom, type_mime="application/pdf", par=par, le=le)
            tenue.save(update_fields=("annexe",))
        deliberation.annexe = tenue.annexe


@transaction.atomic
def joindre_l_acte_signe(
    deliberation: Deliberation, *, fichier: UploadedFile, par: Acteur, le: datetime
) -> None:
    """L'acte signé, tel que l'assemblée l'a rendu exécutoire ; il ne se remplace pas."""
    exiger_sa_ligne(par, deliberation.financeur, "Joindre l'acte signé")
    tenue = Deliberation.objects.select_for_update().get(pk=deliberation.pk)
    if tenue.acte_signe_id:
        raise ActeBloque("L'acte signé est déjà joint. Pour le corriger, enregistrez un nouvel acte.")
    try:
        type_mime = controler(fichier.file)
    except FichierRefuse as refus:
        raise ActeBloque(str(refus)) from refus
    tenue.acte_signe = conserver(fichier, nom=fichier.name or "acte", type_mime=type_mime, par=par, le=le)
    tenue.save(update_fields=("acte_signe",))
    deliberation.acte_signe = tenue.acte_signe
    for attribution in tenue.attributions.select_related("demande__dossier", "demande__financeur"):
        consigner(
            attribution.demande, "joindre_l_acte_signe", par=par, le=le,
            libelle=f"Acte {tenue.numero} joint"[:200], details={"empreinte": tenue.acte_signe.empreinte},
        )  # fmt: skip
