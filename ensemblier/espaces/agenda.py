"""Son agenda d'agent, à suivre dans son logiciel : ce qui échoit sur ses dossiers, sans nom de personne.

L'adresse est un lien signé (`registre.Lien`) : gardé haché, révocable, un an. Qui l'a lit des numéros et des
dates, rien d'autre ; les droits sont relus à chaque lecture, un compte fermé ferme le flux.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta

from allauth.core.internal.ratelimit import consume_or_429
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from ensemblier.comptes.droits import acteur_de, exiger
from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.etats import A_COMPLETER
from ensemblier.dossiers.horloge import OUVERTS
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.suivi import equipe_du, tenus_par_d_autres
from ensemblier.instruction.attentes import lignes_attendues
from ensemblier.instruction.lecture import AUTORITES
from ensemblier.instruction.models import Complement, DemandeDAvis
from ensemblier.interface.ics import echapper, ecrire, instant
from ensemblier.noyau.calendrier import ajouter_mois, jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.liens import ouvrir_lien, refermer_liens
from ensemblier.registre.models import Lien
from ensemblier.territoires.models import Territoire

SUIVRE = "suivre_agenda"
FERME = "La personne a fermé cette adresse."
DEBIT = {"agenda": "60/m/ip"}
AVANT, APRES, AU_PLUS = timedelta(days=30), timedelta(days=365), 1000


def _objet(personne: Utilisateur) -> str:
    return f"comptes.Utilisateur:{personne.pk}"


def _teneur(personne: Utilisateur) -> str:
    """Le compte tel qu'il était : une adresse de courriel changée ferme le flux."""
    return hashlib.sha256(f"{personne.pk}|{personne.courriel}".encode()).hexdigest()


def echeances(acteur: Acteur, territoire: Territoire, jour: date) -> list[tuple[str, str, date, str]]:
    """Ce qui échoit sur ses dossiers : (numéro, code, jour, phrase), par date ; trois requêtes.

    Pour qui instruit : rejets implicites et réponses attendues de ce qu'il suit ou que personne ne suit ;
    pour un partenaire : les avis demandés à sa ligne.
    """
    siens = Dossier.objects.a_juger_par(acteur).deposes().order_by()
    bornes = (jour - AVANT, jour + APRES)
    lues: list[tuple[str, str, date, str]] = []
    if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE):
        suivis = siens.exclude(tenus_par_d_autres(acteur, equipe_du(territoire, jour)))
        rejets = suivis.filter(etat__in=OUVERTS, rejet_le__range=bornes)
        for numero, quand in rejets.values_list("numero", "rejet_le")[:AU_PLUS]:
            lues.append((numero, "rejet", quand, "Rejet implicite, sans décision avant ce jour"))
        attendus = Complement.objects.ouverts().filter(
            dossier__in=suivis.filter(etat=A_COMPLETER), echeance__range=bornes
        )
        for numero, quand in attendus.values_list("dossier__numero", "echeance")[:AU_PLUS]:
            lues.append((numero, "complements", quand, "Réponse du porteur attendue"))
    avis = DemandeDAvis.objects.sans_reponse().filter(
        lignes_attendues(acteur), dossier__in=siens, echeance__range=bornes
    )
    for numero, quand, sigle in avis.values_list("dossier__numero", "echeance", "financeur__sigle")[:AU_PLUS]:
        lues.append((numero, "avis", quand, f"Avis à rendre ({sigle})"))
    return sorted(set(lues), key=lambda x: (x[2], x[0], x[1]))


@login_not_required
@require_safe
def flux(request: HttpRequest, jeton: str) -> HttpResponse:
    """`/agenda/<jeton>.ics` : le flux que relit un logiciel d'agenda, sans session."""
    if trop := consume_or_429(request, app="ensemblier", action="agenda", config=DEBIT, limit_get=True):
        return trop
    lien = get_object_or_404(
        Lien.objects.de_jeton(jeton).filter(acte=SUIVRE, territoire=request.territoire.code)
    )
    present = timezone.now()
    acteur = _acteur_du_lien(lien, request.territoire, present)
    if acteur is None:
        raison = lien.fermeture(le=present) or "Ce compte n'ouvre plus d'agenda ici."
        return _prive(HttpResponse(raison, status=410, content_type="text/plain; charset=utf-8"))
    lues = echeances(acteur, request.territoire, jour_de(present))
    corps = _calendrier(request.territoire, lues, present)
    return _prive(HttpResponse(corps, content_type="text/calendar; charset=utf-8"))


def _calendrier(territoire: Territoire, lues: list[tuple[str, str, date, str]], present: datetime) -> str:
    """Une journée par échéance, sans heure inventée, rappelée trois jours avant."""
    lignes = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ensemblier//Instruction//FR",
              "CALSCALE:GREGORIAN", "METHOD:PUBLISH", "X-WR-TIMEZONE:Europe/Paris",
              f"X-WR-CALNAME:{echapper(f'Échéances · {territoire.nom_court}')}"]  # fmt: skip
    for numero, code, quand, phrase in lues:
        titre = echapper(f"{numero} : {phrase}")
        lignes += [
            "BEGIN:VEVENT", f"UID:{territoire.code}-{numero}-{code}@ensemblier.example",
            f"DTSTAMP:{instant(present)}", f"DTSTART;VALUE=DATE:{quand:%Y%m%d}",
            f"DTEND;VALUE=DATE:{quand + timedelta(days=1):%Y%m%d}", f"SUMMARY:{titre}",
            f"URL:{settings.ADRESSE_PUBLIQUE}{reverse('instruction_dossier', args=[numero])}",
            "TRANSP:TRANSPARENT", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P3D",
            f"DESCRIPTION:{titre}", "END:VALARM", "END:VEVENT",
        ]  # fmt: skip
    return ecrire([*lignes, "END:VCALENDAR"])


def _acteur_du_lien(lien: Lien, territoire: Territoire, present: datetime) -> Acteur | None:
    """La personne du lien, avec ses droits du jour ; rien si le lien, le compte ou ses droits sont fermés."""
    qui = Utilisateur.objects.filter(pk=int(lien.objet.rpartition(":")[2]), is_active=True).first()
    if qui is None or lien.fermeture(le=present) or lien.teneur != _teneur(qui):
        return None
    acteur = acteur_de(qui, territoire, le=jour_de(present))
    return acteur if acteur.a(*AUTORITES) else None


def _prive(reponse: HttpResponse) -> HttpResponse:
    reponse["Cache-Control"] = "no-store, private"
    reponse["X-Robots-Tag"] = "noindex, nofollow"
    return reponse


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """`/mon-agenda/` : ouvrir son adresse (montrée une fois), la changer, la fermer ; s'abonner."""
    acteur, present = exiger(request.acteur, *AUTORITES), timezone.now()
    objet, adresse = _objet(request.user), ""
    if "fermer" in request.POST:
        refermer_liens(acte=SUIVRE, objet=objet, motif=FERME, le=present)
        messages.success(request, "L'adresse est fermée : plus aucun logiciel ne lit cet agenda.")
        return redirect("mon_agenda")
    if request.method == "POST":
        _, jeton = ouvrir_lien(
            acte=SUIVRE, objet=objet, teneur=_teneur(request.user), territoire=acteur.territoire,
            fonction=acteur.fonction, organisation=request.territoire.nom,
            jusqu_au=ajouter_mois(jour_de(present), 12), le=present,
        )  # fmt: skip
        adresse = settings.ADRESSE_PUBLIQUE + reverse("agenda_personnel", args=[jeton])
    ouvert = Lien.objects.pour(SUIVRE, [objet]).vivants(le=present).last()
    return _prive(render(request, "espaces/agenda.html", {"ouvert": ouvert, "adresse": adresse}))


urlpatterns = [
    path("mon-agenda/", page, name="mon_agenda"),
    path("agenda/<str:jeton>.ics", flux, name="agenda_personnel"),
]
