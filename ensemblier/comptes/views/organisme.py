"""Mon organisme : identité, compte bancaire, engagement, personnes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.comptes import actes, suite
from ensemblier.comptes.clients import identite_de
from ensemblier.comptes.droits import exiger_sur
from ensemblier.comptes.forms import (
    AnnuaireForm,
    CreationForm,
    EngagementForm,
    InvitationForm,
    OrganismeForm,
    RibForm,
)
from ensemblier.comptes.models import Invitation, Organisme, Rattachement, Rib
from ensemblier.comptes.moyens import moyens_de
from ensemblier.comptes.views.commun import fil, lire
from ensemblier.interface.formats import date_courte
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import servir
from ensemblier.registre.sorties import ServiceIndisponible

ENGAGEMENTS = (
    "Respecter les lois de la République.",
    "Respecter la liberté de conscience.",
    "Laisser ses membres libres d'entrer et de partir.",
    "Traiter chacun également, sans discrimination.",
    "Agir dans la fraternité et prévenir la violence.",
    "Respecter la dignité de la personne humaine.",
    "Respecter les symboles de la République.",
)


def _saisie(request: HttpRequest) -> Any:
    """Ce qui est tapé, même si rien ne l'est ; rien quand la page s'ouvre."""
    return request.POST if request.method == "POST" else None


@require_safe
def miens(request: HttpRequest) -> HttpResponse:
    """`/mon-organisme/` : les invitations reçues, le mien s'il est seul, la liste, ou la création."""
    rattachements = Rattachement.objects.en_vigueur(timezone.localdate()).filter(utilisateur=request.user)
    organismes = list(Organisme.objects.filter(rattachements__in=rattachements).distinct().order_by("nom"))
    invitations = list(Invitation.objects.pour(request.user, timezone.now()).select_related("organisme"))
    if len(organismes) == 1 and not invitations:
        return redirect("organisme", organismes[0].cle)
    contexte = {"organismes": organismes, "invitations": invitations}
    return render(request, "comptes/mes_organismes.html", contexte)


@require_http_methods(["GET", "POST"])
def creer(request: HttpRequest) -> HttpResponse:
    """`/mon-organisme/creer/` : qui crée en devient signataire, avec le mandat qu'il déclare."""
    if request.acteur is None:
        raise Http404
    recherche = AnnuaireForm(request.GET if "numero" in request.GET else None)
    trouve, dit = _annuaire(recherche)
    form = CreationForm(_saisie(request), initial=trouve)
    if request.method == "POST" and form.is_valid():
        try:
            organisme = actes.creer_organisme(
                utilisateur=request.user,
                champs=form.champs(),
                fonction=form.cleaned_data["fonction"],
                mandat=form.cleaned_data["mandat"],
                par=request.acteur,
                le=timezone.now(),
            )
        except ActeBloque as refus:
            form.add_error(None, str(refus))
        else:
            messages.success(
                request, f"{organisme.nom} est créé. Vous en êtes signataire. {form.avertissement()}"
            )
            return redirect(suite.reprendre(request) or reverse("organisme", args=[organisme.cle]))
    contexte = {"form": form, "recherche": recherche, "dit": dit, "territoire_contact": request.territoire}
    code = 422 if form.errors or recherche.errors else 200
    return render(request, "comptes/organisme_creer.html", contexte, status=code)


def _annuaire(recherche: AnnuaireForm) -> tuple[dict[str, str], str]:
    """De quoi remplir le formulaire, et ce que l'annuaire national en a dit ; en panne, on écrit soi-même."""
    if not recherche.is_bound or not recherche.is_valid():
        return {}, ""
    numero = recherche.cleaned_data["numero"]
    seul = {"rna": numero} if numero.startswith("W") else {"siret": numero} if len(numero) == 14 else {}
    try:
        identite = identite_de(numero, service=settings.ANNUAIRE)
    except ServiceIndisponible:
        return seul, "L'annuaire national ne répond pas. Écrivez l'identité vous-même : tout le reste marche."
    if identite is None:
        return (
            seul,
            "L'annuaire national ne connaît pas ce numéro. Vérifiez-le, ou écrivez l'identité vous-même.",
        )
    if identite.est_fermee:
        depuis = f" depuis le {date_courte(identite.ferme_le)}" if identite.ferme_le else ""
        return seul, f"L'annuaire national dit cet organisme fermé{depuis}. Vérifiez le numéro."
    champs = seul | {nom: valeur for nom, valeur in identite.champs().items() if valeur}
    return champs, "Voici ce que dit l'annuaire national. Relisez, corrigez, complétez."


@require_safe
def page(request: HttpRequest, cle: str) -> HttpResponse:
    """`/organismes/<siren ou rna>/` : tout ce que les financeurs savent de l'organisme."""
    organisme, roles = lire(request, cle)
    ribs = list(organisme.ribs.select_related("fichier"))
    contexte = {
        "organisme": organisme,
        "moyens": moyens_de(organisme),
        "budgets": list(organisme.budgets.all()),
        "exercices": (annee := timezone.localdate().year, annee + 1),
        "roles": {role.value for role in roles},
        "rib": ribs[0] if ribs else None,
        "anciens_ribs": ribs[1:],
        "rib_attend": _attente(request, ribs),
        "voit_le_rib": bool(roles & {Role.SIGNATAIRE, Role.REDACTEUR, Role.FINANCES}),
        "engagement": organisme.engagement_courant(),
        "personnes": organisme.rattachements.en_vigueur(timezone.localdate()).select_related("utilisateur"),
        "invitations": organisme.invitations.ouvertes(timezone.now()),
        "mandats": organisme.mandats.filter(retire_le=None).select_related("utilisateur", "fichier"),
        "jour": timezone.localdate(),
        "manques": _manques(organisme, ribs),
    }
    return render(request, "comptes/organisme.html", contexte)


def _attente(request: HttpRequest, ribs: list[Rib]) -> date | None:
    """Le jour où un compte changé pourra servir à payer, s'il n'est pas passé (T29)."""
    if len(ribs) < 2:
        return None
    jour = ribs[0].payable_le(request.territoire.pack().epci.attente_rib_heures)
    return jour if jour > timezone.localdate() else None


def _manques(organisme: Organisme, ribs: list[Rib]) -> list[tuple[str, str, str]]:
    """Ce qui manque pour déposer puis être payé, avec où le faire et le mot du bouton."""
    manques = []
    if not ribs:
        manques.append(("le compte bancaire", "organisme_rib", "Ajouter le compte bancaire"))
    if organisme.doit_souscrire_le_cer and organisme.engagement_courant() is None:
        manques.append(
            ("le contrat d'engagement républicain", "organisme_engagement", "Souscrire l'engagement")
        )
    return manques


@require_http_methods(["GET", "POST"])
def identite(request: HttpRequest, cle: str) -> HttpResponse:
    """`/organismes/<cle>/identite/`"""
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE, Role.REDACTEUR, Role.INSTRUCTEUR)
    form = OrganismeForm(_saisie(request), instance=Organisme.objects.get(pk=organisme.pk))
    if request.method == "POST" and form.is_valid():
        try:
            actes.modifier_organisme(
                organisme, champs=form.champs(), par=request.acteur, roles=roles, le=timezone.now()
            )
        except ActeBloque as refus:
            form.add_error(None, str(refus))
        else:
            messages.success(request, f"L'identité est enregistrée. {form.avertissement()}")
            return redirect("organisme", organisme.cle)
    contexte = {"form": form, "organisme": organisme, "fil": fil(organisme, "Identité")}
    return render(request, "comptes/organisme_identite.html", contexte, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def ajouter_rib(request: HttpRequest, cle: str) -> HttpResponse:
    """`/organismes/<cle>/rib/` : le nouveau compte remplace l'ancien, après contrôle."""
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE)
    form = RibForm(_saisie(request), request.FILES or None, initial={"titulaire": organisme.nom})
    if request.method == "POST" and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        actes.ajouter_rib(
            organisme,
            titulaire=form.cleaned_data["titulaire"],
            iban=form.cleaned_data["iban"],
            fichier=fichier,
            nom_fichier=fichier.name,
            type_mime=fichier.type_mime,
            par=request.acteur,
            roles=roles,
            le=timezone.now(),
        )
        messages.success(
            request, "Le compte est enregistré. Les finances le contrôlent avant tout versement."
        )
        return redirect("organisme", organisme.cle)
    contexte = {"form": form, "organisme": organisme, "fil": fil(organisme, "Compte bancaire")}
    return render(request, "comptes/organisme_rib.html", contexte, status=422 if form.errors else 200)


def _rib(request: HttpRequest, cle: str, pk: int) -> tuple[Rib, set[Role]]:
    organisme, roles = lire(request, cle)
    return get_object_or_404(organisme.ribs.select_related("fichier", "organisme"), pk=pk), roles


@require_safe
def rib_fichier(request: HttpRequest, cle: str, pk: int) -> HttpResponse:
    """La pièce du compte : l'organisme et les finances, personne d'autre."""
    rib, roles = _rib(request, cle, pk)
    if rib.fichier is None or not roles & {Role.SIGNATAIRE, Role.REDACTEUR, Role.FINANCES}:
        raise Http404
    return servir(rib.fichier)


@require_POST
def rib_montrer(request: HttpRequest, cle: str, pk: int) -> HttpResponse:
    """L'IBAN en clair, aux finances ; la lecture est tracée et la page n'est pas gardée."""
    rib, roles = _rib(request, cle, pk)
    iban = actes.reveler_iban(rib, par=request.acteur, roles=roles, le=timezone.now(), chemin=request.path)
    contexte = {"rib": rib, "iban": iban, "organisme": rib.organisme, "fil": fil(rib.organisme, "IBAN")}
    response = render(request, "comptes/rib_montre.html", contexte)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def rib_verifier(request: HttpRequest, cle: str, pk: int) -> HttpResponse:
    rib, roles = _rib(request, cle, pk)
    actes.verifier_rib(rib, par=request.acteur, roles=roles, le=timezone.now())
    messages.success(request, "Le compte est contrôlé. Il peut servir à payer.")
    return redirect("organisme", rib.organisme.cle)


@require_http_methods(["GET", "POST"])
def engagement(request: HttpRequest, cle: str) -> HttpResponse:
    """`/organismes/<cle>/engagement/` : le contrat d'engagement républicain (B7)."""
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE)
    form = EngagementForm(_saisie(request))
    if request.method == "POST" and form.is_valid():
        actes.souscrire_cer(
            organisme,
            signataire=request.acteur.signature,
            par=request.acteur,
            roles=roles,
            le=timezone.now(),
        )
        messages.success(request, "L'engagement est souscrit et daté.")
        return redirect("organisme", organisme.cle)
    contexte = {
        "form": form,
        "organisme": organisme,
        "engagements": ENGAGEMENTS,
        "version": actes.CER_EN_VIGUEUR,
        "courant": organisme.engagement_courant(),
        "fil": fil(organisme, "Engagement républicain"),
    }
    return render(request, "comptes/organisme_engagement.html", contexte, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def personnes(request: HttpRequest, cle: str) -> HttpResponse:
    """`/organismes/<cle>/personnes/` : inviter quelqu'un ; la réponse ne dit pas s'il a un compte."""
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE, Role.RESPONSABLE)
    form = InvitationForm(_saisie(request))
    if request.method == "POST" and form.is_valid():
        actes.inviter(organisme, **form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now())
        messages.success(request, f"Invitation envoyée à {form.cleaned_data['courriel'].lower()}.")
        return redirect("organisme", organisme.cle)
    contexte = {"form": form, "organisme": organisme, "fil": fil(organisme, "Inviter une personne")}
    return render(request, "comptes/organisme_personnes.html", contexte, status=422 if form.errors else 200)


@require_POST
def retirer_invitation(request: HttpRequest, cle: str, pk: int) -> HttpResponse:
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE, Role.RESPONSABLE)
    ouvertes = organisme.invitations.ouvertes(timezone.now()).select_related("organisme")
    actes.retirer_l_invitation(
        get_object_or_404(ouvertes, pk=pk), par=request.acteur, roles=roles, le=timezone.now()
    )
    messages.success(request, "L'invitation est retirée.")
    return redirect("organisme", organisme.cle)


@require_POST
def accepter_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """La personne invitée, connectée avec l'adresse invitée, entre dans l'organisme."""
    if request.acteur is None:
        raise Http404
    miennes = Invitation.objects.pour(request.user, timezone.now()).select_related("organisme")
    invitation = get_object_or_404(miennes, pk=pk)
    actes.accepter_l_invitation(invitation, utilisateur=request.user, par=request.acteur, le=timezone.now())
    messages.success(request, f"Vous faites partie de {invitation.organisme.nom}.")
    return redirect("organisme", invitation.organisme.cle)


@require_POST
def retirer_personne(request: HttpRequest, cle: str, pk: int) -> HttpResponse:
    organisme, roles = lire(request, cle)
    rattachement = get_object_or_404(
        organisme.rattachements.select_related("organisme", "utilisateur"), pk=pk
    )
    actes.detacher(rattachement, par=request.acteur, roles=roles, le=timezone.now())
    messages.success(request, f"{rattachement.utilisateur.nom_complet} ne fait plus partie de l'organisme.")
    return redirect("mon_organisme")
