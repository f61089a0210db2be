"""Plusieurs lectures en une requête rendent ce que rend chacune : mêmes lignes, mêmes types."""

import pytest

from ensemblier.appels.models import Jalon
from ensemblier.bilans.models import Bilan
from ensemblier.dossiers.models import (
    Ciblage,
    CoPorteur,
    Critere,
    Demande,
    Dossier,
    LigneDeBudget,
    Message,
    Saisie,
)
from ensemblier.interface import ensemble
from ensemblier.interface.ensemble import lire_ensemble, rassembler, relier
from tests import fabriques as f

pytestmark = pytest.mark.django_db
PRESENT = f.instant("2025-10-21 10:00")


@pytest.fixture
def dossier():
    d = f.dossier_depose("aap-2026")
    Critere.objects.create(dossier=d, code="habitants", est_declare=True, est_valide=None)
    CoPorteur.objects.create(
        dossier=d, nom="L'« autre » \\ maison", numero="123456789", role="Accueille", ajoute_le=PRESENT,
        ajoute_par="Amina", confirme=False, repondu_le=PRESENT,
    )  # fmt: skip
    Message.objects.create(
        dossier=d, cle="1", cote="porteur", auteur_nom="Amina", texte="Oui", envoye_le=PRESENT
    )
    return d


def valeurs(ligne):
    return [(c.attname, type(v := getattr(ligne, c.attname)), v) for c in ligne._meta.concrete_fields]


def lectures(dossier):
    modeles = (Critere, CoPorteur, Demande, LigneDeBudget, Message)
    return [
        *(m.objects.filter(dossier=dossier) for m in modeles),
        Jalon.objects.filter(appel=dossier.appel_id),
    ]


def test_une_requete_rend_les_memes_valeurs_que_chaque_lecture(dossier, django_assert_num_queries):
    with django_assert_num_queries(1):
        ensembles = lire_ensemble(*lectures(dossier))
    for lues, seule in zip(ensembles, lectures(dossier), strict=True):
        attendues = list(seule.order_by("pk"))
        assert attendues, seule.model
        assert [valeurs(x) for x in lues] == [valeurs(x) for x in attendues]


def test_une_valeur_mal_relue_serait_vue_garde_levee(dossier, monkeypatch):
    monkeypatch.setattr(ensemble, "_relue", lambda champ, valeur: valeur)
    (lues,) = lire_ensemble(CoPorteur.objects.filter(dossier=dossier))
    (attendue,) = CoPorteur.objects.filter(dossier=dossier)
    assert valeurs(lues[0]) != valeurs(attendue)


def test_une_ligne_lue_s_enregistre_sans_en_creer_une_autre(dossier):
    ((critere,),) = lire_ensemble(Critere.objects.filter(dossier=dossier))
    critere.justification = "Réunis en avril."
    critere.save()
    assert list(Critere.objects.values_list("justification", flat=True)) == ["Réunis en avril."]


def test_un_champ_que_le_json_deforme_se_refuse():
    with pytest.raises(TypeError, match="Bilan : heures_departement ne se lit pas"):
        lire_ensemble(Bilan.objects.all())


def test_un_champ_differe_ne_voyage_pas_et_se_lit_ensuite(dossier):
    Saisie.objects.create(
        dossier=dossier, cle="1", etape="action", champ="intitule", rang=1, par_nom="Amina", le=PRESENT,
        valeur=["é « » \\", 1, None, {"a": [True]}], avant=["avant"],
    )  # fmt: skip
    (saisies,), (lu,) = lire_ensemble(
        Saisie.objects.defer("avant"), Dossier.objects.filter(pk=dossier.pk).only("numero")
    )
    assert saisies.get_deferred_fields() == {"avant"}
    assert (saisies.valeur, saisies.avant) == (["é « » \\", 1, None, {"a": [True]}], ["avant"])
    assert "taux_retenu" in lu.get_deferred_fields()
    assert (lu.numero, lu.intitule) == (dossier.numero, dossier.intitule)


def test_rassembler_rend_le_lien_a_plusieurs_sans_requete(dossier, django_assert_num_queries):
    vises, passages, communes = lire_ensemble(
        dossier.ciblages.all(), Ciblage.communes.through.objects.all(), f.territoire().communes.all()
    )
    noms = {c.pk: c for c in communes}
    rassembler(vises, "communes", ((p.ciblage_id, noms[p.commune_id]) for p in passages))
    attendues = {c.pk: {v.code for v in c.communes.all()} for c in dossier.ciblages.all()}
    with django_assert_num_queries(0):
        assert {c.pk: {v.code for v in c.communes.all()} for c in vises} == attendues != {}


def test_relier_pose_le_lien_sans_requete(dossier, django_assert_num_queries):
    demandes, financeurs = lire_ensemble(
        Demande.objects.filter(dossier=dossier), f.territoire().financeurs.all()
    )
    relier(demandes, "financeur", financeurs)
    relier(demandes, "dossier", [])
    with django_assert_num_queries(0):
        assert {d.financeur.code for d in demandes} <= {x.code for x in financeurs}
    assert demandes[0].dossier == dossier
