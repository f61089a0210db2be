"""Les pièces : contrôlées à l'entrée, gardées quand on les remplace, lues par qui le peut (R63, P33, T15)."""

from html import unescape

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from ensemblier.dossiers import actes
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.fiche import rapport_de
from ensemblier.dossiers.models import Piece
from ensemblier.dossiers.pieces import pieces_demandees
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Fichier, Trace
from tests import fabriques
from tests.interface.test_controles import png

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _en_mai():
    with time_machine.travel(fabriques.instant("2025-05-20 10:00"), tick=False):
        yield


def manquantes(dossier):
    return [p.code for p in pieces_demandees(Reponses(dossier)) if p.etat == "manquante"]


def test_il_manque_le_rib():  # S23
    dossier = fabriques.dossier()
    fabriques.joindre(dossier, "lettre", "statuts", "dirigeants", "recepisse")
    assert manquantes(dossier) == ["rib"]


def test_l_appel_qui_se_remplit_ailleurs_demande_son_cerfa():  # R63, P35
    assert "cerfa" in manquantes(fabriques.dossier("aap-2026"))
    assert "cerfa" not in manquantes(fabriques.dossier())


def test_sans_statuts_l_examen_passe_et_la_convention_attend():  # S76
    dossier = fabriques.dossier()
    fabriques.joindre(dossier, "lettre")
    depose = fabriques.deposer(dossier)
    rapport = rapport_de(depose)
    assert not rapport.bloquants("declarer_recevable")
    assert {c.regle for c in rapport.bloquants("conventionner")} == {"pieces"}
    fabriques.joindre(depose, "statuts", "dirigeants", "recepisse", "rib")
    assert not rapport_de(depose).bloquants("conventionner")


def envoyer_les_statuts(dossier, octets):
    par, fichier = fabriques.acteur("amina"), SimpleUploadedFile("statuts.pdf", octets)
    return actes.joindre_piece(
        dossier, code="statuts", fichier=fichier, par=par, roles=roles(par, dossier), le=dossier.cree_le
    )


def autres_statuts(dossier):
    return envoyer_les_statuts(dossier, fabriques.pdf_d_essai().read() + b"\n% deux")


def test_remplacer_garde_l_ancienne():
    dossier = fabriques.dossier()
    fabriques.joindre(dossier, "statuts")
    autres_statuts(dossier)
    assert Piece.objects.filter(dossier=dossier, code="statuts").count() == 2
    assert Piece.objects.filter(dossier=dossier, code="statuts", remplacee_le=None).count() == 1
    assert Fichier.objects.count() == 2


def test_le_meme_fichier_envoye_deux_fois_est_une_seule_piece():  # T09
    dossier, octets = fabriques.dossier(), fabriques.pdf_d_essai().read()
    premiere = envoyer_les_statuts(dossier, octets)
    assert envoyer_les_statuts(dossier, octets) == premiere
    assert envoyer_les_statuts(fabriques.deposer(dossier), octets) == premiere
    assert Piece.objects.get() == premiere
    assert Fichier.objects.count() == 1


def envoyer_par_la_page(dossier, cle, octets, code="statuts"):
    return fabriques.client("amina").post(
        f"/dossiers/{dossier.numero}/joindre/{code}/",
        {"cle": cle, "fichier": SimpleUploadedFile("statuts.pdf", octets)},
        headers={"Accept": "application/json"},
    )


def test_un_envoi_rejoue_ne_remplace_pas_ce_qui_est_venu_depuis():  # T09
    dossier, octets = fabriques.dossier(), fabriques.pdf_d_essai().read()
    assert envoyer_par_la_page(dossier, "a" * 32, octets).json() == {"phrase": "Statuts : pièce reçue."}
    autres_statuts(dossier)
    courante = Piece.objects.get(code="statuts", remplacee_le=None)
    assert envoyer_par_la_page(dossier, "a" * 32, octets).status_code == 200
    assert Piece.objects.get(code="statuts", remplacee_le=None) == courante
    assert Piece.objects.count() == Fichier.objects.count() == 2


def test_un_envoi_rejoue_reviendrait_garde_levee(monkeypatch):
    monkeypatch.setattr("ensemblier.dossiers.actes.pieces._deja_recue", lambda *_: None)
    dossier, octets = fabriques.dossier(), fabriques.pdf_d_essai().read()
    envoyer_par_la_page(dossier, "a" * 32, octets)
    autres_statuts(dossier)
    envoyer_par_la_page(dossier, "a" * 32, octets)
    assert Piece.objects.count() == 3


def test_l_envoi_d_une_piece_redemandee_ne_compte_qu_une_fois():
    dossier, octets = fabriques.dossier(), fabriques.pdf_d_essai().read()
    envoyer_par_la_page(dossier, "a" * 32, octets)
    depose = fabriques.deposer(dossier)
    Piece.objects.filter(code="statuts").update(statut="a_remplacer", motif="Page 2 illisible.")
    for _ in range(2):
        assert envoyer_par_la_page(depose, "b" * 32, octets).status_code == 200
    assert Piece.objects.filter(code="statuts").count() == 2


def test_la_meme_cle_avec_un_autre_fichier_est_un_autre_envoi():
    dossier, octets = fabriques.dossier(), fabriques.pdf_d_essai().read()
    envoyer_par_la_page(dossier, "a" * 32, octets)
    assert envoyer_par_la_page(dossier, "a" * 32, octets + b"\n% deux").status_code == 200
    assert Piece.objects.filter(code="statuts").count() == 2


def test_un_refus_se_dit_en_json_et_ne_laisse_rien():
    reponse = envoyer_par_la_page(fabriques.dossier(), "a" * 32, b"MZ un programme")
    assert reponse.status_code == 422
    assert "reconnaissons pas" in reponse.json()["refus"]
    assert not Fichier.objects.exists()


def test_la_page_des_pieces_dit_ou_envoyer_et_montre_l_image_recue():
    dossier = fabriques.dossier()
    amina, url = fabriques.client("amina"), f"/dossiers/{dossier.numero}/"
    assert f'data-envoi="{url}joindre/statuts/"' in amina.get(f"{url}pieces/").content.decode()
    amina.post(f"{url}joindre/statuts/", {"fichier": SimpleUploadedFile("statuts.png", png())})
    page = amina.get(f"{url}pieces/").content.decode()
    assert f'<img src="{_url(dossier, "statuts")}"' in page


def test_une_piece_recue_ne_change_plus_apres_le_depot_sauf_si_on_la_redemande():  # T13
    dossier = fabriques.dossier()
    fabriques.joindre(dossier, "statuts")
    depose = fabriques.deposer(dossier)
    with pytest.raises(EtatInterdit, match="déjà reçue"):
        autres_statuts(depose)
    Piece.objects.filter(code="statuts").update(statut="a_remplacer", motif="Page 2 illisible.")
    fabriques.joindre(depose, "statuts")
    assert Piece.objects.get(code="statuts", remplacee_le=None).statut == "recue"


@pytest.mark.parametrize(
    ("nom", "contenu"),
    [
        ("statuts.pdf", b"MZ\x90\x00 un programme"),
        ("statuts.pdf", b""),
        ("page.html", b"<html><script>alert(1)</script></html>"),
        ("dessin.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
    ],
)
def test_un_fichier_qui_n_est_pas_ce_qu_il_dit_est_refuse(nom, contenu):  # T15
    dossier = fabriques.dossier()
    amina = fabriques.client("amina")
    reponse = amina.post(
        f"/dossiers/{dossier.numero}/joindre/statuts/", {"fichier": SimpleUploadedFile(nom, contenu)}
    )
    assert reponse.status_code == 422
    assert "fichier" in reponse.content.decode()
    assert not Piece.objects.exists()
    assert not Fichier.objects.exists()


def test_une_piece_que_l_appel_ne_demande_pas_est_refusee():
    dossier = fabriques.dossier()
    with pytest.raises(ActeBloque, match="pas demandée"):
        fabriques.joindre(dossier, "cer")
    assert fabriques.client("amina").get(f"/dossiers/{dossier.numero}/joindre/secret/").status_code == 404


def test_une_etrangere_ne_joint_rien():
    dossier = fabriques.dossier()
    par = fabriques.acteur("david")
    with pytest.raises(RoleInsuffisant):
        actes.joindre_piece(
            dossier, code="statuts", fichier=fabriques.pdf_d_essai(), par=par, roles=roles(par, dossier),
            le=dossier.cree_le,
        )  # fmt: skip


def test_amina_joint_puis_retire_par_la_page():
    dossier = fabriques.dossier()
    amina = fabriques.client("amina")
    url = f"/dossiers/{dossier.numero}/"
    assert amina.post(f"{url}joindre/statuts/", {"fichier": fabriques.pdf_d_essai()}).status_code == 302
    assert "Reçue" in amina.get(f"{url}pieces/").content.decode()
    assert amina.post(f"{url}retirer/statuts/").status_code == 302
    assert "statuts" in manquantes(dossier)


def _url(dossier, code):
    piece = Piece.objects.select_related("fichier").get(dossier=dossier, code=code)
    return f"/dossiers/{dossier.numero}/pieces/{piece.fichier.cle}/"


def _code(qui, url):
    """Le code de la réponse, contenu lu jusqu'au bout."""
    reponse = fabriques.client(qui).get(url)
    if reponse.streaming:
        assert b"".join(reponse.streaming_content)
    return reponse.status_code


def test_une_piece_se_telecharge_sans_s_executer():  # T15
    dossier = fabriques.dossier_depose()
    reponse = fabriques.client("benoit").get(_url(dossier, "statuts"))
    assert reponse.status_code == 200
    assert reponse["Content-Disposition"].startswith("attachment")
    assert reponse["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reponse["Content-Security-Policy"]
    assert b"".join(reponse.streaming_content).startswith(b"%PDF-")
    assert _code("david", _url(dossier, "statuts")) == 404


def test_le_rib_n_est_lu_que_de_qui_paie_ou_instruit():  # §C.2
    dossier = fabriques.dossier_depose()
    url = _url(dossier, "rib")
    assert _code("amina", url) == 200
    assert not Trace.objects.filter(nature="consultation").exists()
    assert _code("benoit", url) == 200
    assert Trace.objects.filter(nature="consultation", raison="RIB").count() == 1
    assert _code("farid", _url(dossier, "statuts")) == 200
    assert _code("farid", url) == 404


def test_la_piece_d_un_autre_dossier_n_existe_pas_ici():
    dossier, autre = fabriques.dossier_depose(), fabriques.dossier()
    cle = _url(dossier, "statuts").split("/")[-2]
    assert fabriques.client("amina").get(f"/dossiers/{autre.numero}/pieces/{cle}/").status_code == 404


@pytest.mark.parametrize(
    ("type_mime", "disposition"),
    [
        ("application/pdf", "inline"), ("image/jpeg", "inline"), ("text/html", "attachment"),
        ("image/svg+xml", "attachment"),
        ("application/vnd.oasis.opendocument.text", "attachment"),
    ],
)  # fmt: skip
def test_ouvrir_une_piece_garde_toutes_ses_barrieres(type_mime, disposition):
    """Un PDF ou une image se montre dans le navigateur, même bac à sable ; le reste se télécharge."""
    dossier = fabriques.dossier()
    fabriques.joindre(dossier, "statuts")
    fichier = Piece.objects.get().fichier
    Fichier.objects.filter(pk=fichier.pk).update(type_mime=type_mime)
    url, amina = f"/dossiers/{dossier.numero}/pieces/{fichier.cle}/", fabriques.client("amina")
    for adresse, attendue in ((url, "attachment"), (f"{url}?ouvrir", disposition)):
        reponse = amina.get(adresse)
        fabriques.contenu(reponse)
        assert reponse["Content-Disposition"].startswith(f"{attendue};")
        assert reponse["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert reponse["X-Content-Type-Options"] == "nosniff"
    assert fabriques.client("david").get(f"{url}?ouvrir").status_code == 404


def test_une_page_s_ouvrirait_garde_levee(monkeypatch):
    dossier = fabriques.dossier()
    fabriques.joindre(dossier, "statuts")
    fichier = Piece.objects.get().fichier
    Fichier.objects.update(type_mime="text/html")
    monkeypatch.setattr("ensemblier.registre.fichiers.OUVRABLES", ("text/html",))
    url = f"/dossiers/{dossier.numero}/pieces/{fichier.cle}/?ouvrir"
    reponse = fabriques.client("amina").get(url)
    fabriques.contenu(reponse)
    assert reponse["Content-Disposition"].startswith("inline")


def test_la_page_propose_d_ouvrir_un_pdf():
    dossier = fabriques.dossier()
    fabriques.joindre(dossier, "statuts")
    page = fabriques.client("amina").get(f"/dossiers/{dossier.numero}/pieces/").content.decode()
    assert f"{Piece.objects.get().fichier.cle}/?ouvrir" in page


def test_une_session_perdue_pendant_l_envoi_se_dit_au_retour():
    """Sans JavaScript, le navigateur ne garde pas un fichier : la page le dit au lieu de se taire."""
    dossier = fabriques.dossier()
    adresse, client = f"/dossiers/{dossier.numero}/joindre/statuts/", fabriques.client()
    envoi = {"cle": "s" * 32, "fichier": fabriques.pdf_d_essai()}
    partie = client.post(adresse, envoi)
    assert partie["Location"].startswith("/connexion/?next=")
    assert not Fichier.objects.exists()
    fabriques.personne("amina")
    entree = {"login": "amina@maison.example", "password": fabriques.MOT_DE_PASSE}
    assert client.post(partie["Location"], entree)["Location"] == adresse
    assert "le fichier n'est pas arrivé. Choisissez-le de nouveau." in unescape(
        client.get(adresse).content.decode()
    )
    assert "n'est pas arrivé" not in unescape(client.get(adresse).content.decode())
    assert client.post(adresse, {"fichier": fabriques.pdf_d_essai()}).status_code == 302
