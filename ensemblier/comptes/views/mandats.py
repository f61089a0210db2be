"""Les délégations de signature d'un organisme."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.comptes import actes_mandats, mandats
from ensemblier.comptes.droits import exiger_sur
from ensemblier.comptes.forms import MandatForm
from ensemblier.comptes.views.commun import fil, lire
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import servir


@require_http_methods(["GET", "POST"])
def ajouter(request: HttpRequest, cle: str) -> HttpResponse:
    """`/organismes/<cle>/delegations/` : qui peut déposer sans être la personne représentante."""
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE)
    signataires = mandats.delegataires(organisme, timezone.localdate())
    form = MandatForm(request.POST or None, request.FILES or None, signataires=signataires)
    if request.method == "POST" and form.is_valid():
        try:
            actes_mandats.ajouter_mandat(
                organisme, **form.cleaned_data, type_mime=form.cleaned_data["fichier"].type_mime,
                par=request.acteur, roles=roles, le=timezone.now(),
            )  # fmt: skip
        except ActeBloque as refus:
            form.add_error(None, str(refus))
        else:
            messages.success(request, "La délégation est enregistrée. Le service la lit avec vos dossiers.")
            return redirect("organisme", organisme.cle)
    contexte = {
        "form": form,
        "signataires": signataires,
        "organisme": organisme,
        "fil": fil(organisme, "Délégation de signature"),
    }
    return render(request, "comptes/organisme_mandat.html", contexte, status=422 if form.errors else 200)


@require_safe
def fichier(request: HttpRequest, cle: str, pk: int) -> HttpResponse:
    """La pièce : qui lit l'organisme la lit, ses agents compris."""
    organisme, _ = lire(request, cle)
    return servir(get_object_or_404(organisme.mandats.select_related("fichier"), pk=pk).fichier)


@require_POST
def retirer(request: HttpRequest, cle: str, pk: int) -> HttpResponse:
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE)
    en_cours = organisme.mandats.filter(retire_le=None).select_related("organisme", "utilisateur")
    actes_mandats.retirer_mandat(
        get_object_or_404(en_cours, pk=pk), par=request.acteur, roles=roles, le=timezone.now()
    )
    messages.success(request, "La délégation est retirée.")
    return redirect("organisme", organisme.cle)
