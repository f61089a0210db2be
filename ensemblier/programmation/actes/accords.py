"""Ce qu'un accord exige avant d'être voté, et l'acte modificatif qui en change le montant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from ensemblier.dossiers.actes import marquer_le_changement
from ensemblier.dossiers.etats import APRES_LETTRE, DECIDE, RECEVABLE, VOTEE
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.examen import ordre_aap, volets_sans_avis
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import Attribuable, Ligne, en_francais, euros
from ensemblier.programmation.actes.propositions import exiger_attribuable, lignes_en_json
from ensemblier.programmation.calculs import attribuable_au_volet, cumul
from ensemblier.programmation.models import Attribution, Deliberation
from ensemblier.registre.actes import ActeBloque, consigner


def exiger_l_accord(
    demande: Demande, montant: Decimal, *, reste: Decimal | None, le: datetime, avis: bool = True
) -> Attribuable:
    """K6, S41, S70 et l'ordre de l'appel : ce qu'un accord exige, ou `ActeBloque` ; rend son calcul.

    `avis` faux : la décision est reprise d'ailleurs, elle dit d'elle-même l'avis du financeur.
    """
    dossier = demande.dossier
    if montant <= 0:
        raise ActeBloque(
            f"{dossier.numero} : un accord est au-dessus de zéro. Pour zéro, refusez avec un motif."
        )
    _exiger_le_depot_propre(demande)
    if avis and ordre_aap(dossier) and any(v.pk == demande.pk for v in volets_sans_avis(dossier, le=le)):
        raise ActeBloque(
            f"{dossier.numero} : « {demande.financeur.sigle} » n'a pas encore rendu son avis. "
            "Rendez-le, ou attendez la fin de l'instruction."
        )
    calcul = attribuable_au_volet(demande, reste=reste)
    try:
        exiger_attribuable(montant, calcul)
    except ActeBloque as refus:
        raise ActeBloque(*(f"{dossier.numero} : {raison}" for raison in refus.raisons)) from refus
    somme = cumul(dossier, {demande.pk: montant})
    if somme.excedent:
        raise ActeBloque(
            f"{dossier.numero} : les financements font {en_francais(somme.total)} pour un coût de "
            f"{en_francais(somme.cout)}, {en_francais(somme.excedent)} de trop."
        )
    return calcul


def _exiger_le_depot_propre(demande: Demande) -> None:
    """S70, R55 : retenu d'abord, déposé ensuite sur la plateforme du financeur, délibéré enfin."""
    dispositif = reglement_de(demande.dossier).dispositif(demande.dispositif.code)
    if dispositif is None or not dispositif.plateforme_avant_vote or demande.reference_depot:
        return
    plateforme = dispositif.plateforme_avant_vote
    raise ActeBloque(
        f"{demande.dossier.numero} : la référence du dépôt sur « {plateforme} » manque. "
        "Notez-la dans les dépôts du dossier, puis enregistrez l'acte."
    )


def modifier(
    deliberation: Deliberation,
    demande: Demande,
    *,
    montant: Decimal | None,
    motif: str,
    reste: Decimal | None,
    par: Acteur,
    le: datetime,
) -> Decimal:
    """Change le montant d'un accord voté ; rend ce que l'enveloppe prend, ou rend.

    L'attribution remplacée reste, datée ; la nouvelle la nomme. `reste` : de l'enveloppe, cet accord compris
    dans l'engagé. Une fois notifié, l'accord a créé des droits : une baisse suit un renoncement, et
    l'attribution est un avenant, qui change le dû une fois notifié, et signé s'il y a une convention. Sans
    effet encore, il se remplace par un autre ; revenir à l'aide en vigueur l'efface, sans lettre.
    """
    numero = demande.dossier.numero
    courante = _exiger_modifiable(demande, montant, motif)
    nouveau = euros(montant or Decimal(0))
    libre = reste + courante.montant if reste is not None else None
    calcul = exiger_l_accord(demande, nouveau, reste=libre, le=le)
    acte = f"Acte {deliberation.numero} du {deliberation.le:%d/%m/%Y}"
    ancien = courante.deliberation
    lignes = (
        *calcul.lignes,
        Ligne("Remplacé", f"Acte {ancien.numero} du {ancien.le:%d/%m/%Y}", courante.montant),
        Ligne("Accordé", acte, nouveau),
    )
    courante.remplacee_le = le
    courante.save(update_fields=("remplacee_le",))
    est_avenant, en_vigueur = demande.etat in APRES_LETTRE, _en_vigueur(courante)
    Attribution.objects.create(
        demande=demande, deliberation=deliberation, montant=nouveau, motif=motif.strip(), remplace=courante,
        lignes=lignes_en_json(Attribuable(nouveau, calcul.limite, lignes)), est_avenant=est_avenant,
        de=en_vigueur if est_avenant else None,
        effet_le=jour_de(le) if est_avenant and nouveau == en_vigueur else None,
    )  # fmt: skip
    demande.renoncements.ouverts().update(clos_le=le)
    evenement = consigner(
        demande, "modifier_le_vote", par=par, le=le, motif=motif.strip(), vote=nouveau,
        libelle=f"Montant voté changé par l'acte {deliberation.numero}"[:200], votee_le=deliberation.le,
        details={
            "deliberation": deliberation.numero, "dossier": numero, "remplace": ancien.numero,
            "de": str(courante.montant), "vers": str(nouveau),
        },
    )  # fmt: skip
    marquer_le_changement(demande, evenement)
    return nouveau - courante.montant


def _en_vigueur(courante: Attribution) -> Decimal:
    """L'aide due : celle de l'attribution, ou celle d'avant tant qu'elle n'a pas pris effet."""
    attend = courante.est_avenant and courante.effet_le is None
    return courante.de if attend and courante.de is not None else courante.montant


def _exiger_modifiable(demande: Demande, montant: Decimal | None, motif: str) -> Attribution:
    """L'attribution en vigueur d'un accord qu'un acte peut encore changer ; toutes les raisons d'un coup."""
    dossier = demande.dossier
    demande.refresh_from_db(fields=("etat", "vote", "verse"))
    if demande.etat not in (VOTEE, *APRES_LETTRE) or dossier.etat not in (RECEVABLE, DECIDE):
        raise ActeBloque(
            f"{dossier.numero} : cette aide est « {demande.etat_agent.lower()} », son bilan est jugé. Elle "
            "ne change plus de montant : ce qui est dû ou à rendre suit le bilan."
        )
    courante = (
        Attribution.objects.filter(demande=demande, remplacee_le=None).select_related("deliberation").get()
    )
    raisons = [*_fautes_du_changement(demande, courante, montant, motif)]
    if demande.etat in APRES_LETTRE and montant is not None:
        raisons += _droits_acquis(demande, courante, euros(montant))
    if raisons:
        raise ActeBloque(*(f"{dossier.numero} : {raison}" for raison in raisons))
    return courante


def _fautes_du_changement(
    demande: Demande, courante: Attribution, montant: Decimal | None, motif: str
) -> Iterator[str]:
    if montant is None:
        yield "un accord voté ne se refuse pas par la même ligne. Écrivez un montant au-dessus de zéro."
    elif euros(montant) == courante.montant:
        yield (
            f"{en_francais(courante.montant)} sont déjà accordés par l'acte {courante.deliberation.numero}. "
            "Changez le montant, ou retirez cette ligne."
        )
    if not motif.strip():
        yield "la raison du changement manque. Écrivez-la : elle figure dans l'annexe."


def _droits_acquis(demande: Demande, courante: Attribution, nouveau: Decimal) -> Iterator[str]:
    """CRPA L242-4 : ce que la lettre a accordé ne baisse qu'avec l'accord de l'organisme."""
    if nouveau >= _en_vigueur(courante):
        return
    renoncement = demande.renoncements.ouverts().first()
    if renoncement is None:
        yield (
            "cette aide est notifiée, elle a créé des droits. Elle ne baisse que si l'organisme y renonce : "
            "il le dit dans « Convention et versements », ou vous y joignez sa lettre."
        )
    elif nouveau < renoncement.montant:
        yield (
            f"l'organisme accepte une aide de {en_francais(renoncement.montant)}, pas moins. Votez ce "
            "montant, ou convenez d'un autre avec lui."
        )
    if nouveau < demande.verse:
        yield (
            f"{en_francais(demande.verse)} sont déjà versés : le montant ne descend pas en dessous. Ce qui "
            "ne servira pas se rend au vu du bilan."
        )


def prendre_effet(attribution: Attribution, *, le: date) -> None:
    """L'avenant est notifié, et signé s'il le faut : l'aide due est désormais la sienne."""
    attribution.effet_le = le
    attribution.save(update_fields=("effet_le",))
