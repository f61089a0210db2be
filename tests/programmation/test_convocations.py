"""La convocation : ce qui part à chaque membre, ses changements motivés, son ordre du jour complété."""

from datetime import date

import pytest
import time_machine
from django.core import mail
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.dossiers.models import Deport, Dossier
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.programmation import actes, courriels, documents
from ensemblier.programmation.lecture import changements
from ensemblier.programmation.models import Seance
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.courriels import envoyer_en_attente
from ensemblier.registre.models import Courriel
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
AVANT = f.instant("2025-06-20 09:00")
PLUS_TARD = f.instant("2025-07-03 10:00")


def convoquee(*dossiers, membres=("elise",)):
    return scene.seance(*dossiers, membres=membres, ouverte=False)


def lie(qui, dossier):
    Interet.objects.create(
        utilisateur=f.personne(qui), organisme=dossier.organisme, nature="trésorière",
        connu_le=date(2025, 1, 1),
    )  # fmt: skip


def a(qui):
    return Courriel.objects.filter(destinataire=f.personne(qui).courriel, genre="seance").order_by("pk")


def deplacer(seance, dossier, **change):
    dits = {"seance_le": PLUS_TARD, "lieu": "Salle 2", "motif": "La salle est prise.", "le": AVANT}
    actes.deplacer_la_seance(seance, **(dits | change), **scene.en(dossier))


def test_chaque_membre_recoit_sa_convocation_et_son_agenda():
    dossier, autre = scene.recevable(), scene.deuxieme()
    lie("irene", dossier)
    convoquee(dossier, autre, membres=("elise", "irene"))
    d_elise, d_irene = a("elise").get(), a("irene").get()
    assert dossier.numero in d_elise.texte
    assert autre.numero in d_elise.texte
    assert dossier.numero not in d_irene.texte + d_irene.html  # B10 : pas même le nom de l'action
    assert dossier.organisme.nom not in d_irene.texte
    assert "Vous êtes hors de 1 dossier" in d_irene.texte.replace("\N{NO-BREAK SPACE}", " ")
    assert "DTSTART:20250701T120000Z" in d_elise.agenda
    assert "DTEND:20250701T140000Z" in d_elise.agenda
    assert "METHOD:REQUEST" in d_elise.agenda
    envoyer_en_attente(le=scene.JURY, au_plus=500)
    parti = next(m for m in mail.outbox if m.to == [d_elise.destinataire])
    nom, contenu, genre = parti.attachments[0]
    assert (nom, genre) == ("seance.ics", "text/calendar; method=REQUEST")
    assert contenu.startswith("BEGIN:VCALENDAR\r\n")


def test_la_convocation_ne_dit_rien_du_dossier_dont_on_est_hors_garde_levee(monkeypatch):
    dossier, autre = scene.recevable(), scene.deuxieme()
    lie("irene", dossier)
    monkeypatch.setattr(courriels, "ecartes", lambda seance, inscriptions: {})
    convoquee(dossier, autre, membres=("elise", "irene"))
    assert dossier.numero in a("irene").get().texte


def test_une_convocation_renvoyee_n_ecrit_a_personne_deux_fois():  # T09
    dossier = scene.recevable()
    assert convoquee(dossier).pk == convoquee(dossier).pk
    assert a("elise").count() == 1


def test_une_seance_se_deplace_avec_sa_raison_et_la_convocation_repart():
    dossier = scene.recevable()
    seance = convoquee(dossier)
    for _ in range(2):
        deplacer(seance, dossier)
    seance.refresh_from_db()
    assert (seance.le, seance.lieu, seance.version) == (PLUS_TARD, "Salle 2", 1)
    premier, second = a("elise")
    assert "SEQUENCE:0" in premier.agenda
    assert "SEQUENCE:1" in second.agenda
    assert "DTSTART:20250703T080000Z" in second.agenda
    assert "La salle est prise." in second.texte
    (change,) = changements(seance)
    assert change.detail.motif == "La salle est prise."
    page = f.client("elise").get(reverse("seance", args=[seance.pk])).content.decode()
    assert "La salle est prise." in page


@pytest.mark.parametrize(
    ("change", "dit"),
    [
        ({"motif": " "}, "La raison manque"),
        ({"seance_le": f.instant("2025-06-01 10:00")}, "est passé"),
        ({"seance_le": f.instant("2026-07-01 10:00")}, "Sans habilitation en vigueur le 01/07/2026"),
    ],
)
def test_un_deplacement_impossible_dit_pourquoi_et_n_ecrit_a_personne(change, dit):
    dossier = scene.recevable()
    f.habiliter("david", "jury", "Conseiller", au=date(2025, 12, 31))
    seance = convoquee(dossier, membres=("elise", "david"))
    with pytest.raises(ActeBloque, match=dit):
        deplacer(seance, dossier, **change)
    seance.refresh_from_db()
    assert seance.le == scene.JURY
    assert a("elise").count() == 1


def test_une_seance_ouverte_ne_se_deplace_ni_ne_se_complete():
    dossier, autre = scene.recevable(), scene.deuxieme()
    seance = scene.seance(dossier)
    with pytest.raises(ActeBloque, match="ne change plus"):
        deplacer(seance, dossier)
    with pytest.raises(ActeBloque, match="ne change plus"):
        inscrire(seance, dossier, autre)


def inscrire(seance, dossier, *ajoutes, motif="Déposé par dérogation.", **qui):
    actes.inscrire(seance, ajoutes, motif=motif, le=AVANT, **(qui or scene.en(dossier)))


def test_un_dossier_s_ajoute_a_une_seance_convoquee_et_les_membres_l_apprennent():
    dossier, autre = scene.recevable(), scene.deuxieme()
    lie("irene", autre)
    seance = convoquee(dossier, membres=("elise", "irene"))
    assert not Dossier.objects.a_juger_par(f.acteur("elise")).filter(pk=autre.pk).exists()
    for _ in range(2):
        inscrire(seance, dossier, autre)
    assert list(seance.inscriptions.values_list("dossier", "rang")) == [(dossier.pk, 1), (autre.pk, 2)]
    assert Dossier.objects.a_juger_par(f.acteur("elise")).filter(pk=autre.pk).exists()
    assert Deport.objects.get(dossier=autre).utilisateur == f.personne("irene")  # S69, B10
    assert autre.numero in a("elise").last().texte
    assert autre.numero not in a("irene").last().texte
    assert a("elise").count() == 2
    assert [e.detail.motif for e in changements(seance)] == ["Déposé par dérogation."]


def test_un_dossier_ne_s_ajoute_pas_sans_raison_ni_sans_etre_recevable():
    dossier, autre = scene.recevable(), scene.deuxieme()
    seance = convoquee(dossier)
    with pytest.raises(ActeBloque, match="La raison manque"):
        inscrire(seance, dossier, autre, motif="")
    with pytest.raises(ActeBloque, match="Aucun dossier"):
        inscrire(seance, dossier)
    with pytest.raises(RoleInsuffisant):
        inscrire(seance, dossier, autre, par=f.acteur("elise"), roles=set())
    Dossier.objects.filter(pk=autre.pk).update(etat="depose")
    autre.refresh_from_db()
    with pytest.raises(ActeBloque, match="dossiers recevables"):
        inscrire(seance, dossier, autre)
    assert seance.inscriptions.count() == 1


def test_une_annulation_dit_sa_raison_a_chacun_et_sur_la_page():
    dossier = scene.recevable()
    seance = convoquee(dossier)
    actes.annuler_la_seance(seance, motif="Quorum impossible.", le=AVANT, **scene.en(dossier))
    dernier = a("elise").last()
    assert "Quorum impossible." in dernier.texte
    assert "METHOD:CANCEL" in dernier.agenda
    assert "STATUS:CANCELLED" in dernier.agenda
    page = f.client("benoit").get(reverse("seance", args=[seance.pk])).content.decode()
    assert "Quorum impossible." in page


def test_la_convocation_en_pdf_laisse_sa_place_a_qui_est_hors_d_un_dossier():
    dossier, autre = scene.recevable(), scene.deuxieme()
    lie("irene", dossier)
    seance = convoquee(dossier, autre, membres=("elise", "irene"))
    contexte = documents.contexte_de_la_convocation(seance, {autre.pk})
    assert [(i.dossier_id, lisible) for i, lisible in contexte["ordre"]] == [
        (dossier.pk, False), (autre.pk, True),
    ]  # fmt: skip
    for qui in ("elise", "irene", "benoit"):
        reponse = f.client(qui).get(reverse("seance_convocation", args=[seance.pk]))
        assert reponse.content.startswith(b"%PDF-")
    agenda = f.client("elise").get(reverse("seance_agenda", args=[seance.pk])).content.decode()
    assert f'ATTENDEE;CN="{f.personne("elise").nom_complet}"' in agenda.replace("\r\n ", "")


@time_machine.travel(f.instant("2025-06-20 10:00"))
def test_convoquer_avec_un_membre_sans_voix():
    dossier = scene.recevable()
    votante, invitee = (str(f.personne(qui).pk) for qui in ("elise", "irene"))
    dits = {
        "type": "jury", "titre": "Jury", "jour": "01/07/2025", "heure": "14:00", "lieu": "Lens", "quorum": "",
        "membres": [votante], "sans_voix": [invitee, votante], "dossiers": [str(dossier.pk)],
    }  # fmt: skip
    benoit, adresse = f.client("benoit"), reverse("seance_nouvelle", args=["ami-2025"])
    refus = benoit.post(adresse, dits)
    assert "déjà parmi les membres votants" in refus.content.decode()
    assert benoit.post(adresse, dits | {"sans_voix": [invitee]}).status_code == 302
    seance = Seance.objects.get()
    voix = dict(seance.participants.values_list("utilisateur_id", "a_voix"))
    assert voix == {int(votante): True, int(invitee): False}
    assert seance.quorum == 1
    assert "sans voix" in benoit.get(reverse("seance", args=[seance.pk])).content.decode()


@time_machine.travel(f.instant("2025-06-20 10:00"))
def test_deplacer_et_completer_depuis_la_page():
    dossier, autre = scene.recevable(), scene.deuxieme()
    seance = convoquee(dossier)
    benoit = f.client("benoit")
    deplacement = reverse("seance_deplacer", args=[seance.pk])
    dits = {"jour": "03/07/2025", "heure": "10:00", "lieu": "Salle 2", "motif": "La salle est prise."}
    assert benoit.post(deplacement, dits | {"motif": ""}).status_code == 422
    passe = benoit.post(deplacement, dits | {"jour": "01/01/2024"})
    assert "est passé" in passe.content.decode()
    assert benoit.post(deplacement, dits).status_code == 302
    ajout = reverse("seance_inscrire", args=[seance.pk])
    assert autre.numero in benoit.get(ajout).content.decode()
    choix = {"dossiers": [str(autre.pk)], "motif": "Oublié."}
    assert benoit.post(ajout, choix | {"motif": ""}).status_code == 422
    assert benoit.post(ajout, choix).status_code == 302
    assert seance.inscriptions.count() == 2
    assert f.client("elise").get(deplacement).status_code == 403
