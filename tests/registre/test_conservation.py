"""Un fichier de travail ne se garde qu'un temps : son contenu s'efface, sa trace et le registre restent."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from config import rythme
from config.rythme import OUVRAGES
from ensemblier.echanges import conservation as des_echanges
from ensemblier.echanges.models import Importation
from ensemblier.interface.controles import FichierRefuse
from ensemblier.programmation import conservation, retour
from ensemblier.programmation.actes import annexer
from ensemblier.programmation.models import Edition, Retour
from ensemblier.registre import fichiers
from ensemblier.registre.models import Fichier, Travail
from ensemblier.registre.travaux import faire_les_travaux
from ensemblier.registre.verification import verifier
from ensemblier.territoires.models import Territoire
from tests import fabriques as f
from tests.programmation import retouche, scene

pytestmark = pytest.mark.django_db
DEPART = f.instant("2025-09-20 10:00")
ENTETES = "Code action;Code SIRET;Exercice;Intitulé de l'action;Statut\n"


@pytest.fixture
def horloge():
    with time_machine.travel(DEPART, tick=True) as tenue:
        yield tenue


@pytest.fixture
def trois(horloge, django_capture_on_commit_callbacks):
    """Un tableau relu et appliqué, une édition, une extraction essayée ; et ce qu'une décision cite."""
    dossier = scene.recevable()
    tableau = f.contenu(f.client("benoit").get(reverse("programmation_xlsx", args=["ami-2025"])))
    par = f.acteur("benoit")
    recu = retour.recevoir(
        f.appel(), octets=retouche.ecrire(tableau, dossier.numero, 7000), nom="mon tableau.xlsx", cle="t",
        par=par, le=timezone.now(),
    )  # fmt: skip
    retour.essayer(recu, par=par, le=timezone.now())
    retour.appliquer(recu, essai=recu.essais, par=par, le=timezone.now())
    scene.programmer(dossier, "7000.00")
    acte = scene.deliberer("CALL", (dossier, "7000.00"))
    annexer(acte, par=par, le=timezone.now())
    f.client("benoit").post(reverse("fiches_action", args=["ami-2025"]), {"cle": "e"})
    fichier = SimpleUploadedFile("extraction.csv", ENTETES.encode(), content_type="text/csv")
    f.client("benoit").post("/imports/", {"fichier": fichier, "cle": "i"})
    faire_les_travaux(OUVRAGES)
    rendus = Retour.objects.get().fichier, Edition.objects.get().fichier, Importation.objects.get().fichier
    assert all(x.contenu.storage.exists(x.contenu.name) for x in rendus)
    return rendus


def effacer(capturer, *, jours):
    """Les deux tâches du rythme, ce jour-là ; rend combien de contenus elles ont effacés."""
    le = DEPART + timedelta(days=jours)
    with capturer(execute=True):
        return conservation.effacer_les_fichiers_de_travail(le=le) + des_echanges.effacer_les_extractions(
            le=le
        )


def presents(rendus):
    return [x.contenu.storage.exists(x.contenu.name) for x in rendus]


def test_echu_le_contenu_s_efface_et_la_trace_reste(trois, django_capture_on_commit_callbacks):
    assert effacer(django_capture_on_commit_callbacks, jours=179) == 0
    assert presents(trois) == [True] * 3
    assert effacer(django_capture_on_commit_callbacks, jours=181) == 3
    assert presents(trois) == [False] * 3
    for avant in trois:
        garde = Fichier.objects.get(pk=avant.pk)
        assert (garde.nom, garde.taille, garde.empreinte) == (avant.nom, avant.taille, avant.empreinte)
        assert (garde.depose_par, garde.depose_le) == (avant.depose_par, avant.depose_le)
        assert (garde.contenu.name, garde.efface_le) == ("", DEPART + timedelta(days=181))
    assert not Retour.objects.get().cases.exists()
    assert Retour.objects.get().applique_le
    assert effacer(django_capture_on_commit_callbacks, jours=365) == 0
    assert verifier().est_intacte


def test_un_tableau_applique_hier_se_garde(trois, django_capture_on_commit_callbacks):
    Retour.objects.update(recu_le=DEPART - timedelta(days=400))
    assert effacer(django_capture_on_commit_callbacks, jours=1) == 0


def test_un_tableau_applique_hier_se_garde_garde_levee(trois, django_capture_on_commit_callbacks):
    """Sans la date de son dernier usage, il s'effacerait avec ceux d'il y a un an."""
    Retour.objects.update(recu_le=DEPART - timedelta(days=400), essaye_le=None, applique_le=None)
    assert effacer(django_capture_on_commit_callbacks, jours=1) == 1


def test_ce_qu_une_decision_cite_ne_s_efface_pas(trois, django_capture_on_commit_callbacks):
    effaces = {x.pk for x in trois}
    cites = list(Fichier.objects.exclude(pk__in=effaces))
    assert cites
    effacer(django_capture_on_commit_callbacks, jours=4000)
    assert presents(cites) == [True] * len(cites)
    assert not Fichier.objects.filter(efface_le__isnull=False).exclude(pk__in=effaces).exists()


def test_ce_qu_une_decision_cite_ne_s_efface_pas_garde_levee(trois, django_capture_on_commit_callbacks):
    """Une règle qui prendrait tous les fichiers ôterait l'annexe : l'essai d'avant le verrait."""
    cites = list(Fichier.objects.exclude(pk__in=[x.pk for x in trois]))
    with django_capture_on_commit_callbacks(execute=True):
        fichiers.effacer([x.pk for x in cites], le=timezone.now())
    assert presents(cites) == [False] * len(cites)


def test_le_territoire_dit_combien_de_jours(trois, django_capture_on_commit_callbacks):
    lieu = Territoire.objects.get()
    lieu.cadre["conservation"] = {"recus_jours": 30, "editions_jours": 3650}
    lieu.empreinte_du_pack = "a" * 64
    lieu.save()
    assert effacer(django_capture_on_commit_callbacks, jours=31) == 2
    assert presents(trois) == [False, True, False]


def test_l_ecran_dit_efface_au_lieu_d_un_lien_mort(trois, horloge, django_capture_on_commit_callbacks):
    effacer(django_capture_on_commit_callbacks, jours=181)
    horloge.move_to(DEPART + timedelta(days=182))
    benoit, recu, edition = f.client("benoit"), Retour.objects.get(), Edition.objects.get()
    pages = (
        reverse("programmation_retours", args=["ami-2025"]),
        reverse("programmation_retour", args=["ami-2025", recu.pk]),
        reverse("fiches_action", args=["ami-2025"]),
        "/imports/",
        reverse("importation", args=[Importation.objects.get().pk]),
    )
    for adresse in pages:
        texte = benoit.get(adresse).content.decode().lower().replace("\u00a0", " ")
        assert re.search("effacé le (vendredi 20 mars 2026|20/03/2026)", texte), adresse
    assert trois[0].empreinte in benoit.get(pages[1]).content.decode()
    lien = reverse("edition", args=[edition.pk])
    assert lien not in benoit.get(pages[2]).content.decode()
    assert "effacé depuis le 20/03/2026" in benoit.get(lien, follow=True).content.decode()


def test_un_fichier_efface_ne_s_essaie_ni_ne_s_importe(trois, django_capture_on_commit_callbacks):
    Retour.objects.update(applique_le=None)
    effacer(django_capture_on_commit_callbacks, jours=181)
    recu, par = Retour.objects.get(), f.acteur("benoit")
    with pytest.raises(FichierRefuse, match="Déposez-le de nouveau"):
        retour.essayer(recu, par=par, le=timezone.now())
    adresse = reverse("programmation_retour", args=["ami-2025", recu.pk])
    page = f.client("benoit").post(adresse, {"essai": recu.essais, "cle": "z"}, follow=True)
    assert "Aucune case n'est à appliquer" in page.content.decode().replace("&#x27;", "'")
    Importation.objects.update(essayee_le=timezone.now())
    importation = reverse("importation", args=[Importation.objects.get().pk])
    page = f.client("benoit").post(importation, {"lignes": "toutes", "cle": "y"}, follow=True)
    assert "Refaites une extraction" in page.content.decode()
    assert Travail.objects.filter(fini_le=None).count() == 0


def test_coupe_entre_la_ligne_et_le_contenu_le_balai_finit(trois, monkeypatch):
    """La ligne dit « effacé », le contenu est encore là : orphelin, le balai l'ôte un jour plus tard."""
    le = DEPART + timedelta(days=181)
    conservation.effacer_les_fichiers_de_travail(le=le)
    assert presents(trois)[:2] == [True, True]
    monkeypatch.setattr(fichiers, "GARDE", timedelta(days=-3650))
    fichiers.balayer(le=le)
    assert presents(trois)[:2] == [False, False]


def test_le_rythme_efface():
    assert {"effacer les extractions échues", "effacer les fichiers de travail échus"} <= {
        t.nom for t in rythme.TACHES
    }
