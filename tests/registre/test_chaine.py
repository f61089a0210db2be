"""Le registre : chaque acte laisse un maillon, et la relecture voit toute altération (T36, G19)."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from ensemblier.appels.models import Appel
from ensemblier.noyau.machine import Acteur, Droit, EtatInterdit, Role, RoleInsuffisant, TransitionRefusee
from ensemblier.registre import gardes
from ensemblier.registre.actes import Suite, avancer, consigner, ouvrir, sceller, verrouiller
from ensemblier.registre.models import Chaine, Detail, Evenement, Sceau
from ensemblier.registre.verification import verifier
from ensemblier.territoires.models import Territoire

pytestmark = pytest.mark.django_db
LE = datetime(2025, 3, 18, 16, 18, tzinfo=UTC)
RESPONSABLE = Acteur("Benoît", "responsable", "essai", 1, droits=(Droit(Role.RESPONSABLE),))


@pytest.fixture
def appel():
    territoire = Territoire.objects.create(
        code="essai", nom="Essai", nom_court="Essai", siren="123456782", service="Service",
        courriel="service@essai.example", empreinte_du_pack="0" * 64,
    )  # fmt: skip
    appel = Appel(
        territoire=territoire, code="ami", type="AMI", exercice=2025, titre="AMI",
        titre_court="AMI", chapo="",
        modifie_le=LE,
    )  # fmt: skip
    ouvrir(appel, par=RESPONSABLE, le=LE, libelle="Appel créé")
    consigner(appel, "relire", par=RESPONSABLE, le=LE, libelle="Relu", details={"pages": 3})
    avancer(appel, "publier", par=RESPONSABLE, roles={Role.RESPONSABLE}, le=LE)
    sceller(le=LE)
    return appel


def test_chaque_acte_laisse_un_maillon_qui_porte_le_precedent(appel):
    premier, deuxieme, troisieme = Evenement.objects.order_by("rang")
    assert (premier.vers, troisieme.de, troisieme.vers) == ("brouillon", "brouillon", "publie")
    assert deuxieme.precedent == premier.empreinte
    assert troisieme.precedent == deuxieme.empreinte
    assert verifier().est_intacte


def test_un_role_insuffisant_est_refuse_sans_effet_ni_maillon(appel):
    with pytest.raises(RoleInsuffisant, match="responsable du territoire"):
        avancer(appel, "clore", par=RESPONSABLE, roles={Role.INSTRUCTEUR}, le=LE, motif="fin")
    appel.refresh_from_db()
    assert appel.etat == "publie"
    assert Evenement.objects.count() == 3


def test_un_etat_interdit_est_refuse_meme_si_l_objet_en_memoire_ment(appel):
    perime = Appel.objects.get(pk=appel.pk)
    perime.etat = "brouillon"
    with pytest.raises(EtatInterdit):
        avancer(perime, "publier", par=RESPONSABLE, roles={Role.RESPONSABLE}, le=LE)


def test_une_chaine_tenue_ne_se_relit_pas_et_porte_les_faits_qui_suivent(appel, django_assert_num_queries):
    tenue, suite = verrouiller(appel.racine()), Suite("prevenir", "Prévenus", RESPONSABLE, details={"n": 2})
    with django_assert_num_queries(6):  # deux pour la transaction, quatre écritures
        avancer(
            appel, "clore", par=RESPONSABLE, roles={Role.RESPONSABLE}, le=LE, motif="Fini", tenue=tenue,
            suites=[suite],
        )  # fmt: skip
    clos, prevenu = Evenement.objects.order_by("rang")[3:]
    assert (clos.acte, clos.vers, prevenu.acte, prevenu.de) == ("clore", "clos", "prevenir", "clos")
    assert (prevenu.precedent, prevenu.detail.contenu) == (clos.empreinte, {"n": 2})
    assert verifier().est_intacte


def test_une_autre_chaine_tenue_est_refusee(appel):
    with pytest.raises(ValueError, match="La chaîne tenue"):
        avancer(
            appel, "clore", par=RESPONSABLE, roles={Role.RESPONSABLE}, le=LE, motif="Fini",
            tenue=verrouiller("appels.Appel:0"),
        )  # fmt: skip


def test_une_chaine_tenue_perimee_n_ecrit_rien(appel):
    """Un maillon écrit entre-temps : la base refuse le rang déjà pris, rien ne se perd."""
    tenue = verrouiller(appel.racine())
    consigner(appel, "relire", par=RESPONSABLE, le=LE, libelle="Relu encore")
    with pytest.raises(IntegrityError), transaction.atomic():
        avancer(appel, "clore", par=RESPONSABLE, roles={Role.RESPONSABLE}, le=LE, motif="F", tenue=tenue)
    assert (Appel.objects.get().etat, Evenement.objects.count()) == ("publie", 4)
    assert verifier().est_intacte


def test_un_motif_requis_et_vide_est_refuse(appel):
    with pytest.raises(TransitionRefusee, match="motif"):
        avancer(appel, "clore", par=RESPONSABLE, roles={Role.RESPONSABLE}, le=LE, motif="  ")


@pytest.mark.parametrize("table", gardes.TABLES)
@pytest.mark.parametrize("acte", ["UPDATE {} SET empreinte = 'x'", "DELETE FROM {}"])
def test_la_base_refuse_de_changer_ou_d_effacer_un_maillon(appel, table, acte):
    with pytest.raises(DatabaseError, match="registre"), transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(acte.format(table))


def test_la_base_refuse_de_changer_ou_d_effacer_un_maillon_garde_levee(appel):
    gardes.lever(connection)
    Evenement.objects.update(libelle="maquillé")
    gardes.poser(connection)
    assert not verifier().est_intacte


def _changer_un_libelle():
    Evenement.objects.filter(rang=2).update(libelle="autre chose")


def _changer_un_detail():
    Detail.objects.filter(evenement__rang=2).update(contenu={"pages": 4})


def _effacer_un_detail():
    Detail.objects.filter(evenement__rang=2).delete()


def _retirer_une_ligne_scellee():
    Sceau.objects.filter(evenement__rang=2)._raw_delete("default")
    Detail.objects.filter(evenement__rang=2).delete()
    Evenement.objects.filter(rang=2)._raw_delete("default")


def _retirer_la_derniere_et_recoudre():
    dernier = Evenement.objects.get(rang=3)
    Detail.objects.filter(evenement=dernier).delete()
    Sceau.objects.filter(evenement=dernier)._raw_delete("default")
    Evenement.objects.filter(pk=dernier.pk)._raw_delete("default")
    Chaine.objects.filter(racine__startswith="appels").update(rang=2, tete=dernier.precedent)


def _intervertir_deux_lignes():
    Evenement.objects.filter(rang=2).update(rang=9)
    Evenement.objects.filter(rang=3).update(rang=2)
    Evenement.objects.filter(rang=9).update(rang=3)


def _changer_l_auteur():
    Evenement.objects.filter(rang=1).update(auteur_nom="David")


@pytest.mark.parametrize(
    "fraude",
    [
        _changer_un_libelle, _changer_un_detail, _effacer_un_detail, _retirer_une_ligne_scellee,
        _retirer_la_derniere_et_recoudre, _intervertir_deux_lignes, _changer_l_auteur,
    ],
)  # fmt: skip
def test_la_relecture_voit_la_fraude(appel, fraude):
    tete = verifier().tete
    gardes.lever(connection)
    fraude()
    assert verifier(tete_connue=tete).anomalies
    assert verifier().anomalies or fraude is _retirer_la_derniere_et_recoudre


def test_une_fin_coupee_et_recousue_ne_se_voit_qu_avec_la_tete_gardee_ailleurs(appel):
    tete = verifier().tete
    gardes.lever(connection)
    _retirer_la_derniere_et_recoudre()
    assert verifier().est_intacte
    assert not verifier(tete_connue=tete).est_intacte


def test_sceller_deux_fois_ne_scelle_rien_de_plus(appel):
    assert Sceau.objects.count() == 3
    assert sceller(le=LE) == 0


def test_deux_evenements_ne_prennent_pas_le_meme_rang(appel):
    premier = Evenement.objects.first()
    premier.pk = None
    premier.empreinte = "1" * 64
    with pytest.raises(IntegrityError), transaction.atomic():
        premier.save(force_insert=True)
