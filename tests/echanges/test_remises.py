"""L'archive remise à un financeur : entière, déterministe, notée ; rien de plus que ce qu'il peut lire."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile

import pytest

from ensemblier.comptes.models import Interet
from ensemblier.dossiers.ecriture import poser_quartiers
from ensemblier.dossiers.models import Piece
from ensemblier.echanges import actes
from ensemblier.echanges.remises import Archive, nom_de_l_archive, nom_de_piece, remettables
from ensemblier.noyau.regles import Fiche, evaluer
from ensemblier.registre.models import Evenement
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db


@pytest.fixture
def dossier():
    lu = s.dossier("26-0041", appel="aap-2026")
    for code in ("CALL", "ETAT", "LENS"):
        s.volet(lu, "4000.00", financeur=code, etat="sollicitee")
    lu.criteres.create(code="habitants", est_declare=True, est_valide=True)
    cite = lu.territoire.quartiers.get(code="QN06224M")
    poser_quartiers(lu, {cite: [lu.territoire.communes.get(code="LENS")]})
    return lu


def financeur(code="ETAT"):
    return f.territoire().financeurs.get(code=code)


def poster(qui, code, **dits):
    return f.client(qui).post(f"/remises/{code}/", dits)


def ouvrir(reponse):
    assert reponse.status_code == 200, reponse
    return zipfile.ZipFile(io.BytesIO(f.contenu(reponse)))


def test_l_archive_d_un_dossier(dossier):
    reponse = poster("chloe", "ETAT", numero="26-0041")
    assert reponse["Content-Disposition"] == 'attachment; filename="remise-etat-26-0041.zip"'
    archive = ouvrir(reponse)
    assert archive.testzip() is None
    noms = archive.namelist()
    assert noms == [
        "26-0041/dossier.json",
        "26-0041/cerfa.pdf",
        "26-0041/pieces/01-cerfa.pdf",
        "26-0041/pieces/02-dirigeants.pdf",
        "26-0041/pieces/03-recepisse.pdf",
        "26-0041/pieces/04-statuts.pdf",
        "26-0041/LISEZMOI.txt",
        "LISEZMOI.txt",
    ]
    assert archive.read("26-0041/cerfa.pdf").startswith(b"%PDF")


def test_le_lisezmoi_porte_l_empreinte_de_chaque_fichier(dossier):
    archive = ouvrir(poster("benoit", "CALL", numero="26-0041"))
    lisezmoi = archive.read("26-0041/LISEZMOI.txt").decode()
    dites = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", lisezmoi, re.M))
    lues = {
        hashlib.sha256(archive.read(nom)).hexdigest(): nom.partition("/")[2]
        for nom in archive.namelist()
        if nom.startswith("26-0041/") and not nom.endswith("LISEZMOI.txt")
    }
    assert dites == lues
    assert hashlib.sha256(lisezmoi.encode()).hexdigest() in archive.read("LISEZMOI.txt").decode()
    assert "Demandé à Communauté d'agglomération de Lens-Liévin" in lisezmoi


def test_la_fiche_remise_se_relit_et_se_juge(dossier):
    """Le dossier.json est une FICHE (architecture §4) : `ensemblier evaluer` la lit telle quelle."""
    lue = json.loads(ouvrir(poster("chloe", "ETAT", numero="26-0041")).read("26-0041/dossier.json"))
    rapport = evaluer(f.pack_de_l_appel("aap-2026"), Fiche.lire(lue), territoire=f.pack_du_territoire())
    assert rapport.constats
    assert lue["bonification"]["habitants"] == {"declare": True}
    assert "taux_jury" not in lue["bonification"]


def test_mem_dossiers_memes_octets(dossier):
    premiere = f.contenu(poster("chloe", "ETAT", numero="26-0041"))
    assert f.contenu(poster("chloe", "ETAT", numero="26-0041")) == premiere


@pytest.mark.parametrize(
    ("qui", "code", "rib"), [("chloe", "ETAT", 0), ("benoit", "CALL", 1), ("farid", "LENS", 0)]
)
def test_le_rib_ne_va_qu_a_qui_le_lit(dossier, qui, code, rib):
    noms = ouvrir(poster(qui, code, numero="26-0041")).namelist()
    assert sum("rib" in nom for nom in noms) == rib


def test_la_lettre_va_au_seul_president_et_se_dit_non_signee(dossier):
    """R62 : jointe, elle part telle quelle ; sinon la forme à signer, qui le dit."""
    noms = ouvrir(poster("benoit", "CALL", numero="26-0041")).namelist()
    assert any(nom.endswith("-lettre.pdf") for nom in noms)
    assert not any("lettre" in nom for nom in ouvrir(poster("chloe", "ETAT", numero="26-0041")).namelist())
    dossier.pieces.filter(code="lettre").delete()
    archive = ouvrir(poster("benoit", "CALL", numero="26-0041"))
    assert "26-0041/lettre-non-signee.pdf" in archive.namelist()
    assert "NON SIGNÉE" in archive.read("26-0041/LISEZMOI.txt").decode()


def test_un_contenu_absent_ou_altere_se_dit_sans_arreter_l_archive(dossier):
    absente, alteree = dossier.pieces.filter(code__in=("statuts", "dirigeants")).order_by("code")
    absente.fichier.contenu.delete(save=False)
    type(absente.fichier).objects.filter(pk=absente.fichier.pk).update(contenu="aa/introuvable")
    type(absente.fichier).objects.filter(pk=alteree.fichier.pk).update(empreinte="0" * 64)
    archive = ouvrir(poster("chloe", "ETAT", numero="26-0041"))
    lisezmoi = archive.read("26-0041/LISEZMOI.txt").decode()
    assert f"{'-' * 64}  pieces/02-dirigeants.pdf" in lisezmoi
    assert "ABSENTE" in lisezmoi
    assert "ALTÉRÉE" in lisezmoi
    assert "26-0041/pieces/02-dirigeants.pdf" not in archive.namelist()


def test_une_selection_a_un_repertoire_par_dossier(dossier):
    autre = s.dossier("26-0042", appel="aap-2026")
    s.volet(autre, "4000.00", financeur="ETAT", etat="sollicitee")
    reponse = poster("chloe", "ETAT", numero=["26-0041", "26-0042"])
    assert "remise-etat-2-dossiers.zip" in reponse["Content-Disposition"]
    noms = ouvrir(reponse).namelist()
    assert {n.partition("/")[0] for n in noms} == {"26-0041", "26-0042", "LISEZMOI.txt"}
    assert len(noms) == len(set(noms))
    tout = ouvrir(poster("chloe", "ETAT", tout="oui", appel="aap-2026"))
    assert tout.namelist() == noms
    assert f.contenu(poster("chloe", "ETAT", tout="oui", appel="ami-2025")) == b""


@pytest.mark.parametrize(
    ("qui", "code", "numero", "statut"),
    [
        ("chloe", "REGION", "26-0041", 404),
        ("denise", "DEPARTEMENT", "26-0041", 404),
        ("chloe", "ETAT", "26-9999", 404),
        ("chloe", "INCONNU", "26-0041", 404),
        ("farid", "LENS", "26-0041", 200),
        ("farid", "WINGLES", "26-0041", 404),
        ("benoit", "REGION", "26-0041", 404),
        ("amina", "ETAT", "26-0041", 403),
        ("odile", "ETAT", "26-0041", 403),
        ("fatou_finances", "CALL", "26-0041", 403),
    ],
)
def test_un_financeur_ne_telecharge_que_ses_dossiers(dossier, qui, code, numero, statut):
    reponse = poster(qui, code, numero=numero)
    assert reponse.status_code == statut
    f.contenu(reponse)


def test_qui_a_un_interet_n_emporte_pas_le_dossier(dossier):
    Interet.objects.create(
        utilisateur=f.personne("chloe"), organisme=dossier.organisme, nature="trésorière", connu_le=s.VOTE_LE
    )
    assert poster("chloe", "ETAT", numero="26-0041").status_code == 404


def test_chaque_remise_est_au_registre_sans_que_le_porteur_la_lise(dossier):
    f.contenu(poster("chloe", "ETAT", numero="26-0041"))
    note = Evenement.objects.get(acte="remettre")
    assert (note.libelle, note.public) == ("Dossier remis à : État", False)
    codes = [p["code"] for p in note.detail.contenu["pieces"]]
    assert codes == ["cerfa", "dirigeants", "recepisse", "statuts"]
    assert note.detail.contenu["financeur"] == "ETAT"


def test_rien_de_coche_ou_trop_se_dit_et_rien_n_est_note(dossier, monkeypatch):
    reponse = poster("chloe", "ETAT")
    assert reponse.status_code == 302
    page = f.client("chloe").get(reponse["Location"])
    assert page.status_code == 200
    monkeypatch.setattr(actes, "AU_PLUS", 0)
    suite = f.client("chloe")
    suite.post("/remises/ETAT/", {"tout": "oui"})
    assert "0 au plus" in suite.get("/remises/").content.decode().replace("\u00a0", " ")
    assert not Evenement.objects.filter(acte="remettre").exists()


def test_l_archive_s_ecrit_au_fil_de_l_eau(dossier):
    """Les octets sortent par morceaux, le premier avant que la dernière pièce soit lue."""
    archive = Archive(financeur(), f.acteur("chloe"), remettables(f.acteur("chloe"), financeur()))
    morceaux = [m for m in archive.octets() if m]
    assert len(morceaux) > 10
    assert max(map(len, morceaux)) < 200_000


def test_les_noms_sont_surs_courts_et_uniques(dossier):
    piece = dossier.pieces.select_related("fichier").get(code="statuts")
    piece.fichier.nom = "../../Éric & Cie <statuts>.PDF"
    assert nom_de_piece(3, piece) == "pieces/03-statuts.pdf"
    piece.fichier.nom = "sans suffixe"
    assert nom_de_piece(4, piece) == "pieces/04-statuts.bin"
    lens = financeur("LENS")
    lens.code = "NOYELLES-SOUS-L'ÉTOILE"
    assert nom_de_l_archive(lens, ["26-0041"]) == "remise-noyelles-sous-letoile-26-0041.zip"


def test_un_rib_ouvert_a_tous_partirait_garde_levee(dossier, monkeypatch):
    from ensemblier.dossiers.models import PieceQuerySet

    monkeypatch.setattr(PieceQuerySet, "visibles_par", lambda self, acteur: self)
    noms = ouvrir(poster("chloe", "ETAT", numero="26-0041")).namelist()
    assert any(Piece.RIB in nom for nom in noms)
