"""Les actes en lot de la liste (É9) : combien, lesquels sont écartés et pourquoi, puis un travail."""

import re

import pytest
import time_machine
from django.urls import reverse

from config.rythme import OUVRAGES
from ensemblier.comptes.models import Interet, Rattachement
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.espaces import en_lot
from ensemblier.instruction import actes
from ensemblier.instruction.models import DemandeDAvis
from ensemblier.registre.models import Courriel, LigneDeTravail, Travail
from ensemblier.registre.travaux import faire_les_travaux
from tests import fabriques as f

pytestmark = pytest.mark.django_db
NOVEMBRE = f.instant("2025-11-12 09:00")


@pytest.fixture(autouse=True)
def au_20_novembre():
    with time_machine.travel(f.instant("2025-11-20 10:00"), tick=True):
        yield


def depose(**options):
    return f.dossier_depose("aap-2026", **options)


def recevable(**options):
    return f.dossier_recevable(le=NOVEMBRE, **options)


def lire(reponse):
    return reponse.content.decode().replace("\u00a0", " ")


def confirmer(acte, *dossiers, qui="benoit", **dits):
    return f.client(qui).get(
        reverse("instruction_lot"),
        {"acte": acte, "d": [d.numero for d in dossiers], "continuer": "1", **dits},
    )


def lancer(acte, *dossiers, qui="benoit", cle="k", **dits):
    numeros = ",".join(d.numero for d in dossiers)
    client = f.client(qui)
    return client.post(reverse("instruction_lot"), {"acte": acte, "d": numeros, "cle": cle, **dits})


def travailler():
    faire_les_travaux(OUVRAGES)
    return [(x.issue, x.phrase) for x in LigneDeTravail.objects.order_by("rang")]


def test_la_liste_a_ses_cases_et_ses_actes_pour_le_service_seul():
    dossier = depose()
    texte = lire(f.client("benoit").get(reverse("instruction")))
    assert f'name="d" value="{dossier.numero}"' in texte
    assert "Tous ceux de cette liste (1)" in texte
    for qui in ("chloe", "odile"):
        assert 'name="d"' not in lire(f.client(qui).get(reverse("instruction"), {"vue": "tout"}))


def test_affecter_ecarte_ce_qui_l_est_deja_dit_combien_puis_le_fait():  # R70
    confie, libre, autre = depose(), depose(), depose()
    benoit = f.personne("benoit")
    Dossier.objects.filter(pk=confie.pk).update(charge_de_mission=benoit)
    texte = lire(confirmer("affecter", confie, libre, autre, a=benoit.pk, motif="Tournée."))
    assert "2 dossiers seront traités, 1 est écarté" in texte
    assert f"{benoit.nom_complet} le suit déjà." in texte
    reponse = lancer("affecter", confie, libre, autre, a=benoit.pk, motif="Tournée.")
    travail = Travail.objects.get()
    assert reponse["Location"] == reverse("travail", args=[travail.pk])
    assert travail.titre.replace("\u00a0", " ") == f"Confier 2 dossiers à {benoit.nom_complet}"
    assert travailler() == [("fait", f"Confié à {benoit.nom_complet}.")] * 2
    assert Dossier.objects.filter(charge_de_mission=benoit).count() == 3
    assert lancer("affecter", libre, autre, a=benoit.pk, motif="Tournée.").status_code == 200, (
        "plus rien à faire"
    )


def test_l_acte_demande_d_abord_a_qui():
    texte = lire(
        f.client("benoit").get(reverse("instruction_lot"), {"acte": "affecter", "d": depose().numero})
    )
    assert "Qui suit ces dossiers" in texte
    assert "Continuer" in texte
    assert confirmer("affecter", depose(), a="").status_code == 422


def test_le_bouton_envoye_deux_fois_ne_lance_qu_un_travail():
    deux = depose(), depose()
    for _ in range(2):
        lancer("affecter", *deux, a=f.personne("benoit").pk, motif="Tournée.")
    assert Travail.objects.count() == 1


def test_tous_ceux_du_filtre_et_eux_seuls():
    depose(), depose(), recevable()
    dits = {"acte": "relancer", "tous": "1", "liste": "vue=tout&etat=depose"}
    lue = f.client("benoit").get(reverse("instruction_lot"), dits)
    assert {d.etat for d in lue.context["choix"].dossiers} == {"depose"}
    assert len(lue.context["choix"].dossiers) == 2


def test_trop_de_dossiers_d_un_coup_ou_aucun_le_dit(monkeypatch):
    monkeypatch.setattr(en_lot, "AU_PLUS", 1)
    trop = f.client("benoit").get(
        reverse("instruction_lot"), {"acte": "relancer", "d": [depose().numero, depose().numero]}, follow=True
    )
    assert "Resserrez le filtre" in lire(trop)
    rien = f.client("benoit").get(reverse("instruction_lot"), {"acte": "relancer"}, follow=True)
    assert "Cochez des dossiers" in lire(rien)
    inconnu = f.client("benoit").get(
        reverse("instruction_lot"), {"acte": "voler", "d": "26-0001"}, follow=True
    )
    assert "Choisissez ce qu" in lire(inconnu)


def test_declarer_complet_seulement_si_rien_ne_manque():  # S23
    """S23 : il manque le RIB, le dossier est écarté avec le nom de la pièce ; l'autre passe."""
    sans_rib, entier, juge = depose(), depose(), recevable()
    Piece.objects.filter(dossier=sans_rib, code="rib").update(remplacee_le=NOVEMBRE)
    texte = lire(confirmer("declarer-complet", sans_rib, entier, juge))
    assert "1 dossier sera traité, 2 sont écartés" in texte
    assert re.search(r"Il manque : [^<]*(RIB|identité bancaire)", texte)
    assert "« Recevable » : rien à vérifier." in texte
    lancer("declarer-complet", sans_rib, entier, juge)
    assert travailler() == [("fait", "Déclaré complet.")]
    faits = Dossier.objects.filter(complet_le__gt=NOVEMBRE)
    assert list(faits) == [entier]


def test_une_commune_est_complete_sans_statuts_ni_recepisse():  # S24
    ville = f.organisme("ville_de_wingles")
    Rattachement.objects.create(
        utilisateur=f.personne("david"), organisme=ville, qualite="signataire", fonction="Maire"
    )
    dossier = depose(organisme_de="ville_de_wingles", par="david", action__contacts_communes=None)
    assert not dossier.pieces.filter(code="statuts").exists()
    lancer("declarer-complet", dossier, depose())
    assert [i for i, _ in travailler()] == ["fait", "fait"]


def financeur(code):
    return f.territoire().financeurs.get(code=code)


def test_demander_un_avis_n_interroge_que_les_concernes_et_ecarte_le_reste():
    a_juger, pas_encore = recevable(), depose()
    etat, region = financeur("ETAT"), financeur("REGION")
    dits = {"financeurs": [etat.pk], "echeance": "01/12/2025"}
    lue = confirmer("demander-avis", a_juger, pas_encore, **dits)
    assert "un avis demande un dossier recevable" in lire(lue)
    assert region not in lue.context["form"].fields["financeurs"].queryset
    f.personne("chloe")
    autre = recevable()
    lancer("demander-avis", a_juger, autre, **dits)
    assert travailler() == [("fait", f"Demandé à : {etat.sigle}.")] * 2
    assert DemandeDAvis.objects.count() == 2
    assert Courriel.objects.filter(cle__startswith="avis:").count() == 2
    encore = lire(confirmer("demander-avis", a_juger, autre, **dits))
    assert "Aucun dossier ne peut l&#x27;être" in encore or "Aucun dossier ne peut l'être" in encore


def test_une_echeance_passee_est_refusee_a_l_ecran():
    dits = {"financeurs": [financeur("ETAT").pk], "echeance": "01/11/2025"}
    lue = confirmer("demander-avis", recevable(), recevable(), **dits)
    assert lue.status_code == 422
    texte = lire(lue).replace("&#x27;", "'")
    assert "Ce jour n'est pas à venir. Choisissez demain, ou plus tard." in texte


def test_relancer_ecarte_qui_n_a_rien_a_repondre():
    attendu, rien = recevable(), recevable()
    f.personne("chloe")
    par = f.acteur("benoit")
    actes.demander_avis(
        attendu, financeurs=[financeur("ETAT")], echeance=f.instant("2025-12-01 09:00").date(), par=par,
        roles=roles(par, attendu), le=NOVEMBRE,
    )  # fmt: skip
    assert "Rien n'est attendu" in lire(confirmer("relancer", attendu, rien)).replace("&#x27;", "'")
    lancer("relancer", attendu, rien)
    assert travailler() == [("fait", f"Relance envoyée : {financeur('ETAT').sigle}.")]


def test_un_seul_dossier_se_fait_tout_de_suite():
    dossier, benoit = depose(), f.personne("benoit")
    reponse = lancer("affecter", dossier, a=benoit.pk, motif="Tournée.")
    assert reponse["Location"] == reverse("instruction_dossier", args=[dossier.numero])
    assert not Travail.objects.exists()
    assert Dossier.objects.get(pk=dossier.pk).charge_de_mission == benoit


def test_ce_qui_change_entre_l_ecran_et_le_travail_est_refuse_sur_sa_ligne():
    parti, reste = depose(), depose()
    lancer("declarer-complet", parti, reste)
    par = f.acteur("benoit")
    actes.declarer_recevable(parti, par=par, roles=roles(par, parti), le=NOVEMBRE)
    issues = travailler()
    assert [i for i, _ in issues] == ["refuse", "fait"]
    assert "seul un dossier à vérifier" in issues[0][1]


def test_un_interet_connu_apres_coup_ferme_le_dossier_au_travail():  # B10
    un, deux = depose(), depose()
    lancer("declarer-complet", un, deux)
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=un.organisme, nature="bénévole", connu_le=NOVEMBRE.date()
    )
    assert [i for i, _ in travailler()] == ["refuse", "refuse"]
    assert not Dossier.objects.exclude(complet_le=None).exists()


def test_un_compte_ferme_n_agit_plus():
    lancer("declarer-complet", depose(), depose())
    benoit = f.personne("benoit")
    benoit.is_active = False
    benoit.save()
    assert [i for i, _ in travailler()] == ["", ""]
    assert "compte" in Travail.objects.get().raison


def test_ce_qu_on_ne_voit_pas_n_entre_pas_dans_le_lot():
    dossier = depose()
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=dossier.organisme, nature="x", connu_le=NOVEMBRE.date()
    )
    lue = f.client("benoit").get(
        reverse("instruction_lot"), {"acte": "relancer", "d": dossier.numero}, follow=True
    )
    assert "Cochez des dossiers" in lire(lue)


@pytest.mark.parametrize(("acte", "dits"), [
    ("affecter", lambda: {"a": f.personne("benoit").pk, "motif": "Tournée."}),
    ("demander-avis", lambda: {"financeurs": [financeur("ETAT").pk], "echeance": "01/12/2025"}),
    ("relancer", dict),
    ("declarer-complet", dict),
])  # fmt: skip
def test_confirmer_coute_autant_a_deux_et_a_huit_dossiers(acte, dits, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def compter(dossiers):
        client = f.client("benoit")
        donnees = {"acte": acte, "d": [d.numero for d in dossiers], "continuer": "1", **dits()}
        client.get(reverse("instruction_lot"), donnees)
        with CaptureQueriesContext(connection) as lues:
            assert client.get(reverse("instruction_lot"), donnees).status_code == 200
        return len(lues)

    deux = [recevable(), depose()]
    peu = compter(deux)
    assert compter([*deux, *(recevable() for _ in range(3)), *(depose() for _ in range(3))]) == peu <= 22
