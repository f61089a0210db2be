"""Les questions du simulateur : celles que lisent les règles de l'appel, et aucune sur une personne (É3).

Une question n'existe que si une règle l'attend ; ses mots viennent de l'appel et du territoire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from ensemblier.appels.clair import de
from ensemblier.dossiers.forms import ChampEffectif, lus, oui_non, poser
from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formats import euros_ronds, nombre
from ensemblier.interface.formulaires import Formulaire, franciser
from ensemblier.noyau.packs import Appel, Territoire
from ensemblier.noyau.regles import Fiche, TypePorteur

A_ECRIRE = "Réponse annoncée au simulateur, à écrire dans le dossier."
"""Ce que la règle lit quand la personne dit savoir répondre ; le dossier, lui, reste à écrire."""

CAS = {
    "experimentale": "Est-il inédit ou expérimental ?",
    "numerique": "A-t-il une dimension numérique ?",
    "agent_departement": "Un agent du Département y travaille-t-il ?",
}
PROMESSES = (
    "mobilisation_qpv", "droit_commun", "comite_de_suivi", "experimentale_justification",
    "coherence_numerique", "contacts_communes", "contact_departement_le",
)  # fmt: skip
JUSTIFICATION = "Justification du caractère inédit ou expérimental"


@dataclass(frozen=True, slots=True)
class Question:
    """Une question : ses boîtes, et les chemins de la fiche qu'elle remplit."""

    code: str
    chemins: tuple[str, ...]
    champs: dict[str, forms.Field]
    legende: str = ""
    aide: str = ""


def chemins_lus(reglement: Appel) -> set[str]:
    """Ce que lisent les règles et leurs conditions : hors de là, rien ne se demande."""
    chemins = lus(reglement)
    conditions = [r.condition for r in reglement.regles if r.condition]
    if any(c.thematiques or c.hors_thematiques for c in conditions):
        chemins.add("action.thematiques")
    if any(c.porteurs for c in conditions) or any(r.genre == "pieces" for r in reglement.regles):
        chemins.add("porteur.type")
    return chemins


def _liste(label: str, choix: list[Any], **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", "Choisissez"), *choix], **options)


def _type(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    tries = sorted(TypePorteur, key=lambda t: t not in reglement.candidats)
    champ = _liste("Qui porte le projet ?", [(t.value, t.libelle[:1].upper() + t.libelle[1:]) for t in tries])
    yield Question("type", ("porteur.type",), {"type": champ})


def _pilier(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    choix = [
        (p.code, f"{connu.libelle if connu else p.code} : {p.aide}")
        for p in reglement.piliers
        for connu in (pack.pilier(p.code),)
    ]
    champ = forms.ChoiceField(
        label="Quel pilier du contrat sert-il d'abord ?", required=False, choices=choix,
        widget=forms.RadioSelect,
    )  # fmt: skip
    yield Question("pilier", ("action.pilier",), {"pilier": champ})


def _theme(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    champ = _liste("Quel est son thème principal ?", [(t.code, t.libelle) for t in pack.thematiques])
    yield Question("theme", ("action.thematiques",), {"theme": champ})


def _lieu(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    choix = []
    for commune in sorted(pack.communes, key=lambda c: (not c.membre, c.nom)):
        siens = sorted((q for q in pack.quartiers if commune.code in q.communes), key=lambda q: q.nom)
        if siens:
            choix.append((commune.nom, [(f"{q.code}:{commune.code}", q.nom) for q in siens]))
    aide = "Plusieurs quartiers ? Choisissez le premier : le dossier les prend tous."
    yield Question(
        "lieu", ("action.quartiers",), {"lieu": _liste("Dans quel quartier ?", choix, help_text=aide)}
    )


def _publics(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    compte = next((r for r in reglement.regles if r.genre in ("part", "coherence")), None)
    yield Question(
        "total", ("publics.total",), {"total": ChampEffectif(label="Combien de personnes en tout ?")}
    )
    if compte is not None:
        champ = ChampEffectif(label=f"Dont combien {de(compte.unites)} ?")
        yield Question("qpv", ("publics.qpv",), {"qpv": champ})


def _cas(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    connus = chemins_lus(reglement)
    champs: dict[str, forms.Field] = {
        cle: oui_non(label) for cle, label in CAS.items() if f"action.{cle}" in connus
    }
    chemins = [f"action.{cle}" for cle in champs]
    if "action.heures_departement" in connus:
        champs["heures_departement"] = forms.DecimalField(
            label="Si oui, combien d'heures en tout ?", required=False, min_value=0, max_digits=7,
            decimal_places=2, localize=True,
            widget=forms.TextInput({"inputmode": "decimal", "class": "saisie-courte"}),
        )  # fmt: skip
        chemins.append("action.heures_departement")
    if champs:
        yield Question("cas", tuple(chemins), champs, "Et votre projet, comment est-il ?")


def _promesses(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    """Une case par réponse longue ou démarche attendue : on dit qu'on sait la donner, on ne la donne pas."""
    connus = chemins_lus(reglement)
    titres = {"experimentale_justification": JUSTIFICATION}
    for regle in reversed(reglement.regles):
        titres |= {c.partition(".")[2]: regle.titre for c in regle.champs[:1]}
    choix = [(cle, titres[cle]) for cle in PROMESSES if f"action.{cle}" in connus]
    if choix:
        champ = forms.MultipleChoiceField(
            label="Que savez-vous déjà dire, ou qu'avez-vous déjà fait ?", required=False, choices=choix,
            widget=forms.CheckboxSelectMultiple, help_text="Cochez sans écrire : le dossier le demandera.",
        )  # fmt: skip
        yield Question("acquis", tuple(f"action.{cle}" for cle, _ in choix), {"acquis": champ})


def _argent(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    aide = "Tout ce qu'il coûte, sans le bénévolat ni les dons en nature."
    cout = EurosFormField(label="Combien coûte le projet ?", required=False, help_text=aide)
    yield Question("cout", ("budget.charges", "budget", "budget.produits"), {"cout": cout})
    demandes = {
        f"demande_{f.code}": EurosFormField(label=f.nom, required=False)
        for f in pack.financeurs
        if f.code in reglement.financeurs and f.type != "commune"
    }
    if len(demandes) == 1:
        (nom, champ), *_ = demandes.items()
        champ.label = f"Combien demandez-vous ? ({champ.label})"
        yield Question("demande", ("demande",), {nom: champ})
    elif demandes:
        yield Question(
            "demande", ("demande",), demandes, "Combien demandez-vous, et à qui ?",
            "Laissez vide ce que vous ne demandez pas. La part d'une commune se dit dans le dossier.",
        )  # fmt: skip


def _criteres(reglement: Appel, pack: Territoire) -> Iterator[Question]:
    if reglement.financement.criteres:
        champ = forms.MultipleChoiceField(
            label="Qu'est-ce qui décrit votre projet ?", required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(c.code, c.libelle) for c in reglement.financement.criteres],
            help_text="Ces critères peuvent relever le taux. Le jury décide.",
        )  # fmt: skip
        yield Question("criteres", ("bonification",), {"criteres": champ})


_QUESTIONS: tuple[Callable[[Appel, Territoire], Iterator[Question]], ...] = (
    _type, _pilier, _theme, _lieu, _publics, _cas, _promesses, _argent, _criteres,
)  # fmt: skip


def questions(reglement: Appel, pack: Territoire) -> list[Question]:
    """Les questions de cet appel, dans l'ordre où l'on raconte un projet."""
    connus = chemins_lus(reglement)
    toutes = [q for faire in _QUESTIONS for q in faire(reglement, pack)]
    return [q for q in toutes if connus & set(q.chemins)]


class SimulateurForm(Formulaire):
    """Les réponses d'un essai ; rien n'est obligatoire, rien n'est enregistré par le formulaire."""

    choisit_une_lecture = True

    def __init__(self, *args: Any, reglement: Appel, pack: Territoire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reglement, self.pack = reglement, pack
        self.questions = questions(reglement, pack)
        for question in self.questions:
            for nom, champ in question.champs.items():
                franciser(champ)
                champ.exige_au_depot = True  # aucune n'est obligatoire : « facultatif » partout lasserait
                self.fields[nom] = champ

    def clean(self) -> dict[str, Any]:
        if self.reglement.demandes_entieres:
            for nom, montant in list(self.cleaned_data.items()):
                if nom.startswith("demande_") and montant is not None and montant % 1:
                    self.add_error(nom, "Une demande se fait en euros entiers. Arrondissez le montant.")
        return self.cleaned_data

    def repondues(self) -> set[str]:
        """Les codes des questions qui ont au moins une réponse lisible."""
        dites = {nom for nom, v in self.cleaned_data.items() if v not in (None, "", [])}
        return {q.code for q in self.questions if dites & set(q.champs)}

    def reponses(self) -> dict[str, Any]:
        """Ce qui a été répondu, tel qu'écrit : assez pour refaire l'essai (`Simulation.reponses`)."""
        rendues: dict[str, Any] = {}
        for nom, valeur in self.cleaned_data.items():
            if valeur not in (None, "", []):
                rendues[nom] = self.fields[nom].widget.value_from_datadict(self.data, self.files, nom)
        return rendues

    def en_clair(self) -> list[tuple[str, str]]:
        """Les questions répondues et leurs réponses, en mots."""
        return [
            (self.fields[nom].label, self._mots(nom, valeur))
            for nom, valeur in self.cleaned_data.items()
            if valeur not in (None, "", [])
        ]

    def _mots(self, nom: str, valeur: Any) -> str:
        champ = self.fields[nom]
        if isinstance(champ, EurosFormField):
            return euros_ronds(valeur)
        if isinstance(champ, forms.ChoiceField):
            plats: dict[str, str] = {}
            for cle, mot in champ.choices:
                plats |= dict(mot) if isinstance(mot, list | tuple) else {str(cle): mot}
            dites = valeur if isinstance(valeur, list) else [valeur]
            return ", ".join(str(plats.get(str(v), v)) for v in dites)
        return nombre(valeur) if isinstance(valeur, int) else str(valeur).replace(".", ",")

    def demandes(self) -> dict[str, Decimal]:
        """Ce qui est demandé à chaque financeur, zéros ôtés."""
        return {
            nom.partition("_")[2]: montant
            for nom, montant in self.cleaned_data.items()
            if nom.startswith("demande_") and montant
        }

    def reste(self) -> Decimal | None:
        """Ce qu'il faut trouver ailleurs : le coût moins les demandes ; rien sans coût."""
        cout = self.cleaned_data.get("cout")
        return None if cout is None else max(cout - sum(self.demandes().values()), Decimal(0))

    def fiche(self, *, le: date, jury: Decimal | None = None) -> Fiche:
        """La fiche de l'essai ; `jury` la juge comme si ce taux et les critères cochés étaient reconnus.

        Le reste à trouver est supposé trouvé : c'est écrit à l'écran.
        """
        donnees = self._dite()
        action, dit = donnees["action"], self.cleaned_data.get
        for cle in dit("acquis") or ():
            if cle == "contacts_communes":
                visees = {c for q in action.get("quartiers", ()) for c in q["communes"]}
                poser(action, cle, [{"commune": c, "le": le.isoformat()} for c in sorted(visees)])
            else:
                poser(action, cle, le.isoformat() if cle.endswith("_le") else A_ECRIRE)
        if donnees.get("budget") and (reste := self.reste()):
            donnees["budget"]["produits"]["autofinancement"] = reste
        if jury is not None:
            for critere in donnees["bonification"]["autres"].values():
                critere["valide"] = True
            donnees["bonification"]["taux_jury"] = jury
        return Fiche.lire(donnees)

    def fiche_du_dossier(self) -> Fiche:
        """Ce qu'un brouillon reprend : les réponses données, jamais une promesse ni une supposition."""
        return Fiche.lire(self._dite())

    def _dite(self) -> dict[str, Any]:
        dit = self.cleaned_data.get
        action: dict[str, Any] = {}
        poser(action, "pilier", dit("pilier"))
        poser(action, "thematiques", [dit("theme")] if dit("theme") else None)
        if dit("lieu"):
            quartier, _, commune = dit("lieu").partition(":")
            action["quartiers"] = [{"code": quartier, "communes": [commune]}]
        for cle in (*CAS, "heures_departement"):
            poser(action, cle, dit(cle))
        donnees: dict[str, Any] = {"action": action, "porteur": {}, "publics": {}}
        poser(donnees["porteur"], "type", dit("type"))
        poser(donnees["publics"], "total", dit("total"))
        poser(donnees["publics"], "qpv", dit("qpv"))
        demandes = self.demandes()
        if dit("cout"):
            donnees["budget"] = {"charges": {"60": dit("cout")}, "produits": {"74": demandes}}
        poser(donnees, "demande", demandes or None)
        donnees["bonification"] = {"autres": {c: {"declare": True} for c in dit("criteres") or ()}}
        return donnees
