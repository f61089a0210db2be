"""Grille, seuil et quorum sont ceux que l'appel écrit (§C.6, P17) : un autre pack, une autre grille."""

import hashlib
import shutil
from decimal import Decimal

import pytest
from django.conf import settings

from ensemblier.appels.models import Reglement
from ensemblier.noyau.packs import PackInvalide, Quorum, lire_appel, lire_territoire
from ensemblier.programmation import actes, deports, notes
from ensemblier.programmation.actes import jury
from ensemblier.programmation.models import Note
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
VAL = settings.RACINE / "packs" / "val-fictif"
SOURCE = {"document": "Appel", "page": "5", "citation": "la moitié", "litterale": False}


def val():
    return lire_appel(VAL / "appels" / "appel-2026.toml", lire_territoire(VAL))


def reecrire(**change):
    """L'appel de Lens-Liévin avec la grille du Val, sur 10, deux critères, son seuil et son quorum."""
    reglement = f.appel().reglement
    donnees = val().en_json()
    contenu = reglement.contenu | {"grille": donnees["grille"], "quorum": donnees["quorum"]} | change
    empreinte = hashlib.sha256(repr(contenu).encode()).hexdigest()
    Reglement.objects.filter(pk=reglement.pk).update(contenu=contenu, empreinte=empreinte)


def jouer(valeur, *membres, **sauf):
    dossier = scene.recevable()
    scene.proposer(dossier, "9000.00")
    tenue = scene.seance(dossier, membres=membres or ("elise",))
    for membre in membres or ("elise",):
        scene.noter(tenue, dossier, membre, valeur, **sauf)
    return dossier, tenue


def test_le_second_pack_a_sa_grille_son_seuil_et_son_quorum():
    lu = val()
    assert [(c.code, c.poids) for c in lu.grille.criteres] == [("projet", 60), ("budget", 40)]
    assert (lu.grille.note_max, lu.grille.seuil) == (10, 50)
    assert [lu.quorum.requis(n) for n in (1, 2, 3, 7)] == [1, 1, 2, 4]
    assert f.appel().regles().quorum is None  # Lens-Liévin n'en écrit pas


def test_une_grille_sur_dix_se_note_sur_cent():
    reecrire()
    _, tenue = jouer(7, budget=2)
    assert notes.resultats(tenue)[0].moyenne == Decimal(50)  # 60 × 7/10 + 40 × 2/10
    assert Note.objects.filter(valeur=7).exists()


def test_sous_le_seuil_retenir_se_justifie():
    reecrire()
    dossier, tenue = jouer(4)
    assert notes.resultats(tenue)[0].est_sous_le_seuil
    with pytest.raises(ActeBloque, match="sous le seuil de l'appel"):
        scene.decider(tenue, dossier)
    scene.decider(tenue, dossier, motif="Seule action du quartier.")
    assert tenue.inscriptions.get().decision == "retenu"


def test_au_seuil_juste_on_retient_sans_motif():
    reecrire()
    dossier, tenue = jouer(5)
    assert not notes.resultats(tenue)[0].est_sous_le_seuil
    scene.decider(tenue, dossier)


def test_sous_le_seuil_retenir_se_justifie_garde_levee(monkeypatch):
    reecrire()
    dossier, tenue = jouer(4)
    monkeypatch.setattr(jury, "_sous_le_seuil", lambda inscription: iter(()))
    scene.decider(tenue, dossier)
    assert tenue.inscriptions.get().decision == "retenu"


def test_le_seuil_se_lit_sur_la_moyenne_sans_les_deportes():  # B10
    reecrire()
    f.habiliter("david", "jury", "Conseiller")
    dossier = scene.recevable()
    scene.proposer(dossier, "9000.00")
    tenue = scene.seance(dossier, membres=("elise", "david"))
    scene.noter(tenue, dossier, "elise", 10)
    scene.noter(tenue, dossier, "david", 1)
    assert not notes.resultats(tenue)[0].est_sous_le_seuil
    hors = tenue.inscriptions.select_related("seance", "dossier").get()
    actes.declarer_deport(
        hors, f.personne("elise"), motif="Présidente", le=scene.JURY, par=f.acteur("elise"), roles=set()
    )
    assert notes.resultats(tenue)[0].est_sous_le_seuil
    assert deports.ecartes(tenue, [hors])


def test_le_quorum_vide_est_celui_de_l_appel():
    reecrire()
    f.habiliter("david", "jury", "Conseiller")
    dossier = scene.recevable()
    tenue = scene.seance(dossier, membres=("elise", "david", "irene"), quorum=None, ouverte=False)
    assert tenue.quorum == 2
    autre = scene.seance(dossier, membres=("elise",), quorum=1, ouverte=False)
    assert autre.quorum == 1


@pytest.mark.parametrize(
    ("avant", "apres", "cle"),
    [
        ('part = "0.5"\n', "", "quorum"),
        ('part = "0.5"\n', 'part = "0.5"\nnombre = 3\n', "quorum"),
        ("poids = 60", "poids = 59", "grille.criteres"),
        ('code = "budget"\nlibelle = "Budget"', 'code = "projet"\nlibelle = "Budget"', "grille.criteres"),
    ],
)
def test_un_pack_qui_se_trompe_de_grille_ou_de_quorum_est_nomme(tmp_path, avant, apres, cle):
    copie = tmp_path / "val-fictif"
    shutil.copytree(VAL, copie)
    fichier = copie / "appels" / "appel-2026.toml"
    texte = fichier.read_text(encoding="utf-8")
    assert avant in texte
    fichier.write_text(texte.replace(avant, apres, 1), encoding="utf-8")
    with pytest.raises(PackInvalide) as refus:
        lire_appel(fichier, lire_territoire(copie))
    assert cle in {e.cle for e in refus.value.erreurs}


def test_un_quorum_en_nombre_ne_depend_pas_des_votants():
    assert Quorum(nombre=3, texte="trois présents", source=SOURCE).requis(9) == 3
