"""L'argent d'un volet dans son dossier : ce qu'on peut attribuer (K6), ce que tous financent (S41)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from ensemblier.dossiers.etats import ACCORDS, PERDUS
from ensemblier.dossiers.fiche import fiche_de, reglement_de
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau import montants
from ensemblier.noyau.regles import Constat, Fiche, evaluer, taux_et_raison
from ensemblier.programmation.models import Attribution, Enveloppe, SousEnveloppe

ZERO = Decimal("0.00")
RAISONS = {
    "demande": ("dépasse la demande", ""),
    "plafond": ("dépasse le plafond", ""),
    "enveloppe": ("dépasse le reste de l'enveloppe", ", ou relevez d'abord l'enveloppe"),
    "ressources": ("dépasse ce qui reste à financer", ", ou baissez d'abord un autre financement"),
}


def part_de(parts: Iterable[SousEnveloppe], demande: Demande) -> SousEnveloppe | None:
    """La sous-enveloppe qui paie ce volet : celle de son dispositif, à défaut de sa nature de crédits.

    Une part d'un autre dispositif ou d'une autre nature ne le paie pas ; la plus ancienne l'emporte.
    """
    credits = demande.dispositif.credits
    justes = [
        p for p in parts if p.dispositif_id in (None, demande.dispositif_id) and p.nature in ("", credits)
    ]
    return max(justes, key=lambda p: (p.dispositif_id is not None, p.nature != "", -p.pk), default=None)


class Restes:
    """Ce qui reste pour chaque volet d'un financeur : dans le tout, et dans sa part ; une requête.

    Les parts et le « non réparti » se partagent le tout : leurs restes font le sien. Un accord déjà voté
    garde la part qui l'a engagé (une requête). `prendre` compte un accord qui s'écrit dans le même acte.
    """

    def __init__(self, enveloppe: Enveloppe) -> None:
        self.parts = [*enveloppe.parts.all()]
        self._tout = enveloppe.reste
        hors = enveloppe.engage - sum((p.engage for p in self.parts), ZERO)
        self._restes = {p.pk: p.reste for p in self.parts} | {0: enveloppe.montant - enveloppe.reparti - hors}
        self._cles: dict[int, int] = {}

    def cle(self, demande: Demande) -> int:
        """La part qui paie ce volet ; 0 : ce qui n'est pas réparti."""
        if demande.pk not in self._cles:
            if self.parts and demande.etat in ACCORDS:
                tenues = Attribution.objects.filter(demande=demande, remplacee_le=None)
                cle = tenues.values_list("part", flat=True).get()
            else:
                part = part_de(self.parts, demande)
                cle = part.pk if part else None
            self._cles[demande.pk] = cle or 0
        return self._cles[demande.pk]

    def de(self, demande: Demande) -> Decimal:
        return min(self._tout, self._restes[self.cle(demande)])

    def prendre(self, demande: Demande, montant: Decimal) -> None:
        self._tout -= montant
        self._restes[self.cle(demande)] -= montant

    def par_part(self) -> list[tuple[int, str, Decimal]]:
        """Clé, nom et reste de chaque part, puis de ce qui n'est pas réparti."""
        noms = {p.pk: p.nom for p in self.parts} | {0: "non réparti"}
        return [(cle, noms[cle], reste) for cle, reste in self._restes.items()]

    def manques(self) -> list[tuple[str, Decimal]]:
        """Chaque part que ce qui est pris dépasse, et de combien ; la part non répartie comprise."""
        return [(nom, -reste) for _, nom, reste in self.par_part() if reste < 0]


def attribuable_au_volet(
    demande: Demande,
    *,
    fiche: Fiche | None = None,
    reste: Decimal | None = None,
    volets: Iterable[Demande] | None = None,
) -> montants.Attribuable:
    """K6 pour un volet, avec ses lignes : le plafond joue pour le financeur que l'appel nomme (K4, K5, P34).

    Un autre volet du même financeur compte comme une autre ressource ; `volets` : ceux du dossier, déjà lus.
    De la fiche ne se lisent que l'argent et les critères (`fiches_de_l_argent`).
    """
    dossier = demande.dossier
    lue = fiche or fiche_de(dossier)
    plafond = _plafond(dossier, lue) if _est_plafonne(demande) else None
    charges = dict(lue.budget.charges) if lue.budget else {}
    base = montants.assiette(charges=charges)
    calcul = montants.attribuable(
        demande=demande.demande,
        plafond=plafond.montant if plafond else None,
        reste_enveloppe=reste,
        assiette=base,
        autres_ressources=_autres_ressources(
            demande, lue, demande.dossier.demandes.all() if volets is None else volets
        ),
    )
    if plafond is None:
        return calcul
    deja = {ligne.libelle for ligne in plafond.lignes}
    lignes = (*plafond.lignes, *(ligne for ligne in calcul.lignes if ligne.libelle not in deja))
    return montants.Attribuable(calcul.montant, calcul.limite, lignes)


def plafond_au_taux(dossier: Dossier, taux: Decimal | None = None) -> montants.Plafond | None:
    """K5 au taux retenu, ou à celui qu'on essaie ; `None` si l'appel ne plafonne pas (P34)."""
    if reglement_de(dossier).financement.taux_base is None:
        return None
    fiche = fiche_de(dossier)
    if taux is None:
        return _plafond(dossier, fiche)
    return montants.plafonner(charges=dict(fiche.budget.charges) if fiche.budget else {}, taux=taux)


def _est_plafonne(demande: Demande) -> bool:
    return reglement_de(demande.dossier).financement.financeur == demande.financeur.code


def _plafond(dossier: Dossier, fiche: Fiche) -> montants.Plafond:
    taux, _ = taux_et_raison(reglement_de(dossier), fiche)
    return montants.plafonner(charges=dict(fiche.budget.charges) if fiche.budget else {}, taux=taux)


def _autres_ressources(demande: Demande, fiche: Fiche, volets: Iterable[Demande]) -> Decimal:
    if fiche.budget is None:
        return ZERO
    produits = fiche.budget.produits
    autres = sum((m for code, m in produits.c74.items() if code != demande.financeur.code), ZERO)
    autres += sum(produits.par_compte().values(), ZERO)
    voisins = [v for v in volets if v.financeur_id == demande.financeur_id and v.pk != demande.pk]
    return autres + sum((financement_du_volet(v) for v in voisins if v.etat not in PERDUS), ZERO)


def financement_du_volet(demande: Demande) -> Decimal:
    """Ce que le volet apporte : voté, à défaut proposé, à défaut rien encore."""
    if demande.vote is not None:
        return demande.vote
    return demande.propose if demande.propose is not None else ZERO


def financements(
    dossier: Dossier, essai: Mapping[int, Decimal] | None = None, *, fiche: Fiche | None = None
) -> dict[str, Decimal]:
    """Par financeur : les volets (votés ou proposés) et les subventions déclarées hors de l'appel.

    `essai` : un montant par identifiant de demande, à la place de celui de la base.
    """
    demandes = list(dossier.demandes.select_related("financeur"))
    total: dict[str, Decimal] = {}
    for d in demandes:
        montant = (essai or {}).get(d.pk, ZERO if d.etat in PERDUS else financement_du_volet(d))
        total[d.financeur.code] = total.get(d.financeur.code, ZERO) + montant
    fiche = fiche or fiche_de(dossier)
    declares = fiche.budget.produits.c74 if fiche.budget else {}
    return {**{code: m for code, m in declares.items() if code not in total}, **total}


def cumul(
    dossier: Dossier, essai: Mapping[int, Decimal] | None = None, *, fiche: Fiche | None = None
) -> montants.Cumul:
    """S41, P25 : la somme des financements face au coût de l'action."""
    pack = dossier.territoire.pack()
    par_financeur = financements(dossier, essai, fiche=fiche)
    lus = {f.sigle if (f := pack.financeur(c)) else c: m for c, m in par_financeur.items()}
    return montants.cumul_financements(financements=lus, cout=dossier.cout_total)


def constats_du_cumul(dossier: Dossier, essai: Mapping[int, Decimal] | None = None) -> list[Constat]:
    """Ce que les règles de cumul de l'appel disent des montants proposés ou votés (S41, S42)."""
    regles = reglement_de(dossier)
    fiche = fiche_de(dossier)
    if fiche.budget is None:
        return []
    produits = fiche.budget.produits.model_copy(update={"c74": financements(dossier, essai)})
    lue = fiche.model_copy(update={"budget": fiche.budget.model_copy(update={"produits": produits})})
    rapport = evaluer(regles, lue, territoire=dossier.territoire.pack())
    codes = {r.code for r in regles.regles if r.genre == "cumul"}
    return [c for c in rapport.constats if c.regle in codes]


def phrase_du_depassement(montant: Decimal, calcul: montants.Attribuable) -> str:
    """La borne atteinte, de combien, et que faire (S43, S80) ; vide si le montant tient."""
    if montant <= calcul.montant:
        return ""
    raison, autrement = RAISONS[calcul.limite]
    borne = montants.en_francais(calcul.montant)
    return (
        f"{montants.en_francais(montant)} {raison} ({borne}) de "
        f"{montants.en_francais(montant - calcul.montant)}. "
        f"Au plus {borne}{autrement}."
    )
