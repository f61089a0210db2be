"""« Mes courriels » : tout de suite, une fois par jour ou jamais ; un récapitulatif par jour, à son heure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from ensemblier.comptes import actes as actes_comptes
from ensemblier.comptes.courriels import adresse_de_desabonnement, ecrire
from ensemblier.comptes.models import DES_AGENTS, LIBRES, Genre, ReglageDeCourriel
from ensemblier.dossiers.models import Dossier
from ensemblier.espaces.taches import envoyer_les_recapitulatifs
from ensemblier.registre.courriels import envoyer_en_attente
from ensemblier.registre.models import Courriel
from tests import fabriques as f

pytestmark = pytest.mark.django_db
MIDI = f.instant("2025-11-03 12:00")
SEPT_HEURES = f.instant("2025-11-04 07:00")
MESSAGERIE = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def dossier():
    depose = f.dossier_depose()
    for qui in ("amina", "benoit"):
        f.personne(qui)
    Courriel.objects.all().delete()
    return depose


def annoncer(dossier: Dossier, qui: str = "amina", cle: str = "a", genre: Genre = Genre.MESSAGE, le=MIDI):
    return ecrire(
        genre, cle=f"{cle}:{qui}", a=f.personne(qui).courriel, sujet=f"{dossier.numero} · Un message",
        gabarit="dossiers/courriels/message_au_porteur", le=le, objet=dossier.designation(),
        contexte={"dossier": dossier, "message": {"auteur_nom": "Benoît", "auteur_fonction": "chargé"}},
    )  # fmt: skip


def regler(qui: str, rythme: str, genre: Genre = Genre.MESSAGE, heure: int = 7) -> None:
    actes_comptes.regler_les_courriels(f.personne(qui), rythmes={genre: rythme}, heure=heure)


def partis(le=SEPT_HEURES) -> list[str]:
    mail.outbox.clear()
    envoyer_en_attente(le=le)
    return [m.subject for m in mail.outbox]


def test_tout_de_suite_une_fois_par_jour_ou_jamais(dossier):
    annoncer(dossier)
    assert len(partis(MIDI)) == 1, "sans réglage, un porteur sait tout de suite"
    regler("amina", "recapitulatif")
    annoncer(dossier, cle="b")
    assert partis(MIDI) == []
    regler("amina", "jamais")
    assert annoncer(dossier, cle="c") is None
    assert annoncer(dossier, "benoit", genre=Genre.TRAVAIL).est_differe, "un agent, au récapitulatif"


def test_le_recapitulatif_part_une_fois_par_jour_meme_relance(dossier):
    regler("amina", "recapitulatif")
    annoncer(dossier)
    annoncer(dossier, cle="b")
    assert envoyer_les_recapitulatifs(le=SEPT_HEURES - timedelta(seconds=1)) == 0, "pas avant son heure"
    assert envoyer_les_recapitulatifs(le=SEPT_HEURES) == 1
    annoncer(dossier, cle="c", le=SEPT_HEURES)
    assert envoyer_les_recapitulatifs(le=SEPT_HEURES + timedelta(hours=3)) == 0
    assert partis() == ["Ensemblier · 2 nouvelles (récapitulatif du 04/11/2025)"]
    (message,) = mail.outbox
    assert message.body.startswith("2\u00a0nouvelles vous attendent.")
    assert message.body.count(f"/dossiers/{dossier.numero}/messages/") == 2
    assert envoyer_les_recapitulatifs(le=SEPT_HEURES + timedelta(days=1)) == 1, "la troisième, le lendemain"


def test_sans_la_cle_du_jour_il_partirait_deux_fois_garde_levee(dossier, monkeypatch):
    regler("amina", "recapitulatif")
    annoncer(dossier)
    envoyer_les_recapitulatifs(le=SEPT_HEURES)
    Courriel.objects.filter(genre=Genre.RECAPITULATIF).update(cle="autre")
    annoncer(dossier, cle="b")
    assert envoyer_les_recapitulatifs(le=SEPT_HEURES) == 1


@pytest.mark.parametrize(
    ("heure", "attendus"),
    [
        # 30 mars 2025 : 2 h n'existe pas ; le récapitulatif de 2 h part à 3 h, une fois.
        (2, {"2025-03-30T00:59+00:00": 0, "2025-03-30T01:00+00:00": 1, "2025-03-30T02:00+00:00": 0}),
        # 26 octobre 2025 : 2 h 30 arrive deux fois ; une seule des deux compte.
        (2, {"2025-10-26T00:30+00:00": 1, "2025-10-26T01:30+00:00": 0, "2025-10-26T23:30+00:00": 0}),
    ],
)
def test_un_seul_par_jour_aux_changements_d_heure(dossier, heure, attendus):
    regler("amina", "recapitulatif", heure=heure)
    for rang, (instant, attendu) in enumerate(attendus.items()):
        le = datetime.fromisoformat(instant)
        annoncer(dossier, cle=str(rang), le=le)
        assert envoyer_les_recapitulatifs(le=le) == attendu, instant


def test_qui_ne_voit_plus_le_dossier_ne_recoit_pas_sa_nouvelle(dossier):  # T48
    regler("amina", "recapitulatif")
    annoncer(dossier)
    amina = f.personne("amina")
    amina.rattachements.update(au=MIDI.date())
    assert envoyer_les_recapitulatifs(le=SEPT_HEURES) == 0
    assert partis() == []
    assert "ne voit plus" in Courriel.objects.get().erreur
    assert not Courriel.objects.abandonnes().exists(), "ce n'est pas une panne"


def test_qui_ne_voit_plus_le_dossier_la_recevrait_garde_levee(dossier, monkeypatch):
    regler("amina", "recapitulatif")
    annoncer(dossier)
    f.personne("amina").rattachements.update(au=MIDI.date())
    monkeypatch.setattr(
        "ensemblier.espaces.taches._lisibles", lambda personne, courriels, le: list(courriels)
    )
    assert envoyer_les_recapitulatifs(le=SEPT_HEURES) == 1


@pytest.mark.parametrize("genre", [g for g in Genre if g.est_oblige])
def test_un_courriel_oblige_part_toujours_et_sans_desabonnement(dossier, genre):
    regler("amina", "jamais", genre)
    courriel = annoncer(dossier, genre=genre)
    assert not courriel.est_differe
    partis()
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers
    assert "Ne plus recevoir" not in mail.outbox[0].body


def test_la_base_refuse_de_taire_un_courriel_oblige(dossier):
    with pytest.raises(IntegrityError), transaction.atomic():
        ReglageDeCourriel.objects.create(utilisateur=f.personne("amina"), genre="accuse", rythme="jamais")


# --- le désabonnement d'un clic (RFC 8058) ----------------------------------------------------------


def test_un_clic_de_la_messagerie_desabonne_sans_session_ni_jeton(dossier):
    annoncer(dossier)
    partis()
    entetes = mail.outbox[0].extra_headers
    assert entetes["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    adresse = re.fullmatch(r"<https?://[^/]+(/\S+)>", entetes["List-Unsubscribe"])[1]
    client = Client(enforce_csrf_checks=True)
    page = client.get(adresse)
    assert "si vous le confirmez" in page.content.decode()
    assert not ReglageDeCourriel.objects.exists(), "GET ne change rien"
    for _ in range(2):
        assert client.post(adresse, MESSAGERIE).status_code == 200
    assert ReglageDeCourriel.objects.get().rythme == "jamais"
    assert annoncer(dossier, cle="b") is None
    assert not annoncer(dossier, cle="c", genre=Genre.ACCUSE).est_differe


def test_se_desabonner_du_recapitulatif_tait_ce_qu_il_reunit_et_lui_seul(dossier):
    regler("amina", "recapitulatif")
    adresse = adresse_de_desabonnement(f.personne("amina"), Genre.RECAPITULATIF)
    Client().post(adresse, MESSAGERIE)
    assert f.personne("amina").rythmes() == {
        "message": "jamais", "suite": "immediat", "travail": "jamais", "mention": "immediat"
    }  # fmt: skip


def test_un_jeton_abime_ne_desabonne_personne(dossier):
    adresse = adresse_de_desabonnement(f.personne("amina"), Genre.MESSAGE)
    for fausse in (adresse[:-2] + "x/", adresse.replace(":", ":x", 3), "/courriels/desabonnement/rien/"):
        assert Client().post(fausse.removeprefix("http://localhost:8000"), MESSAGERIE).status_code == 404
    assert not ReglageDeCourriel.objects.exists()


# --- la page ----------------------------------------------------------------------------------------


def test_amina_choisit_et_la_page_le_redit(dossier):
    client = f.client("amina")
    page = client.get("/mon-compte/courriels/").content.decode()
    assert "L&#x27;accusé de réception" in page
    for genre in DES_AGENTS:
        assert f'name="{genre}"' not in page, "un porteur n'a pas les courriels d'un agent"
    choix = {"message": "recapitulatif", "suite": "jamais", "heure": "20", "accuse": "jamais"}
    assert client.post("/mon-compte/courriels/", choix).status_code == 302
    assert "chaque jour à 20 h" in client.get("/mon-compte/courriels/").content.decode().replace(
        "\u00a0", " "
    )
    assert set(f.personne("amina").reglages_de_courriel.values_list("genre", "rythme")) == {
        ("message", "recapitulatif"), ("suite", "jamais"),
    }  # fmt: skip
    faute = client.post("/mon-compte/courriels/", choix | {"heure": "3", "message": "demain"})
    assert faute.status_code == 422
    assert {g.value for g in LIBRES} == {"message", "suite", "travail", "mention"}
