"""Couper chaque écriture du récit à chaque instant : rien à moitié, rien de perdu, rien en double (G2, T09).

Pour chaque instant d'un pas : l'état retrouvé est l'un de ceux que le pas valide, aucune ligne n'est sans son
fichier, le registre est intact, le balai ôte les contenus orphelins et eux seuls, et la même demande
renvoyée mène exactement à l'état d'un pas que rien n'a coupé.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.db.transaction import Atomic
from django.http import HttpResponse
from django.test import Client, override_settings

from ensemblier.dossiers.models import Dossier
from ensemblier.registre import fichiers as registre_fichiers
from ensemblier.registre import intentions
from ensemblier.registre.actes import sceller
from ensemblier.registre.courriels import BAIL, envoyer_en_attente
from ensemblier.registre.models import Courriel, Evenement, Fichier, Intention
from ensemblier.registre.verification import verifier
from tests import documents, fabriques
from tests.coupures import banc as b
from tests.coupures import recit

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Scene:
    """Un pas prêt à jouer : la base et les fichiers d'avant, la demande telle que la page l'enverra."""

    pas: recit.Pas
    base: sqlite3.Connection
    contenus: Path
    navigateur: Client
    session: str
    adresse: str
    corps: dict[str, Any] | None
    etats: list[b.Etat]
    instants: list[str]
    reponse: tuple[int, str]
    dit: str = ""

    def demander(self, adresse: str = "") -> tuple[int, str]:
        """Envoie la demande ; rend le code et l'adresse de la suite."""
        navigateur = self.navigateur
        navigateur.cookies.clear()
        navigateur.cookies[settings.SESSION_COOKIE_NAME] = self.session
        with time_machine.travel(self.pas.le, tick=False):
            if self.corps is None:
                return _lue(navigateur.get(self.adresse))
            choisis = {
                nom: v.choisi() if isinstance(v, recit.Fichier) else v for nom, v in self.corps.items()
            }
            reponse = navigateur.post(adresse or self.adresse, {} if adresse else choisis)
            self.dit = str(
                reponse.cookies.get("messages", reponse.context and reponse.context.get("raisons"))
            )
            return _lue(reponse)

    def remettre(self) -> None:
        b.remettre(self.base)


def _lue(reponse: HttpResponse) -> tuple[int, str]:
    if reponse.streaming:
        b"".join(reponse.streaming_content)
    return reponse.status_code, reponse.headers.get("Location", "")


def _preparer(pas: recit.Pas, contenus: Path, navigateur: Client) -> Scene:
    """Joue le pas une fois, sans coupure, sur une copie des fichiers ; garde de quoi le rejouer."""
    with time_machine.travel(pas.le, tick=False):
        if pas.prepare:
            pas.prepare()
        navigateur.force_login(fabriques.personne(pas.qui))
        session = navigateur.session.session_key
        adresse, corps = pas.adresse(), pas.corps() if pas.corps else None
    copie = contenus.with_name(f"{contenus.name}-{pas.nom.replace(' ', '-')}")
    shutil.copytree(contenus, copie)
    depart = b.photographier()
    scene = Scene(pas, depart, copie, navigateur, session, adresse, corps, [b.etat()], [], (0, ""))
    with override_settings(MEDIA_ROOT=copie), b.branche(b.Banc(etats=scene.etats)) as banc:
        scene.reponse = scene.demander()
    scene.instants = banc.instants
    assert len(scene.etats) > 1, f"« {pas.nom} » n'a rien écrit : {scene.reponse} {scene.dit}"
    return scene


@pytest.fixture(scope="module")
def scenes(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[dict[str, Scene]]:
    """Le récit entier joué une fois ; chaque essai repart de la photographie de son pas."""
    contenus = tmp_path_factory.mktemp("contenus")
    with contextlib.ExitStack() as pile, pytest.MonkeyPatch.context() as m:
        pile.enter_context(django_db_blocker.unblock())
        pile.enter_context(override_settings(MEDIA_ROOT=contenus))
        documents.en_html(m, documents.DOSSIERS, documents.CONVENTIONS, documents.PROGRAMMATION)
        vierge = b.photographier()
        for nom in ("amina", "lucas", "benoit", "elise", "fatou_finances", "gerard_certifie"):
            fabriques.personne(nom)
        fabriques.appel()
        scenes, navigateur = {}, Client()
        for pas in recit.RECIT:
            scenes[pas.nom] = scene = _preparer(pas, contenus, navigateur)
            shutil.copytree(scene.contenus, contenus, dirs_exist_ok=True)
        b.remettre(vierge)
        yield scenes


@contextlib.contextmanager
def _sur(scene: Scene) -> Iterator[None]:
    """La base et les fichiers d'avant le pas ; vide à la sortie, comme l'essai suivant l'attend."""
    vierge = b.photographier()
    with override_settings(MEDIA_ROOT=scene.contenus):
        scene.remettre()
        try:
            yield
        finally:
            b.remettre(vierge)


def eprouver(scene: Scene) -> list[str]:
    """Coupe le pas à chacun de ses instants ; rend tout ce qui cloche, en clair."""
    fautes, vus = [], set()
    with _sur(scene):
        for n, nom in enumerate(scene.instants):
            ou = f"{scene.pas.nom}, coupé à l'instant {n} ({nom})"
            with b.branche(b.Banc(couper_a=n)) as banc:
                scene.demander()
            if not banc.est_mort:
                fautes.append(f"{ou} : l'instant n'est pas revenu")
            fautes += [f"{ou} : {faute}" for faute in _apres_la_coupure(scene, vus)]
    return fautes


def _apres_la_coupure(scene: Scene, vus: set[int]) -> Iterator[str]:
    yield from b.defauts_des_fichiers()
    yield from _balayer()
    lu = b.etat()
    if lu not in scene.etats:
        yield f"écrit à moitié : {b.difference(scene.etats[-1], lu)}"
        scene.remettre()
        return
    rang = scene.etats.index(lu)
    est_neuf = rang not in vus
    if est_neuf:
        vus.add(rang)
        yield from b.defauts_du_registre()
        yield from _renvoyer(scene, rang)
    if est_neuf or rang:
        scene.remettre()


def _balayer() -> Iterator[str]:
    """Les orphelins tout neufs restent (leur acte est peut-être en cours) ; vieux d'un jour, ils partent."""
    connus = set(Fichier.objects.values_list("contenu", flat=True))
    avant = b.fichiers()
    if avant <= connus:
        return
    maintenant = datetime.now(UTC)
    if registre_fichiers.balayer(le=maintenant) or b.fichiers() != avant:
        yield "le balai ôte un contenu tout neuf"
    registre_fichiers.balayer(le=maintenant + timedelta(days=2))
    if b.fichiers() != connus & avant:
        yield f"après le balai : {sorted(b.fichiers() ^ connus)}"


def _renvoyer(scene: Scene, rang: int) -> Iterator[str]:
    """La personne n'a pas eu de réponse : elle renvoie la même demande."""
    fini = rang == len(scene.etats) - 1
    recue = scene.demander()
    if scene.pas.repare and recue[0] != scene.reponse[0] and not fini:
        scene.demander(scene.pas.repare())
    elif fini:
        vers = scene.pas.encore_vers() if scene.pas.encore_vers else scene.reponse[1]
        attendue = (scene.pas.encore, vers if scene.pas.encore == 302 else "")
        if recue != attendue:
            yield f"renvoyée après coup : {recue} au lieu de {attendue}"
    elif recue != scene.reponse:
        yield f"renvoyée : {recue} au lieu de {scene.reponse}"
    if (lu := b.etat()) != scene.etats[-1]:
        yield f"renvoyée depuis l'état {rang}, la demande mène ailleurs : {b.difference(scene.etats[-1], lu)}"
    yield from b.defauts_des_fichiers()
    yield from b.defauts_du_registre()


@pytest.mark.parametrize("nom", [pas.nom for pas in recit.RECIT])
def test_chaque_ecriture_coupee_a_chaque_instant(scenes, nom):
    scene = scenes[nom]
    assert scene.reponse[0] == (200 if scene.corps is None else 302), scene.reponse
    assert len(scene.etats) == 1 + scene.pas.etats, "le pas valide en plus de fois que le récit ne le dit"
    assert eprouver(scene) == []


def test_le_recit_coupe_plusieurs_centaines_d_instants(scenes):
    """La matrice ne rétrécit pas sans qu'on le voie."""
    assert len(scenes) >= 25
    assert sum(len(scene.instants) for scene in scenes.values()) > 300


def test_un_numero_un_accuse_un_courriel_par_personne(scenes):  # T09
    scene = scenes["déposer"]
    with _sur(scene):
        assert {scene.demander() for _ in range(3)} == {scene.reponse}
        depose = Dossier.objects.get()
        courriels = Courriel.objects.filter(cle__startswith="accuse:")
        assert sorted(courriels.values_list("destinataire", flat=True)) == [
            "amina@maison.example", "lucas@maison.example",
        ]  # fmt: skip
        assert Evenement.objects.filter(acte="deposer").count() == 1
        assert Intention.objects.get(cle="d" * 32).reponse["accuse"] == depose.accuse_empreinte


def _instants_d_une_tache(tache) -> list[str]:
    with b.branche(b.Banc()) as banc:
        tache()
    return banc.instants


def test_un_courriel_coupe_part_au_moins_une_fois_sous_une_seule_identite(scenes):  # G2, G20
    scene = scenes["déposer"]
    le = scene.pas.le + timedelta(minutes=1)
    with _sur(scene):
        scene.demander()
        depart = b.photographier()
        attendus = set(Courriel.objects.values_list("destinataire", flat=True))
        for n in range(len(_instants_d_une_tache(lambda: envoyer_en_attente(le=le)))):
            b.remettre(depart)
            mail.outbox.clear()
            with b.branche(b.Banc(couper_a=n)):
                envoyer_en_attente(le=le)
            envoyer_en_attente(le=le + BAIL)
            assert not Courriel.objects.filter(envoye_le=None).exists()
            assert {m.to[0] for m in mail.outbox} == attendus
            identites = {(m.to[0], m.extra_headers["Message-ID"]) for m in mail.outbox}
            assert len(identites) == len(attendus), "un courriel renvoyé a changé d'identité"


def test_un_scellement_coupe_ne_laisse_ni_trou_ni_double(scenes):
    scene = scenes["clore la séance"]
    with _sur(scene):
        for n in range(len(_instants_d_une_tache(lambda: sceller(le=scene.pas.le)))):
            scene.remettre()
            with b.branche(b.Banc(couper_a=n)):
                sceller(le=scene.pas.le)
            sceller(le=scene.pas.le)
            assert verifier().est_intacte
            assert verifier().sceaux == Evenement.objects.count()


# --- la garde ôtée, l'essai doit voir la perte ------------------------------------------------------------


def test_une_ecriture_sans_transaction_reste_a_moitie_garde_levee(scenes, monkeypatch):
    scene = scenes["déclarer recevable"]
    monkeypatch.setattr(Atomic, "__enter__", lambda self: None)
    monkeypatch.setattr(Atomic, "__exit__", lambda self, *_: None)
    with _sur(scene), b.branche(b.Banc()) as banc:
        scene.demander()
    fautes = eprouver(replace(scene, instants=banc.instants))
    assert any("écrit à moitié" in faute for faute in fautes)


def test_ouvrir_deux_fois_ouvre_deux_dossiers_garde_levee(scenes, monkeypatch):  # T09
    """Sans la clé d'intention, la réponse perdue coûte un second numéro."""

    def sans_cle(*, cle, par, corps, le):
        return Intention.objects.create(cle=uuid4().hex, utilisateur=par.utilisateur, recue_le=le)

    scene = scenes["ouvrir le dossier"]
    monkeypatch.setattr(intentions, "recevoir", sans_cle)
    with _sur(scene):
        assert scene.demander() != scene.demander()
        assert Dossier.objects.count() == 2


def test_un_balai_trop_presse_ote_le_contenu_d_un_acte_en_cours_garde_levee(scenes, monkeypatch):
    monkeypatch.setattr(registre_fichiers, "GARDE", timedelta(0))
    assert any("tout neuf" in faute for faute in eprouver(scenes["joindre une pièce"]))
