"""Un financeur lit ce qui le sollicite et ce qui touche son périmètre ; il n'écrit que sa ligne (P39)."""

import re
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.comptes.models import Habilitation
from ensemblier.dossiers.actes import ecrire_message, noter_reference_depot
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.models import CommuneVisee, Dossier, Piece
from ensemblier.instruction import actes
from ensemblier.instruction.models import Avis
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.noyau.packs import Territoire as Pack
from ensemblier.registre.actes import ouvrir
from ensemblier.registre.models import Trace
from tests import fabriques as f

pytestmark = pytest.mark.django_db
NOVEMBRE = f.instant("2025-11-12 09:00")
LOOS = "LOOS-EN-GOHELLE"
POURQUOI = "Vise Loos-en-Gohelle ; votre ville n'est pas sollicitée. Vous le lisez ; il n'y a pas de ligne à"
VISE = {
    "action__quartiers": [{"code": "QN06224M", "communes": ["LENS", LOOS]}],
    "action__contacts_communes": [{"commune": c, "le": "2025-10-02"} for c in ("LENS", LOOS)],
}


@pytest.fixture(autouse=True)
def au_12_novembre():
    with time_machine.travel(f.instant("2025-11-12 12:00"), tick=True):
        yield


@pytest.fixture
def vise():
    """Un dossier recevable de la Cité 12-14, à Lens et Loos-en-Gohelle ; aucune ville n'est sollicitée."""
    dossier = f.dossier_depose("aap-2026", **VISE)
    par = f.acteur("benoit")
    actes.declarer_recevable(dossier, par=par, roles=roles(par, dossier), le=NOVEMBRE)
    assert not dossier.demandes.filter(financeur__type="commune").exists()
    return dossier


def ville(code=LOOS):
    return f.territoire().financeurs.select_related("commune").get(code=code)


def agent_d_avion():
    """Une autre ville du contrat, que l'action ne vise pas."""
    lieu, personne = f.territoire(), f.personne("remi")
    Habilitation.objects.filter(utilisateur=personne).delete()
    ouvrir(
        Habilitation(
            utilisateur=personne, territoire=lieu, fonction="Chargé des subventions",
            qualite="agent_financeur", financeur=ville("AVION"),
        ),
        par=f.systeme(lieu.code), le=f.OUVERTURE, libelle="Habilité", public=False,
    )  # fmt: skip
    return personne


def lue(qui, nom, *arguments):
    """Le statut et le texte, sans ce qui change d'une requête à l'autre."""
    reponse = f.client(qui).get(reverse(nom, args=arguments))
    texte = unescape(f.contenu(reponse).decode("utf-8", "replace")).replace("’", "'")
    texte = re.sub(r'value="\w{64}"', "", texte)
    return reponse.status_code, re.sub(r"[\u00a0\u202f]", " ", texte)


def test_l_agent_d_une_ville_visee_lit_le_dossier_et_pourquoi(vise):
    statut, texte = lue("yasmine", "instruction_dossier", vise.numero)
    assert statut == 200
    assert POURQUOI in texte
    lignes = f.client("yasmine").get(reverse("instruction"), {"vue": "tout"}).context["lignes"]
    assert [x.dossier.pk for x in lignes] == [vise.pk]
    a_faire = f.client("yasmine").get(reverse("instruction"), {"vue": "a-faire"}).context["lignes"]
    assert not list(a_faire)


def test_un_brouillon_qui_vise_sa_ville_lui_reste_ferme():
    brouillon = f.dossier("aap-2026", action__quartiers=[{"code": "QN06224M", "communes": [LOOS]}])
    assert not Dossier.objects.visibles_par(f.acteur("yasmine")).filter(pk=brouillon.pk).exists()


def test_une_autre_ville_a_la_page_d_un_dossier_qui_n_existe_pas(vise):
    autre = agent_d_avion()
    for page in ("instruction_dossier", "instruction_historique", "dossier"):
        ailleurs = lue(autre, page, vise.numero)
        personne = lue(autre, page, "25-9999")
        assert ailleurs[0] == 404
        assert ailleurs[1].replace(vise.numero, "25-9999") == personne[1]
    assert not Dossier.objects.visibles_par(f.acteur("remi")).exists()


def test_sa_ville_visee_ailleurs_ouvrirait_tout_garde_levee(vise, monkeypatch):
    """Si le lieu visé n'était pas comparé, l'agent d'Avion lirait le dossier."""
    agent_d_avion()
    monkeypatch.setattr(CommuneVisee.objects, "filter", lambda **_: CommuneVisee.objects.all())
    assert Dossier.objects.visibles_par(f.acteur("remi")).exists()


def test_elle_ne_lit_ni_compte_bancaire_ni_fil_du_porteur_ni_fil_interne_ni_suites(vise):
    amina, yasmine = f.acteur("amina"), f.acteur("yasmine")
    ecrire_message(
        vise, texte="zibeline au service", cle="m", par=amina, roles=roles(amina, vise), le=NOVEMBRE,
        fichier=None,
    )  # fmt: skip
    assert lue("yasmine", "instruction_messages", vise.numero)[0] == 403
    assert lue("yasmine", "instruction_interne", vise.numero)[0] == 403
    assert lue("yasmine", "suite", vise.numero)[0] == 403
    rib = vise.pieces.get(code=Piece.RIB)
    assert lue("yasmine", "instruction_piece", vise.numero, rib.fichier.cle)[0] == 404
    statuts = vise.pieces.get(code="statuts")
    assert lue("yasmine", "instruction_piece", vise.numero, statuts.fichier.cle)[0] == 200
    assert "zibeline" not in lue("yasmine", "instruction_dossier", vise.numero)[1]
    assert roles(yasmine, vise) == set()
    volet = vise.demandes.first()
    with pytest.raises(RoleInsuffisant):
        noter_reference_depot(
            volet, reference="X1", le_depot=NOVEMBRE.date(), par=yasmine, le=NOVEMBRE,
            roles=roles_sur_demande(yasmine, volet),
        )  # fmt: skip
    assert all(Role.AGENT_FINANCEUR not in roles_sur_demande(yasmine, d) for d in vise.demandes.all())


def test_elle_n_a_pas_de_ligne_a_remplir(vise):
    statut, texte = lue("yasmine", "instruction_avis", vise.numero, LOOS)
    assert (statut, "n'est pas sollicitée" in texte) == (403, True)
    with pytest.raises(RoleInsuffisant, match="n'est pas sollicitée, il n'y a pas de ligne"):
        actes.rendre_avis(vise, ville(), sens="favorable", par=f.acteur("yasmine"), le=NOVEMBRE)
    assert not Avis.objects.exists()


def test_elle_rendrait_un_avis_que_personne_n_attend_garde_levee(vise, monkeypatch):
    monkeypatch.setattr("ensemblier.instruction.actes.partenaires.exiger_un_avis_attendu", lambda *a: None)
    actes.rendre_avis(vise, ville(), sens="favorable", par=f.acteur("yasmine"), le=NOVEMBRE)
    assert Avis.objects.exists()


def test_le_service_peut_demander_l_avis_de_sa_ville(vise):
    par = f.acteur("benoit")
    actes.demander_avis(
        vise, financeurs=[ville()], echeance=f.instant("2025-11-30 09:00").date(), par=par,
        roles=roles(par, vise), le=NOVEMBRE,
    )  # fmt: skip
    a_faire = f.client("yasmine").get(reverse("instruction"), {"vue": "a-faire"}).context["lignes"]
    assert [x.dossier.pk for x in a_faire] == [vise.pk]
    assert lue("yasmine", "instruction_avis", vise.numero, LOOS)[0] == 200
    actes.rendre_avis(vise, ville(), sens="favorable", par=f.acteur("yasmine"), le=NOVEMBRE)
    assert Avis.objects.get().financeur == ville()


def test_les_autres_financeurs_ne_lisent_que_ce_qui_les_sollicite(vise):
    """Le défaut du pack (P39) : leur périmètre serait tout le territoire."""
    vise.demandes.filter(financeur__code="REGION").delete()
    assert Dossier.objects.visibles_par(f.acteur("chloe")).filter(pk=vise.pk).exists()
    assert lue("remi", "instruction_dossier", vise.numero)[0] == 404


def _perimetre(monkeypatch, code, perimetre):
    """Le même pack, où ce financeur a dit son périmètre."""
    tel_quel = Pack.financeur

    def lire(pack, cle):
        lu = tel_quel(pack, cle)
        return lu.model_copy(update={"perimetre": perimetre}) if lu and cle == code else lu

    monkeypatch.setattr(Pack, "financeur", lire)


def test_un_pack_peut_ouvrir_tout_le_territoire_a_un_financeur(vise, monkeypatch):
    vise.demandes.filter(financeur__code="REGION").delete()
    _perimetre(monkeypatch, "REGION", "territoire")
    statut, texte = lue("remi", "instruction_dossier", vise.numero)
    assert statut == 200
    assert "Votre organisme lit tout le territoire ; il n'est pas sollicité ici." in texte
    assert lue("remi", "instruction_interne", vise.numero)[0] == 403
    assert roles(f.acteur("remi"), vise) == set()


def test_un_pack_peut_refuser_ce_qui_vise_une_ville(vise, monkeypatch):
    _perimetre(monkeypatch, LOOS, "demandes")
    assert lue("yasmine", "instruction_dossier", vise.numero)[0] == 404


def test_sollicitee_sa_ville_a_sa_ligne(vise):
    """Le droit de lire au-delà n'ôte rien à la ligne d'un financeur sollicité."""
    etat = vise.demandes.get(financeur__code="ETAT")
    etat.financeur = ville()
    etat.save(update_fields=("financeur",))
    assert roles(f.acteur("yasmine"), vise) == {Role.AGENT_FINANCEUR}
    assert POURQUOI not in lue("yasmine", "instruction_dossier", vise.numero)[1]
    assert lue("yasmine", "instruction_interne", vise.numero)[0] == 200


def _requetes(nom, *arguments):
    client, adresse = f.client("yasmine"), reverse(nom, args=arguments)
    client.get(adresse)
    with CaptureQueriesContext(connection) as lues:
        assert client.get(adresse).status_code == 200
    return len(lues)


def test_la_liste_coute_autant_a_une_et_a_cinq_lignes(vise):
    une = _requetes("instruction")
    for _ in range(4):
        f.dossier_depose("aap-2026", **VISE)
    assert Dossier.objects.visibles_par(f.acteur("yasmine")).count() == 5
    assert _requetes("instruction") == une <= 12
    assert _requetes("instruction_dossier", vise.numero) <= 15


def test_un_acces_refuse_se_trace_comme_un_dossier_absent(vise):
    lue(agent_d_avion(), "dossier", vise.numero)
    assert Trace.objects.filter(raison="introuvable").count() == 1


def test_le_droit_dit_la_ville_et_rien_au_dela():
    (droit,) = f.acteur("yasmine").droits
    assert (droit.financeur, droit.commune, droit.partout) == (LOOS, LOOS, False)
    (etat,) = f.acteur("chloe").droits
    assert (etat.financeur, etat.commune, etat.partout) == ("ETAT", "", False)
