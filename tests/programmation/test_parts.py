"""Les sous-enveloppes : réparties, déléguées, virées ; jamais dépassées, et chaque garde a son contrôle."""

from contextlib import contextmanager
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.programmation import actes
from ensemblier.programmation.actes import parts
from ensemblier.programmation.models import Enveloppe, SousEnveloppe
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def ouverte(montant="20000.00"):
    f.appel()
    return scene.enveloppe("CALL", montant)


def part(enveloppe, montant, nature="", dispositif=None, **options):
    objet = actes.Objet(2025, nature, dispositif, options.pop("delegataire", ""))
    options = {"par": f.acteur("benoit"), "le": scene.AMI} | options
    return actes.repartir(enveloppe, objet=objet, montant=Decimal(montant), **options)


def virer(de, vers, montant, motif="Un quartier de plus", **options):
    options = {"par": f.acteur("benoit"), "le": scene.AMI} | options
    actes.virer(de, vers, montant=Decimal(montant), motif=motif, **options)


def relu(objet):
    return type(objet).objects.get(pk=objet.pk)


def test_repartir_prend_sur_le_tout_et_jamais_plus():
    enveloppe = ouverte()
    part(enveloppe, "15000", "BOP 147")
    with pytest.raises(ActeBloque, match="Au plus 5"):
        part(enveloppe, "5000.01", "Droit commun")
    part(enveloppe, "5000", "Droit commun", delegataire="Lens")
    assert (relu(enveloppe).reparti, relu(enveloppe).libre) == (20000, 0)
    with pytest.raises(ActeBloque, match="déjà ouverte"):
        part(enveloppe, "1", "BOP 147")


def test_un_virement_ne_change_pas_le_tout():
    enveloppe = ouverte()
    de, vers = part(enveloppe, "15000", "a"), part(enveloppe, "5000", "b")
    virer(de, vers, "14999.99")
    assert (relu(de).montant, relu(vers).montant) == (Decimal("0.01"), Decimal("19999.99"))
    assert (relu(enveloppe).montant, relu(enveloppe).reparti) == (20000, 20000)
    with pytest.raises(ActeBloque, match="dépasse ce qui reste"):
        virer(de, vers, "0.02")
    with pytest.raises(ActeBloque, match="motif"):
        virer(de, vers, "0.01", motif=" ")
    with pytest.raises(RoleInsuffisant):
        virer(de, vers, "0.01", par=f.acteur("chloe"))


def test_un_accord_compte_dans_la_part_de_son_dispositif():
    premier, second = scene.recevable(), scene.deuxieme()
    for dossier in (premier, second):
        scene.programmer(dossier, "9000")
    enveloppe = scene.enveloppe("CALL", "20000.00")
    dispositif = scene.volet(premier).dispositif
    la = part(enveloppe, "10000", dispositif=dispositif)
    scene.deliberer("CALL", (premier, "9000"))
    assert (relu(la).engage, relu(enveloppe).engage) == (9000, 9000)
    assert scene.reste(scene.volet(second)) == 1000
    with pytest.raises(ActeBloque, match="enveloppe"):
        scene.deliberer("CALL", (second, "9000"), numero="2025-119")
    assert (relu(la).engage, relu(enveloppe).engage) == (9000, 9000)


@pytest.mark.parametrize("montant", ["8000", "8500.50"])
def test_un_accord_vote_avant_la_part_change_sans_y_toucher(montant):
    """Un accord reste compté là où il le fut d'abord : sa baisse ne rend rien à une part ouverte depuis."""
    premier, second = scene.recevable(), scene.deuxieme()
    for dossier in (premier, second):
        scene.programmer(dossier, "9000")
    enveloppe = scene.enveloppe("CALL", "30000.00")
    scene.deliberer("CALL", (premier, "9000"))
    la = part(enveloppe, "10000", dispositif=scene.volet(premier).dispositif)
    scene.deliberer("CALL", (premier, montant, "Moins de séances."), numero="2025-119")
    assert (relu(la).engage, relu(enveloppe).engage) == (0, Decimal(montant))
    assert relu(enveloppe).libre == 20000 - Decimal(montant)
    scene.deliberer("CALL", (second, "9000"), numero="2025-120")
    assert (relu(la).engage, relu(enveloppe).engage) == (9000, 9000 + Decimal(montant))


def test_un_accord_change_dans_la_part_qui_l_a_paye():
    """Une part plus précise ouverte depuis ne paie pas ce qu'une autre a déjà engagé."""
    dossier = scene.recevable()
    scene.programmer(dossier, "9000")
    enveloppe = scene.enveloppe("CALL", "30000.00")
    large = part(enveloppe, "10000", delegataire="Lens")
    scene.deliberer("CALL", (dossier, "8000"))
    juste = part(enveloppe, "10000", dispositif=scene.volet(dossier).dispositif)
    scene.deliberer("CALL", (dossier, "7000", "Moins de séances."), numero="2025-119")
    assert (relu(large).engage, relu(juste).engage) == (7000, 0)
    with pytest.raises(ActeBloque, match="Au plus"):
        scene.deliberer("CALL", (dossier, "10000.01", "Plus de séances."), numero="2025-120")


def test_hors_des_parts_il_reste_ce_qui_n_est_pas_reparti():
    premier = scene.recevable()
    scene.programmer(premier, "9000")
    enveloppe = scene.enveloppe("CALL", "20000.00")
    part(enveloppe, "12000", "autres crédits")
    assert scene.reste(scene.volet(premier)) == 8000


# ------------------------------------------------------------------ les trois gardes, et leur contrôle


def depasser(part_ouverte, montant="10000.01"):
    with transaction.atomic():
        SousEnveloppe.objects.filter(pk=part_ouverte.pk).update(engage=Decimal(montant))


def test_la_base_refuse_le_depassement():
    la = part(ouverte(), "10000")
    with pytest.raises(IntegrityError, match="sous_enveloppe_jamais_depassee"):
        depasser(la)
    assert relu(la).engage == 0


def test_la_base_refuse_le_depassement_garde_levee():
    la = part(ouverte(), "10000")
    with sans_check():
        depasser(la)
    assert relu(la).engage > relu(la).montant


@contextmanager
def sans_check():
    """La contrainte retirée le temps de l'essai ; sa transaction la rend."""
    table = SousEnveloppe._meta.db_table
    with connection.cursor() as curseur:
        if connection.vendor == "postgresql":
            # Une clé étrangère à vérifier en fin de transaction tient la table : elle se vérifie d'abord.
            curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")
            curseur.execute(f"ALTER TABLE {table} DROP CONSTRAINT sous_enveloppe_jamais_depassee")
            yield
            return
        curseur.execute("PRAGMA ignore_check_constraints = ON")
        try:
            yield
        finally:
            curseur.execute("PRAGMA ignore_check_constraints = OFF")


def deux_virements_de_la_meme_lecture(**versions):
    enveloppe = ouverte()
    de, vers = part(enveloppe, "15000", "a"), part(enveloppe, "5000", "b")
    lue = relu(enveloppe).version
    virer(de, vers, "1000", version=lue)
    virer(de, vers, "1000", **{"version": lue} | versions)
    return relu(de).montant


def test_la_version_refuse_une_lecture_ancienne():
    with pytest.raises(ActeBloque, match="a changé depuis que vous l'avez lue"):
        deux_virements_de_la_meme_lecture()


def test_la_version_refuse_une_lecture_ancienne_garde_levee(monkeypatch):
    monkeypatch.setattr(parts, "exiger_la_version", lambda enveloppe, version: None)
    assert deux_virements_de_la_meme_lecture() == 13000


def double(monkeypatch, enveloppe):
    """Un autre répartit juste avant que le premier ne relise sous le verrou."""
    verrouiller, passes = parts.verrouiller, []

    def prendre(racine):
        if not passes:
            passes.append(True)
            part(
                Enveloppe.objects.select_related("financeur__commune").get(pk=enveloppe.pk), "15000", "autre"
            )
        return verrouiller(racine)

    monkeypatch.setattr(parts, "verrouiller", prendre)


def test_un_acte_double_au_verrou_relit_l_enveloppe(monkeypatch):
    enveloppe = ouverte()
    double(monkeypatch, enveloppe)
    with pytest.raises(ActeBloque, match="dépasse ce qui reste à répartir"):
        part(enveloppe, "15000", "la mienne")
    assert not SousEnveloppe.objects.exists()


def test_un_acte_double_au_verrou_relit_l_enveloppe_garde_levee(monkeypatch):
    enveloppe = ouverte()
    double(monkeypatch, enveloppe)
    monkeypatch.setattr(parts, "relire", lambda enveloppe: None)
    part(enveloppe, "15000", "la mienne")
    assert sum(SousEnveloppe.objects.values_list("montant", flat=True)) == 30000 > relu(enveloppe).montant


# ------------------------------------------------------------------ la page


def page(qui="benoit", **dits):
    client, adresse = f.client(qui), reverse("enveloppes", args=["ami-2025"])
    return client.post(adresse, dits) if dits else client.get(adresse)


def test_la_page_dit_demande_propose_vote_verse_et_reste():
    premier = scene.recevable()
    scene.proposer(premier, "8000")
    enveloppe = scene.enveloppe("CALL", "20000.00")
    part(enveloppe, "5000", "BOP 147", delegataire="Ville de Lens")
    (ligne,) = page().context["lignes"]
    assert (ligne["demande"], ligne["propose"], ligne["vote"], ligne["verse"]) == (9000, 8000, 0, 0)
    lue = page("chloe").content.decode()
    assert "Ville de Lens" in lue
    assert 'name="faire"' not in lue


def test_repartir_puis_virer_depuis_la_page():
    enveloppe = ouverte()
    commun = {"financeur": "CALL", "faire": "repartir", "part-CALL-exercice": "2025"}
    for nature, montant in (("a", "15 000"), ("b", "5 000")):
        dits = commun | {
            "version": relu(enveloppe).version, "part-CALL-nature": nature, "part-CALL-montant": montant,
        }  # fmt: skip
        assert page(**dits).status_code == 302, page(**dits).content.decode()[-2000:]
    de, vers = SousEnveloppe.objects.order_by("pk")
    dits = {
        "financeur": "CALL", "faire": "virer", "version": relu(enveloppe).version, "virement-CALL-de": de.pk,
        "virement-CALL-vers": vers.pk, "virement-CALL-montant": "1 000", "virement-CALL-motif": "Besoin",
    }  # fmt: skip
    assert page(**dits).status_code == 302
    assert page(**dits).status_code == 422
    assert relu(de).montant == 14000
    assert page("chloe", **dits).status_code == 403
