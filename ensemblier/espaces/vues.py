"""`/instruction/vues/` : garder la liste qu'on regarde sous un nom, la partager, l'ouvrir d'office."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.comptes.droits import exiger
from ensemblier.espaces import actes
from ensemblier.espaces.lecteur import Lecteur
from ensemblier.espaces.liste import Liste
from ensemblier.espaces.models import Vue
from ensemblier.instruction.lecture import AUTORITES
from ensemblier.interface.formulaires import Formulaire
from ensemblier.registre.actes import ActeBloque


class VueForm(Formulaire):
    """Le nom d'une vue, et à qui elle sert."""

    nom = forms.CharField(label="Nom de la vue", max_length=60)
    est_partagee = forms.BooleanField(label="Partager avec mon service", required=False)
    est_par_defaut = forms.BooleanField(label="Ouvrir « Dossiers » avec cette vue", required=False)


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Mes vues et celles du service ; POST garde la liste dont l'adresse est dite."""
    acteur = exiger(request.acteur, *AUTORITES)
    form = VueForm(request.POST if request.method == "POST" else None, auto_id="vue-%s")
    dite = (request.POST or request.GET).get("adresse", "")
    adresse = _relire(request, dite) if dite else ""
    if form.is_bound and form.is_valid():
        try:
            vue = actes.garder_vue(
                adresse=adresse, territoire=request.territoire, par=acteur, **form.cleaned_data
            )
        except ActeBloque as refus:
            form.add_error(None, str(refus))
        else:
            messages.success(request, f"La vue « {vue.nom} » est gardée.")
            return redirect(f"{reverse('instruction')}?{vue.adresse}")
    vues = Vue.objects.visibles_par(acteur).select_related("utilisateur")
    contexte = {
        "form": form,
        "adresse": adresse,
        "siennes": [(v, _reglages(v)) for v in vues if v.utilisateur_id == acteur.utilisateur],
        "autres": [v for v in vues if v.utilisateur_id != acteur.utilisateur],
        "fil": [("Dossiers", reverse("instruction")), ("Vues", "")],
    }
    return render(request, "espaces/vues.html", contexte, status=422 if form.errors else 200)


def _relire(request: HttpRequest, adresse: str) -> str:
    """Ce que la liste comprend de l'adresse, et rien d'autre."""
    liste = Liste(Lecteur(request.acteur, request.territoire), QueryDict(adresse.lstrip("?")[:2000]))
    return liste.adresse_entiere.lstrip("?")


def _reglages(vue: Vue) -> VueForm:
    dits = {"nom": vue.nom, "est_partagee": bool(vue.service), "est_par_defaut": vue.est_par_defaut}
    return VueForm(initial=dits, auto_id=f"vue-{vue.pk}-%s")


@require_POST
def une_vue(request: HttpRequest, cle: int) -> HttpResponse:
    """Renomme, partage, met d'office ou supprime une de ses vues ; celle d'un autre n'existe pas."""
    acteur = exiger(request.acteur, *AUTORITES)
    vue = get_object_or_404(Vue.objects.de(acteur), pk=cle)
    if "supprimer" in request.POST:
        actes.supprimer_vue(vue)
        messages.success(request, f"La vue « {vue.nom} » est supprimée.")
        return redirect("instruction_vues")
    form = VueForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Le nom manque ou dépasse 60 signes. Rien n'est changé.")
        return redirect("instruction_vues")
    try:
        actes.regler_vue(vue, par=acteur, **form.cleaned_data)
        messages.success(request, f"La vue « {vue.nom} » est à jour.")
    except ActeBloque as refus:
        messages.error(request, str(refus))
    return redirect("instruction_vues")


urlpatterns = [
    path("instruction/vues/", page, name="instruction_vues"),
    path("instruction/vues/<int:cle>/", une_vue, name="instruction_vue"),
]
