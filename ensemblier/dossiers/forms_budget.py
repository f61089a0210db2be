"""Le budget de l'action et les demandes : des montants qu'on écrit comme on parle (K1, P31)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from ensemblier.appels.models import Dispositif
from ensemblier.dossiers.ecriture import CritereDit
from ensemblier.dossiers.forms import FormulaireDeDossier, oui_non, poser, texte
from ensemblier.dossiers.models import LigneDeBudget
from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formats import euros_ronds
from ensemblier.interface.formulaires import ChampDate, franciser
from ensemblier.noyau import cerfa
from ensemblier.noyau.packs.regle import TypePorteur

COMMUNE = "commune"
MAXIMUM = Decimal("99999999999.99")
"""Par ligne : la somme de toutes tient encore dans un montant."""


class BudgetForm(FormulaireDeDossier):
    """Une boîte par compte du Cerfa, une par financeur au compte 74."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.valeurs = self._valeurs()
        for compte in (*cerfa.CHARGES, cerfa.EMPLOIS_VOLONTAIRES):
            self._boite(f"c_{compte.code}", compte.libelle)
        for compte in (*cerfa.PRODUITS, cerfa.VOLONTAIRES):
            self._boite(f"p_{compte.code}", compte.libelle)
        self.sources = self._sources()
        for code, nom, _ in self.sources:
            self._boite(f"s_{code}", nom)

    def _boite(self, nom: str, label: str) -> None:
        initial = self.valeurs.get(nom)
        champ = EurosFormField(label=label, required=False, initial=initial, maximum=MAXIMUM)
        franciser(champ)
        self.fields[nom] = champ

    def _valeurs(self) -> dict[str, Decimal]:
        """Les montants du brouillon, un compte détaillé (« 604 ») rangé dans le sien (« 60 »)."""
        valeurs: dict[str, Decimal] = {}
        for ligne in self.lues.lignes_de_budget:
            if ligne.financeur:
                nom = f"s_{ligne.financeur.code}"
            elif ligne.compte.startswith("74:"):
                nom = f"s_{ligne.compte[3:]}"
            else:
                prefixe = "c" if ligne.sens == LigneDeBudget.Sens.CHARGE else "p"
                nom = f"{prefixe}_{cerfa.familles(ligne.compte)}"
            valeurs[nom] = valeurs.get(nom, Decimal(0)) + ligne.montant
        return valeurs

    def _sources(self) -> list[tuple[str, str, bool]]:
        """Les lignes du compte 74 : (code, nom, montrée d'abord) ; les communes visées d'abord."""
        visees = self.lues.communes_visees
        sources = []
        for f in self.dossier.territoire.financeurs.all():
            demande = f.code in self.reglement.financeurs
            devant = demande and (f.type != COMMUNE or f.code in visees)
            sources.append((f.code, f"{f.nom} (74)", devant or f"s_{f.code}" in self.valeurs))
        pack = self.dossier.territoire.pack()
        sources += [(a.code, f"{a.nom} (74)", f"s_{a.code}" in self.valeurs) for a in pack.autres_ressources]
        connus = {code for code, _, _ in sources}
        inconnus = [n[2:] for n in self.valeurs if n.startswith("s_") and n[2:] not in connus]
        return sources + [(code, f"{code} (74)", True) for code in inconnus]

    def comptes(
        self, prefixe: str, liste: tuple[cerfa.Compte, ...], *, courants: bool
    ) -> list[dict[str, Any]]:
        """Les boîtes d'un côté ; un compte rempli est toujours montré d'abord."""
        return [
            {"champ": self[f"{prefixe}_{c.code}"], "exemple": c.exemple}
            for c in liste
            if (c.courant or self._rempli(f"{prefixe}_{c.code}")) is courants
        ]

    def _rempli(self, nom: str) -> bool:
        return bool(self.valeurs.get(nom)) or bool(self.is_bound and self.data.get(nom))

    def plan(self) -> dict[str, Any]:
        """Les boîtes, rangées comme l'écran les montre."""
        montrees = [c for c, _, devant in self.sources if devant or self._rempli(f"s_{c}")]
        return {
            "charges": self.comptes("c", cerfa.CHARGES, courants=True),
            "autres_charges": self.comptes("c", cerfa.CHARGES, courants=False),
            "subventions": [{"champ": self[f"s_{c}"]} for c in montrees],
            "autres_subventions": [
                {"champ": self[f"s_{c}"]} for c, _, _ in self.sources if c not in montrees
            ],
            "produits": self.comptes("p", cerfa.PRODUITS, courants=True),
            "autres_produits": self.comptes("p", cerfa.PRODUITS, courants=False),
            "emplois": {"champ": self["c_86"], "exemple": cerfa.EMPLOIS_VOLONTAIRES.exemple},
            "volontaires": {"champ": self["p_87"], "exemple": cerfa.VOLONTAIRES.exemple},
        }

    def montants(self) -> dict[str, dict[str, Decimal]]:
        """Ce qui est écrit et lisible, ou l'était : `charges`, `produits`, `subventions`, sans les zéros."""
        rendus: dict[str, dict[str, Decimal]] = {"charges": {}, "produits": {}, "subventions": {}}
        listes = {"c": rendus["charges"], "p": rendus["produits"], "s": rendus["subventions"]}
        for nom, montant in self.retenues.items():
            prefixe, _, code = nom.partition("_")
            if montant:
                listes[prefixe][code] = montant
        return rendus

    def ajouter_a(self, fiche: dict[str, Any]) -> None:
        m = self.montants()
        if not any(m.values()):
            fiche.pop("budget", None)
            return
        fiche["budget"] = {"charges": m["charges"], "produits": {**m["produits"], "74": m["subventions"]}}


def euros_entiers(montant: Decimal) -> str:
    """P31 : le refus dit le montant à écrire, jamais au-dessus de ce qui était demandé."""
    return f"Une demande se fait en euros entiers. Écrivez {euros_ronds(Decimal(int(montant)))}."


class DemandesForm(FormulaireDeDossier):
    """Une boîte par dispositif ouvert, en euros entiers ; les critères de bonification si l'appel en a."""

    a_agent_departement = oui_non(
        "L'action emploie-t-elle un agent du Département ?", aide="Travailleur social, puéricultrice…"
    )
    heures_departement = forms.DecimalField(
        label="Combien d'heures en tout ?", required=False, min_value=0, max_digits=7, decimal_places=2,
        localize=True, widget=forms.TextInput({"inputmode": "decimal", "class": "saisie-courte"}),
    )  # fmt: skip
    contact_departement_le = ChampDate(label="Contact pris avec le Département le", required=False)
    gestionnaire = forms.ChoiceField(
        label="Qui gère le fonds de travaux urbains ?", required=False,
        choices=(
            ("", "L'organisme qui dépose"),
            *((t.value, t.libelle[:1].upper() + t.libelle[1:]) for t in TypePorteur),
        ),
    )  # fmt: skip

    SELON = {
        "a_agent_departement": "action.agent_departement",
        "heures_departement": "action.heures_departement",
        "contact_departement_le": "action.contact_departement_le",
        "gestionnaire": "action.gestionnaire",
    }
    CHEMINS = SELON

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connues = {d.dispositif_id: d.demande for d in self.lues.demandes}
        self.inscrites = self._inscrites()
        self.dispositifs = list(
            Dispositif.objects.filter(appel=self.dossier.appel_id).select_related("financeur")
        )
        self.visees = self.lues.communes_visees
        for d in self.dispositifs:
            champ = EurosFormField(label=d.nom, required=False, initial=self._proposee(d))
            franciser(champ)
            self.fields[f"d_{d.pk}"] = champ
        for critere in self.reglement.financement.criteres:
            dit = next((c for c in self.lues.criteres if c.code == critere.code), None)
            self.fields[f"k_{critere.code}"] = forms.BooleanField(
                label=critere.libelle, required=False, initial=bool(dit and dit.est_declare)
            )
            self.fields[f"j_{critere.code}"] = texte("Pourquoi ?", lignes=2, maximum=1000)
            self.fields[f"j_{critere.code}"].initial = dit.justification if dit else ""

    def _inscrites(self) -> dict[int, Decimal]:
        """Ce que le budget attend de chaque financeur (compte 74)."""
        return {x.financeur_id: x.montant for x in self.lues.lignes_de_budget if x.financeur_id is not None}

    def _proposee(self, dispositif: Dispositif) -> Decimal | None:
        """Le montant déjà demandé ; à défaut, celui du budget si le financeur n'ouvre qu'un dispositif.

        Sans les centimes qu'une demande n'admet pas (P31) : la boîte ne propose rien qu'elle refuserait.
        """
        if self.connues:
            return self.connues.get(dispositif.pk)
        seul = sum(1 for d in self.dispositifs if d.financeur_id == dispositif.financeur_id) == 1
        inscrit = self.inscrites.get(dispositif.financeur_id) if seul else None
        if inscrit is None or not self.reglement.demandes_entieres:
            return inscrit
        return Decimal(int(inscrit)) or None

    def lignes(self) -> list[dict[str, Any]]:
        """Les dispositifs à l'écran ; une commune hors de l'action, repliée."""
        pack = {d.code: d for d in self.reglement.dispositifs}
        premiers = {d.financeur_id: d.pk for d in reversed(self.dispositifs)}
        return [
            {
                "champ": self[f"d_{d.pk}"],
                "dispositif": d,
                "aide": pack[d.code].aide if d.code in pack else "",
                "mentions": pack[d.code].mentions if d.code in pack else (),
                "repliee": d.financeur.type == COMMUNE
                and d.financeur.code not in self.visees
                and not self[f"d_{d.pk}"].value(),
                "inscrite": self.inscrites.get(d.financeur_id),
                "en_plus": self._en_plus(d.financeur.code) if premiers[d.financeur_id] == d.pk else (),
            }
            for d in self.dispositifs
        ]

    def _en_plus(self, financeur: str) -> list[str]:
        """Ce que ce financeur demande seul : les règles de l'appel qui ne visent que lui, par leur titre."""
        return [r.titre for r in self.reglement.regles if r.financeur == financeur and r.genre != "plafond"]

    def criteres(self) -> list[tuple[Any, Any]]:
        codes = [c.code for c in self.reglement.financement.criteres]
        return [(self[f"k_{c}"], self[f"j_{c}"]) for c in codes]

    def questions(self) -> list[Any]:
        return [self[nom] for nom in self.SELON if nom in self.fields]

    def clean(self) -> dict[str, Any]:
        for d in self.dispositifs:
            montant = self.cleaned_data.get(f"d_{d.pk}")
            if montant and self.reglement.demandes_entieres and montant != montant.to_integral_value():
                self.add_error(f"d_{d.pk}", euros_entiers(montant))
        return self.cleaned_data

    def demandes(self) -> dict[Dispositif, Decimal]:
        retenues = self.retenues
        return {d: retenues[f"d_{d.pk}"] for d in self.dispositifs if retenues[f"d_{d.pk}"]}

    def dits(self) -> list[CritereDit]:
        retenues = self.retenues
        return [
            CritereDit(c.code, bool(retenues[f"k_{c.code}"]), retenues[f"j_{c.code}"])
            for c in self.reglement.financement.criteres
        ]

    def colonnes(self) -> dict[str, Any]:
        return {nom: self.cleaned_data[nom] for nom in self.SELON if nom in self.cleaned_data}

    def ajouter_a(self, fiche: dict[str, Any]) -> None:
        super().ajouter_a(fiche)
        sommes: dict[str, Decimal] = {}
        for d, montant in self.demandes().items():
            sommes[d.financeur.code] = sommes.get(d.financeur.code, Decimal(0)) + montant
        poser(fiche, "demande", sommes or None)
        poser(fiche["action"], "dispositifs", sorted(d.code for d in self.demandes()))
        for critere in self.reglement.financement.criteres:
            if f"k_{critere.code}" in self.cleaned_data:
                _declarer(fiche, critere.code, self.cleaned_data[f"k_{critere.code}"])


def _declarer(fiche: dict[str, Any], code: str, est_declare: bool) -> None:
    bonification = fiche.setdefault("bonification", {})
    nommes = ("habitants", "innovation", "operateurs")
    ou = bonification if code in nommes else bonification.setdefault("autres", {})
    ou[code] = {**ou.get(code, {}), "declare": est_declare}
