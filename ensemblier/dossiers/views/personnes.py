"""Les personnes d'un dossier : qui peut quoi ; inviter une aide."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.comptes.droits import exiger_sur
from ensemblier.comptes.models import Aide
from ensemblier.dossiers import actes, personnes
from ensemblier.dossiers.actes.co_porteurs import FERMES
from ensemblier.dossiers.actes.commun import PORTEUR
from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.forms_personnes import AideForm
from ensemblier.dossiers.views.commun import cadre, en_lecteur, en_porteur
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque


@require_safe
def page(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/personnes/` : l'organisme, ses co-porteurs, ses aides, et ce que chacune peut faire."""
    dossier, roles = en_lecteur(request, numero)
    present, est_du_porteur = timezone.now(), bool(roles & set(PORTEUR))
    contexte = cadre(dossier, roles, "Personnes") | {
        "je_peux": personnes.ce_que_je_peux(dossier, request.acteur, roles),
        "siennes": personnes.de_l_organisme(dossier, le=present),
        "co_porteurs": dossier.co_porteurs.all(),
        "aides": personnes.aides(dossier, le=present) if est_du_porteur else (),
        "faits": personnes.faits_des_aides(dossier) if est_du_porteur else (),
        "s_ecrit": dossier.etat == BROUILLON,
        "est_du_porteur": est_du_porteur,
        "peut_demander": est_du_porteur and dossier.etat not in FERMES,
    }
    return render(request, "dossiers/personnes.html", contexte)


@require_http_methods(["GET", "HEAD", "POST"])
def inviter(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/personnes/aide/` : inviter quelqu'un du dehors, sur ce seul dossier."""
    dossier, roles = en_porteur(request, numero)
    exiger_sur(roles, Role.SIGNATAIRE)
    form = AideForm(request.POST or None, jour=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        try:
            actes.inviter_une_aide(
                dossier, **form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now()
            )
        except ActeBloque as bloque:
            form.add_error(None, " ".join(bloque.raisons))
        else:
            messages.success(request, f"Invitation envoyée à {form.cleaned_data['courriel'].lower()}.")
            return redirect("dossier_personnes", dossier.numero)
    contexte = cadre(dossier, roles, "Inviter une aide") | {"form": form}
    return render(request, "dossiers/inviter_une_aide.html", contexte, status=422 if form.errors else 200)


@require_POST
def retirer(request: HttpRequest, numero: str, pk: int) -> HttpResponse:
    """`/dossiers/<n>/personnes/aides/<pk>/` : l'aide prend fin maintenant."""
    dossier, roles = en_porteur(request, numero)
    exiger_sur(roles, Role.SIGNATAIRE)
    siennes = Aide.objects.filter(objet=dossier.designation(), retiree_le=None)
    aide = get_object_or_404(siennes, pk=pk)
    actes.retirer_l_aide(dossier, aide, par=request.acteur, roles=roles, le=timezone.now())
    messages.success(request, f"{aide.courriel} n'a plus accès à ce dossier.")
    return redirect("dossier_personnes", dossier.numero)


@require_POST
def accepter(request: HttpRequest, pk: int) -> HttpResponse:
    """`/aides/<pk>/` : la personne invitée, connectée avec l'adresse invitée, accepte d'aider."""
    if request.acteur is None:
        raise Http404
    aide = get_object_or_404(Aide.objects.pour(request.user, timezone.localdate()), pk=pk)
    try:
        dossier = actes.accepter_l_aide(aide, utilisateur=request.user, par=request.acteur, le=timezone.now())
    except ActeBloque as bloque:
        messages.error(request, " ".join(bloque.raisons))
        return redirect("mes_dossiers")
    messages.success(request, f"Vous pouvez écrire le dossier {dossier.numero}.")
    return redirect("dossier", dossier.numero)
