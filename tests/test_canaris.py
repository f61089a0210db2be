"""Un mot unique dans chaque champ sensible, et tout ce que chacun peut lire : aucun mot étranger (G5).

Pages, PDF, pièces et courriels ; une fuite se lit « qui a lu quoi, où ».
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pikepdf
import pytest
from django.test import Client

from ensemblier.bilans.models import Bilan
from ensemblier.comptes import actes as actes_comptes
from ensemblier.comptes import coffre
from ensemblier.comptes.models import Interet
from ensemblier.dossiers.models import Demande, Deport, Dossier, Piece
from ensemblier.instruction.models import Avis, Echange
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import consigner
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Courriel
from tests import documents, monde
from tests import fabriques as f
from tests import fabriques_suites as suites
from tests.aspirateur import parcourir
from tests.fabriques_suites import NOTIFIE_LE
from tests.monde import ACTEURS
from tests.test_acces import _adresse, adresses

PORTEUR = {"amina", "lucas"}
AIDE = {"nadia"}
CO_PORTEUR = {"victor"}
SERVICE = {"benoit", "irene", "odile"}
PAYEUR = {"fatou_finances"}
PARTENAIRES = {"chloe", "farid", "elise", "yasmine"}
LECTEURS_DU_DOSSIER = PORTEUR | AIDE | CO_PORTEUR | SERVICE | PAYEUR | PARTENAIRES
JUMEAUX = {"lucas", "irene", "odile", "wanda", "fermee"}
"""Qui voit ce que voit un autre : la longue vérification les lit aussi (`TOUS=1`)."""
LECTEURS = [qui for qui in ACTEURS if os.environ.get("TOUS") or qui not in JUMEAUX]


@dataclass(frozen=True)
class Canari:
    """Un mot, où il est écrit, et qui peut le lire."""

    mot: str
    ou: str
    lecteurs: frozenset[str]


def _canari(mot: str, ou: str, *groupes: set[str]) -> Canari:
    return Canari(mot, ou, frozenset().union(*groupes))


CANARIS = (
    _canari("FR7630001007941234567890185", "l'IBAN", set()),
    _canari("zibeline-rib", "la pièce du compte bancaire", PORTEUR, PAYEUR),
    _canari("zibeline-mandat", "la délégation de signature", PORTEUR, SERVICE, PAYEUR),
    _canari("zibeline-piece", "le RIB joint au dossier", PORTEUR, {"benoit", "irene"}, PAYEUR),
    _canari("zibeline-statuts", "une pièce ordinaire", LECTEURS_DU_DOSSIER),
    _canari("zibeline-brouillon", "le brouillon d'un porteur", PORTEUR, AIDE, CO_PORTEUR),
    _canari("zibeline-avis", "l'avis d'un financeur", SERVICE, PAYEUR, PARTENAIRES),
    _canari("zibeline-interne", "un fait interne du registre", SERVICE, PAYEUR, PARTENAIRES),
    _canari("zibeline-interet", "la nature d'un intérêt", set()),
    _canari("zibeline-deport", "le motif d'un déport, dit en séance", SERVICE, {"elise"}),
    _canari("zibeline-message", "un message au service", PORTEUR, SERVICE),
    _canari("zibeline-entre-nous", "un message interne partagé", SERVICE, {"chloe", "farid"}),
    _canari("zibeline-du-service", "un message interne du service", SERVICE),
    _canari("zibeline-devis", "le fichier d'un message", PORTEUR, SERVICE),
    _canari("zibeline-resume", "le texte du dossier", LECTEURS_DU_DOSSIER),
    _canari("zibeline-bilan", "le bilan du porteur", PORTEUR, SERVICE, PAYEUR, {"chloe", "farid"}),
    _canari("3 217,41", "un montant proposé, pas encore voté", SERVICE, PAYEUR, PARTENAIRES),
    _canari("zibeline.privee", "l'adresse du compte de quelqu'un", {"david"}),
)  # fmt: skip


def _contenu(mot: str) -> bytes:
    tampon = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Title"] = mot
        document.save(tampon)
    return tampon.getvalue()


def _fichier(mot: str):
    return conserver(
        _contenu(mot), nom="piece.pdf", type_mime="application/pdf", par=f.acteur("amina"), le=f.OUVERTURE
    )


def _semer(le_monde: monde.Monde) -> None:
    """Chaque canari dans son champ ; directement, comme si la vie l'y avait mis."""
    dossier, systeme = le_monde.decide, f.systeme("lens-lievin")
    rib = dossier.organisme.ribs.get()
    rib.iban_chiffre, rib.fichier = coffre.fermer(CANARIS[0].mot), _fichier("zibeline-rib")
    rib.save()
    dossier.organisme.mandats.update(fichier=_fichier("zibeline-mandat"))
    pieces = {p.code: p for p in dossier.pieces.all()}
    pieces[Piece.RIB].fichier = _fichier("zibeline-piece")
    pieces[Piece.RIB].save()
    statuts = next(p for code, p in pieces.items() if code != Piece.RIB)
    statuts.fichier = _fichier("zibeline-statuts")
    statuts.save()
    Dossier.objects.filter(pk=le_monde.brouillon.pk).update(description="zibeline-brouillon")
    Dossier.objects.filter(pk=dossier.pk).update(description="zibeline-resume")
    financeur = dossier.demandes.get(financeur__code="ETAT").financeur
    Avis.objects.create(
        dossier=dossier, financeur=financeur, sens="reserve", motif="zibeline-avis", rendu_le=NOTIFIE_LE,
        rendu_par="Chloé",
    )  # fmt: skip
    consigner(
        dossier, "noter", par=systeme, le=NOTIFIE_LE, libelle="Note", motif="zibeline-interne", public=False
    )
    message = dossier.messages.exclude(fichier=None).get()
    message.texte, message.fichier = "zibeline-message", _fichier("zibeline-devis")
    message.save()
    for partage, mot in (("financeurs", "zibeline-entre-nous"), ("service", "zibeline-du-service")):
        Echange.objects.create(
            dossier=dossier, cle=mot, auteur_nom="Benoît", auteur_fonction="chargé de mission", texte=mot,
            partage=partage, envoye_le=NOTIFIE_LE,
        )  # fmt: skip
    Interet.objects.update(nature="zibeline-interet")
    Deport.objects.update(motif="zibeline-deport")
    Bilan.objects.filter(dossier=dossier).update(difficultes="zibeline-bilan", depose_le=NOTIFIE_LE)
    Demande.objects.filter(dossier=dossier, financeur__code="LENS").update(
        propose=Decimal("3217.41"), vote=None
    )
    david = le_monde.personnes["david"]
    david.courriel = "zibeline.privee@maison.example"
    david.save()


@pytest.fixture
def le_monde(db, settings, monkeypatch):
    settings.DEMONSTRATION = True
    documents.en_html(monkeypatch, *documents.TOUS)
    seme = monde.creer()
    _semer(seme)
    return seme


def _texte(page) -> str:
    """Ce qu'un œil y lit : le HTML sans ses espaces insécables (un document engendré en est), ou le titre."""
    if page.corps.startswith(b"%PDF"):
        with pikepdf.open(io.BytesIO(page.corps)) as document:
            return str(document.docinfo.get("/Title", ""))
    return re.sub(r"[\u00a0\u202f]|&nbsp;", " ", page.corps.decode("utf-8", "replace"))


PUBLIQUES = ("/quartiers/", "/galerie/", "/observatoire/", "/appels/", "/connexion/", "/mot-de-passe/")


def _privees(departs: Iterable[str]) -> list[str]:
    """Les pages publiques se lisent une fois, sans compte ; un filtre de liste ne montre rien de plus."""
    return [x for x in departs if "?" not in x and not x.startswith(PUBLIQUES)]


def _lectures(le_monde: monde.Monde, qui: str) -> dict[str, str]:
    """Chaque canari lu par cette personne, et la première adresse où il l'a été."""
    client, lus = Client(), {}
    if qui in le_monde.personnes:
        client.force_login(le_monde.personnes[qui])
    departs = [_adresse(nom, le_monde) for nom in adresses()]
    for page in parcourir(client, _privees(departs) if qui != "anonyme" else departs, suivre=_privees):
        texte = _texte(page)
        for canari in CANARIS:
            if canari.mot in texte:
                lus.setdefault(canari.mot, page.adresse)
    return lus


def _fuites(le_monde: monde.Monde, personnes) -> list[str]:
    return [
        f"{qui} lit {canari.ou} : {lus[canari.mot]}"
        for qui in personnes
        for lus in [_lectures(le_monde, qui)]
        for canari in CANARIS
        if canari.mot in lus and qui not in canari.lecteurs
    ]


def test_personne_ne_lit_ce_qui_n_est_pas_pour_lui(le_monde):
    lus = {qui: _lectures(le_monde, qui) for qui in LECTEURS}
    fuites = [
        f"{qui} lit {canari.ou} : {lus[qui][canari.mot]}"
        for qui in LECTEURS
        for canari in CANARIS
        if canari.mot in lus[qui] and qui not in canari.lecteurs
    ]
    assert not fuites, "\n".join(fuites)
    jamais = [c.ou for c in CANARIS if c.lecteurs and not any(c.mot in siens for siens in lus.values())]
    assert not jamais, f"canaris que personne ne lit, donc qui ne prouvent rien : {jamais}"


def test_aucun_courriel_ne_porte_le_canari_d_un_autre(le_monde):
    """Un compte changé, une décision notifiée : l'IBAN, l'avis, le fait interne ne partent jamais."""
    Courriel.objects.all().delete()
    dossier, amina = le_monde.decide, f.acteur("amina")
    actes_comptes.ajouter_rib(
        dossier.organisme, titulaire="Les Jardins", iban=CANARIS[0].mot, fichier=_contenu("zibeline-rib"),
        nom_fichier="rib.pdf", type_mime="application/pdf", par=amina, roles={Role.SIGNATAIRE}, le=NOTIFIE_LE,
    )  # fmt: skip
    suites.notifier(dossier.demandes.get(financeur__code="ETAT"), qui="chloe")
    partis = list(Courriel.objects.all())
    assert len(partis) >= 2
    for courriel in partis:
        qui = courriel.destinataire.split("@")[0]
        for canari in CANARIS:
            if canari.mot in courriel.sujet + courriel.texte + courriel.html:
                assert qui in canari.lecteurs, f"{courriel.sujet} : {canari.ou}"


def _dans_l_archive(le_monde: monde.Monde, qui: str, financeur: str) -> dict[str, str]:
    """Chaque canari lu dans l'archive remise, et le fichier où il l'est."""
    client, lus = Client(), {}
    client.force_login(le_monde.personnes[qui])
    reponse = client.post(f"/remises/{financeur}/", {"numero": le_monde.decide.numero})
    assert reponse.status_code == 200, (qui, financeur)
    archive = zipfile.ZipFile(io.BytesIO(f.contenu(reponse)))
    for nom in archive.namelist():
        texte = _texte_d_un_fichier(nom, archive.read(nom))
        lus |= {c.mot: nom for c in CANARIS if c.mot in texte or c.mot in nom}
    return lus


def _texte_d_un_fichier(nom: str, octets: bytes) -> str:
    if not octets.startswith(b"%PDF"):
        return re.sub(r"[\u00a0\u202f]", " ", octets.decode())
    with pikepdf.open(io.BytesIO(octets)) as document:
        return str(document.docinfo.get("/Title", ""))


REMISES = (("chloe", "ETAT"), ("farid", "LENS"), ("benoit", "CALL"), ("irene", "ETAT"))


def test_l_archive_remise_ne_porte_le_canari_d_aucun_autre(le_monde):
    """Ni avis, ni fait interne, ni message, ni IBAN ; le RIB, pour le seul service."""
    jamais = {"zibeline-avis", "zibeline-interne", "zibeline-message", "zibeline-devis", "zibeline-deport"}
    for qui, financeur in REMISES:
        lus = _dans_l_archive(le_monde, qui, financeur)
        assert not jamais & set(lus), (qui, lus)
        assert not [c.ou for c in CANARIS if c.mot in lus and qui not in c.lecteurs], (qui, lus)
        assert "zibeline-statuts" in lus, "aucune pièce lue : la vérification ne prouve rien"


def test_l_archive_verrait_le_rib_garde_levee(le_monde, monkeypatch):
    from ensemblier.dossiers.models import PieceQuerySet

    assert "zibeline-piece" not in _dans_l_archive(le_monde, "chloe", "ETAT")
    monkeypatch.setattr(PieceQuerySet, "visibles_par", lambda self, acteur: self)
    assert "zibeline-piece" in _dans_l_archive(le_monde, "chloe", "ETAT")


def test_un_rib_ouvert_a_tous_serait_vu_garde_levee(le_monde, monkeypatch):
    from ensemblier.dossiers.models import PieceQuerySet

    piece = le_monde.decide.pieces.get(code=Piece.RIB)
    le_monde.parametres["cle"] = piece.fichier.cle
    assert not _fuites(le_monde, ["chloe"])
    monkeypatch.setattr(PieceQuerySet, "visibles_par", lambda self, acteur: self)
    assert any("le RIB joint au dossier" in fuite for fuite in _fuites(le_monde, ["chloe"]))
