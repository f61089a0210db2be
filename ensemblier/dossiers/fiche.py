"""Un dossier ⇄ la fiche que lisent les règles (`noyau.regles.Fiche`), et le rapport qu'elles en rendent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ensemblier.appels.models import Reglement
from ensemblier.dossiers import ecriture
from ensemblier.dossiers.etats import ABANDONNEE
from ensemblier.dossiers.models import Critere, Dossier, LigneDeBudget, Piece
from ensemblier.dossiers.reponses import Reponses, place_au_budget
from ensemblier.interface.ensemble import relier
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.packs import Appel
from ensemblier.noyau.regles import Fiche, Rapport, evaluer
from ensemblier.territoires.models import Financeur

CERFA = "cerfa"
_NOMMES = ("habitants", "innovation", "operateurs")


def reglement_de(dossier: Dossier) -> Appel:
    """Le règlement qui juge ce dossier : en vigueur pour un brouillon, figé après le dépôt."""
    return dossier.reglement.regles() if dossier.reglement else dossier.appel.regles()


def fiche_de(
    dossier: Dossier,
    *,
    depose_le: datetime | None = None,
    jury: Decimal | None = None,
    declarations: tuple[str, ...] = (),
    lues: Reponses | None = None,
) -> Fiche:
    """La fiche d'un dossier, à l'heure de son dépôt (`depose_le` pour un brouillon qu'on essaie).

    `jury` essaie un taux, de 0 à 1, avant qu'il soit décidé ; `declarations` : les cases cochées au dépôt ;
    `lues` : ce que la page a déjà lu. Une douzaine de requêtes sinon, quel que soit le dossier.
    """
    lues = lues or Reponses(dossier)
    demandes = [d for d in lues.demandes if d.etat != ABANDONNEE and d.demande]
    sommes: dict[str, Decimal] = {}
    for d in demandes:
        sommes[d.financeur.code] = sommes.get(d.financeur.code, Decimal(0)) + d.demande
    donnees: dict[str, Any] = {
        "depose_le": dossier.depose_le or depose_le,
        "derogation_jusqu_au": _prolongation(lues),
        "porteur": _porteur(lues),
        "action": _action(lues) | {"dispositifs": tuple(sorted(d.dispositif.code for d in demandes)) or None},
        "publics": {"total": dossier.publics_total, "qpv": dossier.publics_qpv},
        "budget": _budget(lues),
        "bonification": _bonification(lues, jury),
        "pieces": _pieces(lues, declarations),
        "demande": sommes or None,
        "depots": {d.financeur.code: d.depot_le for d in demandes if d.depot_le} or None,
    }
    return Fiche.lire(donnees)


def fiches_de_l_argent(dossiers: Iterable[Dossier]) -> dict[int, Fiche]:
    """De chaque dossier, ce que lisent le plafond et l'attribuable (K3 à K6) ; trois requêtes pour tous.

    Le budget et les critères sont ceux de `fiche_de` ; le reste de la fiche n'est pas dit.
    """
    lues = {d.pk: Reponses(d) for d in dossiers}
    lignes: dict[int, list[LigneDeBudget]] = {pk: [] for pk in lues}
    lus = list(LigneDeBudget.objects.filter(dossier__in=lues).order_by("pk"))
    relier(lus, "financeur", Financeur.objects.filter(pk__in={x.financeur_id for x in lus}))
    for ligne in lus:
        lignes[ligne.dossier_id].append(ligne)
    criteres: dict[int, list[Critere]] = {pk: [] for pk in lues}
    for critere in Critere.objects.filter(dossier__in=lues).order_by("code"):
        criteres[critere.dossier_id].append(critere)
    for pk, reponses in lues.items():
        reponses.lignes_de_budget = sorted(lignes[pk], key=place_au_budget)
        reponses.criteres = criteres[pk]
    return {
        pk: Fiche.lire({"budget": _budget(r), "bonification": _bonification(r, None)})
        for pk, r in lues.items()
    }


def rapport_de(
    dossier: Dossier,
    *,
    le: datetime | None = None,
    reglement: Reglement | None = None,
    fiche: Fiche | None = None,
    declarations: tuple[str, ...] = (),
    lues: Reponses | None = None,
) -> Rapport:
    """Ce que répondent les règles : `le` juge un brouillon comme s'il se déposait à cet instant.

    `reglement` juge avec une autre version ; `fiche` juge une réponse pas encore enregistrée.
    """
    regles = reglement.regles() if reglement else reglement_de(dossier)
    lue = fiche or fiche_de(dossier, depose_le=le, declarations=declarations, lues=lues)
    return evaluer(regles, lue, territoire=dossier.territoire.pack())


def _prolongation(lues: Reponses) -> date | None:
    """S21 : la date d'une dérogation à une règle de date limite."""
    codes = [r.code for r in reglement_de(lues.dossier).regles if r.genre == "date_limite"]
    dates = [lues.derogations[c].jusqu_au for c in codes if c in lues.derogations]
    return max((d for d in dates if d), default=None)


def _porteur(lues: Reponses) -> dict[str, Any]:
    organisme, derogations = lues.dossier.organisme, lues.derogations
    leve = next(
        (
            derogations[r.code]
            for r in reglement_de(lues.dossier).regles
            if r.genre == "obligation" and r.code in derogations
        ),
        None,
    )
    dues = [
        {
            "exercice": o.exercice,
            "echeance": o.echeance,
            "satisfaite_le": o.satisfaite_le,
            "dispense_le": o.dispensee_le or (jour_de(leve.accordee_le) if leve else None),
        }
        for o in lues.obligations
    ]
    return {
        "type": organisme.type,
        "nom": organisme.nom or None,
        "siren": organisme.siren or None,
        "siret": organisme.siret or None,
        "rna": organisme.rna or None,
        "commune_siege": organisme.commune or None,
        "cer_repute_souscrit": organisme.cer_repute_souscrit or None,
        "obligations": tuple(dues) or None,
    }


def _action(lues: Reponses) -> dict[str, Any]:
    dossier = lues.dossier
    return {
        "intitule": dossier.intitule or None,
        "pilier": dossier.pilier.code if dossier.pilier else None,
        "thematiques": tuple(t.code for t in lues.thematiques) or None,
        "gestionnaire": dossier.gestionnaire or None,
        "experimentale": dossier.est_experimentale,
        "experimentale_justification": dossier.experimentale_justification or None,
        "tolerance_validee": dossier.tolerance_validee,
        "numerique": dossier.est_numerique,
        "coherence_numerique": dossier.numerique_coherence or None,
        "droit_commun": dossier.droit_commun or None,
        "cibles_couvertes": None if dossier.cibles_couvertes is None else tuple(dossier.cibles_couvertes),
        "mobilisation_qpv": dossier.mobilisation_qpv or None,
        "comite_de_suivi": dossier.comite_de_suivi or None,
        "numero_dauphin": dossier.numero_dauphin or None,
        "depose_dauphin_le": dossier.depose_dauphin_le,
        "quartiers": tuple(
            {"code": c.quartier.code, "communes": tuple(sorted(v.code for v in c.communes.all()))}
            for c in lues.ciblages
        )
        or None,
        "contacts_communes": tuple({"commune": c.commune.code, "le": c.le} for c in lues.contacts) or None,
        "agent_departement": dossier.a_agent_departement,
        "heures_departement": dossier.heures_departement,
        "contact_departement_le": dossier.contact_departement_le,
        "co_porteurs": _co_porteurs(lues),
    }


def _co_porteurs(lues: Reponses) -> tuple[dict[str, Any], ...] | None:
    """Lus si l'appel en fait la preuve d'un critère : sans cela, aucune règle ne les demande."""
    if not any(c.preuve == "co_porteurs" for c in reglement_de(lues.dossier).financement.criteres):
        return None
    return (
        tuple(
            {"nom": c.nom, "numero": c.numero, "role": c.role, "confirme": c.confirme}
            for c in lues.co_porteurs
        )
        or None
    )


def _budget(lues: Reponses) -> dict[str, Any] | None:
    if not lues.lignes_de_budget:
        return None
    charges: dict[str, Decimal] = {}
    produits: dict[str, Any] = {}
    subventions: dict[str, Decimal] = {}
    for ligne in lues.lignes_de_budget:
        if ligne.sens == LigneDeBudget.Sens.CHARGE:
            charges[ligne.compte] = ligne.montant
        elif ligne.financeur:
            subventions[ligne.financeur.code] = ligne.montant
        elif ligne.compte.startswith(f"{ecriture.SUBVENTIONS}:"):
            subventions[ligne.compte.partition(":")[2]] = ligne.montant
        else:
            produits[ligne.compte] = ligne.montant
    return {"charges": charges, "produits": produits | {"74": dict(sorted(subventions.items()))}}


def _bonification(lues: Reponses, jury: Decimal | None) -> dict[str, Any]:
    dits = {c.code: {"declare": c.est_declare, "valide": c.est_valide} for c in lues.criteres}
    nommes: dict[str, Any] = {code: dits.pop(code) for code in _NOMMES if code in dits}
    retenu = lues.dossier.taux_retenu
    return nommes | {"autres": dits, "taux_jury": jury if jury is not None else retenu}


def _pieces(lues: Reponses, declarations: tuple[str, ...]) -> tuple[str, ...] | None:
    """Les pièces reçues, et ce qui est attesté ; un dossier rempli ici tient lieu de Cerfa (P35)."""
    recues = {code for code, p in lues.pieces.items() if p.statut != Piece.Etat.A_REMPLACER}
    recues |= lues.atteste | set(declarations)
    if se_remplit_ici(reglement_de(lues.dossier)):
        recues.add(CERFA)
    return tuple(sorted(recues)) or None


def se_remplit_ici(reglement: Appel) -> bool:
    """Vrai si aucune autre plateforme ne donne de numéro : le dossier d'ici est alors le seul (P35)."""
    return not any(r.genre == "numero" for r in reglement.regles)


def remplir(dossier: Dossier, fiche: Fiche, *, par: Acteur, le: datetime) -> list[str]:
    """Écrit la fiche dans un brouillon (import, simulateur, démonstration) ; l'appelant tient le verrou.

    Rend ce qui n'a pas trouvé sa place, en phrases : un code inconnu n'est jamais écrit à moitié.
    L'organisme, ses comptes rendus et les pièces n'en viennent pas : ils ont leurs propres actes.
    """
    ecarts: list[str] = []
    _remplir_les_colonnes(dossier, fiche, ecarts)
    _remplir_les_lieux(dossier, fiche, ecarts)
    if fiche.budget is not None:
        produits = {**fiche.budget.produits.par_compte(), "87": fiche.budget.produits.c87}
        ecriture.poser_budget(
            dossier, charges=fiche.budget.charges, produits=produits, subventions=fiche.budget.produits.c74
        )
    _remplir_les_demandes(dossier, fiche, ecarts, par=par, le=le)
    _remplir_les_co_porteurs(dossier, fiche, ecarts, par=par, le=le)
    ecriture.poser_criteres(
        dossier,
        [
            ecriture.CritereDit(code, bool(dit.declare))
            for code, dit in fiche.bonification.criteres().items()
            if dit.declare is not None
        ],
    )
    return ecarts


_COLONNES = {
    "experimentale": "est_experimentale",
    "experimentale_justification": "experimentale_justification",
    "numerique": "est_numerique",
    "coherence_numerique": "numerique_coherence",
    "droit_commun": "droit_commun",
    "mobilisation_qpv": "mobilisation_qpv",
    "comite_de_suivi": "comite_de_suivi",
    "numero_dauphin": "numero_dauphin",
    "depose_dauphin_le": "depose_dauphin_le",
    "gestionnaire": "gestionnaire",
    "agent_departement": "a_agent_departement",
    "heures_departement": "heures_departement",
    "contact_departement_le": "contact_departement_le",
}


def _remplir_les_colonnes(dossier: Dossier, fiche: Fiche, ecarts: list[str]) -> None:
    action = fiche.action
    for cle, colonne in _COLONNES.items():
        valeur = getattr(action, cle)
        if valeur is not None:
            setattr(dossier, colonne, valeur)
    if action.intitule is not None:
        if len(action.intitule) > 256:
            ecarts.append("L'intitulé dépasse 256 caractères : il n'est pas repris.")
        else:
            dossier.intitule = action.intitule
    if action.cibles_couvertes is not None:
        dossier.cibles_couvertes = list(action.cibles_couvertes)
    if action.pilier is not None:
        dossier.pilier = dossier.territoire.piliers.filter(code=action.pilier).first()
        if dossier.pilier is None:
            ecarts.append(f"Pilier inconnu : {action.pilier}.")
    if fiche.publics.total is not None:
        dossier.publics_total = fiche.publics.total
    if fiche.publics.qpv is not None:
        dossier.publics_qpv = fiche.publics.qpv
    dossier.save()
    if action.thematiques is not None:
        connues = {t.code: t for t in dossier.territoire.thematiques.filter(code__in=action.thematiques)}
        ecarts += [f"Thématique inconnue : {c}." for c in action.thematiques if c not in connues]
        dossier.thematiques.set(connues.values())


def _remplir_les_lieux(dossier: Dossier, fiche: Fiche, ecarts: list[str]) -> None:
    pack = dossier.territoire.pack()
    communes = {c.code: c for c in dossier.territoire.communes.all()}

    def commune(nom: str) -> Any:
        trouvee = pack.commune(nom)
        if trouvee is None or trouvee.code not in communes:
            ecarts.append(f"Commune inconnue : {nom}.")
            return None
        return communes[trouvee.code]

    if fiche.action.quartiers is not None:
        connus = {q.code: q for q in dossier.territoire.quartiers.defer("contour")}
        vises: dict[Any, list[Any]] = {}
        for vise in fiche.action.quartiers:
            officiel = pack.quartier(vise.code)
            if officiel is None or officiel.code not in connus:
                ecarts.append(f"Quartier inconnu : {vise.code}.")
                continue
            vises[connus[officiel.code]] = [c for c in map(commune, vise.communes) if c]
        ecriture.poser_quartiers(dossier, vises)
    for contact in fiche.action.contacts_communes or ():
        ville = commune(contact.commune)
        if ville and contact.le:
            ecriture.poser_contact(dossier, ecriture.Contact(ville, contact.le))
        elif ville:
            ecarts.append(f"Contact sans date : {ville.nom}.")


def _remplir_les_demandes(
    dossier: Dossier, fiche: Fiche, ecarts: list[str], *, par: Acteur, le: datetime
) -> None:
    """Le montant d'un financeur va à son dispositif nommé par la fiche, à défaut à son premier."""
    if fiche.demande is None:
        return
    nommes = {c.lower() for c in fiche.action.dispositifs or ()}
    ouverts: dict[str, list[Any]] = {}
    for dispositif in dossier.appel.dispositifs.select_related("financeur"):
        ouverts.setdefault(dispositif.financeur.code, []).append(dispositif)
    demandes = {}
    for code, montant in fiche.demande.items():
        candidats = ouverts.get(code, [])
        dits = [d for d in candidats if d.code in nommes]
        choisi = next(iter(dits or candidats), None)
        if len(dits) > 1:
            ecarts.append(
                f"{code} : {montant} € mis sur « {dits[0].nom} », à répartir entre les dispositifs."
            )
        if choisi is None:
            ecarts.append(f"{code} n'ouvre rien dans cet appel : {montant} € ne sont pas repris.")
        else:
            demandes[choisi] = montant
    ecriture.poser_demandes(dossier, demandes, par=par, le=le)


def _remplir_les_co_porteurs(
    dossier: Dossier, fiche: Fiche, ecarts: list[str], *, par: Acteur, le: datetime
) -> None:
    for dit in fiche.action.co_porteurs or ():
        if dit.numero:
            ecriture.poser_co_porteur(
                dossier, nom=dit.nom, numero=dit.numero, role=dit.role or "", par=par, le=le
            )
        else:
            ecarts.append(f"Co-porteur sans SIREN ni RNA : {dit.nom}.")
