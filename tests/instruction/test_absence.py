"""L'absence : qui répond, jusqu'à quand, sans réaffecter ; ni soi-même, ni boucle (R70, B10)."""

from datetime import date
from itertools import product

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse

from ensemblier.comptes.actes_equipe import annuler_absence, declarer_absence
from ensemblier.comptes.models import Absence, Habilitation, Interet, Rattachement
from ensemblier.dossiers import actes, suivi
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-20 09:00")
DU, AU = date(2025, 5, 20), date(2025, 5, 30)


@pytest.fixture(autouse=True)
def au_20_mai():
    with time_machine.travel(f.instant("2025-05-20 12:00"), tick=True):
        yield


@pytest.fixture
def dossier():
    """Un dossier que Benoît suit."""
    pose = f.dossier_depose()
    par = f.acteur("irene")
    actes.affecter(
        pose, a=f.personne("benoit"), motif="Son quartier.", par=par, roles=roles(par, pose), le=LE
    )
    return pose


def absenter(qui="benoit", remplacant="salome", *, par=None, du=DU, au=AU):
    acteur = f.acteur(par or qui)
    return declarer_absence(
        f.territoire(), de=f.personne(qui), du=du, au=au, remplacant=remplacant and f.personne(remplacant),
        par=acteur, roles={d.role for d in acteur.droits}, le=LE,
    )  # fmt: skip


def a_faire(qui):
    lue = f.client(qui).get(reverse("instruction"), {"vue": "a-faire"})
    return {x.dossier.pk for x in lue.context["lignes"]}


def ecrire(dossier, le=LE):
    par = f.acteur("amina")
    actes.ecrire_message(
        dossier, texte="Bonjour", cle=f"m{le.isoformat()}", par=par, roles=roles(par, dossier), le=le
    )
    return Courriel.objects.filter(cle__startswith="message:").last().destinataire


def test_le_remplacant_recoit_les_dossiers_et_les_courriels(dossier):
    assert a_faire("salome") == set()
    absenter()
    assert a_faire("salome") == {dossier.pk}
    assert a_faire("irene") == set(), "le remplaçant en répond, pas toute l'équipe"
    assert a_faire("benoit") == {dossier.pk}, "absent, il garde les siens sous les yeux"
    assert ecrire(dossier) == "salome@maison.example"
    dossier.refresh_from_db()
    assert dossier.charge_de_mission == f.personne("benoit"), "l'affectation n'a pas changé"


def test_au_lendemain_du_dernier_jour_tout_revient_sans_un_acte(dossier):
    absenter()
    with time_machine.travel(f.instant("2025-05-30 23:59"), tick=True):
        assert a_faire("salome") == {dossier.pk}
    with time_machine.travel(f.instant("2025-05-31 00:01"), tick=True):
        assert a_faire("salome") == set()
        assert a_faire("benoit") == {dossier.pk}
    assert ecrire(dossier, f.instant("2025-05-31 00:01")) == "benoit@maison.example"


def test_une_absence_a_venir_ne_change_rien_encore(dossier):
    absenter(du=date(2025, 5, 26))
    assert a_faire("salome") == set()
    assert ecrire(dossier) == "benoit@maison.example"


def test_sans_remplacant_le_dossier_attend_l_equipe(dossier):
    absenter(remplacant=None)
    assert a_faire("irene") == a_faire("salome") == {dossier.pk}
    assert ecrire(dossier) == "mission-sante-habitat@call.example"


def test_un_remplacant_lie_au_porteur_ne_recoit_pas_le_dossier_b10(dossier):
    absenter()
    Interet.objects.create(
        utilisateur=f.personne("salome"), organisme=dossier.organisme, nature="bénévole", connu_le=DU
    )
    assert a_faire("salome") == set()
    assert a_faire("irene") == {dossier.pk}, "il revient à l'équipe, il n'est pas perdu"
    assert suivi.suiveur(dossier, DU) is None
    assert ecrire(dossier) == "mission-sante-habitat@call.example"


def test_un_remplacant_lie_recevrait_le_courriel_garde_levee(dossier, monkeypatch):
    absenter()
    Interet.objects.create(
        utilisateur=f.personne("salome"), organisme=dossier.organisme, nature="bénévole", connu_le=DU
    )
    monkeypatch.setattr("ensemblier.dossiers.suivi.peut_suivre", lambda *a: True)
    assert ecrire(dossier) == "salome@maison.example"


def test_jamais_soi_meme():
    with pytest.raises(ActeBloque, match="soi-même"):
        absenter(remplacant="benoit")
    qui = f.personne("benoit")
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(
            utilisateur=qui, remplacant=qui, territoire=f.territoire(), du=DU, au=AU, declaree_le=LE
        )


def test_ni_chaine_ni_boucle():
    absenter("benoit", "salome")
    with pytest.raises(ActeBloque, match=r"Salomé Roussel remplace Benoît Marchal .* autre remplaçant"):
        absenter("salome", "benoit", par="irene")
    with pytest.raises(ActeBloque, match="Salomé Roussel remplace"):
        absenter("salome", None)
    with pytest.raises(ActeBloque, match="Benoît Marchal s'absente"):
        absenter("irene", "benoit")
    absenter("salome", "benoit", du=date(2025, 6, 2), au=date(2025, 6, 6))


def test_une_boucle_passerait_garde_levee(monkeypatch):
    absenter("benoit", "salome")
    monkeypatch.setattr("ensemblier.comptes.actes_equipe._rencontres", lambda *a: ())
    assert absenter("salome", "benoit").pk


def test_chaque_autre_refus_dit_quoi_faire():
    with pytest.raises(ActeBloque, match="précède son début"):
        absenter(du=AU, au=DU)
    with pytest.raises(ActeBloque, match="finie depuis"):
        absenter(du=date(2025, 5, 1), au=date(2025, 5, 2))
    with pytest.raises(ActeBloque, match="ne répond pas, tous ces jours,"):
        absenter(remplacant="chloe")
    with pytest.raises(RoleInsuffisant, match="personne elle-même"):
        absenter("benoit", "irene", par="salome")
    Habilitation.objects.filter(utilisateur=f.personne("salome")).update(au=date(2025, 5, 25))
    with pytest.raises(ActeBloque, match="tous ces jours"):
        absenter()
    absenter(remplacant="irene")
    with pytest.raises(ActeBloque, match="déjà dite"):
        absenter(remplacant=None)


def test_annuler_rend_tout_de_suite_et_laisse_une_trace(dossier):
    absence = absenter(par="irene")
    par = f.acteur("benoit")
    for _ in range(2):
        annuler_absence(absence, par=par, roles={d.role for d in par.droits}, le=LE)
    assert a_faire("salome") == set()
    faits = Evenement.objects.filter(acte__endswith="absence").order_by("pk")
    assert [e.libelle for e in faits] == ["Absence déclarée", "Absence annulée"]
    autre = f.acteur("salome")
    with pytest.raises(RoleInsuffisant):
        annuler_absence(absence, par=autre, roles={d.role for d in autre.droits}, le=LE)


def test_les_pages_le_disent(dossier):
    f.personne("salome")
    client = f.client("benoit")
    envoi = {"du": "20/05/2025", "au": "30/05/2025", "a": f.personne("salome").pk}
    assert client.post(reverse("instruction_absence"), envoi).status_code == 302
    assert client.post(reverse("instruction_absence"), envoi).status_code == 422
    equipe = client.get(reverse("instruction_equipe")).content.decode()
    assert "Salomé Roussel" in equipe
    lue = f.client("salome").get(reverse("instruction")).content.decode().replace("\u00a0", " ")
    assert "Vous répondez pour Benoît Marchal jusqu'au" in lue
    assert "Vous êtes dit absent jusqu'au" in client.get(reverse("instruction")).content.decode()
    page = client.get(reverse("instruction_dossier", args=[dossier.numero])).content.decode()
    assert "absent jusqu'au 30/05/2025 (répond : Salomé Roussel)" in page.replace("\u00a0", " ")
    suivre = client.get(reverse("instruction_suivi", args=[dossier.numero])).content.decode()
    assert "Salomé Roussel répond de ce dossier" in suivre
    absence = Absence.objects.get()
    assert client.post(reverse("instruction_absence_annuler", args=[absence.pk])).status_code == 302
    assert not Absence.objects.filter(annulee_le=None).exists()


def test_le_responsable_declare_pour_une_autre_personne():
    f.personne("salome")
    envoi = {"de": f.personne("benoit").pk, "du": "20/05/2025", "au": "30/05/2025", "a": ""}
    assert f.client("irene").post(reverse("instruction_absence"), envoi).status_code == 302
    assert Absence.objects.get().utilisateur == f.personne("benoit")


EQUIPE = ("benoit", "salome", "irene")
PERSONNE = ("",)


def _lier(dossier, qui, lien):
    personne = f.personne(qui)
    if lien == "interet":
        Interet.objects.create(
            utilisateur=personne, organisme=dossier.organisme, nature="bénévole", connu_le=DU
        )
    if lien == "rattachement":
        Rattachement.objects.create(
            utilisateur=personne, organisme=dossier.organisme, qualite="redacteur", fonction="bénévole"
        )
    if lien == "depart":
        Habilitation.objects.filter(utilisateur=personne).update(au=date(2025, 5, 1))


@pytest.mark.parametrize("lien", ["interet", "rattachement", "depart"])
def test_la_liste_et_le_courriel_disent_la_meme_personne(lien):
    """Le SQL de la liste, le Python d'un dossier, dans chaque cas : affecté, absent, remplacé, lié, parti."""
    for qui in EQUIPE:
        f.personne(qui)
    dossier, lieu, vus = f.dossier_depose(), f.territoire(), 0
    for charge, remplacant, lie in product((*PERSONNE, "benoit"), (None, "", "salome"), (*PERSONNE, *EQUIPE)):
        with transaction.atomic():
            Dossier.objects.filter(pk=dossier.pk).update(
                charge_de_mission=f.personne(charge) if charge else None
            )
            if remplacant is not None:
                absenter("benoit", remplacant or None)
            if lie:
                _lier(dossier, lie, lien)
            lu = Dossier.objects.select_related("charge_de_mission", "territoire").get(pk=dossier.pk)
            repond = suivi.suiveur(lu, DU)
            for qui in EQUIPE:
                acteur = f.acteur(qui)
                siens = Dossier.objects.a_juger_par(acteur).exclude(
                    suivi.tenus_par_d_autres(acteur, suivi.equipe_du(lieu, DU))
                )
                lit = Dossier.objects.a_juger_par(acteur).exists()
                sous_les_yeux = charge == qui and remplacant is not None
                attendu = lit and (repond is None or repond.personne == f.personne(qui) or sous_les_yeux)
                assert siens.exists() is attendu, (charge, remplacant, lie, qui)
                vus += 1
            transaction.set_rollback(True)
    assert vus == 72
