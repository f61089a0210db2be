"""La page de l'instructeur (É10) : autres aides, doublon, cumuls avec leur calcul, questions de fond."""

from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from ensemblier.bilans.actes import ouvrir_bilan
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.espaces.organisme import organisme_de
from ensemblier.instruction import actes
from ensemblier.instruction.models import Verification
from ensemblier.instruction.questions import questions_de
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.noyau.montants import comptes_annuels
from ensemblier.noyau.mots import se_ressemblent
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Evenement
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db
NOVEMBRE = f.instant("2025-11-12 09:00")


@pytest.fixture(autouse=True)
def au_20_novembre():
    with time_machine.travel(f.instant("2025-11-20 10:00"), tick=True):
        yield


@pytest.fixture
def aap():
    return f.dossier_depose("aap-2026", action__droit_commun="France Travail suit, l'action ajoute.")


def page(dossier, qui="benoit"):
    lue = f.client(qui).get(reverse("instruction_dossier", args=[dossier.numero]))
    return lue.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def lire(dossier, qui="benoit"):
    return organisme_de(f.acteur(qui), dossier, Reponses(dossier).demandes)


def autre(numero, code, montant="20000.00", financeur="CALL", **options):
    """Un autre dossier du même organisme, accordé."""
    voisin = s.dossier(numero, appel=code)
    s.volet(voisin, montant, financeur=financeur, **options)
    return voisin


def test_les_autres_aides_se_lisent_avec_leur_bilan_tous_appels_et_annees(aap):
    ami = s.dossier("25-0900", appel="ami-2025")
    s.notifier(s.volet(ami, "20000.00"))
    ouvrir_bilan(ami, par=f.systeme("lens-lievin"), le=s.NOTIFIE_LE)
    (aide,) = lire(aap).aides
    assert (aide.dossier, aide.accorde) == (ami, Decimal("20000.00"))
    assert aide.bilan
    texte = page(aap)
    assert reverse("instruction_dossier", args=["25-0900"]) in texte
    assert "20 000,00 €" in texte
    assert reverse("suite", args=["25-0900"]) in texte


def test_un_organisme_sans_autre_demande_le_dit(aap):
    assert "Aucune autre demande." in page(aap)


def test_un_partenaire_n_apprend_rien_des_dossiers_qu_il_ne_lit_pas(aap):
    autre("25-0900", "ami-2025", financeur="CALL")
    assert len(lire(aap, "benoit").aides) == 1
    assert lire(aap, "chloe").aides == ()


@pytest.mark.parametrize(
    ("voisin", "exercice", "trouve"),
    [
        ("Vers l'emploi des séniors de Lens", 2026, True),
        ("Vers l'emploi des séniors", 2025, False),
        ("Cuisine partagée", 2026, False),
    ],
)
def test_un_doublon_ami_aap_se_signale_le_meme_exercice_seulement(aap, voisin, exercice, trouve):  # P32
    ami = autre("25-0900", "ami-2025")
    ami.appel.exercice = exercice
    ami.appel.save(update_fields=("exercice",))
    Dossier.objects.filter(pk=ami.pk).update(intitule=voisin)
    assert bool(lire(aap).doublons) is trouve
    assert ("Doublon possible" in page(aap)) is trouve


@pytest.mark.parametrize(("deja", "legale"), [("17000.00", False), ("17000.01", True)])
def test_le_cumul_de_23_000_euros_compte_le_meme_attribuant_le_meme_exercice(aap, deja, legale):  # K8
    """Le dossier demande 6 000 € : 23 000,00 € tout juste n'oblige pas, un centime de plus oui."""
    autre("26-0900", "aap-2026", montant=deja)
    autre("25-0901", "ami-2025", montant="50000.00")
    cumul = next(c for c in lire(aap).cumuls if c.financeur.code == "CALL")
    assert (cumul.deja, cumul.ici, cumul.convention.legale) == (Decimal(deja), Decimal("6000.00"), legale)
    texte = page(aap)
    assert ("convention obligatoire" in texte) is legale
    assert "23 000,00 €" in texte


def test_un_volet_perdu_ne_compte_plus_dans_le_cumul(aap):
    autre("26-0900", "aap-2026", montant="30000.00", etat="refusee")
    cumul = next(c for c in lire(aap).cumuls if c.financeur.code == "CALL")
    assert cumul.deja == 0


@pytest.mark.parametrize(("deja", "requis"), [("137000.00", False), ("137000.01", True)])
def test_le_cumul_de_153_000_euros_compte_tous_les_attribuants(aap, deja, requis):  # B11
    autre("26-0900", "aap-2026", montant=deja, financeur="REGION")
    comptes = lire(aap).comptes
    assert (comptes.requis, comptes.total) == (requis, Decimal(deja) + 16000)
    assert ("comptes annuels exigés" in page(aap)) is requis


def test_le_calcul_des_comptes_annuels_s_ecrit_ligne_a_ligne():
    comptes = comptes_annuels([("État", Decimal("100000.00")), ("Région", Decimal("53000.00"))])
    assert not comptes.requis
    assert [x.montant for x in comptes.lignes] == [100000, 53000, 153000]
    assert "≤" in comptes.lignes[-1].calcul


def test_deux_intitules_se_ressemblent_a_la_moitie_de_leurs_mots():
    assert se_ressemblent("Cuisine partagée", "La cuisine partagée")
    assert not se_ressemblent("Cuisine partagée", "Jardin partagé")
    assert not se_ressemblent("", "")


def test_l_organisme_coute_autant_avec_une_et_six_autres_aides(aap, django_assert_num_queries):
    ici, par = Reponses(aap).demandes, f.acteur("benoit")
    for rang in range(6):
        autre(f"26-090{rang}", "aap-2026")
        if rang in (0, 5):
            with django_assert_num_queries(2):
                organisme_de(par, aap, ici)


def verifier(dossier, code, reponse, motif="Vu avec le service.", qui="benoit"):
    par = f.acteur(qui)
    return actes.verifier(
        dossier, code=code, reponse=reponse, motif=motif, par=par, roles=roles(par, dossier), le=NOVEMBRE
    )


def test_les_questions_de_fond_se_posent_selon_l_appel_et_le_dossier(aap):  # B1, R37, R39, R42
    assert [q.code for q in questions_de(Reponses(aap))] == [
        "commande-publique", "droit-commun", "comite-de-suivi",
    ]  # fmt: skip
    aap.est_numerique, aap.numerique_coherence = True, "Elle forme aux démarches en ligne."
    assert "numerique" in [q.code for q in questions_de(Reponses(aap))]
    ami = f.dossier_depose()
    assert [q.code for q in questions_de(Reponses(ami))] == ["commande-publique"]


def test_une_reponse_se_motive_se_lit_et_ne_bloque_rien(aap):
    verifier(aap, "commande-publique", True, "Le besoin vient de l'agglomération.")
    texte = page(aap)
    assert "Le besoin vient de l'agglomération." in texte
    assert "la passer en marché" in texte
    verifier(aap, "commande-publique", False)
    assert "la passer en marché" not in page(aap)
    assert Verification.objects.get().reponse is False
    assert Evenement.objects.filter(acte="verifier", public=False).count() == 2
    par = f.acteur("benoit")
    actes.declarer_recevable(aap, par=par, roles=roles(par, aap), le=NOVEMBRE)


def test_une_question_sans_motif_hors_sujet_ou_d_un_autre_est_refusee(aap):
    with pytest.raises(ActeBloque, match="motif"):
        verifier(aap, "commande-publique", True, " ")
    with pytest.raises(ActeBloque, match="ne se pose pas"):
        verifier(aap, "numerique", True)
    with pytest.raises(RoleInsuffisant):
        verifier(aap, "commande-publique", True, qui="chloe")
    assert not Verification.objects.exists()


def test_la_page_des_criteres_pose_les_questions_et_garde_la_reponse(aap):
    adresse = reverse("instruction_criteres", args=[aap.numero])
    client = f.client("benoit")
    assert "France Travail suit" in client.get(adresse).content.decode()
    dits = {"code": "droit-commun", "droit-commun-reponse": "oui", "droit-commun-motif": "Complète."}
    assert client.post(adresse, dits).status_code == 302
    assert Verification.objects.get().code == "droit-commun"
    texte = client.get(adresse).content.decode().replace("\u00a0", " ")
    assert "2 points à trancher" in texte
    assert "Ce que le porteur écrit" in texte
    assert f.client("chloe").post(adresse, dits).status_code == 403
