"""Les contacts pris avec les communes : une ligne par ville de l'action, avec son référent (R40, P20)."""

from __future__ import annotations

from typing import Any

from django import forms

from ensemblier.dossiers.ecriture import Contact
from ensemblier.dossiers.forms import FormulaireDeDossier, poser
from ensemblier.dossiers.models import ContactCommune
from ensemblier.interface.formulaires import ChampDate, franciser


class ContactsForm(FormulaireDeDossier):
    """Trois boîtes par commune : le jour, le moyen, le service joint ; vides, le contact est retiré."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.est_demande = any(r.genre == "contact_communal" for r in self.reglement.regles)
        self.connus = {c.commune_id: c for c in self.lues.contacts}
        self.communes = self._communes() if self.est_demande else []
        for ville in self.communes:
            connu = self.connus.get(ville.pk)
            self._boites(ville, connu)

    def _communes(self) -> list[Any]:
        """Les communes de l'action dans l'agglomération ; hors d'elle, aucun contact n'est exigé (R18)."""
        visees = {ville for cible in self.lues.ciblages for ville in cible.communes.all()}
        return sorted((v for v in visees if v.est_membre), key=lambda v: v.nom)

    def _boites(self, ville: Any, connu: ContactCommune | None) -> None:
        boites = {
            f"le_{ville.pk}": ChampDate(label="Contact pris le", required=False, initial=connu and connu.le),
            f"mode_{ville.pk}": forms.ChoiceField(
                label="Par", required=False, choices=ContactCommune.Mode.choices,
                initial=connu.mode if connu else ContactCommune.Mode.COURRIEL,
            ),
            f"note_{ville.pk}": forms.CharField(
                label="Service joint", required=False, max_length=200, initial=connu.note if connu else ""
            ),
        }  # fmt: skip
        for nom, champ in boites.items():
            franciser(champ)
            self.fields[nom] = champ

    def lignes(self) -> list[dict[str, Any]]:
        """Par commune : ses boîtes, son référent, et ce qu'il a confirmé."""
        referents = {
            c.commune_id: c for c in self.dossier.territoire.contacts.filter(commune__in=self.communes)
        }
        return [
            {
                "commune": v,
                "referent": referents.get(v.pk),
                "contact": self.connus.get(v.pk),
                "boites": [self[f"{nom}_{v.pk}"] for nom in ("le", "mode", "note")],
            }
            for v in self.communes
        ]

    def clean(self) -> dict[str, Any]:
        for v in self.communes:
            sans_jour = f"le_{v.pk}" in self.cleaned_data and not self.cleaned_data[f"le_{v.pk}"]
            if sans_jour and self.cleaned_data.get(f"note_{v.pk}"):
                self.add_error(
                    f"le_{v.pk}",
                    f"Le jour du contact avec {v.nom} manque : écrivez-le, ou effacez le service joint.",
                )
        return self.cleaned_data

    def notes(self) -> list[Contact]:
        dites = self.retenues
        return [
            Contact(
                v, dites[f"le_{v.pk}"], dites[f"mode_{v.pk}"] or ContactCommune.Mode.COURRIEL,
                dites[f"note_{v.pk}"] or "",
            )
            for v in self.communes
            if dites[f"le_{v.pk}"]
        ]  # fmt: skip

    def retires(self) -> list[Any]:
        dites = self.retenues
        return [v for v in self.communes if v.pk in self.connus and not dites[f"le_{v.pk}"]]

    def ajouter_a(self, fiche: dict[str, Any]) -> None:
        if self.communes:
            dits = [{"commune": c.commune.code, "le": c.le} for c in self.notes()]
            poser(fiche.setdefault("action", {}), "contacts_communes", dits)
