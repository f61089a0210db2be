"""L'agenda personnel d'un agent : ce qu'il contient, ce qu'il tait, ce qui le ferme (B14, B15)."""

from datetime import date

import icalendar
import pytest
import time_machine
from django.urls import reverse

from ensemblier.comptes.models import Habilitation, Interet
from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.droits import roles
from ensemblier.instruction import actes
from ensemblier.registre.models import Lien
from tests import fabriques as f

pytestmark = pytest.mark.django_db
JUIN = f.instant("2025-06-02 09:00")


@pytest.fixture(autouse=True)
def au_2_juin():
    with time_machine.travel(JUIN, tick=True):
        yield


def ouvrir(qui):
    """L'adresse du flux, sans son hôte."""
    adresse = f.client(qui).post(reverse("mon_agenda")).context["adresse"]
    return "/agenda/" + adresse.rsplit("/", 1)[1]


def lire(adresse, code=200):
    reponse = f.client().get(adresse)
    assert reponse.status_code == code
    return reponse


def evenements(adresse):
    brut = lire(adresse).content
    assert all(len(ligne) <= 75 for ligne in brut.split(b"\r\n"))
    calendrier = icalendar.Calendar.from_ical(brut)
    assert not calendrier.errors
    return {str(e["UID"]).split("@")[0].removeprefix("lens-lievin-"): e for e in calendrier.walk("VEVENT")}


def test_les_echeances_de_ses_dossiers_et_leur_jour_b14_b15():
    attend, complete = f.dossier_depose(), f.dossier_depose()
    par = f.acteur("benoit")
    actes.demander_complements(
        complete, pieces=["rib"], message="Illisible.", par=par, roles=roles(par, complete), le=JUIN
    )
    lus = evenements(ouvrir("benoit"))
    assert {uid: e.start for uid, e in lus.items()} == {
        f"{attend.numero}-rejet": date(2025, 7, 20),
        f"{complete.numero}-complements": date(2025, 6, 17),
    }, "l'horloge de l'autre est arrêtée"
    assert str(lus[f"{attend.numero}-rejet"]["URL"]).endswith(f"/instruction/{attend.numero}/")


def test_ni_nom_ni_compte_bancaire_dans_le_flux():
    dossier = f.dossier_depose()
    texte = lire(ouvrir("benoit")).content.decode().replace("\r\n ", "")
    interdits = (
        "Amina",
        "Haddad",
        "Benoît",
        "Marchal",
        dossier.organisme.nom,
        dossier.intitule,
        "FR14",
        "606",
    )
    assert not [mot for mot in interdits if mot in texte]
    assert dossier.numero in texte


def test_le_jeton_n_est_garde_que_hache_et_l_adresse_montree_une_fois():
    adresse = ouvrir("benoit")
    jeton = adresse.rsplit("/", 1)[1].removesuffix(".ics")
    lien = Lien.objects.get()
    assert jeton not in (lien.empreinte, lien.objet, lien.teneur)
    assert jeton not in f.client("benoit").get(reverse("mon_agenda")).content.decode()


def test_fermer_ou_renouveler_ferme_l_ancienne_adresse():
    ancienne = ouvrir("benoit")
    nouvelle = ouvrir("benoit")
    lire(ancienne, 410)
    lire(nouvelle)
    f.client("benoit").post(reverse("mon_agenda"), {"fermer": "1"})
    assert "fermé cette adresse" in lire(nouvelle, 410).content.decode()
    lire("/agenda/inconnu.ics", 404)


def test_un_an_apres_l_adresse_ne_vaut_plus():
    adresse = ouvrir("benoit")
    with time_machine.travel(f.instant("2026-06-03 09:00"), tick=True):
        lire(adresse, 410)


def test_un_compte_ferme_des_droits_retires_ou_une_adresse_changee_ferment_le_flux():
    adresse, qui = ouvrir("benoit"), f.personne("benoit")
    habilitation = Habilitation.objects.filter(utilisateur=qui)
    habilitation.update(au=date(2025, 6, 1))
    lire(adresse, 410)
    habilitation.update(au=None)
    lire(adresse)
    type(qui).objects.filter(pk=qui.pk).update(is_active=False)
    lire(adresse, 410)
    type(qui).objects.filter(pk=qui.pk).update(is_active=True, courriel="autre@maison.example")
    lire(adresse, 410)


def test_des_droits_retires_laisseraient_lire_garde_levee(monkeypatch):
    adresse = ouvrir("benoit")
    complet = f.acteur("benoit")
    Habilitation.objects.filter(utilisateur=f.personne("benoit")).update(au=date(2025, 6, 1))
    monkeypatch.setattr("ensemblier.espaces.agenda.acteur_de", lambda *a, **k: complet)
    lire(adresse)


def test_le_flux_suit_l_affectation_et_tait_ce_qu_on_ne_peut_juger_b10():
    suivi, lie = f.dossier_depose(), f.dossier_depose(organisme_de="club", par="david")
    irene, salome = f.acteur("irene"), f.personne("salome")
    actes_dossiers.affecter(
        suivi, a=salome, motif="Son quartier.", par=irene, roles=roles(irene, suivi), le=JUIN
    )
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=lie.organisme, nature="bénévole", connu_le=JUIN.date()
    )
    assert evenements(ouvrir("benoit")) == {}
    assert set(evenements(ouvrir("salome"))) == {f"{suivi.numero}-rejet", f"{lie.numero}-rejet"}


def test_un_porteur_n_a_pas_d_agenda_d_agent():
    assert f.client("amina").post(reverse("mon_agenda")).status_code == 403
