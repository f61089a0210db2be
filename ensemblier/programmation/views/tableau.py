"""Le tableau de programmation (É12) et les enveloppes : qui a combien, que reste-t-il, proposer."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.instruction.views.commun import essayer
from ensemblier.interface.champs import EurosFormField, somme
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation import actes, lecture
from ensemblier.programmation.forms import EnveloppeForm
from ensemblier.programmation.models import Enveloppe
from ensemblier.registre.actes import ActeBloque
from ensemblier.territoires.models import Financeur

LECTEURS = (
    Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL,
)  # fmt: skip


def appel_de(request: HttpRequest, code: str) -> Appel:
    publies = Appel.objects.filter(territoire=request.territoire).publies()
    return get_object_or_404(publies.select_related("reglement", "territoire"), code=code)


@require_safe
def appels(request: HttpRequest) -> HttpResponse:
    """`/programmation/` : chaque appel, ses enveloppes, où il en est."""
    exiger(request.acteur, *LECTEURS)
    lus = list(Appel.objects.filter(territoire=request.territoire).publies().defer("projet"))
    jauges = lecture.jauges(lus)
    contexte = {"appels": [(a, *lecture.en_bandeau(jauges.get(a.pk, []))) for a in lus]}
    return render(request, "programmation/appels.html", contexte)


@require_http_methods(["GET", "POST"])
def tableau(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/` : lire le tableau, proposer sur sa colonne."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    tous = lecture.filtrer(lecture.dossiers_de(acteur, lu), request.GET)
    page = list(
        tous.filter(numero__gt=request.GET.get("apres", ""))
        .select_related("organisme")
        .defer("fiche_figee", "rapport_fige", "accuse_contenu", "description")
        .order_by("numero")[: lecture.PAR_PAGE + 1]
    )
    lignes = lecture.lignes_du_tableau(acteur, page[: lecture.PAR_PAGE])
    if request.method == "POST":
        faits, refus = _proposer(request, acteur, lignes)
        if faits:
            mot = "montant proposé" if faits == 1 else "montants proposés"
            messages.success(request, f"{faits} {mot}.")
        if not refus:
            return redirect(request.get_full_path())
    suivant = page[lecture.PAR_PAGE - 1].numero if len(page) > lecture.PAR_PAGE else ""
    contexte = _contexte(request, lu, tous, lignes, suivant)
    code = 422 if any(ligne.refus for ligne in lignes) else 200
    return render(request, "programmation/tableau.html", contexte, status=code)


def _proposer(request: HttpRequest, acteur: Acteur, lignes: list[lecture.Ligne]) -> tuple[int, int]:
    """Chaque montant changé est une proposition ; un refus garde ce qui a été tapé, les autres passent."""
    faits = refus = 0
    present, champ = timezone.now(), EurosFormField(required=False)
    cellules = [
        c for ligne in lignes for cellules in ligne.colonnes.values() for c in cellules if c.est_mienne
    ]
    for cellule in cellules:
        saisie = request.POST.get(f"montant-{cellule.volet.pk}", "").strip()
        try:
            montant: Decimal | None = champ.clean(saisie)
            if montant is None or montant == cellule.volet.propose:
                continue
            actes.proposer(cellule.volet, montant=montant, par=acteur, le=present)
            faits += 1
        except ValidationError as erreur:
            cellule.saisie, cellule.refus, refus = saisie, " ".join(erreur.messages), refus + 1
        except ActeBloque as erreur:
            cellule.saisie, cellule.refus, refus = saisie, f"{erreur} Rien n'a changé.", refus + 1
    return faits, refus


def _contexte(
    request: HttpRequest, appel: Appel, tous: Any, lignes: list[lecture.Ligne], suivant: str
) -> dict[str, Any]:
    poses = {nom: request.GET[nom] for nom in lecture.FILTRES if request.GET.get(nom)}
    sommes = lecture.sommes(tous)
    toutes = lecture.colonnes_de(appel)
    totaux = lecture.totaux(sommes, toutes)
    colonnes = [c for c in toutes if totaux[c.cle].demande]
    jauges, depassees = lecture.en_bandeau(
        lecture.jauges([appel], sommes if poses else None).get(appel.pk, [])
    )
    nombre, cout = tous.aggregate(nombre=Count("pk"), cout=somme("cout_total")).values()
    attribue = sum((t.attribue for t in totaux.values()), Decimal(0))
    return {
        "appel": appel,
        "fil": [("Programmation", "/programmation/"), (appel.titre_court, "")],
        "colonnes": colonnes,
        "lignes": [(ligne, [ligne.colonnes.get(c.cle, []) for c in colonnes]) for ligne in lignes],
        "totaux": [totaux[c.cle] for c in colonnes],
        "legende_des_briques": (("demande", "demandé"), ("propose", "proposé"), ("vote", "voté")),
        "ronds": not any(m and m % 1 for m in (*lecture.montants(lignes, totaux), cout, attribue)),
        "nombre": nombre, "cout": cout, "attribue": attribue, "a_trouver": cout - attribue,
        "jauges": jauges,
        "depassees": depassees,
        "a_une_colonne": any(c.est_mienne for x in lignes for cs in x.colonnes.values() for c in cs),
        "suivant": f"?{urlencode({**poses, 'apres': suivant})}" if suivant else "",
        "filtres": [
            {"nom": nom, "libelle": libelle, "choix": choix, "valeur": poses.get(nom, "")}
            for nom, libelle, choix in lecture.choix_des_filtres(appel)
        ],
        "poses": poses,
        "actifs": _actifs(appel, poses),
        "est_pilote": request.acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE),
        "que_les_miens": not request.acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR),
        "mes_actes": _mes_financeurs(request.acteur, appel),
    }  # fmt: skip


def _actifs(appel: Appel, poses: dict[str, str]) -> list[tuple[str, str]]:
    """Chaque filtre posé, en mots, avec l'adresse qui l'ôte."""
    mots = {nom: dict(choix) for nom, _, choix in lecture.choix_des_filtres(appel)}
    return [
        (
            mots.get(nom, {}).get(valeur, f"« {valeur} »"),
            f"?{urlencode({autre: v for autre, v in poses.items() if autre != nom})}",
        )
        for nom, valeur in poses.items()
    ]


def _mes_financeurs(acteur: Acteur, appel: Appel) -> list[Financeur]:
    """Les financeurs de l'appel pour lesquels la personne enregistre des actes."""
    financeurs = Financeur.objects.filter(pk__in=appel.dispositifs.values("financeur")).select_related(
        "commune"
    )
    return [f for f in financeurs if Role.AGENT_FINANCEUR in roles_sur_financeur(acteur, f)]


@require_http_methods(["GET", "POST"])
def enveloppes(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/enveloppes/` : chacun dit ses crédits, tous les lisent."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    ouvertes = {
        e.financeur_id: e for e in Enveloppe.objects.filter(appel=lu).select_related("financeur__commune")
    }
    miens = {f.code: f for f in _mes_financeurs(acteur, lu)}
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
