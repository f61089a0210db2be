"""Ce que le porteur écrit : action, publics, quartiers. Un formulaire valide, un acte enregistre."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.formats import ordre
from ensemblier.interface.formulaires import ChampDate, Formulaire
from ensemblier.noyau import identifiants
from ensemblier.noyau.packs import Appel

OUI_NON = ((True, "Oui"), (False, "Non"))


def lus(reglement: Appel) -> set[str]:
    """Les chemins de la fiche que lisent les règles de l'appel : le reste ne se demande pas."""
    chemins = {champ for regle in reglement.regles for champ in regle.champs}
    chemins |= {
        regle.condition.vrai for regle in reglement.regles if regle.condition and regle.condition.vrai
    }
    return chemins


def texte(label: str, *, aide: str = "", lignes: int = 4, maximum: int = 4000) -> forms.CharField:
    zone = forms.Textarea({"rows": lignes})
    return forms.CharField(label=label, required=False, help_text=aide, max_length=maximum, widget=zone)


def oui_non(label: str, *, aide: str = "") -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, help_text=aide, choices=OUI_NON, widget=forms.RadioSelect,
        coerce=lambda v: v in (True, "True"), empty_value=None,
    )  # fmt: skip


class FormulaireDeDossier(Formulaire):
    """Un formulaire qui connaît son dossier ; `CHEMINS` lie chaque champ à son chemin dans la fiche."""

    choisit_une_lecture = True
    """Un montant ambigu propose ses deux lectures en boutons : l'éditeur lit celui qu'on presse."""
    CHEMINS: dict[str, str] = {}
    SELON: dict[str, str] = {}

    def __init__(self, *args: Any, lues: Reponses, reglement: Appel, **kwargs: Any) -> None:
        self.lues, self.dossier, self.reglement = lues, lues.dossier, reglement
        super().__init__(*args, initial=self.depart() | kwargs.pop("initial", {}), **kwargs)
        utiles = lus(reglement)
        for nom, chemin in self.SELON.items():
            if chemin not in utiles:
                del self.fields[nom]
        exiges = {c for regle in reglement.regles if "deposer" in regle.bloque for c in regle.champs}
        for nom, chemin in (self.CHEMINS | self.SELON).items():
            if nom in self.fields:
                self.fields[nom].exige_au_depot = chemin in exiges

    def depart(self) -> dict[str, Any]:
        """Ce que le brouillon contient déjà."""
        return {nom: getattr(self.dossier, nom) for nom in self.base_fields if hasattr(self.dossier, nom)}

    @property
    def retenues(self) -> dict[str, Any]:
        """Les réponses valides ; une réponse refusée laisse celle que le dossier avait."""
        return {
            nom: self.cleaned_data[nom]
            if nom in self.cleaned_data
            else self.get_initial_for_field(champ, nom)
            for nom, champ in self.fields.items()
        }

    def colonnes(self) -> dict[str, Any]:
        """Les réponses, prêtes pour `enregistrer_etape`."""
        return dict(self.cleaned_data)

    def ajouter_a(self, fiche: dict[str, Any]) -> None:
        """Écrit dans une fiche JSON les réponses valides, pour juger sans enregistrer."""
        for nom, chemin in self.CHEMINS.items():
            if nom in self.cleaned_data:
                partie, _, cle = chemin.partition(".")
                poser(fiche.setdefault(partie, {}), cle, self.cleaned_data[nom])


def poser(partie: dict[str, Any], cle: str, valeur: Any) -> None:
    """Une réponse vide n'est pas dite : sa clé disparaît."""
    if valeur is None or valeur == "" or valeur == []:
        partie.pop(cle, None)
    else:
        partie[cle] = valeur


class ActionForm(FormulaireDeDossier):
    intitule = forms.CharField(
        label="Nom de l'action",
        required=False,
        max_length=256,
        help_text="Court et clair : il sera publié si l'action est aidée.",
    )
    resume = texte(
        "En deux phrases, de quoi s'agit-il ?",
        aide="Elles seront publiées si l'action est aidée, avec ses quartiers et le nombre de personnes.",
        lignes=3,
        maximum=600,
    )
    pilier = forms.ModelChoiceField(
        label="Quel pilier du contrat l'action sert-elle d'abord ?", required=False, queryset=None,
        widget=forms.RadioSelect, empty_label=None,
    )  # fmt: skip
    thematiques = forms.ModelMultipleChoiceField(
        label="Thématiques", required=False, queryset=None, widget=forms.CheckboxSelectMultiple,
        help_text="Une ou plusieurs.",
    )  # fmt: skip
    description = texte("Que faites-vous, concrètement ?", lignes=8, maximum=8000)
    objectifs = texte("Que voulez-vous obtenir ?")
    parcours = texte(
        "Et après ?",
        aide="Comment l'action s'inscrit dans un parcours : avant, pendant, après pour chaque personne.",
    )
    partenaires = texte("Avec qui ?")
    moyens = texte("Avec quels moyens ?", aide="Personnes, bénévoles, locaux, matériel.")
    du = ChampDate(label="L'action commence le", required=False)
    au = ChampDate(label="Elle finit le", required=False)
    evaluation = texte("Comment saurez-vous que c'est réussi ?")
    est_experimentale = oui_non("L'action est-elle inédite ou expérimentale ?")
    experimentale_justification = texte("En quoi l'est-elle ?", lignes=3)
    est_numerique = oui_non("L'action a-t-elle une dimension numérique ?")
    numerique_coherence = texte("Quel lien avec la feuille de route numérique de l'agglomération ?", lignes=3)
    droit_commun = texte(
        "Comment l'action complète-t-elle le droit commun ?",
        aide="Le droit commun : ce que les services ordinaires font déjà pour tout le monde.",
    )
    cibles_couvertes = forms.MultipleChoiceField(
        label="L'action vise-t-elle un public déjà suivi ailleurs ?", required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    comite_de_suivi = texte(
        "Qui suit l'action avec vous ?", aide="Le comité de suivi : sa composition, ses réunions."
    )
    numero_dauphin = forms.CharField(
        label="Numéro Dauphin",
        required=False,
        max_length=20,
        help_text="Par exemple DA01234567. Il peut arriver après le dépôt.",
    )
    depose_dauphin_le = ChampDate(label="Déposé sur Dauphin le", required=False)

    groupes = (
        ("L'action en bref", ("intitule", "resume", "pilier", "thematiques")),
        ("Ce que vous faites",
         ("description", "objectifs", "parcours", "partenaires", "moyens", "du", "au", "evaluation")),
        ("Ce que l'appel demande en plus",
         ("est_experimentale", "experimentale_justification", "est_numerique", "numerique_coherence",
          "droit_commun", "cibles_couvertes", "comite_de_suivi")),
        ("Dauphin", ("numero_dauphin", "depose_dauphin_le")),
    )  # fmt: skip
    CHEMINS = {
        "intitule": "action.intitule",
        "pilier": "action.pilier",
        "thematiques": "action.thematiques",
        "est_experimentale": "action.experimentale",
        "experimentale_justification": "action.experimentale_justification",
        "est_numerique": "action.numerique",
        "numerique_coherence": "action.coherence_numerique",
        "droit_commun": "action.droit_commun",
        "cibles_couvertes": "action.cibles_couvertes",
        "comite_de_suivi": "action.comite_de_suivi",
        "numero_dauphin": "action.numero_dauphin",
        "depose_dauphin_le": "action.depose_dauphin_le",
    }
    SELON = {
        "est_experimentale": "action.experimentale",
        "experimentale_justification": "action.experimentale_justification",
        "est_numerique": "action.numerique",
        "numerique_coherence": "action.coherence_numerique",
        "droit_commun": "action.droit_commun",
        "cibles_couvertes": "action.cibles_couvertes",
        "comite_de_suivi": "action.comite_de_suivi",
        "numero_dauphin": "action.numero_dauphin",
        "depose_dauphin_le": "action.numero_dauphin",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ouverts = {p.code: p for p in self.reglement.piliers}
        piliers = self.fields["pilier"]
        piliers.queryset = self.dossier.territoire.piliers.filter(code__in=ouverts)
        piliers.label_from_instance = lambda p: f"{p.nom} : {ouverts[p.code].aide}"
        self.fields["thematiques"].queryset = self.dossier.territoire.thematiques.all()
        self.fields["thematiques"].label_from_instance = lambda t: t.nom
        if "cibles_couvertes" in self.fields:
            libelles = {
                c: n for r in self.reglement.regles if r.genre == "vigilance" for c, n in r.libelles.items()
            }
            self.fields["cibles_couvertes"].choices = list(libelles.items())

    def depart(self) -> dict[str, Any]:
        return super().depart() | {"thematiques": self.lues.thematiques}

    def clean_numero_dauphin(self) -> str:
        lu: str = self.cleaned_data["numero_dauphin"]
        try:
            return identifiants.numero_dauphin(lu).valeur if lu else ""
        except identifiants.IdentifiantInvalide as refus:
            raise forms.ValidationError(str(refus)) from refus

    def clean(self) -> dict[str, Any]:
        du, au = self.cleaned_data.get("du"), self.cleaned_data.get("au")
        if du and au and au < du:
            self.add_error("au", "La fin de l'action précède son début. Corrigez l'une des deux dates.")
        return self.cleaned_data

    def ajouter_a(self, fiche: dict[str, Any]) -> None:
        super().ajouter_a(fiche)
        action = fiche.setdefault("action", {})
        if "pilier" in self.cleaned_data:
            poser(action, "pilier", getattr(self.cleaned_data["pilier"], "code", None))
        if "thematiques" in self.cleaned_data:
            poser(action, "thematiques", [t.code for t in self.cleaned_data["thematiques"]])


class ChampEffectif(forms.IntegerField):
    """Un nombre de personnes, écrit comme on parle : « 1 000 » ou « 1000 »."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        boite = forms.TextInput({"inputmode": "numeric", "class": "saisie-courte", "autocomplete": "off"})
        super().__init__(required=False, min_value=0, max_value=100_000_000, widget=boite, **kwargs)

    def to_python(self, value: Any) -> int | None:
        return super().to_python("".join(value.split()) if isinstance(value, str) else value)


class PublicsForm(FormulaireDeDossier):
    publics_total = ChampEffectif(label="Nombre de personnes en tout")
    publics_qpv = ChampEffectif(label="Dont habitants de quartier prioritaire (QPV)")
    publics_description = texte("Qui sont ces personnes ?", aide="Âges, situations. Aucun nom.", lignes=3)
    mobilisation_qpv = texte(
        "Comment allez-vous toucher les habitants des quartiers ?", maximum=2000,
        aide="Comment vous les informez, les invitez et les faites venir.",
    )  # fmt: skip

    CHEMINS = {
        "publics_total": "publics.total",
        "publics_qpv": "publics.qpv",
        "mobilisation_qpv": "action.mobilisation_qpv",
    }

    def clean(self) -> dict[str, Any]:
        total, qpv = self.cleaned_data.get("publics_total"), self.cleaned_data.get("publics_qpv")
        if total is not None and qpv is not None and qpv > total:
            self.add_error(
                "publics_qpv",
                f"{qpv} habitants de quartier pour {total} personnes en tout : corrigez l'un des deux.",
            )
        return self.cleaned_data


class QuartiersForm(FormulaireDeDossier):
    """Un quartier se choisit par ses communes : une case par couple quartier-commune (R17)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.quartiers = list(
            self.dossier.territoire.quartiers.defer("contour").prefetch_related("communes").order_by("nom")
        )
        choisis = {f"{c.quartier_id}-{ville.pk}" for c in self.lues.ciblages for ville in c.communes.all()}
        couples = [(f"{q.pk}-{ville.pk}", ville, q) for q in self.quartiers for ville in q.communes.all()]
        self.choisis = set(self.data.getlist("couples")) if self.is_bound else choisis
        self.fields["couples"] = forms.MultipleChoiceField(
            label="Quartiers",
            required=False,
            choices=[(c, f"{quartier.nom} ({ville.nom})") for c, ville, quartier in couples],
            initial=sorted(choisis),
        )
        par_commune: dict[Any, list[dict[str, Any]]] = {}
        for cle, ville, quartier in couples:
            par_commune.setdefault(ville, []).append(
                {"cle": cle, "quartier": quartier, "choisi": cle in self.choisis}
            )
        self.communes = [
            {"commune": v, "quartiers": q, "choisis": sum(x["choisi"] for x in q)}
            for v, q in sorted(par_commune.items(), key=lambda x: (not x[0].est_membre, ordre(x[0].nom)))
        ]

    def vises(self) -> dict[Any, list[Any]]:
        """Les communes choisies, par quartier."""
        choisis = set(self.retenues["couples"])
        vises = {}
        for quartier in self.quartiers:
            communes = [v for v in quartier.communes.all() if f"{quartier.pk}-{v.pk}" in choisis]
            if communes:
                vises[quartier] = communes
        return vises

    def ajouter_a(self, fiche: dict[str, Any]) -> None:
        if "couples" in self.cleaned_data:
            visees = [{"code": q.code, "communes": [v.code for v in c]} for q, c in self.vises().items()]
            poser(fiche.setdefault("action", {}), "quartiers", visees)


A_VUE = 6
"""Au-delà, des boutons à cocher font une page à dérouler : la liste se replie."""


class OuvertureForm(Formulaire):
    """Pour quel organisme ouvrir le dossier, et la suite de quelle action ; la clé évite d'en ouvrir deux."""

    organisme = forms.ModelChoiceField(
        label="Pour quel organisme ?", queryset=None, widget=forms.RadioSelect, empty_label=None
    )
    suite_de = forms.ModelChoiceField(
        label="Est-ce la suite d'une action déjà déposée ?", required=False, queryset=None,
        to_field_name="numero", blank=True,
        empty_label="Non, c'est une action nouvelle", widget=forms.RadioSelect,
        help_text="L'action, les publics, les quartiers et le budget sont recopiés dans le brouillon.",
    )  # fmt: skip
    cle = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, organismes: Any, anciens: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, initial={"cle": uuid4().hex, "organisme": organismes.first()}, **kwargs)
        self.fields["organisme"].queryset = organismes
        suite_de, combien = self.fields["suite_de"], 0 if anciens is None else anciens.count()
        suite_de.label_from_instance = self._reprendre
        if combien > A_VUE:
            suite_de.widget = forms.Select()
        suite_de.queryset = anciens
        if not combien:
            del self.fields["suite_de"]

    @staticmethod
    def _reprendre(ancien: Dossier) -> str:
        nom = f"{ancien.intitule or 'action sans nom'} ({ancien.numero}, {ancien.organisme.nom})"
        return f"Reprendre l'action de {ancien.appel.exercice} : {nom}"

    def clean(self) -> dict[str, Any]:
        ancien, organisme = self.cleaned_data.get("suite_de"), self.cleaned_data.get("organisme")
        if ancien and organisme and ancien.organisme_id != organisme.pk:
            self.add_error(
                "suite_de",
                f"Cette action est de {ancien.organisme.nom}. Choisissez cet organisme, ou « Non ».",
            )
        return self.cleaned_data


class SaisieForm(Formulaire):
    """L'enveloppe d'une réponse envoyée seule : quelle boîte, quelle version lue, quelle clé d'envoi."""

    champ = forms.CharField(max_length=120)
    version = forms.IntegerField(min_value=0, max_value=1_000_000)
    cle = forms.RegexField(r"^[0-9A-Za-z_-]{8,64}$")
