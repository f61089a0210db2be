"""Dites-le-nous une fois : ce que l'organisme a déjà déposé se reprend d'un clic (L114-8 du CRPA)."""

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from ensemblier.comptes.models import Rib
from ensemblier.dossiers import actes
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.dossiers.pieces import pieces_demandees
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.reprises import reprises
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.noyau.packs.appel import VALIDITES
from ensemblier.noyau.packs.appel import Piece as PieceEcrite
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import ContenuAltere
from ensemblier.registre.models import Evenement, Fichier
from tests import fabriques as f

pytestmark = pytest.mark.django_db
DEPOT = f.instant("2025-05-20 10:00")
AN_APRES = f.instant("2025-10-28 09:00")
SIENNES = ("statuts", "dirigeants", "recepisse", "rib")


@pytest.fixture(autouse=True)
def a_l_appel_suivant():
    with time_machine.travel(AN_APRES, tick=False):
        yield


@pytest.fixture
def ancien():
    return f.dossier_depose("ami-2025")


@pytest.fixture
def nouveau(ancien):
    return f.dossier("aap-2026")


def reprendre(dossier, *codes, qui="amina", le=AN_APRES):
    par = f.acteur(qui, le=le.date())
    return actes.reprendre_pieces(dossier, codes=codes, par=par, roles=roles(par, dossier), le=le)


def page(dossier, qui="amina"):
    return f.client(qui).get(f"/dossiers/{dossier.numero}/pieces/").content.decode()


def poster(dossier, *codes, qui="amina"):
    adresse = f"/dossiers/{dossier.numero}/reprendre/"
    return f.client(qui).post(adresse, {"code": codes}, follow=True)


def test_l_annee_d_apres_aucune_piece_de_l_organisme_n_est_renvoyee(ancien, nouveau):
    """Année N+1 : un clic, zéro envoi ; ne restent que les pièces propres au dossier."""
    texte = page(nouveau)
    assert f"reçue le 20/05/2025 avec {ancien.numero}" in texte
    assert "Reprendre les 4 pièces" in texte
    assert "4\u00a0pièces reprises." in poster(nouveau, *SIENNES).content.decode()
    lues = Reponses(Dossier.objects.get(pk=nouveau.pk))
    etats = {p.code: p.etat for p in pieces_demandees(lues)}
    assert {code for code, etat in etats.items() if etat == "recue"} == set(SIENNES)
    assert {code for code, etat in etats.items() if etat == "manquante"} == {"lettre", "cerfa"}
    assert f"Reprise : reçue le 20/05/2025 avec {ancien.numero}." in page(nouveau)
    assert "Reprendre" not in page(nouveau)


def test_chaque_piece_reprise_a_son_fichier_le_meme_contenu(ancien, nouveau):
    (piece,) = reprendre(nouveau, "statuts")
    source = ancien.pieces.get(code="statuts")
    assert piece.reprise_de == source
    assert piece.fichier != source.fichier
    assert piece.fichier.empreinte == source.fichier.empreinte
    assert piece.fichier.contenu.name != source.fichier.contenu.name
    source.fichier.contenu.delete(save=False)
    with piece.fichier.contenu.open("rb") as contenu:
        assert contenu.read().startswith(b"%PDF-")


def test_deux_clics_ne_reprennent_qu_une_fois(nouveau):
    reprendre(nouveau, "statuts")
    avant = Fichier.objects.count()
    assert reprendre(nouveau, "statuts") == []
    assert reprendre(nouveau, "rib", "rib")[0].code == "rib"
    assert Fichier.objects.count() == avant + 1


def test_une_piece_reprise_garde_l_age_de_son_premier_envoi(ancien, nouveau):
    """Reprise d'année en année, elle vieillit : la liste des dirigeants de 2025 ne sert pas en 2027."""
    reprendre(nouveau, "dirigeants")
    f.deposer(nouveau)
    suivant = f.dossier("aap-2026", action__intitule="Une autre")
    a_temps = reprises(suivant, ["dirigeants"], le=f.instant("2026-11-20 23:59"))["dirigeants"]
    assert not a_temps.ecart
    assert a_temps.piece.premiere.dossier == ancien
    trop_tard = reprises(suivant, ["dirigeants"], le=f.instant("2026-11-21 00:00"))["dirigeants"]
    assert trop_tard.ecart == "Périmée : elle valait 18 mois, jusqu'au 20/11/2026. Ajoutez la nouvelle."


def test_une_piece_perimee_dit_pourquoi_et_ne_se_reprend_pas(nouveau):
    Piece.objects.filter(code="dirigeants").update(recue_le=f.instant("2024-01-05 10:00"))
    texte = page(nouveau)
    assert "Périmée : elle valait 18 mois, jusqu&#x27;au 05/07/2025. Ajoutez la nouvelle." in texte
    assert "Reprendre les 3 pièces" in texte
    with pytest.raises(ActeBloque, match="Périmée"):
        reprendre(nouveau, "statuts", "dirigeants")
    assert not nouveau.pieces.exists(), "tout ou rien"


def test_une_piece_perimee_se_reprendrait_garde_levee(nouveau, monkeypatch):
    Piece.objects.filter(code="dirigeants").update(recue_le=f.instant("2014-01-05 10:00"))
    monkeypatch.setattr(PieceEcrite, "validite_mois", 240)
    assert reprendre(nouveau, "dirigeants")


def test_un_rib_d_avant_le_compte_en_vigueur_est_perime(nouveau):
    organisme = f.organisme()
    Rib.objects.create(
        organisme=organisme, titulaire="JF12", iban_chiffre=b"x", iban_fin="606", ajoute_par="Amina",
        ajoute_le=f.instant("2025-05-01 10:00"),
    )  # fmt: skip
    assert not reprises(nouveau, ["rib"], le=AN_APRES)["rib"].ecart
    Rib.objects.update(ajoute_le=f.instant("2025-09-01 10:00"))
    assert "compte bancaire de l'organisme a changé le 01/09/2025" in (
        reprises(nouveau, ["rib"], le=AN_APRES)["rib"].ecart
    )


def test_on_ne_reprend_ni_un_brouillon_ni_une_piece_refusee_ni_une_piece_remplacee(ancien, nouveau):
    brouillon = f.dossier("aap-2026", action__intitule="Jamais déposé")
    f.joindre(brouillon, "statuts")
    assert reprises(nouveau, ["statuts"], le=AN_APRES)["statuts"].piece.dossier == ancien
    ancien.pieces.filter(code="statuts").update(statut="a_remplacer")
    assert reprises(nouveau, SIENNES, le=AN_APRES).keys() == {"dirigeants", "recepisse", "rib"}
    ancien.pieces.filter(code="rib").update(remplacee_le=DEPOT)
    assert reprises(nouveau, SIENNES, le=AN_APRES).keys() == {"dirigeants", "recepisse"}


def test_une_piece_propre_au_dossier_ne_se_reprend_pas(nouveau):
    assert reprises(nouveau, ["lettre", "cerfa"], le=AN_APRES) == {}
    with pytest.raises(ActeBloque, match="pas parmi celles que nous avons"):
        reprendre(nouveau, "lettre")


def test_la_piece_d_un_autre_organisme_ne_se_reprend_pas(ancien):
    chez_david = f.dossier("aap-2026", par="david", organisme_de="club")
    assert reprises(chez_david, SIENNES, le=AN_APRES) == {}
    with pytest.raises(ActeBloque):
        reprendre(chez_david, "statuts", qui="david")
    assert "Reprendre" not in page(chez_david, "david")


def test_une_etrangere_ne_reprend_rien_pour_autrui(nouveau):
    with pytest.raises(RoleInsuffisant):
        reprendre(nouveau, "statuts", qui="david")
    assert poster(nouveau, "statuts", qui="david").status_code == 404
    assert not nouveau.pieces.exists()


def test_un_contenu_altere_n_est_jamais_repris(ancien, nouveau):
    source = ancien.pieces.select_related("fichier").get(code="statuts").fichier
    with source.contenu.storage.open(source.contenu.name, "wb") as contenu:
        contenu.write(b"%PDF- autre chose")
    with pytest.raises(ContenuAltere):
        reprendre(nouveau, "statuts")
    assert not nouveau.pieces.exists()


def test_apres_le_depot_une_piece_manquante_se_reprend_et_le_registre_le_dit(ancien, nouveau):
    depose = f.deposer(nouveau)
    assert "Reprendre les 4 pièces" in page(depose)
    reprendre(depose, "statuts")
    fait = Evenement.objects.get(acte="joindre_piece", chaine__racine=depose.racine())
    assert fait.libelle == f"Pièce reprise : Statuts, reçue le 20/05/2025 avec {ancien.numero}"


def test_une_piece_reprise_se_remplace_et_se_retire_comme_une_autre(nouveau):
    reprendre(nouveau, "statuts", "rib")
    par = f.acteur("amina")
    siens = roles(par, nouveau)
    autre = SimpleUploadedFile("s.pdf", f.pdf_d_essai().read() + b"\n% deux")
    actes.joindre_piece(nouveau, code="statuts", fichier=autre, par=par, roles=siens, le=AN_APRES)
    actes.retirer_piece(nouveau, code="rib", par=par, roles=siens, le=AN_APRES)
    courantes = nouveau.pieces.filter(remplacee_le=None)
    assert [(p.code, p.reprise_de) for p in courantes] == [("statuts", None)]


def test_l_appel_peut_dire_sa_propre_duree():
    ecrite = f.pack_de_l_appel("aap-2026").piece("statuts")
    assert ecrite.valable_mois == ecrite.validite_mois == VALIDITES["statuts"] == 60
    assert ecrite.model_copy(update={"valable_mois": 6}).validite_mois == 6
    assert ecrite.model_copy(update={"valable_mois": 0}).validite_mois == 0


def test_un_reglement_fige_avant_cette_duree_garde_son_empreinte():
    ecrite = f.pack_de_l_appel("aap-2026").piece("lettre")
    assert "valable_mois" not in ecrite.model_dump(mode="json")
    critere = f.pack_de_l_appel("ami-2025").financement.criteres[0]
    assert set(critere.model_dump(mode="json")) == {"code", "libelle"}
    dite = ecrite.model_copy(update={"valable_mois": 6}).model_dump(mode="json")
    assert PieceEcrite.model_validate(dite).valable_mois == 6
