"""Un travail long : mis en file avec l'acte, repris sans refaire, annulé entre deux lignes, lu des siens."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config import rythme
from config.commandes import rythme as commande
from ensemblier.noyau.machine import Acteur, Droit, Role, TransitionRefusee
from ensemblier.registre import travaux
from ensemblier.registre.actes import ActeBloque, tracer
from ensemblier.registre.models import LigneDeTravail, Trace, Travail
from ensemblier.registre.travaux import Ligne, Ouvrage

LE = datetime(2026, 3, 2, 9, tzinfo=UTC)
BENOIT = Acteur("Benoît", "chargé de mission", "essai", 7, droits=(Droit(Role.INSTRUCTEUR),))
IRENE = Acteur("Irène", "responsable", "essai", 8, droits=(Droit(Role.RESPONSABLE),))
CHLOE = Acteur("Chloé", "financeur", "essai", 9, droits=(Droit(Role.AGENT_FINANCEUR, financeur="ETAT"),))

pytestmark = pytest.mark.django_db


class Horloge:
    """Une heure qu'on avance à la main."""

    def __init__(self):
        self.le = LE

    def __call__(self):
        return self.le

    def avancer(self, **duree):
        self.le += timedelta(**duree)


@pytest.fixture
def horloge():
    return Horloge()


def demander(combien=3, cle="k", par=BENOIT, genre="essai", **options):
    lignes = [Ligne(f"Dossier {n}", objet=f"dossiers.Dossier:{n}") for n in range(1, combien + 1)]
    return travaux.demander(
        cle=cle, genre=genre, titre="Essayer", par=par, le=LE, lignes=lignes, **options
    )  # fmt: skip


def ouvrage(faire, **options):
    return Ouvrage("essai", faire, **options)


def par_lignes(acte):
    return ouvrage(lambda _travail, jalon: jalon.lignes(acte))


def marquer(ligne, le):
    """Un acte qui laisse une trace par ligne : ce qui est fait deux fois se compte."""
    tracer(par=BENOIT, nature="consultation", chemin=ligne.objet, le=le)


def faits():
    return list(Trace.objects.order_by("pk").values_list("chemin", flat=True))


def issues(travail):
    return list(travail.lignes.order_by("rang").values_list("issue", "phrase"))


def faire(o, horloge, **options):
    return travaux.faire_les_travaux([o], horloge=horloge, **options)


def test_chaque_ligne_passe_et_un_refus_ecrit_sa_phrase_sans_arreter_les_autres(horloge):
    def acte(ligne, le):
        if ligne.rang == 1:
            raise ActeBloque("Il manque une pièce.", "Demandez-la.")
        if ligne.rang == 2:
            raise TransitionRefusee("L'état ne le permet pas.")
        marquer(ligne, le)
        return "Affecté."

    travail = demander()
    assert faire(par_lignes(acte), horloge) == 1
    travail.refresh_from_db()
    assert issues(travail) == [
        ("refuse", "Il manque une pièce. Demandez-la."),
        ("refuse", "L'état ne le permet pas."),
        ("fait", "Affecté."),
    ]
    assert (travail.fait, travail.refuses, travail.fini_le, travail.situation[0]) == (3, 2, LE, "Fini")
    assert faire(par_lignes(acte), horloge) == 0


def test_une_ligne_refusee_ne_laisse_rien_de_son_acte(horloge):
    def acte(ligne, le):
        marquer(ligne, le)
        raise ActeBloque("Trop tard.")

    demander(1)
    faire(par_lignes(acte), horloge)
    assert faits() == []


def test_le_travail_s_ecrit_dans_la_transaction_de_l_acte():
    with transaction.atomic():
        demander()
        transaction.set_rollback(True)
    assert not Travail.objects.exists()


def test_le_meme_formulaire_envoye_deux_fois_ne_lance_qu_un_travail():
    assert demander().pk == demander().pk
    assert LigneDeTravail.objects.count() == 3


def test_la_cle_d_un_autre_est_refusee():
    demander()
    with pytest.raises(ActeBloque, match="déjà servi"):
        demander(par=CHLOE)
    with pytest.raises(ActeBloque, match="déjà servi"):
        demander(genre="autre")


def test_un_travail_sans_compte_n_est_lu_de_personne_et_ne_se_demande_pas():
    with pytest.raises(ValueError, match="sous un compte"):
        demander(par=Acteur("Ensemblier", "tâche", "essai"))


def test_arrete_au_milieu_il_reprend_sans_refaire(horloge):
    """Le processus s'arrête après deux lignes ; le suivant fait la troisième, et elle seule."""
    travail = demander()
    faire(par_lignes(marquer), horloge, arret=lambda: len(faits()) == 2)
    travail.refresh_from_db()
    assert (len(faits()), travail.fini_le, travail.bail, travail.reserve_jusqu_au) == (2, None, "", None)
    faire(par_lignes(marquer), horloge)
    assert faits() == [f"dossiers.Dossier:{n}" for n in (1, 2, 3)]
    travail.refresh_from_db()
    assert travail.situation[0] == "Fini"


class Mort(BaseException):
    """Le processus disparaît : rien ne s'exécute après."""


def test_le_processus_meurt_au_milieu_un_autre_reprend_le_bail_passe(horloge):
    def acte(ligne, le):
        if ligne.rang == 2 and horloge.le == LE:
            raise Mort
        marquer(ligne, le)

    travail = demander()
    with pytest.raises(Mort):
        faire(par_lignes(acte), horloge)
    horloge.avancer(minutes=1)
    assert faire(par_lignes(acte), horloge) == 0, "le bail court encore"
    horloge.avancer(minutes=2)
    assert faire(par_lignes(acte), horloge) == 1
    assert len(faits()) == 3
    travail.refresh_from_db()
    assert travail.situation[0] == "Fini"


def test_un_second_rythme_ne_prend_pas_ce_que_le_premier_tient(horloge):
    pris = []

    def acte(ligne, le):
        pris.append(faire(par_lignes(marquer), horloge))
        marquer(ligne, le)

    demander()
    faire(par_lignes(acte), horloge)
    assert pris == [0, 0, 0]
    assert len(faits()) == 3


def test_qui_a_perdu_son_bail_n_ecrit_plus_rien(horloge):
    """Le premier s'endort avant sa deuxième ligne ; le second finit ; le réveil du premier ne refait rien."""

    def s_endormir():
        if faits() == ["dossiers.Dossier:1"]:
            horloge.avancer(minutes=3)
            faire(par_lignes(marquer), horloge)
        return False

    travail = demander()
    faire(par_lignes(marquer), horloge, arret=s_endormir)
    assert faits() == [f"dossiers.Dossier:{n}" for n in (1, 2, 3)]
    travail.refresh_from_db()
    assert (travail.fait, travail.situation[0]) == (3, "Fini")


def test_qui_a_perdu_son_bail_n_ecrit_plus_rien_garde_levee(horloge, monkeypatch):
    """Le bail ôté de l'écriture, la ligne se refait : l'essai le voit."""

    def s_endormir():
        if faits() == ["dossiers.Dossier:1"]:
            horloge.avancer(minutes=3)
            faire(par_lignes(marquer), horloge)
        return False

    monkeypatch.setattr(travaux.Jalon, "_tenir", lambda *_, **__: None)
    demander()
    faire(par_lignes(marquer), horloge, arret=s_endormir)
    assert len(faits()) > 3


def test_annuler_garde_ce_qui_est_fait_et_laisse_le_reste(horloge):
    travail = demander()

    def acte(ligne, le):
        marquer(ligne, le)
        if ligne.rang == 2:
            travaux.annuler(travail, par=IRENE, le=le)

    faire(par_lignes(acte), horloge)
    travail.refresh_from_db()
    assert [i for i, _ in issues(travail)] == ["fait", "fait", ""]
    assert (travail.situation[0], travail.annule_par) == ("Annulé", "Irène, responsable")
    with pytest.raises(ActeBloque, match="déjà fini ou annulé"):
        travaux.annuler(travail, par=BENOIT, le=LE)


def test_annuler_avant_qu_il_commence_le_finit_aussitot(horloge):
    travail = demander()
    travaux.annuler(travail, par=BENOIT, le=LE)
    assert faire(par_lignes(marquer), horloge) == 0
    travail.refresh_from_db()
    assert (travail.situation[0], faits()) == ("Annulé", [])


def test_une_panne_sur_une_ligne_se_dit_sur_elle_et_au_journal(horloge, caplog):
    def acte(ligne, le):
        if ligne.rang == 2:
            raise ZeroDivisionError
        marquer(ligne, le)

    travail = demander()
    with caplog.at_level(logging.ERROR):
        faire(par_lignes(acte), horloge)
    assert issues(travail)[1] == ("refuse", travaux.PANNE_DE_LIGNE)
    assert "ZeroDivisionError" in caplog.text
    assert len(faits()) == 2


def test_la_base_occupee_relance_plus_tard_sans_perdre_une_ligne(horloge):
    def acte(ligne, le):
        if ligne.rang == 2 and horloge.le == LE:
            raise OperationalError("database is locked")
        marquer(ligne, le)

    travail = demander()
    faire(par_lignes(acte), horloge)
    assert len(faits()) == 1
    horloge.avancer(minutes=2)
    faire(par_lignes(acte), horloge)
    assert (len(faits()), [i for i, _ in issues(travail)]) == (3, ["fait"] * 3)


def test_un_travail_qui_tombe_sans_cesse_s_arrete_et_le_dit(horloge):
    travail, essais = demander(0), []

    def tomber(_travail, _jalon):
        essais.append(1)
        raise MemoryError

    for _ in range(20):
        faire(ouvrage(tomber), horloge)
        horloge.avancer(minutes=10)
    travail.refresh_from_db()
    assert (len(essais), travail.situation[0], travail.raison) == (5, "Arrêté", travaux.PANNE)


def test_un_refus_de_tout_le_travail_est_sa_raison(horloge):
    def refuser(_travail, _jalon):
        raise ActeBloque("Vous n'avez plus cette habilitation.")

    travail = demander(0)
    faire(ouvrage(refuser), horloge)
    travail.refresh_from_db()
    assert (travail.situation[0], travail.raison) == ("Arrêté", "Vous n'avez plus cette habilitation.")


def test_un_travail_d_une_piece_dit_ou_il_en_est_puis_conclut(horloge):
    vus = []

    def calculer(travail, jalon):
        for n in range(1, 4):
            horloge.avancer(seconds=2)
            jalon.avance(n, 3, "Calcul")
            vus.append(tuple(Travail.objects.values_list("fait", "total", "etape").get(pk=travail.pk)))
        jalon.rapporter([Ligne("Ligne 12", issue="refuse", phrase="SIRET illisible.")])
        jalon.conclure(phrase="Scénario prêt.", adresse="/scenarios/4/", resultat={"scenario": 4})

    travail = demander(0)
    faire(ouvrage(calculer, est_long=True), horloge)
    travail.refresh_from_db()
    assert vus == [(1, 3, "Calcul"), (2, 3, "Calcul"), (3, 3, "Calcul")]
    assert (travail.phrase, travail.adresse, travail.resultat) == (
        "Scénario prêt.", "/scenarios/4/", {"scenario": 4},
    )  # fmt: skip
    assert issues(travail) == [("refuse", "SIRET illisible.")]


def test_le_jalon_n_ecrit_pas_plus_d_une_fois_par_seconde(horloge):
    """Cinquante mille lignes importées ne font pas cinquante mille écritures."""

    def importer(_travail, jalon):
        with CaptureQueriesContext(connection) as requetes:
            for n in range(1, 10_000):
                jalon.avance(n, 50_000)
        assert len(requetes) == 0

    travail = demander(0)
    faire(ouvrage(importer), horloge)
    travail.refresh_from_db()
    assert travail.situation[0] == "Fini"


def test_annule_pendant_le_calcul_sa_derniere_ecriture_est_defaite(horloge):
    travail = demander(0)

    def importer(_travail, jalon):
        with transaction.atomic():
            marquer(LigneDeTravail(objet="tout"), LE)
            Travail.objects.filter(pk=travail.pk).update(annule_le=LE, annule_par="Benoît")
            jalon.conclure(phrase="Importé.")

    faire(ouvrage(importer), horloge)
    assert faits() == []
    assert Travail.objects.get().phrase == ""


def test_repris_par_un_autre_le_premier_ne_conclut_pas(horloge):
    """Un import lent, cru mort et repris, ne s'écrit pas deux fois."""

    def importer(_travail, jalon):
        if horloge.le == LE:
            horloge.avancer(minutes=3)
            faire(ouvrage(importer), horloge)
        with transaction.atomic():
            marquer(LigneDeTravail(objet="tout"), horloge.le)
            jalon.conclure()

    demander(0)
    faire(ouvrage(importer), horloge)
    assert faits() == ["tout"]


def test_une_file_ne_fait_que_ses_ouvrages(horloge, monkeypatch):
    demander()
    assert travaux.faire_les_travaux([Ouvrage("autre", lambda *_: None)], horloge=horloge) == 0
    monkeypatch.setattr(rythme, "OUVRAGES", (par_lignes(marquer), Ouvrage("x", lambda *_: None, True)))
    assert (rythme._travailler(longs=True), rythme._travailler(longs=False)) == (0, 1)


def test_les_noms_des_ouvrages_sont_uniques():
    noms = [o.nom for o in rythme.OUVRAGES]
    assert len(noms) == len(set(noms))


def test_une_tache_a_part_ne_fait_pas_attendre_les_autres_et_ne_se_double_pas():
    import threading

    ouvert, passes = threading.Event(), []
    longue = rythme.Tache("longue", 1, lambda _le: (passes.append(1), ouvert.wait(10)), est_a_part=True)
    fils = {}
    commande._lancer(longue, fils)
    commande._lancer(longue, fils)
    ouvert.set()
    fils["longue"].join(10)
    assert passes == [1]


def test_un_travail_fini_depuis_six_mois_s_oublie_et_un_autre_non(horloge):
    vieux, vivant = demander(cle="a"), demander(cle="b", genre="autre")
    faire(par_lignes(marquer), horloge)
    assert travaux.oublier_les_travaux(le=LE + timedelta(days=179)) == 0
    assert travaux.oublier_les_travaux(le=LE + timedelta(days=181)) == 1
    assert list(Travail.objects.all()) == [vivant]
    assert vieux.lignes.count() == 0


@pytest.mark.parametrize(("qui", "voit"), [(BENOIT, True), (IRENE, True), (CHLOE, False), (None, False)])
def test_il_n_est_lu_que_de_son_demandeur_et_du_responsable(qui, voit):
    demander()
    assert Travail.objects.visibles_par(qui).exists() is voit


def test_le_responsable_d_un_autre_territoire_ne_le_lit_pas():
    demander()
    ailleurs = Acteur("Irène", "responsable", "ailleurs", 7, droits=(Droit(Role.RESPONSABLE),))
    assert not Travail.objects.visibles_par(ailleurs).exists()
