"""Les fiches action : une page par action, ce qui est voté dit par son acte, le reste « pas encore voté »."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pikepdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.rythme import OUVRAGES
from ensemblier.comptes.models import Habilitation, Interet, Utilisateur
from ensemblier.programmation import editions, fiches
from ensemblier.programmation.models import Edition
from ensemblier.programmation.views import cahier as vues
from ensemblier.registre.models import Fichier, Travail
from ensemblier.registre.travaux import faire_les_travaux
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


def deux():
    """Un dossier voté, un dossier retenu en séance et pas encore voté."""
    vote, programme = scene.recevable(), scene.deuxieme()
    scene.programmer(vote, "9000.00")
    scene.programmer(programme, "4000.00")
    scene.deliberer("CALL", (vote, "9000.00"))
    return vote, programme


def fiche(dossier):
    return fiches.fiches_action([dossier])[0]


def test_le_plan_dit_l_acte_du_vote_et_ce_qui_ne_l_est_pas_encore():  # R60
    vote, programme = deux()
    assert [(v.montant, v.acte, v.est_vote) for v in fiche(vote).volets] == [
        (Decimal("9000.00"), "acte 2025-118 du 18/09/2025", True)
    ]
    assert [(v.montant, v.acte, v.est_vote) for v in fiche(programme).volets] == [
        (Decimal("4000.00"), "programmé, pas encore voté", False)
    ]
    assert (fiche(vote).est_votee, fiche(programme).est_votee) == (True, False)


def test_un_montant_change_par_un_acte_se_lit_au_dernier():
    vote, _ = deux()
    scene.deliberer("CALL", (vote, "7000.00", "Cofinancement."), numero="2025-140",
                    le=f.instant("2025-10-16 18:00"))  # fmt: skip
    assert [(v.montant, v.acte) for v in fiche(vote).volets] == [
        (Decimal("7000.00"), "acte 2025-140 du 16/10/2025")
    ]


def test_le_plan_additionne_les_autres_ressources_et_dit_ce_qui_manque():
    vote, programme = deux()
    lue = fiche(vote)
    assert lue.total + lue.ecart == vote.cout_total
    assert all(x.nom for x in lue.autres)
    assert fiche(programme).ecart == programme.cout_total - fiche(programme).total


def test_une_page_par_action():
    vote, programme = deux()
    for nom in ("description", "objectifs", "publics_description"):
        setattr(vote, nom, "Une phrase assez longue pour remplir la page. " * 60)
    vote.resume = ""
    vote.save()
    contenu = fiches.en_pdf(vote.appel, [vote, programme], date_document=date(2025, 10, 1))
    with pikepdf.open(io.BytesIO(contenu)) as lu:
        assert len(lu.pages) == 2


def test_toutes_les_fiches_se_font_par_un_travail_et_se_relisent():
    deux()
    benoit, adresse = f.client("benoit"), reverse("fiches_action", args=["ami-2025"])
    page = benoit.get(adresse)
    dits = {"cle": page.context["cle"]}
    for _ in range(2):
        assert benoit.post(adresse, dits).status_code == 302
    travail = Travail.objects.get()
    assert faire_les_travaux(OUVRAGES) == 1
    travail.refresh_from_db()
    assert travail.phrase == "2 fiches action, une par page."
    assert f.contenu(benoit.get(travail.adresse)).startswith(b"%PDF-")
    assert f.client("odile").get(travail.adresse).status_code == 404  # à qui l'a demandé


def test_rien_de_programme_ne_lance_rien():
    scene.recevable()
    adresse = reverse("fiches_action", args=["ami-2025"])
    page = f.client("benoit").post(adresse, {"cle": "a" * 32})
    assert "Aucune action" in page.content.decode()
    assert not Travail.objects.exists()


def deporter(qui, dossier):
    Interet.objects.create(
        utilisateur=f.personne(qui), organisme=dossier.organisme, nature="trésorier",
        connu_le=date(2025, 1, 1),
    )  # fmt: skip


def prete():
    vote, _ = deux()
    travail = editions.demander_les_fiches(
        vote.appel, cle="c" * 32, par=f.acteur("benoit"), le=scene.SEPTEMBRE + timedelta(hours=1)
    )
    faire_les_travaux(OUVRAGES)
    travail.refresh_from_db()
    return vote, travail.adresse


def test_un_deport_referme_le_document_deja_fait():  # B10, S69
    vote, adresse = prete()
    deporter("benoit", vote)
    assert f.client("benoit").get(adresse).status_code == 403


def test_un_deport_referme_le_document_deja_fait_garde_levee(monkeypatch):
    vote, adresse = prete()
    deporter("benoit", vote)
    monkeypatch.setattr(editions, "encore_lisible", lambda edition, acteur: True)
    reponse = f.client("benoit").get(adresse)
    assert reponse.status_code == 200
    reponse.close()


def test_un_deporte_n_a_pas_la_fiche_dans_son_document():  # B10
    vote, programme = deux()
    deporter("benoit", vote)
    lus = fiches.programmees(vote.appel, f.acteur("benoit"))
    assert list(lus) == [programme]
    args = ["ami-2025", vote.numero]
    assert f.client("benoit").get(reverse("fiche_action", args=args)).status_code == 404


def test_un_long_dossier_de_seance_se_fait_par_un_travail(monkeypatch):
    monkeypatch.setattr(vues, "AU_PLUS", 0)
    dossier = scene.recevable()
    seance = scene.seance(dossier, ouverte=False)
    benoit = f.client("benoit")
    assert benoit.get(reverse("seance_dossier", args=[seance.pk])).status_code == 302
    benoit.post(reverse("seance_dossier_demander", args=[seance.pk]), {"cle": "d" * 32})
    faire_les_travaux(OUVRAGES)
    edition = Edition.objects.get()
    assert (edition.seance, edition.dossiers) == (seance, [dossier.pk])


def test_les_fiches_coutent_autant_pour_1_que_pour_4():
    def compter(dossiers):
        with CaptureQueriesContext(connection) as lues:
            fiches.fiches_action(dossiers)
        return len(lues)

    dossiers = [scene.recevable() for _ in range(4)]
    assert compter(dossiers[:1]) == compter(dossiers) <= 6


def demander(quoi, dossiers):
    """Le travail d'édition que Benoît demande, pas encore fait."""
    if quoi == "fiches":
        return editions.demander_les_fiches(
            dossiers[0].appel, cle="f" * 32, par=f.acteur("benoit"), le=scene.SEPTEMBRE
        )
    seance = scene.seance(scene.recevable(), ouverte=False)
    return editions.demander_le_dossier(seance, cle="s" * 32, par=f.acteur("benoit"), le=scene.JURY)


def fermer_le_compte():
    Utilisateur.objects.filter(pk=f.personne("benoit").pk).update(is_active=False)


def finir_le_mandat():
    Habilitation.objects.filter(utilisateur=f.personne("benoit")).update(au=date(2025, 1, 1))


@pytest.mark.parametrize("quoi", ["fiches", "cahier"])
def test_un_compte_ferme_ne_recoit_plus_de_document(quoi):
    travail = demander(quoi, deux())
    fermer_le_compte()
    faire_les_travaux(OUVRAGES)
    travail.refresh_from_db()
    assert "est fermé" in travail.raison
    assert not Edition.objects.exists()
    assert not Fichier.objects.filter(type_mime="application/pdf", nom__contains="action").exists()


@pytest.mark.parametrize("quoi", ["fiches", "cahier"])
def test_un_compte_ferme_ne_recoit_plus_de_document_garde_levee(monkeypatch, quoi):
    travail = demander(quoi, deux())
    benoit = f.acteur("benoit")
    fermer_le_compte()
    monkeypatch.setattr(editions, "_demandeur", lambda travail: benoit)
    faire_les_travaux(OUVRAGES)
    travail.refresh_from_db()
    assert (travail.raison, Edition.objects.count()) == ("", 1)


def test_un_mandat_fini_ne_donne_plus_les_fiches():
    travail = demander("fiches", deux())
    finir_le_mandat()
    faire_les_travaux(OUVRAGES)
    travail.refresh_from_db()
    assert "Aucune action" in travail.raison
    assert not Edition.objects.exists()
