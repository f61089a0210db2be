"""La page d'un travail : où il en est, ce qu'il a refusé et pourquoi, l'annuler ; sans JavaScript aussi."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from ensemblier.registre import travaux
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Travail
from ensemblier.registre.travaux import Ligne, Ouvrage
from tests import fabriques as f

LE = datetime(2026, 3, 2, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def demander(combien=3):
    lignes = [Ligne(f"Dossier {n}", adresse=f"/d/{n}/") for n in range(1, combien + 1)]
    return travaux.demander(
        cle="k", genre="essai", titre="Relancer trois dossiers", par=f.acteur("benoit"), le=LE, lignes=lignes,
        retour="/instruction/?vue=tout",
    )  # fmt: skip


def faire():
    def acte(ligne, _le):
        if ligne.rang == 2:
            raise ActeBloque("Le porteur a déjà répondu.")

    travaux.faire_les_travaux([Ouvrage("essai", lambda _t, jalon: jalon.lignes(acte))])


def lire(travail, suite=""):
    return texte_de(f.client("benoit").get(reverse("travail", args=[travail.pk]) + suite))


def texte_de(reponse):
    return reponse.content.decode().replace("\u00a0", " ")


def test_en_attente_la_page_se_recharge_seule_ou_d_un_lien():
    texte = lire(demander())
    assert 'hx-trigger="every 2s"' in texte
    assert ">Actualiser</a>" in texte
    assert "Annuler ce travail" in texte
    assert "0 sur 3" in texte


def test_fini_la_page_ne_se_recharge_plus_et_dit_chaque_refus():
    travail = demander()
    faire()
    texte = lire(travail)
    assert "every 2s" not in texte
    assert "2 lignes faites, 1 refusée" in texte
    assert "Le porteur a déjà répondu." in texte
    assert 'href="/instruction/?vue=tout"' in texte
    refuses = lire(travail, "?lignes=refuses")
    assert "Dossier 2" in refuses
    assert "Dossier 1" not in refuses


def test_annuler_d_un_bouton():
    travail = demander()
    client = f.client("benoit")
    texte = texte_de(client.post(reverse("travail_annuler", args=[travail.pk]), follow=True))
    assert "Ce qui est déjà fait reste fait" in texte
    assert "3 non traitées" in texte
    assert Travail.objects.get().annule_le
    encore = client.post(reverse("travail_annuler", args=[travail.pk]), follow=True)
    assert "déjà fini ou annulé" in texte_de(encore)


def test_mes_travaux_montre_les_miens_et_le_responsable_lit_ceux_des_autres():
    demander()
    voient = {
        qui: "Relancer trois dossiers" in f.client(qui).get(reverse("travaux")).content.decode()
        for qui in ("benoit", "chloe", "amina", "irene")
    }
    assert voient == {"benoit": True, "chloe": False, "amina": False, "irene": True}
