"""Les enveloppes : chacun dit ses crédits, tous les lisent."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.instruction.views.commun import essayer
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import actes, lecture
from ensemblier.programmation.forms import EnveloppeForm
from ensemblier.programmation.models import Enveloppe
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de, mes_financeurs
from ensemblier.territoires.models import Financeur


@require_http_methods(["GET", "POST"])
def enveloppes(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/enveloppes/` : chacun dit ses crédits, tous les lisent."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    ouvertes = {
        e.financeur_id: e for e in Enveloppe.objects.filter(appel=lu).select_related("financeur__commune")
    }
    miens = {f.code: f for f in mes_financeurs(acteur, lu)}
    forms = {
        code: EnveloppeForm(prefix=code, est_ouverte=f.pk in ouvertes, initial=_initial(ouvertes.get(f.pk)))
        for code, f in miens.items()
    }
    if request.method == "POST":
        financeur = get_object_or_404(
            Financeur.objects.select_related("commune"), territoire=request.territoire,
            code=request.POST.get("financeur", ""),
        )  # fmt: skip
        enveloppe = ouvertes.get(financeur.pk)
        form = EnveloppeForm(request.POST, prefix=financeur.code, est_ouverte=enveloppe is not None)
        if essayer(form, partial(_dire, lu, financeur, enveloppe, form, acteur)):
            messages.success(request, f"Enveloppe enregistrée : {financeur.sigle}.")
            return redirect("enveloppes", appel)
        forms[financeur.code] = form
    contexte = {
        "appel": lu,
        "fil": [("Programmation", "/programmation/"), (lu.titre_court, f"/programmation/{lu.code}/"),
                ("Enveloppes", "")],
        "jauges": lecture.jauges([lu]).get(lu.pk, []),
        "miennes": [(f, ouvertes.get(f.pk), forms[code]) for code, f in miens.items()],
    }  # fmt: skip
    code = 422 if any(form.errors for form in forms.values() if form.is_bound) else 200
    return render(request, "programmation/enveloppes.html", contexte, status=code)


def _initial(enveloppe: Enveloppe | None) -> dict[str, Decimal]:
    return {"montant": enveloppe.montant} if enveloppe else {}


def _dire(
    appel: Appel, financeur: Financeur, enveloppe: Enveloppe | None, form: EnveloppeForm, acteur: Acteur
) -> None:
    options = {"montant": form.cleaned_data["montant"], "par": acteur, "le": timezone.now()}
    if enveloppe is None:
        actes.ouvrir_enveloppe(appel, financeur, **options)
    else:
        actes.modifier_enveloppe(enveloppe, motif=form.cleaned_data["motif"], **options)
