"""Les enveloppes : chacun dit ses crédits, les répartit, vire de l'une à l'autre ; tous les lisent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.etats import CLOS, DECIDE, RECEVABLE
from ensemblier.dossiers.models import Demande, Dossier, DossierQuerySet
from ensemblier.instruction.droits import exiger_sa_ligne
from ensemblier.instruction.views.commun import essayer
from ensemblier.interface.champs import somme
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import actes, lecture
from ensemblier.programmation.forms import EnveloppeForm, PartForm, VirementForm
from ensemblier.programmation.models import Enveloppe, SousEnveloppe
from ensemblier.programmation.views.grilles import est_court
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de, mes_financeurs
from ensemblier.territoires.models import Financeur

DIRE, REPARTIR, VIRER = "dire", "repartir", "virer"
FAITS = {DIRE: "Enveloppe enregistrée", REPARTIR: "Sous-enveloppe ouverte", VIRER: "Virement fait"}


@require_http_methods(["GET", "POST"])
def enveloppes(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/enveloppes/` : demandé, proposé, voté, versé et reste de chaque financeur."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    ouvertes = {
        e.financeur_id: e
        for e in Enveloppe.objects.filter(appel=lu)
        .select_related("financeur__commune")
        .prefetch_related("parts__dispositif")
        .order_by("financeur__rang")
    }
    refuses: dict[tuple[str, str], forms.BaseForm] = {}
    if request.method == "POST":
        financeur = get_object_or_404(
            Financeur.objects.select_related("commune"), territoire=request.territoire,
            code=request.POST.get("financeur", ""),
        )  # fmt: skip
        faire = request.POST.get("faire", DIRE)
        exiger_sa_ligne(acteur, financeur, "Écrire dans l'enveloppe")
        form = _formulaire(faire, lu, financeur, ouvertes.get(financeur.pk), request.POST)
        acte = _acte(faire, request, lu, financeur, ouvertes.get(financeur.pk), form, acteur)
        if essayer(form, acte):
            messages.success(request, f"{FAITS[faire]} : {financeur.sigle}.")
            return redirect("enveloppes", appel)
        refuses[financeur.code, faire] = form
    miens = [
        (f, ouvertes.get(f.pk), _formulaires(lu, f, ouvertes.get(f.pk), refuses))
        for f in mes_financeurs(acteur, lu)
    ]
    contexte = {
        "appel": lu,
        "fil": [("Programmation", "/programmation/"), (lu.titre_court, f"/programmation/{lu.code}/"),
                ("Enveloppes", "")],
        "jauges": lecture.jauges([lu]).get(lu.pk, []),
        "lignes": _lignes(lu, [*ouvertes.values()]),
        "miennes": miens,
    }  # fmt: skip
    return render(request, "programmation/enveloppes.html", contexte, status=422 if refuses else 200)


def _lignes(appel: Appel, ouvertes: list[Enveloppe]) -> list[dict[str, Any]]:
    """Chaque enveloppe et ce qui en est fait, vivant ; deux requêtes."""
    verses = dict(
        Demande.objects.filter(dossier__appel=appel, dossier__depose_le__isnull=False)
        .values_list("financeur")
        .annotate(total=somme("verse"))
        .order_by()
    )
    demandes = lecture.sommes(_programmables(appel))
    return [
        {
            "enveloppe": e, "parts": [*e.parts.all()], "verse": verses.get(e.financeur_id) or 0,
            "demande": demandes.get(e.financeur.code, lecture.Somme()).demande,
            "propose": _a_voter(demandes.get(e.financeur.code)),
            "vote": e.engage,
        }
        for e in ouvertes
    ]  # fmt: skip


def _programmables(appel: Appel) -> DossierQuerySet:
    """Tous ceux de l'appel qui se programment ou sont décidés : les totaux se lisent par tous (É12)."""
    return Dossier.objects.filter(appel=appel, etat__in=(RECEVABLE, DECIDE, CLOS), depose_le__isnull=False)


def _a_voter(somme_lue: lecture.Somme | None) -> Decimal:
    return somme_lue.attribue - somme_lue.vote if somme_lue else Decimal(0)


def _formulaires(
    appel: Appel, f: Financeur, enveloppe: Enveloppe | None, refuses: dict[tuple[str, str], forms.BaseForm]
) -> list[tuple[str, str, forms.BaseForm]]:
    """Ce que la personne peut faire de cette enveloppe : le geste, son nom, son formulaire."""
    gestes = [(DIRE, "Modifier l'enveloppe" if enveloppe else "Ouvrir l'enveloppe")]
    if enveloppe:
        gestes.append((REPARTIR, "Ouvrir une sous-enveloppe"))
        if len(enveloppe.parts.all()) > 1:
            gestes.append((VIRER, "Virer des crédits"))
    return [
        (g, nom, refuses.get((f.code, g)) or _formulaire(g, appel, f, enveloppe, None)) for g, nom in gestes
    ]


def _formulaire(
    faire: str, appel: Appel, financeur: Financeur, enveloppe: Enveloppe | None, dits: Any
) -> forms.BaseForm:
    if faire == REPARTIR and enveloppe:
        dispositifs = appel.dispositifs.filter(financeur=financeur)
        initial = {"exercice": appel.exercice}
        return PartForm(dits, prefix=f"part-{financeur.code}", dispositifs=dispositifs, initial=initial)
    if faire == VIRER and enveloppe:
        parts = SousEnveloppe.objects.filter(enveloppe=enveloppe).select_related(
            "enveloppe__financeur__commune", "dispositif"
        )
        return VirementForm(dits, prefix=f"virement-{financeur.code}", parts=parts)
    if faire != DIRE:
        raise PermissionDenied("Cette enveloppe n'est pas ouverte. Dites d'abord ses crédits.")
    initial = {"montant": enveloppe.montant} if enveloppe else {}
    return EnveloppeForm(dits, prefix=financeur.code, est_ouverte=enveloppe is not None, initial=initial)


def _acte(
    faire: str, request: HttpRequest, appel: Appel, financeur: Financeur, enveloppe: Enveloppe | None,
    form: Any, acteur: Acteur,
) -> Callable[[], Any]:  # fmt: skip
    """L'acte du formulaire ; la version est celle de la page lue."""
    dite = request.POST.get("version", "")
    options: dict[str, Any] = {"par": acteur, "le": timezone.now()}
    if enveloppe is None:
        return lambda: actes.ouvrir_enveloppe(
            appel, financeur, montant=form.cleaned_data["montant"], **options
        )
    options["version"] = int(dite) if est_court(dite) else -1
    if faire == REPARTIR:
        return lambda: actes.repartir(
            enveloppe, objet=_objet(form), montant=form.cleaned_data["montant"], **options
        )
    if faire == VIRER:
        return lambda: actes.virer(**form.cleaned_data, **options)
    return partial(_modifier, enveloppe, form, options)


def _modifier(enveloppe: Enveloppe, form: Any, options: dict[str, Any]) -> None:
    dits = form.cleaned_data
    actes.modifier_enveloppe(enveloppe, montant=dits["montant"], motif=dits["motif"], **options)


def _objet(form: Any) -> actes.Objet:
    dits = form.cleaned_data
    return actes.Objet(
        dits["exercice"], dits["nature"].strip(), dits["dispositif"], dits["delegataire"].strip()
    )
