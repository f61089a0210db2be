"""Attester et déposer, retirer, joindre une pièce, écrire un message, noter un dépôt fait ailleurs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, QueryDict

from ensemblier.comptes import reprise
from ensemblier.dossiers.attestations import Declaration
from ensemblier.interface.controles import TAILLE_MAXIMALE, FichierRefuse
from ensemblier.interface.formulaires import ChampDate, Formulaire
from ensemblier.interface.photos import PAGES_MAXIMUM, reunir, sans_lieu


class DepotForm(Formulaire):
    """Une case par déclaration, une par volet qui bloque ; la clé : un double clic dépose une fois (T09)."""

    cle = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(
        self, *args: Any, declarations: Iterable[Declaration], volets: Iterable[str], **kwargs: Any
    ) -> None:
        self.declarations, self.volets = tuple(declarations), tuple(volets)
        super().__init__(*args, initial={"cle": uuid4().hex}, **kwargs)
        for d in self.declarations:
            self.fields[f"a_{d.code}"] = forms.BooleanField(
                label=d.texte, error_messages={"required": "Cochez cette case pour déposer."}
            )
        for code in self.volets:
            self.fields[f"v_{code}"] = forms.BooleanField(
                label=f"Déposer sans la demande à {code} : elle est abandonnée.",
                error_messages={
                    "required": f"Corrigez ce qui bloque la demande à {code}, ou cochez cette case."
                },
            )

    def cochees(self) -> list[str]:
        return [d.code for d in self.declarations if self.cleaned_data.get(f"a_{d.code}")]

    def sans(self) -> list[str]:
        return [code for code in self.volets if self.cleaned_data.get(f"v_{code}")]

    @classmethod
    def envoye(cls, donnees: QueryDict, declarations: Iterable[Declaration]) -> DepotForm:
        """Le formulaire reçu, avec les volets abandonnés qu'il nomme : l'acte juge lesquels bloquent."""
        volets = sorted(nom[2:] for nom in donnees if nom.startswith("v_"))
        return cls(donnees, declarations=declarations, volets=volets)

    def a_renvoyer(self, volets: Iterable[str]) -> DepotForm:
        """Cases gardées, les volets qui bloquent, une autre clé : un nouvel essai est une autre intention."""
        donnees = self.data.copy()
        donnees["cle"] = uuid4().hex
        return DepotForm(donnees, declarations=self.declarations, volets=volets)


class RetraitForm(Formulaire):
    motif = forms.CharField(
        label="Pourquoi retirez-vous ce dossier ?", max_length=1000, widget=forms.Textarea({"rows": 3}),
        help_text="Le service et les financeurs liront ce motif.",
    )  # fmt: skip


PHOTOS = (b"\xff\xd8\xff", b"\x89PNG")
PAR_NOM = "nom"
ORDRES = (("choix", "Comme je les ai choisies"), (PAR_NOM, "Par leur nom : photo 2, puis photo 10"))


class FichiersInput(forms.FileInput):
    allow_multiple_selected = True


class ChampFichiers(forms.FileField):
    """Un ou plusieurs fichiers ; chacun passe les contrôles du champ, aucun n'est encore lu."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        recus = data if isinstance(data, list | tuple) else [data]
        return [super(ChampFichiers, self).clean(recu, initial) for recu in recus or [None]]


def _naturel(nom: str) -> list[tuple[int, str]]:
    """« photo 2 » avant « photo 10 »."""
    return [(int(bout), "") if bout.isdecimal() else (-1, bout) for bout in re.split(r"(\d+)", nom.lower())]


def _sans_lieu(fichier: Any) -> Any:
    """Une photo seule reste une photo, sans le lieu où elle fut prise ; le reste n'est pas lu."""
    debut = fichier.read(4)
    fichier.seek(0)
    if not debut.startswith(PHOTOS) or fichier.size > TAILLE_MAXIMALE:
        return fichier
    return SimpleUploadedFile(fichier.name, sans_lieu(fichier.read()))


class PieceForm(Formulaire):
    """Un fichier, ou des photos réunies en un PDF ; l'acte contrôle. La clé nomme l'envoi (T09)."""

    cle = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    fichier = ChampFichiers(
        label="Fichier", allow_empty_file=True,
        help_text="PDF, photo, Word ou OpenDocument, 20 Mo au plus. Plusieurs photos, une par page, "
        f"deviennent un seul PDF : {PAGES_MAXIMUM} au plus.",
        widget=FichiersInput({"accept": ".pdf,.png,.jpg,.jpeg,.docx,.odt"}),
    )  # fmt: skip
    ordre = forms.ChoiceField(
        label="Si vous choisissez plusieurs photos, l'ordre des pages", required=False,
        choices=ORDRES, widget=forms.RadioSelect,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial={"cle": uuid4().hex, "ordre": ORDRES[0][0]}, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Plusieurs photos n'en font qu'un, avant tout verrou : redessiner prend du temps."""
        dites = super().clean() or self.cleaned_data
        ordre, fichiers = dites.pop("ordre", ""), dites.get("fichier") or []
        if not fichiers:
            return dites
        if len(fichiers) > 1:
            if ordre == PAR_NOM:
                fichiers = sorted(fichiers, key=lambda f: _naturel(f.name or ""))
            try:
                octets = reunir(fichiers)
            except FichierRefuse as refus:
                self.add_error("fichier", str(refus))
                return dites
            nom = f"{len(fichiers)} pages photographiées.pdf"
            fichiers = [SimpleUploadedFile(nom, octets, content_type="application/pdf")]
        dites["fichier"] = _sans_lieu(fichiers[0])
        return dites


class MessageForm(Formulaire):
    """Un message, et un fichier si besoin ; la clé : un double clic n'écrit qu'une fois (T09)."""

    cle = forms.CharField(widget=forms.HiddenInput, max_length=64)
    texte = forms.CharField(label="Votre message", widget=forms.Textarea({"rows": 5}), max_length=4000)
    fichier = forms.FileField(
        label="Joindre un fichier", required=False,
        help_text="Pour montrer quelque chose. Il n'entre pas dans les pièces du dossier.",
        widget=forms.FileInput({"accept": ".pdf,.png,.jpg,.jpeg,.docx,.odt"}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"cle": uuid4().hex} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    @classmethod
    def repris(cls, request: HttpRequest) -> MessageForm:
        """Le formulaire d'une page qu'on ouvre : après une session perdue, le texte qu'on envoyait."""
        garde = reprise.retrouver(request).get("texte")
        return cls(initial={"texte": garde[0]} if garde else {})


class DauphinForm(Formulaire):
    numero = forms.CharField(label="Numéro Dauphin", max_length=20, help_text="Par exemple DA01234567.")
    depose_le = ChampDate(label="Déposé sur Dauphin le", required=False)


class ReferenceForm(Formulaire):
    reference = forms.CharField(label="Référence donnée par la plateforme", max_length=60)
    le_depot = ChampDate(label="Déposé le")
