"""S'en prendre aux co-porteurs : inonder une boîte, injecter un en-tête, deviner, se tromper de lien."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache

from ensemblier.dossiers import actes
from ensemblier.dossiers.actes import co_porteurs
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import CoPorteur
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-20 10:00")
CIBLE = "cible@ailleurs.example"


@pytest.fixture(autouse=True)
def le_20_mai():
    cache.clear()
    with time_machine.travel(LE, tick=True):
        yield
    cache.clear()


def nommer(dossier, *, le=LE, **autres):
    dit = {"nom": "Club du terril", "numero": f.SIREN_DU_CLUB, "role": "Anime", "courriel": CIBLE} | autres
    par = f.acteur("amina")
    return actes.ajouter_co_porteur(dossier, **dit, par=par, roles=roles(par, dossier), le=le)


def retirer(nomme, *, le=LE):
    par, dossier = f.acteur("amina"), nomme.dossier
    actes.retirer_co_porteur(dossier, nomme, par=par, roles=roles(par, dossier), le=le)


def _inonder(dossier, tours):
    for _ in range(tours):
        retirer(nommer(dossier))


def test_nommer_retirer_renommer_n_inonde_pas_une_boite():
    dossier = f.dossier()
    with pytest.raises(ActeBloque, match="10 questions sont déjà parties pour ce dossier"):
        _inonder(dossier, 30)
    questions = Courriel.objects.filter(destinataire=CIBLE, sujet__contains="Portez-vous")
    assert questions.count() == co_porteurs.QUESTIONS_PAR_JOUR
    assert not dossier.co_porteurs.exists(), "refusé, il n'est pas nommé à demi"
    assert nommer(dossier, courriel="").demande_le is None, "sans adresse, il se nomme toujours"
    assert nommer(dossier, le=LE + timedelta(days=1, minutes=1), courriel="autre@ailleurs.example").demande_le


def test_nommer_retirer_renommer_inonderait_garde_levee(monkeypatch):
    monkeypatch.setattr(co_porteurs, "_exiger_la_mesure", lambda dossier, *, le: None)
    _inonder(f.dossier(), 12)
    assert Courriel.objects.filter(destinataire=CIBLE, sujet__contains="Portez-vous").count() == 12


def test_changer_d_adresse_n_ecrit_pas_a_tout_un_annuaire():
    dossier = f.dossier()
    nomme, par = nommer(dossier), f.acteur("amina")
    for rang in range(9):
        actes.demander_au_co_porteur(
            nomme, courriel=f"inconnu{rang}@ailleurs.example", fonction="", par=par,
            roles=roles(par, dossier), le=LE,
        )  # fmt: skip
    page = f"/dossiers/{dossier.numero}/personnes/co-porteurs/{nomme.pk}/demande/"
    refus = f.client("amina").post(page, {"courriel": "un-de-plus@ailleurs.example"})
    assert refus.status_code == 422
    assert "Attendez demain" in refus.content.decode()
    nomme.refresh_from_db()
    assert nomme.courriel == "inconnu8@ailleurs.example", "refusée, l'adresse n'est pas changée"


@pytest.mark.parametrize("piege", ["a\r\nBcc: tous@pirate.example", "a\u2028Bcc: tous@pirate.example"])
def test_aucun_mot_ecrit_ne_devient_un_en_tete(piege):
    dossier, amina = f.dossier(), f.client("amina")
    f.personne("david")
    dit = {
        "nom": f"Club {piege}", "numero": f.SIREN_DU_CLUB, "role": piege, "courriel": CIBLE,
        "fonction": piege,
    }  # fmt: skip
    amina.post(f"/dossiers/{dossier.numero}/personnes/co-porteur/", dit)
    for nomme in CoPorteur.objects.all():
        f.client("david").post(
            f"/co-porteurs/{nomme.pk}/", {"reponse": "non", "motif": piege, "teneur": nomme.teneur()}
        )
    for parti in Courriel.objects.all():
        assert len(parti.sujet.splitlines()) == 1
        assert "pirate" not in parti.destinataire
    adresse_piegee = {"courriel": f"a@b.example{piege[1:]}"}
    refus = amina.post(
        f"/dossiers/{dossier.numero}/personnes/co-porteur/", dit | {"nom": "C"} | adresse_piegee
    )
    assert refus.status_code == 422


def test_le_jeton_ne_se_devine_pas_et_l_essai_se_compte():
    """Une page de jeton inconnu est celle qui n'existe pas ; au soixante et unième essai, on attend."""
    nommer(f.dossier())
    inconnu = f.client()
    codes = [inconnu.get(f"/liens/co-porteur/{'x' * 43}{rang}/").status_code for rang in range(65)]
    assert codes[0] == 404
    assert codes[-1] == 429


def test_les_co_porteurs_ne_s_enumerent_pas():
    """Le co-porteur d'un autre et celui qui n'existe pas rendent la même page."""
    nomme = nommer(f.dossier())
    f.personne("david")
    amina = f.client("amina")
    ailleurs, absent = (amina.get(f"/co-porteurs/{pk}/") for pk in (nomme.pk, nomme.pk + 999))
    assert ailleurs.status_code == absent.status_code == 404
    sans_numero = [
        re.sub(r"co-porteurs/\d+|value=\"\w{64}\"", "", r.content.decode()) for r in (ailleurs, absent)
    ]
    assert sans_numero[0] == sans_numero[1]


def test_le_lien_d_un_dossier_ne_repond_que_pour_lui():
    premier, second = f.dossier(), f.dossier()
    nommer(premier)
    jeton = re.search(r"/liens/co-porteur/([\w-]{40,})/", Courriel.objects.get().texte)[1]
    autre = nommer(second, courriel="")
    f.client().post(f"/liens/co-porteur/{jeton}/", {"motif": "Non", "pk": autre.pk, "dossier": second.numero})
    autre.refresh_from_db()
    assert autre.confirme is None
    assert premier.co_porteurs.get().confirme is False


def test_decline_par_le_lien_puis_confirme_du_compte_puis_le_lien_rejoue():
    """La signataire a le dernier mot ; le lien d'avant ne le défait pas."""
    dossier = f.dossier()
    f.personne("david")
    nomme = nommer(dossier)
    jeton = re.search(r"/liens/co-porteur/[\w-]{40,}/", Courriel.objects.get(destinataire=CIBLE).texte)[0]
    assert f.client().post(jeton, {"motif": "Non"}).status_code == 302
    oui = {"reponse": "oui", "teneur": nomme.teneur()}
    assert f.client("david").post(f"/co-porteurs/{nomme.pk}/", oui).status_code == 302
    f.client().post(jeton, {"motif": "Non encore"})
    nomme.refresh_from_db()
    assert nomme.confirme
