"""Un dossier en mots : les réponses d'une étape, la suite de l'histoire, ce qui vient (écrans É6, É8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ensemblier.appels.lecture import dates_en_clair
from ensemblier.comptes.models import BudgetAnnuel
from ensemblier.comptes.moyens import phrase_des_moyens
from ensemblier.dossiers.accuse import RECOURS, decision_prevue, jour_et_heure
from ensemblier.dossiers.etats import (
    A_COMPLETER,
    ABANDONNEE,
    BROUILLON,
    DECISIONS,
    DEPOSE,
    IRRECEVABLE,
    RECEVABLE,
    REFUS_NOTIFIE,
    RETIRE,
)  # fmt: skip
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.forms import lus
from ensemblier.dossiers.models import ContactCommune, Dossier, LigneDeBudget
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.formats import date_courte, euros, euros_ronds, nombre
from ensemblier.interface.pages import Page
from ensemblier.noyau import cerfa
from ensemblier.noyau.calendrier import en_francais, jour_de, phases_actives
from ensemblier.noyau.packs import Appel
from ensemblier.registre.models import Evenement

Lignes = list[tuple[str, str]]
_OUI_NON = {True: "Oui", False: "Non", None: ""}


def lignes(lues: Reponses, etape: str) -> Lignes:
    """Les questions d'une étape et leurs réponses ; une réponse vide s'écrit « — »."""
    ecrites = _PAR_ETAPE[etape](lues)
    return [(question, str(reponse) if reponse not in (None, "") else "—") for question, reponse in ecrites]


def _organisme(lues: Reponses) -> Iterable[tuple[str, Any]]:
    o = lues.dossier.organisme
    return (
        ("Nom", o.nom), ("Type", o.get_type_display()), ("SIREN", o.siren), ("RNA", o.rna),
        ("Siège", f"{o.adresse} {o.code_postal} {o.commune}".strip()),
        ("Adresse de correspondance", o.correspondance), ("Site web", o.site),
        ("Représentant", f"{o.representant_nom}, {o.representant_fonction}".strip(", ")),
        ("Moyens humains", phrase_des_moyens(o)),
        (f"Budget {lues.dossier.appel.exercice} de l'organisme", _total(lues.budget_annuel)),
        *_depot(lues.dossier),
    )  # fmt: skip


def _total(budget: BudgetAnnuel | None) -> str:
    return euros(budget.total) if budget else ""


def _depot(dossier: Dossier) -> Iterable[tuple[str, str]]:
    """Qui a déposé, et ce qui le lui permettait ce jour-là ; rien avant le dépôt."""
    if dossier.depose_le:
        pouvoir = (dossier.accuse_contenu or {}).get("pouvoir", "")
        yield "Déposé par", f"{dossier.depose_par} ({pouvoir})" if pouvoir else dossier.depose_par


def _action(lues: Reponses) -> Iterable[tuple[str, Any]]:
    d = lues.dossier
    periode = f"du {date_courte(d.du)} au {date_courte(d.au)}" if d.du and d.au else date_courte(d.du)
    return (
        ("Pilier", d.pilier.nom if d.pilier else ""), ("Nom de l'action", d.intitule),
        ("En deux phrases", d.resume),
        ("Thématiques", ", ".join(t.nom for t in lues.thematiques)), ("Ce que vous faites", d.description),
        ("Objectifs", d.objectifs), ("Parcours", d.parcours), ("Partenaires", d.partenaires),
        ("Moyens", d.moyens), ("Dates", periode), ("Évaluation", d.evaluation),
        *_si_demandees(
            lues,
            ("action.experimentale", "Inédite ou expérimentale", _OUI_NON[d.est_experimentale]),
            ("action.experimentale_justification", "Pourquoi", d.experimentale_justification),
            ("action.numerique", "Dimension numérique", _OUI_NON[d.est_numerique]),
            ("action.coherence_numerique", "Feuille de route numérique", d.numerique_coherence),
            ("action.droit_commun", "Droit commun", d.droit_commun),
            ("action.comite_de_suivi", "Comité de suivi", d.comite_de_suivi),
            ("action.numero_dauphin", "Numéro Dauphin", d.numero_dauphin),
        ),
        (
            "Co-porteurs",
            "\n".join(f"{c.nom} ({c.numero}) : {c.role} ({c.etat.lower()})" for c in lues.co_porteurs),
        ),
    )  # fmt: skip


def _si_demandees(lues: Reponses, *questions: tuple[str, str, Any]) -> Iterable[tuple[str, Any]]:
    """Une question que l'appel ne pose pas ne se lit pas sans réponse : « — » dirait qu'elle manque."""
    posees = lus(reglement_de(lues.dossier))
    return ((mot, dit) for chemin, mot, dit in questions if chemin in posees or dit not in (None, ""))


def quartiers(lues: Reponses) -> list[tuple[str, str, str]]:
    """Les quartiers visés : (nom, code en vigueur et ancien, communes)."""
    rendus = []
    for c in lues.ciblages:
        q = c.quartier
        codes = f"{q.code}, ancien code {q.code_2015}" if q.code_2015 else q.code
        rendus.append((q.nom, codes, ", ".join(v.nom for v in c.communes.all())))
    return sorted(rendus)


PAR = {
    ContactCommune.Mode.REUNION: "en réunion",
    ContactCommune.Mode.TELEPHONE: "par téléphone",
    ContactCommune.Mode.COURRIEL: "par courriel",
}


def phrase_du_contact(contact: ContactCommune, organisme: str) -> str:
    """« Les Jardins de la fosse 12 disent vous avoir contacté le jeudi 2 octobre 2025, par téléphone. »"""
    disent = "disent" if organisme.casefold().startswith("les ") else "dit"
    jour = en_francais(contact.le, "lettre")
    return f"{organisme} {disent} vous avoir contacté le {jour}, {PAR[contact.mode]}."


def reponse_de_la_ville(contact: ContactCommune) -> str:
    """Ce que la ville a répondu, en deux mots ; vide tant qu'elle n'a pas répondu."""
    if contact.confirme_le is None:
        return ""
    return {True: "confirmé par la ville", False: "la ville répond que ce n'est pas exact"}.get(
        contact.confirme, "la ville ne s'en souvient pas"
    )


def _publics(lues: Reponses) -> Iterable[tuple[str, Any]]:
    d = lues.dossier
    yield "Personnes en tout", None if d.publics_total is None else nombre(d.publics_total)
    yield "Dont habitants de quartier prioritaire", None if d.publics_qpv is None else nombre(d.publics_qpv)
    yield "Qui sont-elles", d.publics_description
    yield "Comment vous les touchez", d.mobilisation_qpv
    for nom, codes, villes in quartiers(lues):
        yield f"{nom} ({codes})", villes
    for contact in sorted(lues.contacts, key=lambda c: c.commune.nom):
        dit = ", ".join(filter(None, (date_courte(contact.le), reponse_de_la_ville(contact))))
        yield f"Contact avec {contact.commune.nom}", dit


def _budget(lues: Reponses) -> Iterable[tuple[str, Any]]:
    pack = lues.dossier.territoire.pack()
    for ligne in lues.lignes_de_budget:
        sens = LigneDeBudget.Sens(ligne.sens).label
        autre = pack.autre_ressource(ligne.compte.partition(":")[2])
        nom = ligne.financeur.nom if ligne.financeur else autre.nom if autre else None
        yield f"{sens} : {nom or cerfa.libelle(ligne.compte)}", euros(ligne.montant)
    yield "Coût de l'action, hors bénévolat", euros(lues.dossier.cout_total)


def _demandes(lues: Reponses) -> Iterable[tuple[str, Any]]:
    dossier = lues.dossier
    for d in lues.demandes:
        retire = " (abandonné)" if d.etat == ABANDONNEE else ""
        yield f"{d.financeur.nom}, {d.dispositif.nom}{retire}", euros_ronds(d.demande)
    noms = {c.code: c.libelle for c in reglement_de(dossier).financement.criteres}
    for c in (c for c in lues.criteres if c.est_declare):
        yield "Bonification demandée", "\n".join(filter(None, (noms.get(c.code, c.code), c.justification)))
    if dossier.a_agent_departement is not None:
        yield "Un agent du Département", _OUI_NON[dossier.a_agent_departement]
        yield "Heures prévues", dossier.heures_departement and nombre(dossier.heures_departement, 2)


_PAR_ETAPE = {
    "organisme": _organisme,
    "action": _action,
    "publics": _publics,
    "budget": _budget,
    "demandes": _demandes,
    "pieces": lambda lues: (),
}


_FAITS = {
    "deposer": "Dossier déposé",
    "retirer": "Dossier retiré",
    "demander_complements": "Pièces demandées par le service",
    "completer": "Pièces envoyées",
    "declarer_recevable": "Dossier recevable : l'examen commence",
    "declarer_irrecevable": "Dossier irrecevable",
    "decider": "Décisions rendues",
    "clore": "Dossier clos",
    "abandonner": "Demande abandonnée",
    "refuser": "Demande non retenue",
    "voter": "Aide accordée",
    "notifier": "Accord envoyé",
    "notifier_refus": "Refus envoyé",
}
"""L'acte est un ordre dans la table ; dans l'histoire c'est un fait."""
_MESSAGES = {
    "Message du porteur au service": "Message envoyé au service",
    "Message du service au porteur": "Message reçu du service",
}
"""Le libellé est celui du service ; dans l'histoire, celui de qui la lit."""


def page_d_histoire(dossier: Dossier, *, apres: str = "") -> Page:
    """Les événements que le porteur peut lire, le plus récent d'abord."""
    publics = Evenement.objects.filter(chaine__racine=dossier.racine(), public=True)
    return Page(publics.select_related("detail"), "-rang", apres=apres)


def histoire(evenements: Iterable[Evenement]) -> list[dict[str, Any]]:
    """Des événements, dans les mots du porteur."""
    return [
        {
            "le": e.le,
            "auteur": e.auteur_nom, "fonction": e.auteur_fonction,
            "libelle": _FAITS.get(e.acte) or _MESSAGES.get(e.libelle, e.libelle),
            "motif": e.detail.motif, "empreinte": e.empreinte, "rang": e.rang,
        }
        for e in evenements
    ]  # fmt: skip


def volets(lues: Reponses) -> list[dict[str, Any]]:
    """Ce que devient chaque demande ; un montant n'apparaît qu'après l'acte qui l'accorde (R60)."""
    rendus = []
    for d in lues.demandes:
        decide = d.etat in DECISIONS and d.vote is not None
        rendus.append(
            {
                "demande": d, "machine": d.machine, "accorde": d.vote if decide else None,
                "verse": d.verse if decide and d.verse else None,
                "motif": d.motif if d.etat == REFUS_NOTIFIE else "",
            }
        )  # fmt: skip
    return rendus


def frise(dossier: Dossier, reglement: Appel, *, le: datetime) -> list[dict[str, Any]]:
    """Le calendrier de l'appel : fait, maintenant, à venir ; une date floue garde ses mots."""
    rendus = []
    for ecrit in reglement.jalons:
        if ecrit.nature in ("lancement", "reunion"):
            continue
        jalon = ecrit.jalon()
        ouvert = bool(phases_actives([jalon], le))
        passe = bool(jalon.dernier_jour and jalon.dernier_jour < le.date())
        flou = "flou" if ecrit.precision != "jour" else "a_venir"
        rendus.append(
            {
                "libelle": ecrit.libelle,
                "etat": "maintenant" if ouvert else "fait" if passe else flou,
                "date": dates_en_clair(jalon),
            }
        )
    return rendus


def reponse(
    dossier: Dossier,
    reglement: Appel,
    restantes: int | None,
    volets: Iterable[dict[str, Any]] = (),
    *,
    le: datetime,
    faits: Iterable[Evenement] = (),
    peut_deposer: bool = True,
) -> str:
    """La première phrase de la page : où en est le dossier, et ce qui vient.

    `faits` : les derniers événements ; un dossier arrêté dit quand, et pourquoi.
    """
    if dossier.etat == BROUILLON:
        if restantes:
            return f"Il reste {restantes} point{'s' if restantes > 1 else ''} à compléter avant de déposer."
        suite = "puis déposez-le" if peut_deposer else "une personne signataire le déposera"
        return f"Rien ne bloque : relisez le dossier, {suite}."
    if dossier.etat == A_COMPLETER:
        return "Le service attend votre réponse : lisez ce qu'il demande, puis envoyez-la."
    recu = jour_et_heure(dossier.depose_le.isoformat()) if dossier.depose_le else ""
    decision = next((j for j in reglement.jalons if j.nature in ("decision", "comite")), None)
    quand = decision_prevue(decision)
    passee = bool(decision and decision.fin and decision.fin < jour_de(le))
    prevue = f" Réponse {'qui était prévue' if passee else 'prévue'} : {quand}." if quand else ""
    if dossier.etat == DEPOSE:
        return f"Déposé le {recu}. Le service vérifie qu'il est complet.{prevue}"
    if dossier.etat == RECEVABLE:
        return f"Votre dossier est complet, les financeurs l'examinent.{prevue}"
    if dossier.etat == IRRECEVABLE:
        decision = _raison(faits, "declarer_irrecevable", "Décision du")
        return " ".join(filter(None, ("Ce dossier ne peut pas être examiné.", decision, RECOURS)))
    if dossier.etat == RETIRE:
        retrait = _raison(faits, "retirer", "Dossier retiré le") or "Dossier retiré."
        return f"{retrait} Aucun financeur ne l'examine plus."
    return decisions(volets) or f"Ce dossier : {dossier.etat_porteur.lower()}."


def _raison(faits: Iterable[Evenement], acte: str, mot: str) -> str:
    """« Décision du jeudi 5 juin 2025 : l'action est déjà payée. » ; vide si le fait n'est plus là."""
    fait = next((f for f in faits if f.acte == acte), None)
    if fait is None:
        return ""
    motif = fait.detail.motif.strip().rstrip(".")
    return f"{mot} {en_francais(jour_de(fait.le), 'lettre')}{f' : {motif}' if motif else ''}."


def decisions(volets: Iterable[dict[str, Any]]) -> str:
    """« Aide accordée : 12 500,00 € (CALL). Demande non retenue : Région. » ; vide avant toute décision."""
    decides = list(volets)
    accords = [f"{euros(v['accorde'])} ({v['demande'].financeur.sigle})" for v in decides if v["accorde"]]
    refus = [v["demande"].financeur.sigle for v in decides if v["demande"].etat == REFUS_NOTIFIE]
    phrases = (
        accords and f"Aide accordée : {', '.join(accords)}.",
        refus and f"Demande non retenue : {', '.join(refus)}.",
    )
    return " ".join(filter(None, phrases))
