"""Décider d'un dossier en séance (É13) : critères, taux, montants changés, voix, puis la décision motivée."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.models import Avis
from ensemblier.instruction.views.commun import essayer, jouer
from ensemblier.interface import formats
from ensemblier.programmation import actes, notes
from ensemblier.programmation.calculs import constats_du_cumul, cumul, plafond_au_taux
from ensemblier.programmation.forms import AmendementForm, DecisionForm, TauxForm
from ensemblier.programmation.lecture import PROPOSABLES
from ensemblier.programmation.models import Inscription, Seance
from ensemblier.programmation.views.commun import au_nom_de, fil, inscription_visible, seance_visible


@require_http_methods(["GET", "POST"])
def decider(request: HttpRequest, pk: int, numero: str) -> HttpResponse:
    """`/programmation/seances/<id>/decider/<n>/` : critères, taux, montants, puis la décision motivée."""
    exiger(request.acteur, *PILOTE)
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and essayer(
        form,
        lambda: actes.decider(
            inscription, decision=form.cleaned_data["decision"], motif=form.cleaned_data["motif"],
            voix=form.voix(), **au_nom_de(request),
        ),
    ):  # fmt: skip
        messages.success(request, f"Décision enregistrée : {inscription.get_decision_display().lower()}.")
        return redirect("seance", pk)
    return _page_de_decision(request, lue, inscription, form=form)


def _page_de_decision(
    request: HttpRequest,
    seance: Seance,
    inscription: Inscription,
    *,
    form: DecisionForm | None = None,
    taux: TauxForm | None = None,
    amendement: AmendementForm | None = None,
    essai: Decimal | None = None,
) -> HttpResponse:
    dossier = inscription.dossier
    cadre = reglement_de(dossier).financement
    libelles = {c.code: c.libelle for c in cadre.criteres}
    resultat = next((r for r in notes.resultats(seance) if r.inscription.pk == inscription.pk), None)
    retenu = dossier.taux_retenu
    initial = {} if retenu is None else {"taux": formats.taux(retenu).partition(formats.INSECABLE)[0]}
    volets = dossier.demandes.select_related("financeur", "dispositif").order_by("financeur__rang")
    avis = Avis.objects.visibles_par(request.acteur).filter(dossier=dossier).select_related("financeur")
    contexte = {
        "seance": seance, "inscription": inscription, "dossier": dossier, "fil": fil(seance, dossier.numero),
        "volets": list(volets), "avis": list(avis),
        "cumul": cumul(dossier), "constats": constats_du_cumul(dossier), "resultat": resultat,
        "criteres": [(c, libelles.get(c.code, c.code)) for c in dossier.criteres.filter(est_declare=True)],
        "plafond": plafond_au_taux(dossier, essai), "essai": essai, "taux": taux or TauxForm(initial=initial),
        "form": form or DecisionForm(),
        "amendement": amendement or AmendementForm(volets=_amendables(inscription)),
        "amendements": list(inscription.amendements.all()),
        "votants": actes.presents_votants(inscription), "est_ouverte": seance.etat == "ouverte",
        "quorum_perdu": actes.quorum_perdu(inscription) if seance.etat == "ouverte" else "",
    }  # fmt: skip
    soumis = [f for f in (form, taux, amendement) if f is not None and f.is_bound]
    code = 422 if any(f.errors for f in soumis) else 200
    return render(request, "programmation/decider.html", contexte, status=code)


@require_POST
def critere(request: HttpRequest, pk: int, numero: str, code: str) -> HttpResponse:
    """Le jury valide un critère déclaré, ou le refuse."""
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    lu = get_object_or_404(inscription.dossier.criteres.select_related("dossier"), code=code)
    est_valide = request.POST.get("valide") == "oui"
    acte = partial(actes.valider_critere, lue, lu, est_valide=est_valide, **au_nom_de(request))
    fait = "Critère validé." if est_valide else "Critère non validé."
    return jouer(request, acte, fait=fait, vers="seance_decider", pk=pk, numero=numero)


@require_POST
def taux(request: HttpRequest, pk: int, numero: str) -> HttpResponse:
    """K4 : le taux du jury, refusé avec sa raison s'il sort des bornes (S39, S40)."""
    exiger(request.acteur, *PILOTE)
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    form = TauxForm(request.POST)
    if "voir" in request.POST:
        tient = essayer(form, lambda: actes.verifier_le_taux(inscription.dossier, form.part()))
        return _page_de_decision(
            request, lue, inscription, taux=form, essai=form.part() if tient else None
        )  # fmt: skip
    if essayer(
        form,
        lambda: actes.retenir_taux(
            lue, inscription.dossier, taux=form.part(), motif=form.cleaned_data["motif"], **au_nom_de(request)
        ),
    ):
        messages.success(request, "Taux enregistré.")
        return redirect("seance_decider", pk, numero)
    return _page_de_decision(request, lue, inscription, taux=form)


def _amendables(inscription: Inscription) -> list[Demande]:
    volets = inscription.dossier.demandes.filter(etat__in=PROPOSABLES)
    return list(volets.select_related("financeur__commune", "dispositif").order_by("financeur__rang", "pk"))


@require_POST
def amender(request: HttpRequest, pk: int, numero: str) -> HttpResponse:
    """`/programmation/seances/<id>/decider/<n>/amender/` : un montant changé en séance, avec sa raison."""
    exiger(request.acteur, *PILOTE)
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    form = AmendementForm(request.POST, volets=_amendables(inscription))
    if essayer(
        form,
        lambda: actes.amender(
            inscription, form.volets[form.cleaned_data["volet"]], montant=form.cleaned_data["montant"],
            motif=form.cleaned_data["motif"], **au_nom_de(request),
        ),
    ):  # fmt: skip
        messages.success(request, "Montant changé. La raison ira au procès-verbal.")
        return redirect("seance_decider", pk, numero)
    return _page_de_decision(request, lue, inscription, amendement=form)
