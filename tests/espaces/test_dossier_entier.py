"""Le dossier entier (É10), l'avis (É11) et les pages de l'instruction, vus par chacun."""

import pytest
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.dossiers.depots import depots_ailleurs
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import actes
from ensemblier.instruction.models import Avis
from ensemblier.registre.models import Trace
from tests import fabriques as f

pytestmark = pytest.mark.django_db
NOVEMBRE = f.instant("2025-11-12 09:00")


@pytest.fixture(autouse=True)
def au_20_novembre():
    import time_machine

    with time_machine.travel(f.instant("2025-11-20 10:00"), tick=True):
        yield


@pytest.fixture
def aap():
    return f.dossier_recevable(le=NOVEMBRE)


def code_de_lens():
    return f.territoire().financeurs.get(commune__code="LENS").code


PAGES = (
    "instruction_dossier", "instruction_completude", "instruction_criteres", "instruction_depots",
    "instruction_historique",
)  # fmt: skip


@pytest.mark.parametrize("nom", PAGES)
@pytest.mark.parametrize(
    ("qui", "code"),
    [("benoit", 200), ("irene", 200), ("odile", 200), ("chloe", 200), ("farid", 200), ("remi", 404),
     ("elise", 404), ("david", 404), ("amina", 403), ("lucas", 403), ("fatou_finances", 404)],
)  # fmt: skip
def test_qui_ouvre_le_dossier(aap, nom, qui, code):
    assert f.client(qui).get(reverse(nom, args=[aap.numero])).status_code == code


def test_une_personne_interessee_ne_trouve_pas_le_dossier(aap):  # B10
    Interet.objects.create(
        utilisateur=f.personne("chloe"), organisme=aap.organisme, nature="bénévole", connu_le=NOVEMBRE.date()
    )
    adresse = reverse("instruction_dossier", args=[aap.numero])
    assert f.client("chloe").get(adresse).status_code == 404


def test_un_agent_qui_represente_le_porteur_ne_lit_pas_les_avis(aap):
    from ensemblier.comptes.models import Rattachement

    Rattachement.objects.create(
        utilisateur=f.personne("chloe"), organisme=aap.organisme, qualite="redacteur", fonction="Secrétaire"
    )
    assert f.client("chloe").get(reverse("instruction_dossier", args=[aap.numero])).status_code == 403
    assert not Avis.objects.visibles_par(f.acteur("chloe")).exists()


def test_l_acte_qui_vient_est_en_haut(aap):
    lue = f.client("chloe").get(reverse("instruction_dossier", args=[aap.numero]))
    assert lue.context["acte"].bouton == "Rendre l'avis"
    assert lue.context["acte"].url == reverse("instruction_avis", args=[aap.numero, "ETAT"])
    autre = f.dossier_depose()
    lue = f.client("benoit").get(reverse("instruction_dossier", args=[autre.numero]))
    assert lue.context["acte"].bouton == "Vérifier le dossier"


def test_le_dossier_ne_coute_pas_plus_avec_ses_lignes(aap, django_assert_max_num_queries):
    navigateur = f.client("benoit")
    adresse = reverse("instruction_dossier", args=[aap.numero])
    navigateur.get(adresse)
    with django_assert_max_num_queries(40):
        navigateur.get(adresse)


def rendre(qui, dossier, financeur, **dits):
    return f.client(qui).post(reverse("instruction_avis", args=[dossier.numero, financeur]), dits)


def test_le_financeur_rend_son_avis_et_son_montant_d_un_envoi(aap):
    volet = Demande.objects.get(dossier=aap, financeur__code="ETAT")
    lue = rendre("chloe", aap, "ETAT", sens="favorable", motif="", **{f"montant_{volet.pk}": "7 500,00"})
    assert lue.status_code == 302
    assert Avis.objects.get().sens == "favorable"
    volet.refresh_from_db()
    assert (volet.etat, volet.propose) == ("proposee", 7500)


def test_un_montant_trop_haut_ne_garde_ni_le_montant_ni_l_avis(aap):
    volet = Demande.objects.get(dossier=aap, financeur__code="ETAT")
    lue = rendre("chloe", aap, "ETAT", sens="favorable", motif="Utile.", **{f"montant_{volet.pk}": "8000,01"})
    assert lue.status_code == 422
    assert "dépasse la demande" in lue.content.decode()
    assert "8000,01" in lue.content.decode()
    assert not Avis.objects.exists()


def test_un_avis_reserve_sans_raison_revient_avec_sa_saisie(aap):
    lue = rendre("chloe", aap, "ETAT", sens="reserve", motif=" ")
    assert lue.status_code == 422
    assert "Écrivez pourquoi" in lue.content.decode()


@pytest.mark.parametrize("qui", ["denise", "farid", "benoit", "irene"])
def test_l_avis_d_un_autre_financeur_est_interdit(aap, qui):
    adresse = reverse("instruction_avis", args=[aap.numero, "ETAT"])
    assert f.client(qui).get(adresse).status_code == 403
    assert rendre(qui, aap, "ETAT", sens="favorable", motif="").status_code == 403
    assert not Avis.objects.exists()
    assert Trace.objects.filter(nature="refus").count() == 2


def test_la_ville_hors_de_l_action_ne_trouve_rien():  # S72
    ailleurs = f.dossier_depose(action__quartiers=[{"code": "QN06235M", "communes": ["WINGLES"]}])
    assert f.client("farid").get(reverse("instruction_dossier", args=[ailleurs.numero])).status_code == 404
    assert f.client("farid").get(reverse("instruction_dossier", args=["25-9999"])).status_code == 404


def test_la_suite_d_une_action_se_lit_par_qui_voit_la_premiere(aap):
    """Benoît voit l'AMI de l'an dernier ; Chloé, à qui il ne demandait rien, n'en lit pas même le numéro."""
    avant = f.dossier_depose()
    Dossier.objects.filter(pk=aap.pk).update(suite_de=avant)
    adresse, lien = reverse("instruction_dossier", args=[aap.numero]), f"/instruction/{avant.numero}/"
    assert f'suite de <a href="{lien}">{avant.numero}</a>' in f.client("benoit").get(adresse).content.decode()
    assert avant.numero not in f.client("chloe").get(adresse).content.decode()


def test_avant_l_examen_le_referent_est_mene_a_son_contact():
    """La liste lui dit « Confirmer le contact » : le dossier et la page de sa ville le disent aussi."""
    depose = f.dossier_depose("aap-2026")
    farid, adresse = f.client("farid"), reverse("instruction_avis", args=[depose.numero, code_de_lens()])
    acte = farid.get(reverse("instruction_dossier", args=[depose.numero])).context["acte"]
    assert (acte.bouton, acte.url) == ("Confirmer le contact", adresse)
    assert "Je confirme" in farid.get(adresse).content.decode()
    contact = depose.contacts_communes.get()
    farid.post(reverse("confirmer_contact", args=[depose.numero, contact.pk]), {"reponse": "oui"})
    assert farid.get(reverse("instruction_dossier", args=[depose.numero])).context["acte"].bouton == ""


def test_avant_l_examen_la_page_d_avis_dit_ce_qu_on_attend():
    depose = f.dossier_depose("aap-2026")
    adresse = reverse("instruction_avis", args=[depose.numero, "ETAT"])
    page = f.client("chloe").get(adresse)
    assert page.context["close"].startswith("Le service vérifie les pièces")
    par = f.acteur("benoit")
    actes.demander_complements(
        depose, pieces=["rib"], message="Illisible.", par=par, roles=roles(par, depose), le=NOVEMBRE
    )
    assert f.client("chloe").get(adresse).context["close"].startswith("Le porteur complète son dossier")


def test_le_referent_confirme_le_contact(aap):
    farid = f.client("farid")
    adresse = reverse("instruction_avis", args=[aap.numero, code_de_lens()])
    assert "Les Jardins de la fosse 12 disent vous avoir contacté" in farid.get(adresse).content.decode()
    contact = aap.contacts_communes.get()
    farid.post(reverse("confirmer_contact", args=[aap.numero, contact.pk]), {"reponse": "oui"})
    contact.refresh_from_db()
    assert contact.confirme is True
    page = farid.get(adresse).content.decode()
    assert page.index("réponse donnée le") < page.index("Changer ma réponse") < page.index('value="oui"')
    autre_casse = farid.get(adresse.replace(code_de_lens(), code_de_lens().lower()))
    assert (autre_casse.status_code, autre_casse["Location"]) == (301, adresse)
    refus = f.client("benoit").post(
        reverse("confirmer_contact", args=[aap.numero, contact.pk]), {"reponse": "non"}
    )
    assert refus.status_code == 403


def test_prendre_en_charge_et_juger_son_volet(aap):
    volet = Demande.objects.get(dossier=aap, financeur__code="ETAT")
    adresse = reverse("instruction_volet", args=[aap.numero, volet.pk])
    f.client("chloe").post(adresse, {"acte": "prendre_en_charge"})
    f.client("chloe").post(adresse, {"acte": "recevoir"})
    assert Demande.objects.get(pk=volet.pk).etat == "recevable"
    assert f.client("denise").post(adresse, {"acte": "recevoir"}).status_code == 403
    assert f.client("chloe").post(adresse, {"acte": "voter"}).status_code == 404


def test_declarer_recevable_depuis_la_page():
    dossier = f.dossier_depose()
    benoit = f.client("benoit")
    page = reverse("instruction_completude", args=[dossier.numero])
    assert "Toutes les pièces demandées sont reçues" in benoit.get(page).content.decode()
    benoit.post(reverse("declarer_complet", args=[dossier.numero]))
    benoit.post(reverse("declarer_recevable", args=[dossier.numero]))
    assert Dossier.objects.get(pk=dossier.pk).etat == "recevable"
    assert f.client("chloe").post(reverse("declarer_recevable", args=[dossier.numero])).status_code == 404


def test_demander_des_pieces_puis_le_porteur_repond():
    dossier = f.dossier_depose()
    benoit, amina = f.client("benoit"), f.client("amina")
    lue = benoit.post(
        reverse("demander_complements", args=[dossier.numero]), {"pieces": ["rib"], "message": ""}
    )
    assert lue.status_code == 422
    assert list(lue.context["complements"].errors) == ["motif_rib"]
    benoit.post(
        reverse("demander_complements", args=[dossier.numero]),
        {
            "pieces": ["rib", "statuts"],
            "motif_rib": "Votre RIB est illisible.",
            "motif_statuts": "Flou.",
        },
    )
    assert dict(dossier.pieces.filter(statut="a_remplacer").values_list("code", "motif")) == {
        "rib": "Votre RIB est illisible.", "statuts": "Flou.",
    }  # fmt: skip
    adresse = reverse("corrections", args=[dossier.numero])
    assert "Votre RIB est illisible." in amina.get(adresse).content.decode()
    assert "Il manque encore" in amina.post(adresse, follow=True).content.decode()
    for code in ("rib", "statuts"):
        f.joindre(dossier, code, le=NOVEMBRE)
    amina.post(adresse)
    assert Dossier.objects.get(pk=dossier.pk).etat == "depose"
    assert f.client("david").get(adresse).status_code == 404


def test_juger_une_piece_depuis_la_page():
    dossier = f.dossier_depose()
    piece = dossier.pieces.get(code="rib")
    adresse = reverse("juger_piece", args=[dossier.numero, piece.pk])
    refus = f.client("benoit").post(adresse, {"refuser": "1", "motif": ""}, follow=True)
    assert "Le motif manque" in refus.content.decode()
    f.client("benoit").post(adresse, {"refuser": "1", "motif": "Flou."})
    piece.refresh_from_db()
    assert (piece.statut, piece.motif) == ("a_remplacer", "Flou.")
    assert f.client("odile").post(adresse, {"valider": "1"}).status_code == 403


def test_trancher_la_tolerance_et_les_criteres_depuis_la_page():
    dossier = f.dossier_depose(
        bonification={"habitants": {"declare": True}}, action__experimentale=True,
        action__experimentale_justification="Première fois.",
    )  # fmt: skip
    adresse = reverse("instruction_criteres", args=[dossier.numero])
    for code in ("tolerance", "habitants"):
        dits = {"code": code, f"{code}-reponse": "oui", f"{code}-motif": "Vu sur place."}
        assert f.client("benoit").post(adresse, dits).status_code == 302
    dossier.refresh_from_db()
    assert dossier.tolerance_validee is True
    assert dossier.criteres.get(code="habitants").est_qualifie is True
    assert f.client("benoit").post(adresse, {"code": "habitants"}).status_code == 422


def test_noter_un_depot_fait_ailleurs(aap):  # S71, R61
    volet = Demande.objects.get(dossier=aap, financeur__code="DEPARTEMENT")
    adresse = reverse("instruction_depots", args=[aap.numero])
    lue = f.client("benoit").get(adresse)
    assert {x["ou"]: x["etat"] for x in lue.context["lignes"]}["Plateforme du Département"] == "a_faire"
    cle = str(volet.pk)
    dits = {"cle": cle, f"{cle}-reference": "DEP-12", f"{cle}-depot_le": "05/11/2025"}
    assert f.client("denise").post(adresse, dits).status_code == 302
    assert Demande.objects.get(pk=volet.pk).reference_depot == "DEP-12"
    futur = dits | {f"{cle}-depot_le": "05/11/2099"}
    assert f.client("benoit").post(adresse, futur).status_code == 422


@pytest.mark.parametrize(("reference", "attendu"), [("", False), ("DEP-12", True)])
def test_un_financeur_qui_refuse_n_attend_plus_de_depot_chez_lui(aap, reference, attendu):
    volet = Demande.objects.get(dossier=aap, financeur__code="DEPARTEMENT")
    Demande.objects.filter(pk=volet.pk).update(etat="refus_notifie", reference_depot=reference)
    ailleurs = depots_ailleurs(Reponses(aap), reglement_de(aap))
    assert (volet.pk in {x.demande for x in ailleurs}) is attendu


def test_une_piece_se_telecharge_par_qui_voit_le_dossier_et_se_trace(aap):
    cle = aap.pieces.select_related("fichier").first().fichier.cle
    adresse = reverse("instruction_piece", args=[aap.numero, cle])
    lue = f.client("chloe").get(adresse)
    assert lue["Content-Disposition"].startswith("attachment")
    b"".join(lue.streaming_content)
    assert Trace.objects.get(nature="consultation").objet == aap.designation()
    assert f.client("remi").get(adresse).status_code == 404
    assert f.client("amina").get(adresse).status_code == 403


def test_le_porteur_ne_lit_ni_avis_ni_proposition_avant_l_acte(aap):
    volet = Demande.objects.get(dossier=aap, financeur__code="ETAT")
    rendre(
        "chloe",
        aap,
        "ETAT",
        sens="favorable",
        motif="Secret du comité.",
        **{f"montant_{volet.pk}": "7531,00"},
    )
    amina = f.client("amina")
    for nom in ("dossier", "dossier_historique"):
        page = amina.get(reverse(nom, args=[aap.numero])).content.decode()
        assert "Secret du comité" not in page
        assert "7 531" not in page.replace("\u00a0", " ")
        assert "Avis rendu" not in page
