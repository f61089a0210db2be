"""Qui suit un dossier : la fonction de son thème (R70), le repli (R69, S74), un acte motivé, l'attente."""

from dataclasses import replace
from datetime import date

import pytest
import time_machine
from django.urls import reverse

from ensemblier.comptes.actes import retirer_l_habilitation
from ensemblier.comptes.actes_equipe import confier_un_poste
from ensemblier.comptes.models import Aide, Habilitation, Interet, Rattachement
from ensemblier.dossiers import actes, suivi
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import CoPorteur, Deport, Dossier
from ensemblier.noyau.machine import EtatInterdit, Role, RoleInsuffisant, TransitionRefusee
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-20 09:00")
SANTE, CULTURE = "mission-sante-habitat", "mission-emploi-culture"


@pytest.fixture(autouse=True)
def au_20_mai():
    with time_machine.travel(f.instant("2025-05-20 12:00"), tick=True):
        yield


@pytest.fixture
def salome():
    return f.personne("salome")


def confier(poste, qui, *, par="irene"):
    par = f.acteur(par)
    confier_un_poste(
        f.territoire(), poste=poste, a=qui and f.personne(qui), par=par, roles={d.role for d in par.droits},
        le=LE,
    )  # fmt: skip


def affecter(dossier, qui, motif="Elle connaît ce porteur.", *, par="irene"):
    acteur = f.acteur(par)
    return actes.affecter(
        dossier, a=qui and f.personne(qui), motif=motif, par=acteur, roles=roles(acteur, dossier), le=LE
    )


def a_faire(qui):
    lue = f.client(qui).get(reverse("instruction"), {"vue": "a-faire"})
    return {x.dossier.pk for x in lue.context["lignes"]}


def test_le_depot_affecte_a_qui_tient_la_fonction_du_theme_r70():
    confier(SANTE, "benoit")
    dossier = f.dossier_depose()
    assert dossier.charge_de_mission == f.personne("benoit")
    acte = Evenement.objects.get(acte="affecter")
    assert (acte.libelle, acte.moyen, acte.public) == ("Affecté à Benoît Marchal", "tache", False)
    assert acte.detail.motif == "Thème « Alimentation » : Chargée de mission politique de la ville."


def test_un_theme_que_personne_ne_suit_va_au_contact_de_repli_s74_r69():
    confier(SANTE, "benoit")
    dossier = f.dossier_depose(action__thematiques=["discriminations"])
    assert dossier.charge_de_mission is None
    assert suivi.adresse_du_suivi(dossier, le=LE) == "contrat-de-ville@call.example"
    assert not Evenement.objects.filter(acte="affecter").exists()
    assert dossier.pk in a_faire("benoit"), "il attend toute l'équipe"


def test_sans_titulaire_le_courriel_va_a_la_fonction_r70():
    dossier = f.dossier_depose()
    assert dossier.charge_de_mission is None
    assert suivi.adresse_du_suivi(dossier, le=LE) == "mission-sante-habitat@call.example"


def test_la_recevabilite_affecte_un_dossier_que_personne_ne_suivait():
    from ensemblier.instruction import actes as instruction

    dossier = f.dossier_depose()
    confier(SANTE, "benoit")
    par = f.acteur("irene")
    instruction.declarer_recevable(dossier, par=par, roles=roles(par, dossier), le=LE)
    dossier.refresh_from_db()
    assert dossier.charge_de_mission == f.personne("benoit")


def test_le_titulaire_lie_au_porteur_n_est_pas_affecte_b10():
    confier(SANTE, "benoit")
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=f.organisme(), nature="trésorier", connu_le=LE.date()
    )
    dossier = f.dossier_depose()
    assert dossier.charge_de_mission is None
    assert suivi.adresse_du_suivi(dossier, le=LE) == "mission-sante-habitat@call.example"


def test_un_titulaire_lie_serait_affecte_garde_levee(monkeypatch):
    confier(SANTE, "benoit")
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=f.organisme(), nature="trésorier", connu_le=LE.date()
    )
    lire = suivi.entourage
    monkeypatch.setattr(
        "ensemblier.dossiers.actes.depot.entourage", lambda *a: replace(lire(*a), ecartes=set())
    )
    assert f.dossier_depose().charge_de_mission == f.personne("benoit")


def _lier(genre, dossier):
    """Benoît lié à ce dossier ou à son porteur ; « autre » : à un organisme qui n'y est pour rien."""
    qui, club = f.personne("benoit"), f.organisme("club")
    if genre == "interet":
        Interet.objects.create(utilisateur=qui, organisme=dossier.organisme, nature="ami", connu_le=LE.date())
    elif genre == "deport":
        Deport.objects.create(dossier=dossier, utilisateur=qui, motif="Lien", declare_le=LE)
    elif genre == "aide":
        Aide.objects.create(
            organisme=dossier.organisme, objet=dossier.designation(), courriel=qui.courriel, utilisateur=qui,
            invitee_le=LE, invitee_par="Amina", acceptee_le=LE, au=LE.date(),
        )  # fmt: skip
    else:
        organisme = club if genre in ("co_porteur", "co_porteur_nomme", "autre") else dossier.organisme
        fin = date(2025, 5, 1) if genre == "ancien" else None
        Rattachement.objects.create(
            utilisateur=qui, organisme=organisme, qualite="redacteur", fonction="Bénévole", au=fin
        )
    if genre.startswith("co_porteur"):
        CoPorteur.objects.create(
            dossier=dossier, nom=club.nom, numero=club.siren, organisme=club, role="Anime", ajoute_le=LE,
            ajoute_par="Amina", confirme=genre == "co_porteur" or None, repondu_le=LE,
        )  # fmt: skip


LIENS = {
    "interet": False, "deport": False, "aide": False, "rattache": False, "co_porteur": False,
    "co_porteur_nomme": True, "ancien": True, "autre": True,
}  # fmt: skip


@pytest.mark.parametrize("genre", LIENS)
def test_l_entourage_ecarte_ceux_que_peut_suivre_ecarte(genre):
    dossier = f.dossier_depose()
    confier(SANTE, "benoit")
    _lier(genre, dossier)
    jour, benoit = LE.date(), f.personne("benoit")
    attendu = benoit if LIENS[genre] else None
    assert suivi.entourage(dossier, jour).titulaire(SANTE) == attendu
    assert suivi.peut_suivre(benoit, dossier, jour) == LIENS[genre]


def test_affecter_se_motive_se_trace_et_previent(salome):
    dossier = f.dossier_depose()
    affecter(dossier, "salome")
    dossier.refresh_from_db()
    assert dossier.charge_de_mission == salome
    acte = Evenement.objects.get(acte="affecter")
    assert (acte.auteur_nom, acte.detail.motif) == ("Irène Vasseur", "Elle connaît ce porteur.")
    lettre = Courriel.objects.get(cle__startswith="affectation:")
    assert lettre.destinataire == salome.courriel
    assert "Elle connaît ce porteur." in lettre.texte
    affecter(dossier, None, "Elle part en juin.")
    dossier.refresh_from_db()
    assert dossier.charge_de_mission is None


def test_chaque_refus_d_affecter_dit_pourquoi(salome):
    dossier = f.dossier_depose()
    with pytest.raises(TransitionRefusee, match="motif"):
        affecter(dossier, "salome", " ")
    with pytest.raises(RoleInsuffisant, match="chargé de mission ou responsable"):
        affecter(dossier, "salome", par="chloe")
    with pytest.raises(ActeBloque, match="n'instruit pas ici"):
        affecter(dossier, "chloe")
    with pytest.raises(ActeBloque, match="rien n'a changé"):
        affecter(dossier, None)
    Rattachement.objects.create(
        utilisateur=salome, organisme=f.organisme(), qualite="redacteur", fonction="bénévole"
    )
    with pytest.raises(ActeBloque, match="un lien avec le porteur"):
        affecter(dossier, "salome")
    par = f.acteur("amina")
    actes.retirer(dossier, motif="Projet reporté.", par=par, roles=roles(par, dossier), le=LE)
    with pytest.raises(EtatInterdit, match="plus rien n'y attend"):
        affecter(dossier, "benoit")


def test_seul_le_responsable_confie_une_fonction(salome):
    with pytest.raises(RoleInsuffisant, match="responsable du territoire"):
        confier(SANTE, "benoit", par="benoit")
    with pytest.raises(ActeBloque, match="n'instruit pas ici"):
        confier(SANTE, "chloe")
    with pytest.raises(ActeBloque, match="pas de fonction"):
        confier("mission-inconnue", "benoit")
    confier(SANTE, "benoit")
    confier(CULTURE, "benoit")
    confier(SANTE, "salome")
    tenues = {h.utilisateur.prenom: h.postes for h in Habilitation.objects.exclude(postes=[])}
    assert tenues == {"Benoît": [CULTURE], "Salomé": [SANTE]}, "une fonction n'a qu'un titulaire"


def test_ce_qui_attend_chacun_suit_l_affectation(salome):
    sien, libre = f.dossier_depose(), f.dossier_depose(action__thematiques=["discriminations"])
    affecter(sien, "salome")
    assert a_faire("salome") == {sien.pk, libre.pk}
    assert a_faire("benoit") == {libre.pk}
    lue = f.client("benoit").get(reverse("instruction"), {"vue": "tout"})
    assert {x.dossier.pk for x in lue.context["lignes"]} == {sien.pk, libre.pk}, "tout reste lisible"


def test_un_dossier_dont_le_charge_est_parti_ou_lie_revient_a_l_equipe(salome):
    parti, lie = f.dossier_depose(), f.dossier_depose(organisme_de="club", par="david")
    affecter(parti, "salome")
    affecter(lie, "salome")
    assert a_faire("benoit") == set()
    Interet.objects.create(utilisateur=salome, organisme=lie.organisme, nature="bénévole", connu_le=LE.date())
    assert a_faire("benoit") == {lie.pk}
    assert suivi.suiveur(Dossier.objects.get(pk=lie.pk), LE.date()) is None
    habilitation = Habilitation.objects.get(utilisateur=salome)
    par = f.acteur("irene")
    retirer_l_habilitation(habilitation, motif="Départ", par=par, roles={Role.RESPONSABLE}, le=LE)
    assert a_faire("benoit") == {lie.pk, parti.pk}


def test_sans_l_affectation_tout_attendrait_chacun_garde_levee(salome, monkeypatch):
    affecter(f.dossier_depose(), "salome")
    monkeypatch.setattr("ensemblier.espaces.lecteur.tenus_par_d_autres", lambda *a: None)
    assert len(a_faire("benoit")) == 1


@pytest.mark.parametrize(("valeur", "trouves"), [("moi", 1), ("personne", 1), ("inconnu", 0)])
def test_la_liste_se_filtre_par_les_miens_et_non_affectes(salome, valeur, trouves):
    sien = f.dossier_depose()
    f.dossier_depose(action__thematiques=["discriminations"])
    affecter(sien, "benoit")
    lue = f.client("benoit").get(reverse("instruction"), {"vue": "tout", "suivi": valeur, "col": "suivi"})
    lignes = lue.context["lignes"]
    assert len(lignes) == trouves
    if valeur == "moi":
        assert "Benoît Marchal" in lue.content.decode()
        assert [x.dossier.pk for x in lignes] == [sien.pk]


def test_un_partenaire_n_a_pas_le_filtre_du_suivi():
    f.dossier_depose("aap-2026", le=f.instant("2025-11-03 10:00"))
    lue = f.client("chloe").get(reverse("instruction"), {"vue": "tout"})
    noms = {x["nom"] for x in (*lue.context["filtres"], *lue.context["autres_filtres"])}
    assert "suivi" not in noms
    assert f.client("chloe").get(reverse("instruction"), {"suivi": "personne"}).context["lignes"] == []


def test_la_page_du_suivi_dit_pourquoi_et_change(salome):
    confier(SANTE, "benoit")
    dossier = f.dossier_depose()
    adresse = reverse("instruction_suivi", args=[dossier.numero])
    texte = f.client("irene").get(adresse).content.decode().replace("\u00a0", " ")
    assert "Benoît Marchal suit ce dossier." in texte
    assert "Thème « Alimentation »" in texte
    refus = f.client("irene").post(adresse, {"a": salome.pk, "motif": ""})
    assert refus.status_code == 422
    assert f.client("irene").post(adresse, {"a": salome.pk, "motif": "Relais"}).status_code == 302
    page = f.client("benoit").get(reverse("instruction_dossier", args=[dossier.numero]))
    assert "suivi par Salomé Roussel" in page.content.decode()


def test_la_page_de_l_equipe_confie_une_fonction():
    client, adresse = f.client("irene"), reverse("instruction_equipe")
    f.personne("benoit")
    texte = client.get(adresse).content.decode().replace("\u00a0", " ")
    assert "Lutte contre les discriminations" in texte
    assert client.post(adresse, {"poste": CULTURE, "a": f.personne("benoit").pk}).status_code == 302
    assert Habilitation.objects.get(utilisateur=f.personne("benoit")).postes == [CULTURE]
    assert client.post(adresse, {"poste": "rien", "a": ""}).status_code == 422
