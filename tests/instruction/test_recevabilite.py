"""Complétude et recevabilité : ce qui manque, ce qui bloque, ce qui n'est qu'une alerte."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Demande, Dossier, Suspension
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import actes
from ensemblier.instruction.examen import completude
from ensemblier.instruction.models import Complement
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.programmation import actes as actes_programmation
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
JUIN = f.instant("2025-06-02 09:00")
NOVEMBRE = f.instant("2025-11-12 09:00")
LETTRE_ET_CERFA = ("lettre", "cerfa")


def en(dossier, qui):
    par = f.acteur(qui)
    return {"par": par, "roles": roles(par, dossier)}


def depose_avec(*pieces, code="ami-2025", **options):
    brouillon = f.dossier(code, **options)
    f.joindre(brouillon, *pieces)
    return f.deposer(brouillon)


def manquantes(dossier):
    return [p.code for p in completude(Reponses(dossier)).manquantes]


def demander(dossier, *pieces, le=JUIN, message="Votre RIB est illisible."):
    return actes.demander_complements(dossier, pieces=pieces, message=message, le=le, **en(dossier, "benoit"))


def test_une_association_sans_rib_est_incomplete_et_a_quinze_jours():  # S23, P29
    dossier = depose_avec("lettre", "cerfa", "statuts", "dirigeants", "recepisse")
    assert manquantes(dossier) == ["rib"]
    complement = demander(dossier, "rib")
    assert (complement.echeance - JUIN.date()).days == 15
    assert dossier.etat == "a_completer"
    assert Suspension.objects.get(dossier=dossier).au is None
    assert Courriel.objects.get(cle__startswith="complement:").destinataire == "amina@maison.example"
    with pytest.raises(ActeBloque, match="à vérifier"):
        actes.declarer_complet(dossier, le=JUIN, **en(dossier, "benoit"))


def test_une_commune_est_complete_avec_lettre_cerfa_et_rib():  # S24
    dossier = f.dossier(organisme_de="jardins")
    dossier.organisme.type = "commune"
    dossier.organisme.save()
    f.joindre(dossier, "lettre", "cerfa", "rib")
    assert manquantes(dossier) == []


def test_le_porteur_complete_et_l_horloge_repart():
    dossier = depose_avec("lettre", "cerfa", "statuts", "dirigeants", "recepisse")
    demander(dossier, "rib")
    plus_tard = JUIN + timedelta(days=3)
    with pytest.raises(ActeBloque, match="RIB"):
        actes.completer(dossier, le=plus_tard, **en(dossier, "amina"))
    f.joindre(dossier, "rib", le=plus_tard)
    actes.completer(dossier, le=plus_tard, **en(dossier, "amina"))
    assert dossier.etat == "depose"
    assert Suspension.objects.get(dossier=dossier).au == plus_tard.date()
    assert Complement.objects.get(dossier=dossier).repondu_le == plus_tard
    actes.declarer_complet(dossier, le=plus_tard, **en(dossier, "benoit"))
    assert Dossier.objects.get(pk=dossier.pk).complet_le == plus_tard


def test_une_piece_deja_recue_et_redemandee_est_a_remplacer():
    dossier = f.dossier_depose()
    demander(dossier, "rib")
    assert manquantes(dossier) == ["rib"]
    f.joindre(dossier, "rib", le=JUIN)
    assert manquantes(dossier) == []


def test_refuser_une_piece_demande_un_motif_et_la_rend_manquante():
    dossier = f.dossier_depose()
    piece = dossier.pieces.get(code="statuts", remplacee_le=None)
    with pytest.raises(ActeBloque, match="motif"):
        actes.refuser_piece(piece, motif=" ", le=JUIN, **en(dossier, "benoit"))
    actes.refuser_piece(piece, motif="Statuts non signés.", le=JUIN, **en(dossier, "benoit"))
    assert manquantes(dossier) == ["statuts"]
    actes.valider_piece(piece, le=JUIN, **en(dossier, "benoit"))
    assert manquantes(dossier) == []


@pytest.mark.parametrize("qui", ["amina", "chloe", "farid", "odile"])
def test_seul_le_pilote_juge_la_recevabilite(qui):
    dossier = f.dossier_depose("aap-2026")
    for acte in (actes.declarer_recevable, actes.declarer_complet):
        with pytest.raises(RoleInsuffisant):
            acte(dossier, le=NOVEMBRE, **en(dossier, qui))
    assert Dossier.objects.get(pk=dossier.pk).etat == "depose"


def petite_cohorte():
    return f.dossier_depose(
        "aap-2026",
        publics__total=14,
        publics__qpv=10,
        action__thematiques=["emploi-insertion"],
        action__experimentale=True,
        action__experimentale_justification="Première action de ce genre dans le quartier.",
    )


def test_recevable_attend_la_tolerance_validee():  # S10, K2bis
    dossier = petite_cohorte()
    with pytest.raises(ActeBloque, match="14"):
        actes.declarer_recevable(dossier, le=NOVEMBRE, **en(dossier, "benoit"))
    options = en(dossier, "benoit")
    actes.valider_tolerance(dossier, est_validee=False, motif="Pas assez neuf.", le=NOVEMBRE, **options)
    with pytest.raises(ActeBloque):
        actes.declarer_recevable(dossier, le=NOVEMBRE, **options)
    actes.valider_tolerance(dossier, est_validee=True, motif="Action inédite ici.", le=NOVEMBRE, **options)
    assert actes.declarer_recevable(dossier, le=NOVEMBRE, **options) == []
    assert dossier.etat == "recevable"


def test_rien_ne_s_instruit_avant_recevable():  # S78
    dossier = petite_cohorte()
    etat = dossier.demandes.select_related("dossier", "financeur").get(financeur__code="ETAT")
    chloe = f.acteur("chloe")
    with pytest.raises(ActeBloque, match="Recevable"):
        actes.prendre_en_charge(etat, par=chloe, le=NOVEMBRE)
    with pytest.raises(ActeBloque, match="Recevable"):
        actes.rendre_avis(dossier, etat.financeur, sens="favorable", par=chloe, le=NOVEMBRE)
    with pytest.raises(ActeBloque, match="Recevable"):
        actes_programmation.proposer(etat, montant=1000, par=chloe, le=NOVEMBRE)
    assert Demande.objects.get(pk=etat.pk).etat == "sollicitee"


def test_sans_numero_dauphin_l_aap_n_est_pas_recevable():  # S83
    dossier = f.dossier_depose("aap-2026", action__numero_dauphin=None)
    options = en(dossier, "benoit")
    with pytest.raises(ActeBloque, match="Dauphin"):
        actes.declarer_recevable(dossier, le=NOVEMBRE, **options)
    actes_dossiers.noter_numero_dauphin(dossier, numero="DA01234567", le=NOVEMBRE, **options)
    actes.declarer_recevable(dossier, le=NOVEMBRE, **options)
    assert dossier.etat == "recevable"


def test_une_piece_non_indispensable_manque_sans_bloquer():  # S76, P33
    dossier = depose_avec(*LETTRE_ET_CERFA, "dirigeants", "recepisse", "rib")
    manque = actes.declarer_recevable(dossier, le=JUIN, **en(dossier, "benoit"))
    assert manque == ["Statuts"]
    lu = Dossier.objects.get(pk=dossier.pk)
    assert (lu.etat, lu.complet_le) == ("recevable", None)


def test_sans_piece_indispensable_le_dossier_n_est_pas_recevable():  # P33
    dossier = depose_avec("cerfa", "statuts", "dirigeants", "recepisse", "rib")
    with pytest.raises(ActeBloque, match="Lettre"):
        actes.declarer_recevable(dossier, le=JUIN, **en(dossier, "benoit"))


def test_incomplet_peut_devenir_recevable_et_l_horloge_repart():
    dossier = depose_avec(*LETTRE_ET_CERFA)
    demander(dossier, "statuts", "rib")
    actes.declarer_recevable(dossier, le=JUIN, **en(dossier, "benoit"))
    assert Suspension.objects.get(dossier=dossier).au == JUIN.date()


def test_irrecevable_demande_un_motif_et_ecrit_au_porteur():
    dossier = f.dossier_depose()
    options = en(dossier, "benoit")
    with pytest.raises(Exception, match="motif"):
        actes.declarer_irrecevable(dossier, motif="", le=JUIN, **options)
    actes.declarer_irrecevable(dossier, motif="L'action a lieu hors du contrat.", le=JUIN, **options)
    assert "hors du contrat" in Courriel.objects.get(cle__startswith="irrecevable:").texte
    with pytest.raises(EtatInterdit):
        actes.declarer_recevable(dossier, le=JUIN, **options)


def test_qualifier_un_critere_laisse_une_trace_que_le_porteur_ne_lit_pas():
    dossier = f.dossier_depose(bonification={"habitants": {"declare": True}})
    critere = dossier.criteres.get(code="habitants")
    actes.qualifier_critere(
        critere, est_qualifie=True, qualification="Comité d'habitants vu sur place.", le=JUIN,
        **en(dossier, "benoit"),
    )  # fmt: skip
    assert critere.est_qualifie is True
    trace = Evenement.objects.get(acte="qualifier_critere")
    assert trace.public is False
    assert trace.le <= timezone.now()
