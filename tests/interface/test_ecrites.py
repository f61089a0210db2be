"""Une requête écrite une fois : son texte est gardé, ses lignes jamais ; des clés citées en clair."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.comptes.actes import retirer_l_habilitation
from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.models import Habilitation
from ensemblier.interface.cles import parmi
from ensemblier.interface.ecrites import ecrite
from ensemblier.noyau.machine import Role
from ensemblier.territoires.models import Commune
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = date(2025, 6, 2)


def test_le_texte_s_ecrit_une_fois_et_les_lignes_se_lisent_chaque_fois():
    ecrits = []

    @ecrite
    def communes(code):
        ecrits.append(code)
        return Commune.objects.filter(code=code).values_list("nom")

    f.territoire()
    assert communes("LENS") == communes("LENS") == [("Lens",)]
    Commune.objects.filter(code="LENS").update(nom="Lens-la-Neuve")
    assert communes("LENS") == [("Lens-la-Neuve",)]
    assert communes("AVION") == [("Avion",)]
    assert ecrits == ["LENS", "AVION"]


def test_un_droit_retire_se_voit_a_la_lecture_suivante():
    personne, lieu = f.personne("benoit"), f.territoire()
    assert acteur_de(personne, lieu, le=LE).a(Role.INSTRUCTEUR)
    par, le = f.acteur("irene"), f.instant("2025-06-01 10:00")
    for habilitation in Habilitation.objects.filter(utilisateur=personne):
        retirer_l_habilitation(habilitation, motif="Départ", par=par, roles={Role.RESPONSABLE}, le=le)
    assert not acteur_de(personne, lieu, le=LE).a(Role.INSTRUCTEUR)


def test_les_cles_citees_sont_des_entiers_et_rien_d_autre():
    f.territoire()
    lens, avion = Commune.objects.get(code="LENS"), Commune.objects.get(code="AVION")
    with CaptureQueriesContext(connection) as lues:
        assert set(Commune.objects.filter(parmi([lens.pk, avion.pk]))) == {lens, avion}
    assert f"IN ({lens.pk},{avion.pk})" in lues[0]["sql"]
    assert not Commune.objects.filter(parmi([])).exists()
    with pytest.raises(ValueError, match="invalid literal"):
        parmi(["1) OR (1=1"])
