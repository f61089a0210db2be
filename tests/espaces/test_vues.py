"""Les vues gardées : à soi, au service, d'office ; personne ne change celle d'un autre."""

import re

import pytest
from django.urls import reverse

from ensemblier.comptes.models import Habilitation
from ensemblier.espaces.models import Vue
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db
VUES = "/instruction/vues/"
LISTE = "vue=tout&etat=recevable&tri=-depot&col=numero&col=porteur"


def garder(qui, nom="Recevables", adresse=LISTE, **cases):
    return f.client(qui).post(VUES, {"nom": nom, "adresse": f"?{adresse}", **cases})


def noms(qui):
    lue = f.client(qui).get(VUES)
    return [v.nom for v, _ in lue.context["siennes"]], [v.nom for v in lue.context["autres"]]


def test_une_vue_garde_filtres_colonnes_et_tri():
    reponse = garder("benoit")
    vue = Vue.objects.get()
    assert (reponse.status_code, reponse["Location"]) == (302, f"/instruction/?{vue.adresse}")
    liste = f.client("benoit").get(reponse["Location"]).context["liste"]
    assert (liste.vue, liste.tri, liste.filtres) == ("tout", "-depot", {"etat": "recevable"})
    assert [c.cle for c in liste.colonnes] == ["numero", "porteur"]
    texte = f.client("benoit").get(reponse["Location"]).content.decode()
    assert re.search(r'aria-current="page"[^>]*>\s*Recevables', texte)


def test_une_adresse_bricolee_ne_garde_que_ce_que_la_liste_comprend():
    garder("benoit", adresse="vue=tout&etat=recevable&evil=1&apres=9&tri=x&col=zzz")
    assert Vue.objects.get().adresse.startswith("etat=recevable&vue=tout&tri=echeance&col=numero")
    assert "evil" not in Vue.objects.get().adresse


def test_le_meme_nom_remplace_et_un_nom_vide_se_refuse():
    garder("benoit")
    garder("benoit", adresse="vue=tout&etat=clos")
    assert [v.adresse.split("&")[0] for v in Vue.objects.all()] == ["etat=clos"]
    assert garder("benoit", nom="").status_code == 422
    assert garder("benoit", nom="x" * 61).status_code == 422


def test_privee_elle_n_est_qu_a_soi_partagee_elle_est_au_service():
    garder("benoit", nom="À moi")
    garder("benoit", nom="À nous", est_partagee="on")
    assert noms("benoit") == (["À moi", "À nous"], [])
    assert noms("irene") == ([], ["À nous"]), "le même service"
    for autre in ("chloe", "farid", "fatou_finances", "elise"):
        assert noms(autre) == ([], []), autre


def test_un_financeur_partage_avec_le_sien_seul():
    garder("chloe", est_partagee="on")
    assert noms("chloe") == (["Recevables"], [])
    assert noms("remi") == noms("denise") == noms("benoit") == ([], [])


def test_une_vue_partagee_ne_donne_a_lire_que_ses_dossiers():
    """Irène partage avec Odile l'auditrice ; chacun lit ce qu'il peut lire, la vue n'ouvre rien."""
    s.volet(s.dossier("26-0801", appel="aap-2026"), "400.00", financeur="CALL", etat="sollicitee")
    garder("chloe", adresse="vue=tout", est_partagee="on")
    adresse = f"/instruction/?{Vue.objects.get().adresse}"
    assert f.client("chloe").get(adresse).context["lignes"] == []
    assert f.client("amina").get(adresse).status_code == 403


def test_d_office_elle_ouvre_la_liste_et_une_seule_l_est():
    garder("benoit", nom="Un", est_par_defaut="on")
    garder("benoit", nom="Deux", adresse="vue=tout&etat=clos", est_par_defaut="on")
    assert [v.nom for v in Vue.objects.filter(est_par_defaut=True)] == ["Deux"]
    ouverte = f.client("benoit").get(reverse("instruction"))
    assert (ouverte.status_code, ouverte["Location"]) == (
        302,
        f"/instruction/?{Vue.objects.get(nom='Deux').adresse}",
    )
    assert f.client("benoit").get("/instruction/?vue=tout").status_code == 200
    assert f.client("irene").get(reverse("instruction")).status_code == 200


def test_renommer_partager_supprimer():
    garder("benoit")
    garder("benoit", nom="Autre")
    vue = Vue.objects.get(nom="Recevables")
    adresse = reverse("instruction_vue", args=[vue.pk])
    navigateur = f.client("benoit")
    navigateur.post(adresse, {"nom": "Prêts", "est_partagee": "on", "est_par_defaut": "on"})
    vue.refresh_from_db()
    assert (vue.nom, vue.service, vue.est_par_defaut) == ("Prêts", "pilote", True)
    deja = navigateur.post(adresse, {"nom": "Autre"}, follow=True)
    assert "porte déjà ce nom" in deja.content.decode()
    navigateur.post(adresse, {"nom": "Prêts"})
    vue.refresh_from_db()
    assert (vue.service, vue.est_par_defaut) == ("", False)
    navigateur.post(adresse, {"supprimer": "oui"})
    assert not Vue.objects.filter(pk=vue.pk).exists()


@pytest.mark.parametrize("qui", ["irene", "chloe"])
def test_la_vue_d_un_autre_n_existe_pas_meme_partagee(qui):
    garder("benoit", est_partagee="on")
    vue = Vue.objects.get()
    adresse = reverse("instruction_vue", args=[vue.pk])
    for dits in ({"nom": "Volée"}, {"supprimer": "oui"}):
        assert f.client(qui).post(adresse, dits).status_code == 404
    vue.refresh_from_db()
    assert vue.nom == "Recevables"


def test_la_vue_d_un_autre_serait_changee_garde_levee(monkeypatch):
    """Le contrôle de l'auteur retiré, l'essai ci-dessus verrait la faute."""
    garder("benoit", est_partagee="on")
    monkeypatch.setattr("ensemblier.espaces.models.VueQuerySet.de", lambda self, acteur: self.all())
    adresse = reverse("instruction_vue", args=[Vue.objects.get().pk])
    f.client("irene").post(adresse, {"supprimer": "oui"})
    assert not Vue.objects.exists()


def test_qui_quitte_le_service_ne_voit_plus_ses_vues():
    garder("benoit", est_partagee="on")
    assert noms("irene")[1] == ["Recevables"]
    Habilitation.objects.filter(utilisateur=f.personne("irene")).delete()
    assert f.client("irene").get(VUES).status_code == 403


def test_la_liste_coute_autant_avec_vingt_vues():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def compter():
        navigateur = f.client("benoit")
        navigateur.get("/instruction/?vue=tout")
        with CaptureQueriesContext(connection) as lues:
            navigateur.get("/instruction/?vue=tout")
        return len(lues)

    garder("benoit", nom="Une")
    une = compter()
    for rang in range(19):
        garder("benoit", nom=f"Vue {rang}")
    assert compter() == une
