"""La grille : une case est un acte versionné, un bloc se refuse case par case, la sonde dit ce qui bouge."""

import json
from decimal import Decimal

import pytest
import time_machine
from django.http import QueryDict
from django.urls import reverse

from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget, Obligation
from ensemblier.programmation import actes, colonnes, lecture
from ensemblier.programmation.actes import propositions
from ensemblier.programmation.grille import Grille
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def adresse(nom, code="ami-2025"):
    return reverse(nom, args=[code])


def envoyer(qui, *cases, code="ami-2025"):
    corps = {"cases": [{"volet": v, "version": n, "valeur": x} for v, n, x in cases]}
    return f.client(qui).post(adresse("programmation_cases", code), json.dumps(corps), "application/json")


def une(volet, valeur, version=None):
    return (volet.pk, volet.version if version is None else version, valeur)


def sonder(qui, depuis=0, empreinte="", code="ami-2025"):
    dits = {"depuis": str(depuis), "empreinte": empreinte}
    return f.client(qui).get(adresse("programmation_sonde", code), dits)


# ------------------------------------------------------------------ une case, un bloc


def test_une_case_s_ecrit_et_rend_sa_ligne():
    dossier = scene.recevable()
    recu = envoyer("benoit", une(scene.volet(dossier), "8 000,50")).json()
    assert recu["cases"] == [
        {"volet": scene.volet(dossier).pk, "faite": True, "conflit": False, "phrase": ""}
    ]
    assert f'data-n="{scene.volet(dossier).version}"' in recu["lignes"][dossier.numero]
    assert scene.volet(dossier).propose == Decimal("8000.50")
    assert scene.volet(dossier).version == 1


@pytest.mark.parametrize(
    ("valeur", "dit"),
    [
        ("beaucoup", "beaucoup"),
        ("-5", "trop bas"),
        ("12,345", "12,345"),
        ("1,2345", ""),
        ("9 000,01", "dépasse"),
    ],
)
def test_un_mauvais_montant_d_un_bloc_laisse_passer_les_autres(valeur, dit):
    premier, second = scene.recevable(), scene.deuxieme()
    recu = envoyer("benoit", une(scene.volet(premier), valeur), une(scene.volet(second), "7 000")).json()
    refus, fait = recu["cases"]
    assert (refus["faite"], fait["faite"]) == (False, True)
    assert "Rien n'a changé" in refus["phrase"]
    assert dit.replace(" ", "\u00a0") in refus["phrase"] or dit in refus["phrase"]
    assert (scene.volet(premier).propose, scene.volet(second).propose) == (None, 7000)


def test_la_colonne_d_un_autre_est_refusee_case_par_case():
    dossier = scene.recevable("aap-2026")
    etat, call = scene.volet(dossier, "ETAT"), scene.volet(dossier, "CALL")
    recu = envoyer("chloe", une(call, "1000"), une(etat, "1000"), code="aap-2026").json()
    assert [c["faite"] for c in recu["cases"]] == [False, True]
    assert "vous n'écrivez que la vôtre" in recu["cases"][0]["phrase"]
    assert (scene.volet(dossier, "CALL").propose, scene.volet(dossier, "ETAT").propose) == (None, 1000)


def test_une_case_hors_de_la_liste_ou_inconnue_ne_s_ecrit_pas():
    dossier = scene.recevable()
    (dite,) = envoyer("chloe", une(scene.volet(dossier), "1")).json()["cases"]
    assert "n'est pas dans la liste" in dite["phrase"]
    (inconnue,) = envoyer("benoit", (999_999, 0, "1")).json()["cases"]
    assert inconnue["phrase"] == dite["phrase"]
    assert scene.volet(dossier).propose is None


@pytest.mark.parametrize("corps", ["", "{}", '{"cases": []}', '{"cases": [{"volet": "x"}]}', "[1]"])
def test_une_demande_illisible_le_dit(corps):
    f.appel()
    recu = f.client("benoit").post(adresse("programmation_cases"), corps, "application/json")
    assert (recu.status_code, "Rechargez" in recu.json()["raison"]) == (400, True)


# ------------------------------------------------------------------ jamais d'écrasement silencieux


def deux_ecrivent(monkeypatch=None):
    dossier = scene.recevable()
    lu = scene.volet(dossier)
    envoyer("benoit", une(lu, "8 000"))
    return dossier, envoyer("benoit", une(lu, "7 500")).json()["cases"][0]


def test_une_case_changee_depuis_dit_les_deux_valeurs():
    dossier, dite = deux_ecrivent()
    assert dite["conflit"]
    dit = dite["phrase"].replace("\u00a0", " ")
    assert "a changé cette case" in dit
    assert "8 000,00 €" in dit
    assert "Vous : 7 500,00 €" in dit
    assert scene.volet(dossier).propose == 8000


def test_une_case_changee_depuis_dit_les_deux_valeurs_garde_levee(monkeypatch):
    monkeypatch.setattr(propositions, "exiger_la_version", lambda demande, version: None)
    dossier, dite = deux_ecrivent()
    assert dite["faite"]
    assert scene.volet(dossier).propose == 7500


def test_la_meme_valeur_deja_ecrite_n_est_pas_un_conflit():
    dossier = scene.recevable()
    lu = scene.volet(dossier)
    for _ in range(2):
        assert envoyer("benoit", une(lu, "8 000")).json()["cases"][0]["faite"]
    assert scene.volet(dossier).version == 1


def test_sans_javascript_la_version_lue_compte_aussi():
    dossier = scene.recevable()
    lu = scene.volet(dossier)
    scene.proposer(dossier, "8000")
    dits = {f"montant-{lu.pk}": "7500", "versions": f"{lu.pk}:{lu.version}"}
    recue = f.client("benoit").post(adresse("programmation_appel"), dits)
    assert recue.status_code == 422
    assert "a changé cette case" in recue.content.decode()
    assert f'value="{lu.pk}:1"' in recue.content.decode()
    sans = f.client("benoit").post(adresse("programmation_appel"), {f"montant-{lu.pk}": "7500"})
    assert "ne dit pas la version" in sans.content.decode().replace("&#x27;", "'")
    assert scene.volet(dossier).propose == 8000


def test_vider_une_case_retire_la_proposition():
    dossier = scene.recevable()
    scene.proposer(dossier, "8000")
    assert envoyer("benoit", une(scene.volet(dossier), "")).json()["cases"][0]["faite"]
    volet = scene.volet(dossier)
    assert (volet.propose, volet.etat) == (None, "prise_en_charge")


def test_vider_n_efface_pas_une_liste_d_attente():
    dossier = scene.recevable()
    scene.proposer(dossier, "8000")
    scene.decider(scene.seance(dossier), dossier, "liste_attente", "Crédits épuisés.")
    scene.proposer(dossier, "7000")
    with pytest.raises(ActeBloque, match="liste d'attente"):
        actes.retirer_la_proposition(scene.volet(dossier), par=f.acteur("benoit"), le=scene.JURY)


# ------------------------------------------------------------------ la sonde


def test_la_sonde_rend_les_lignes_bougees_puis_se_tait():
    dossier, autre = scene.recevable(), scene.deuxieme()
    assert sonder("benoit").status_code == 204
    scene.proposer(dossier, "8000")
    recu = sonder("benoit").json()
    assert list(recu["lignes"]) == [dossier.numero]
    assert autre.numero not in recu["pied"]
    assert "8\u00a0000" in recu["pied"]
    assert sonder("benoit", recu["depuis"], recu["empreinte"]).status_code == 204
    scene.proposer(autre, "100")
    assert autre.numero in sonder("benoit", recu["depuis"], recu["empreinte"]).json()["lignes"]


def test_la_sonde_ne_dit_rien_d_un_dossier_qu_on_ne_lit_pas():
    scene.proposer(scene.recevable(), "8000")
    assert sonder("chloe").status_code == 204


def test_la_sonde_muette_coute_peu(django_assert_max_num_queries):
    scene.recevable()
    client = f.client("benoit")
    client.get(adresse("programmation_sonde"))
    with django_assert_max_num_queries(8):
        client.get(adresse("programmation_sonde"))


# ------------------------------------------------------------------ colonnes, groupes, alertes


def ouvrir(qui="benoit", code="ami-2025", **dits):
    return f.client(qui).get(adresse("programmation_appel", code), dits)


def test_les_colonnes_choisies_se_montrent_et_se_gardent():
    scene.recevable()
    client, page = f.client("benoit"), adresse("programmation_appel")
    voulues = {"col": ["pilier", "CALL", "alertes"]}
    assert [c.cle for c in client.get(page, voulues).context["cases"]] == [
        "pilier",
        "accorde-CALL",
        "alertes",
    ]
    client.get(page, voulues | {"garder": "colonnes"})
    assert "cout" in [c.cle for c in client.get(page).context["cases"]], "lire n'écrit pas (T23)"
    assert client.post(page, voulues | {"garder": "colonnes"}).status_code == 302
    plus_tard = f.client("benoit")
    assert [c.cle for c in plus_tard.get(page).context["cases"]] == ["pilier", "accorde-CALL", "alertes"]
    assert "cout" in [c.cle for c in f.client("irene").get(page).context["cases"]], "à chacun les siennes"
    assert "cout" in [c.cle for c in client.get(page, {"col": "inconnue"}).context["cases"]]


def test_la_suite_et_les_cases_gardent_les_colonnes_de_la_page():
    """Les financeurs que la page montre sont redits, et seuls ceux de l'appel se montrent."""
    dossier = scene.recevable("aap-2026")
    adresse_lue = ouvrir(code="aap-2026").context["adresse"]
    vus = QueryDict(adresse_lue.removeprefix("?"))["vus"].split(",")
    grille = Grille(
        f.acteur("benoit"), dossier.appel, QueryDict(adresse_lue.removeprefix("?")), le=scene.NOVEMBRE
    )
    assert [c.cle for c in grille.financeurs] == vus
    hostile = Grille(f.acteur("benoit"), dossier.appel, QueryDict("vus=<script>,ETAT"), le=scene.NOVEMBRE)
    assert [c.cle for c in hostile.financeurs] == ["ETAT"]


def test_ecrire_une_case_ne_relit_pas_tout_le_tableau(django_assert_max_num_queries):
    dossier = scene.recevable()
    page = QueryDict(ouvrir().context["adresse"].removeprefix("?"))
    corps = json.dumps({"cases": [{"volet": scene.volet(dossier).pk, "version": 0, "valeur": "100"}]})
    client = f.client("benoit")
    with django_assert_max_num_queries(55) as lues:
        assert client.post(
            f"{adresse('programmation_cases')}?{page.urlencode()}", corps, "application/json"
        ).json()["cases"][0]["faite"]
    assert not any("SUM(" in lue["sql"] for lue in lues.captured_queries), "aucun total ne se recalcule"


def test_les_fiches_nomment_les_colonnes_a_l_ecran_sans_rien_laisser_passer():
    dangereuse = colonnes.Case("x", 'a"}body{display:none}\\', "", "t")
    assert '"}body' not in colonnes.fiches_css([dangereuse])
    scene.recevable()
    lue = f.client("benoit").get(adresse("programmation_fiches"), {"col": ["cout"]})
    assert lue["Content-Type"].startswith("text/css")
    assert 'nth-child(3)::before{content:"Coût"}' in lue.content.decode()


@pytest.mark.parametrize("par", ["pilier", "theme", "qpv", "commune"])
def test_les_sous_totaux_font_le_total(par):
    premier, second = scene.recevable(action__pilier="agir"), scene.deuxieme(action__pilier="prevenir")
    for dossier, montant in ((premier, "8000"), (second, "500.50")):
        scene.proposer(dossier, montant)
    client = f.client("benoit")
    lue = client.get(adresse("programmation_appel"), {"groupe": par})
    assert lue.content.decode().count('class="groupe"') >= 1
    grille = Grille(f.acteur("benoit"), f.appel(), QueryDict(f"groupe={par}"), le=scene.JURY)
    assert sum(g.total for g in grille.groupes) == Decimal("8500.50") == grille.ensemble["attribue"]
    assert sum(len(g.dossiers) for g in grille.groupes) == 2
    assert sum(g.cout for g in grille.groupes) == grille.ensemble["cout"]


def test_la_suite_des_lignes_se_lit_par_morceaux_meme_groupee(monkeypatch):
    monkeypatch.setattr(lecture, "PAR_GRILLE", 1)
    dossiers = [scene.recevable(), scene.deuxieme(), scene.recevable()]
    for dits in ({}, {"groupe": "pilier"}):
        lue = ouvrir(**dits)
        corps, suite = lue.context["corps"], lue.context["suite"]
        while suite:
            recu = f.client("benoit").get(adresse("programmation_lignes") + suite).json()
            corps, suite = corps + recu["corps"], recu["suite"]
        assert [corps.count(f'data-l="{d.numero}"') for d in dossiers] == [1, 1, 1]


def test_chaque_alerte_dit_ses_nombres():
    dossier = scene.recevable("aap-2026", **scene.budget("20000.00", {"CALL": "12000.00", "ETAT": "8000.00"}))
    Demande.objects.filter(dossier=dossier, financeur__code="CALL").update(demande=Decimal("15000"))
    Dossier.objects.filter(pk=dossier.pk).update(droit_commun="")
    dossier.contacts_communes.all().delete()
    Obligation.objects.create(
        organisme=dossier.organisme, territoire=dossier.territoire, exercice=2024, libelle="Bilan",
        echeance=f.instant("2025-06-30 10:00").date(),
    )  # fmt: skip
    LigneDeBudget.objects.create(
        dossier=dossier, sens="produit", compte="74:EUROPE", montant=Decimal("25000")
    )
    (ligne, _), *_ = ouvrir(code="aap-2026").context["lignes"]
    dit = " · ".join(ligne.releve.alertes).replace("\u00a0", " ")
    for mots in (
        "CALL : 15 000 €, au-dessus du besoin", "125,0 % du coût, 5 000 € de trop",
        "Droit commun : rien n'est dit", "Contact manquant : ", "Bilan 2024 non rendu",
    ):  # fmt: skip
        assert mots in dit
    assert "au-dessus du plafond" not in dit


def test_au_dessus_du_plafond_se_voit():
    dossier = scene.recevable(**scene.budget("18000.00", {"CALL": "9001.00"}))
    (ligne, _), *_ = ouvrir().context["lignes"]
    assert dossier == ligne.dossier
    dit = " · ".join(ligne.releve.alertes).replace("\u00a0", " ")
    assert "CALL : 9 001 €, au-dessus du plafond (9 000 €)" in dit


@pytest.mark.parametrize(
    ("alerte", "premier_y_est", "second_y_est"),
    [("plafond", True, False), ("une", True, False), ("aucune", False, True), ("contact", False, False),
     ("inconnue", False, False)],
)  # fmt: skip
def test_la_liste_se_filtre_par_alerte_et_ses_totaux_suivent(alerte, premier_y_est, second_y_est):
    premier = scene.recevable(**scene.budget("18000.00", {"CALL": "9001.00"}))
    second = scene.deuxieme()
    contexte = ouvrir(alerte=alerte).context
    lus = {x.dossier.pk for x, _ in contexte["lignes"]}
    assert lus == {d.pk for d, y_est in ((premier, premier_y_est), (second, second_y_est)) if y_est}
    assert contexte["nombre"] == len(lus)


def test_une_case_ecrite_qui_quitte_le_filtre_rend_encore_sa_ligne():
    """Baissée sous le plafond, l'alerte tombe : la ligne à l'écran se met à jour, et s'écrit de nouveau."""
    dossier = scene.recevable(**scene.budget("18000.00", {"CALL": "9001.00"}))
    filtre = adresse("programmation_cases") + "?alerte=plafond"
    for valeur in ("8 000", "7 000"):
        volet = scene.volet(dossier)
        corps = json.dumps({"cases": [{"volet": volet.pk, "version": volet.version, "valeur": valeur}]})
        recu = f.client("benoit").post(filtre, corps, "application/json").json()
        assert recu["cases"][0]["faite"]
        assert valeur.replace(" ", "\u00a0") in recu["lignes"][dossier.numero]
    assert scene.volet(dossier).propose == 7000


def test_la_note_du_jury_est_une_colonne_pour_qui_les_lit_toutes():
    dossier = scene.recevable("aap-2026")
    scene.noter(scene.seance(dossier), dossier, "elise", 3)
    for qui, la_lit in (("benoit", True), ("odile", True), ("chloe", False)):
        page = ouvrir(qui, "aap-2026", col=["note", "ETAT"])
        assert dossier.numero in page.content.decode()
        assert ('<td class="n">75,0</td>' in page.content.decode()) is la_lit
        assert ("note" in {c["cle"] for c in page.context["choix"]}) is la_lit


def test_un_intitule_hostile_reste_du_texte():
    dossier = scene.recevable()
    hostile = '"><script>alert(1)</script>'
    Dossier.objects.filter(pk=dossier.pk).update(intitule=hostile)
    assert "<script>alert" not in ouvrir().content.decode()
    recu = envoyer("benoit", une(scene.volet(dossier), "100")).json()
    assert "<script>" not in recu["lignes"][dossier.numero]
