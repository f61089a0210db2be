"""L'agenda et le flux, relus par d'autres lecteurs que nous ; ce qui change d'une version à l'autre."""

from datetime import UTC, date, datetime, timedelta

import feedparser
import icalendar
import pytest
import time_machine

from ensemblier.appels import actes
from ensemblier.appels.changements import changements
from ensemblier.appels.models import Appel, Jalon
from ensemblier.noyau.calendrier import instant_limite
from ensemblier.noyau.machine import Role
from tests import fabriques

pytestmark = pytest.mark.django_db


def _lire(adresse):
    reponse = fabriques.client().get(adresse)
    assert reponse.status_code == 200
    assert reponse["Content-Type"] == "text/calendar; charset=utf-8"
    brut = reponse.content
    assert all(len(ligne) <= 75 for ligne in brut.split(b"\r\n"))
    assert b"\n" not in brut.replace(b"\r\n", b"")
    calendrier = icalendar.Calendar.from_ical(brut)
    assert not calendrier.errors
    return calendrier


def _par_nom(calendrier):
    return {str(e["UID"]).split("@")[0]: e for e in calendrier.walk("VEVENT")}


def test_tous_les_jalons_y_sont_un_evenement_chacun_et_la_fermeture_a_son_heure():
    appel = fabriques.appel()
    evenements = _par_nom(_lire("/appels/ami-2025.ics"))
    assert len(evenements) == appel.jalons.count() + 1
    depot = evenements["lens-lievin-ami-2025-depot"]
    assert (depot.start, depot.end) == (date(2025, 5, 25), date(2025, 5, 26))
    assert depot["STATUS"] == "CONFIRMED"
    fin = evenements["lens-lievin-ami-2025-depot-fin"]
    assert fin.end.astimezone(UTC) == datetime(2025, 5, 25, 21, 59, tzinfo=UTC)
    assert str(fin["DTSTART"].params["TZID"]) == "Europe/Paris"
    rappel = fin.walk("VALARM")[0]
    assert rappel["TRIGGER"].dt == timedelta(days=-3)


def test_une_date_annoncee_est_dite_indicative():
    fabriques.appel()
    jury = _par_nom(_lire("/appels/ami-2025.ics"))["lens-lievin-ami-2025-jury"]
    assert jury["STATUS"] == "TENTATIVE"
    assert "date indicative" in jury["SUMMARY"]
    assert "fin juin ou début juillet 2025" in jury["DESCRIPTION"]


def test_une_phase_sans_date_n_est_pas_inscrite_et_on_le_dit():
    appel = fabriques.appel()
    Jalon.objects.filter(appel=appel, code="jury").update(debut=None, fin=None)
    calendrier = _lire("/appels/ami-2025.ics")
    assert "lens-lievin-ami-2025-jury" not in _par_nom(calendrier)
    assert "Jury de sélection, fin juin ou début juillet 2025" in str(calendrier["X-WR-CALDESC"]).replace(
        "\\,", ","
    )


@pytest.mark.parametrize(
    "jour",
    [date(2025, 7, 14), date(2025, 12, 24), date(2025, 10, 26), date(2026, 3, 29), date(2025, 10, 25)],
    ids=["été", "hiver", "retour à l'heure d'hiver", "passage à l'heure d'été", "veille"],
)
def test_la_fermeture_est_a_l_heure_de_paris_quel_que_soit_le_jour(jour):
    """Le changement d'heure se fait à 3 h : ce soir-là, 23 h 59 est déjà à la nouvelle heure."""
    appel = fabriques.appel()
    Jalon.objects.filter(appel=appel, code="depot").update(fin=jour)
    calendrier = _lire("/appels/ami-2025.ics")
    fin = _par_nom(calendrier)["lens-lievin-ami-2025-depot-fin"]
    attendu = instant_limite(jour).astimezone(UTC).replace(second=0, microsecond=0)
    assert fin.end.astimezone(UTC) == attendu
    (fuseau,) = calendrier.walk("VTIMEZONE")
    ecrit = fuseau.to_tz().utcoffset(fin.end.replace(tzinfo=None))
    assert ecrit == fin.end.utcoffset(), "les règles du fuseau écrites ici disent la même heure"


def test_le_nom_d_un_evenement_ne_change_pas_son_rang_suit_la_version():
    appel = fabriques.appel()
    avant = _par_nom(_lire("/appels/ami-2025.ics"))
    _rectifier(appel, fin=date(2025, 6, 1))
    apres = _par_nom(_lire("/appels/ami-2025.ics"))
    assert set(avant) == set(apres)
    nom = "lens-lievin-ami-2025-depot"
    assert (avant[nom]["SEQUENCE"], apres[nom]["SEQUENCE"]) == (0, 1)
    assert apres[nom].start == date(2025, 6, 1)
    assert apres[nom]["DTSTAMP"].dt > avant[nom]["DTSTAMP"].dt


def test_virgules_et_points_virgules_sont_echappes():
    appel = fabriques.appel()
    titre = "A; B, C \\ D"
    Appel.objects.filter(pk=appel.pk).update(titre_court=titre)
    for evenement in _lire("/appels/ami-2025.ics").walk("VEVENT"):
        assert str(evenement["SUMMARY"]).startswith(f"{titre} : ")


def test_l_agenda_de_tous_les_appels_sans_un_appel_en_preparation():
    fabriques.appel()
    lieu = fabriques.territoire()
    actes.creer(
        fabriques.pack_de_l_appel("aap-2026"), territoire=lieu, par=fabriques.acteur("irene"),
        le=fabriques.OUVERTURE,
    )  # fmt: skip
    noms = _par_nom(_lire("/appels/agenda.ics"))
    assert any("ami-2025" in n for n in noms)
    assert not any("aap-2026" in n for n in noms)
    fabriques.Appel.objects.filter(code="aap-2026").delete()
    fabriques.appel("aap-2026")
    noms = _par_nom(_lire("/appels/agenda.ics"))
    assert "lens-lievin-aap-2026-comites" in noms
    assert len(noms) == len(set(noms)) == Jalon.objects.count() + 2


def _rectifier(appel, *, fin):
    pack = fabriques.pack_de_l_appel("ami-2025")
    jalons = tuple(
        j.model_copy(update={"fin": fin, "texte": ""}) if j.code == "depot" else j for j in pack.jalons
    )
    actes.rectifier(
        appel, pack.model_copy(update={"jalons": jalons}), motif="Délai prolongé",
        par=fabriques.acteur("irene"), roles={Role.RESPONSABLE}, le=fabriques.instant("2025-05-02 09:00"),
    )  # fmt: skip


def test_le_flux_dit_la_publication_puis_le_changement():
    appel = fabriques.appel()
    _rectifier(appel, fin=date(2025, 6, 1))
    reponse = fabriques.client().get("/appels/flux.atom")
    assert reponse["Content-Type"] == "application/atom+xml; charset=utf-8"
    flux = feedparser.parse(reponse.content)
    assert not flux.bozo
    assert flux.version == "atom10"
    assert flux.feed.id == "tag:lens-lievin.ensemblier.example,2025:appels"
    assert flux.feed.author == "Développement social"
    liens = {x["rel"]: x["href"] for x in flux.feed.links}
    assert liens["self"] == "http://testserver/appels/flux.atom"
    assert flux.feed.updated == "2025-05-02T07:00:00+00:00"
    neuve, premiere = flux.entries
    assert neuve.title == "AMI 2025 : version 2 du règlement"
    assert neuve.summary == "Délai prolongé"
    assert neuve.link == "http://testserver/appels/ami-2025/regles/?version=2"
    assert premiere.title == appel.titre
    assert len({e.id for e in flux.entries}) == 2
    for entree in flux.entries:
        assert entree.updated
        assert fabriques.client().get(entree.link.removeprefix("http://testserver")).status_code == 200


def test_un_delai_plus_long_se_dit_avec_l_ancienne_date():
    appel = fabriques.appel()
    _rectifier(appel, fin=date(2025, 6, 1))
    with time_machine.travel(fabriques.instant("2025-05-13 10:00"), tick=False):
        page = fabriques.client().get("/appels/ami-2025/").content.decode().replace("&#x27;", "'")
    page = page.replace("\u00a0", " ")
    assert (
        "Date « Dépôt des candidatures » : jusqu'au 1er juin 2025. Avant : jusqu'au dimanche 25 mai 2025."
    ) in page
    assert "Délai prolongé" in page


def test_ce_qui_change_est_dit_ce_qui_ne_change_pas_est_tu():
    lieu, pack = fabriques.pack_du_territoire(), fabriques.pack_de_l_appel("ami-2025")
    assert changements(pack, pack, lieu) == []
    regles = tuple(
        r.model_copy(update={"seuil": r.seuil - 10}) if r.code == "part-qpv" else r
        for r in pack.regles
        if r.code != "siege"
    )
    neuf = pack.model_copy(update={"regles": regles, "pieces": pack.pieces[1:]})
    phrases = [p.replace("\u00a0", " ") for p in changements(pack, neuf, lieu)]
    assert len(phrases) == 3
    assert any(
        p.startswith("Règle « Part d'habitants des quartiers » : Au moins 50 %") and "Au moins 60 %" in p
        for p in phrases
    )
    assert "Règle « Siège de l'organisme » : retirée." in phrases
    assert "Pièce « Lettre de demande » : retirée." in phrases
    retour = [p.replace("\u00a0", " ") for p in changements(neuf, pack, lieu)]
    assert any(p.startswith("Pièce « Lettre de demande », en plus : Indispensable") for p in retour)
