"""Relire, déposer, retirer ; l'accusé et ce qu'il prouve (écrans É8)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.comptes import mandats
from ensemblier.dossiers import actes, etapes, lecture, personnes
from ensemblier.dossiers.accuse import pour_lecture
from ensemblier.dossiers.actes.depot import volets_bloques
from ensemblier.dossiers.attestations import a_donner
from ensemblier.dossiers.depots import depots_ailleurs
from ensemblier.dossiers.droits import roles as roles_sur
from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.fiche import rapport_de, reglement_de
from ensemblier.dossiers.forms_depot import DepotForm, RetraitForm
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.pieces import pieces_demandees
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.views.commun import cadre, en_ecrivain, en_lecteur, en_porteur, trouver
from ensemblier.interface.formats import accord
from ensemblier.noyau.calendrier import decompte
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import servir


@require_http_methods(["GET", "HEAD", "POST"])
def relecture(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/relecture/` : relire, attester, déposer ; déjà déposé, l'accusé."""
    dossier, roles = (en_ecrivain if request.method == "POST" else en_lecteur)(request, numero)
    if dossier.etat != BROUILLON and Role.CO_PORTEUR in roles:
        return redirect("dossier", dossier.numero)
    if dossier.etat != BROUILLON:
        return redirect("accuse" if dossier.depose_le else "dossier", dossier.numero)
    declarations = a_donner(reglement_de(dossier), dossier.organisme)
    envoye = DepotForm.envoye(request.POST, declarations) if request.method == "POST" else None
    refus: tuple[str, ...] = ()
    if envoye and envoye.is_valid():
        try:
            _deposer(request, dossier, roles, envoye)
        except ActeBloque as bloque:
            refus = bloque.raisons
        else:
            return redirect("accuse", dossier.numero)
    lues, cases = Reponses(dossier), tuple(d.code for d in declarations)
    rapport = rapport_de(dossier, le=timezone.now(), declarations=cases, lues=lues)
    bloques = volets_bloques(lues, rapport)
    volets = sorted(bloques)
    form = envoye.a_renvoyer(volets) if envoye else DepotForm(declarations=declarations, volets=volets)
    contexte = _contexte(lues, request.acteur, roles, rapport, bloques) | {"form": form, "refus": refus}
    return render(request, "dossiers/relecture.html", contexte, status=422 if envoye else 200)


@require_POST
def demander_la_signature(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/relecture/signature/` : qui ne dépose pas prévient qui dépose."""
    dossier, roles = en_ecrivain(request, numero)
    try:
        prevenues = actes.demander_la_signature(dossier, par=request.acteur, roles=roles, le=timezone.now())
    except ActeBloque as bloque:
        messages.error(request, str(bloque))
    else:
        messages.success(
            request, f"{accord(prevenues, 'personne prévenue', 'personnes prévenues')} par courriel."
        )
    return redirect("relecture", dossier.numero)


def _deposer(request: HttpRequest, dossier: Dossier, roles: set[Role], form: DepotForm) -> None:
    actes.deposer(
        dossier, cle=form.cleaned_data["cle"], attestations=form.cochees(), sans=form.sans(),
        par=request.acteur, roles=roles, le=timezone.now(),
    )  # fmt: skip


def _contexte(
    lues: Reponses, acteur: Acteur, roles: set[Role], rapport: Any, bloques: dict[str, Any]
) -> dict[str, Any]:
    dossier = lues.dossier
    reglement = reglement_de(dossier)
    constats = etapes.sans_les_declarations(rapport, reglement)
    page = cadre(dossier, roles, "Relire et déposer")
    limite = page["limite"]
    bloquants = etapes.a_completer(constats)
    au_depot, ensuite = etapes.par_moment(constats)
    return page | {
        "bloquants": bloquants,
        "plusieurs_financeurs": etapes.plusieurs_financeurs(reglement),
        "restantes": len(bloquants),
        "arretent_tout": [c for c in bloquants if c.financeur is None],
        "au_depot": [c for c in au_depot if c not in bloquants],
        "ensuite": ensuite,
        "volets_bloques": bloques,
        "reperes": etapes.reperes(dossier, constats),
        "lignes": {e.code: lecture.lignes(lues, e.code) for e in etapes.ETAPES},
        "liens_fiche": etapes.liens(dossier),
        "signataires": () if page["est_signataire"] else personnes.signataires(dossier, le=timezone.now()),
        "empechement": mandats.empechement(dossier.organisme, acteur, le=timezone.now())
        if page["est_signataire"]
        else "",
        "je_peux": personnes.ce_que_je_peux(dossier, acteur, roles),
        "pieces": pieces_demandees(lues),
        "reste": decompte(timezone.now(), limite.fin) if limite and limite.fin else "",
        "financement": rapport.financement,
    }


@require_safe
def accuse(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/accuse/` : la preuve du dépôt, telle qu'elle est figée."""
    dossier, roles = en_porteur(request, numero)
    if not dossier.accuse_contenu:
        raise Http404
    contexte = cadre(dossier, roles, "Accusé de réception") | {
        "accuse": pour_lecture(dossier),
        "ailleurs": depots_ailleurs(Reponses(dossier), reglement_de(dossier)),
    }
    return render(request, "dossiers/accuse.html", contexte)


@require_safe
def accuse_pdf(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/accuse.pdf` : le même accusé, à garder ; pour qui peut lire le dossier."""
    dossier = trouver(request, numero)
    if not dossier.accuse_contenu:
        raise Http404
    if roles_sur(request.acteur, dossier) & {Role.AIDE, Role.CO_PORTEUR}:
        raise RoleInsuffisant("L'accusé de réception est à l'organisme. Demandez-le-lui.")
    return servir(actes.conserver_accuse(dossier, par=request.acteur, le=timezone.now()))


@require_http_methods(["GET", "HEAD", "POST"])
def retirer(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/retrait/` : retirer le dossier avant la décision, avec son motif."""
    dossier, roles = en_porteur(request, numero)
    form = RetraitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actes.retirer(
            dossier, motif=form.cleaned_data["motif"], par=request.acteur, roles=roles, le=timezone.now()
        )
        messages.success(request, "Le dossier est retiré. Aucun financeur ne l'examine plus.")
        return redirect("dossier", dossier.numero)
    contexte = cadre(dossier, roles, "Retirer le dossier") | {"form": form}
    return render(request, "dossiers/retrait.html", contexte, status=422 if form.errors else 200)
