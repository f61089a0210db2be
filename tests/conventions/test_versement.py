"""Signer et payer : les gardes et leur ordre, deux personnes, jamais deux fois (§C.4, É15)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ensemblier.comptes.models import Rib
from ensemblier.conventions import actes
from ensemblier.conventions.gardes import blocages, ce_qui_bloque
from ensemblier.conventions.models import Convention, Tranche, Versement
from ensemblier.dossiers.models import Obligation, Suspension
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from tests import fabriques
from tests import fabriques_suites as f

pytestmark = pytest.mark.django_db
JOUR = f.NOTIFIE_LE.date()


def _preparer(tranche, qui="fatou_finances", le=f.NOTIFIE_LE):
    return actes.preparer_versement(tranche, par=f.acteur(qui), le=le)


def test_s48_sans_convention_signee_l_acompte_ne_part_pas():
    demande = f.notifier(f.volet(f.dossier(), "15000.00"))
    with pytest.raises(ActeBloque, match="Convention non signée par le porteur"):
        _preparer(f.tranche(demande))
    assert not Versement.objects.exists()


def test_s48_signee_des_deux_parties_l_acompte_part():
    demande = f.notifier(f.volet(f.dossier(), "15000.00"))
    f.signer(demande)
    assert demande.etat == "conventionnee"
    f.verser(f.tranche(demande))
    demande.refresh_from_db()
    assert (demande.etat, demande.verse) == ("acompte_verse", Decimal("12000.00"))


def test_la_signature_du_porteur_seule_ne_suffit_pas():
    demande = f.notifier(f.volet(f.dossier(), "15000.00"))
    convention = Convention.objects.get(demande=demande)
    actes.signer_porteur(convention, exemplaire=f.pdf(), par=f.acteur("amina"), le=f.NOTIFIE_LE)
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == [
        "Convention non signée par Communauté d'agglomération de Lens-Liévin."
    ]


def test_seule_la_personne_signataire_du_porteur_signe():
    convention = Convention.objects.get(demande=f.notifier(f.volet(f.dossier(), "15000.00")))
    for qui in ("lucas", "david", "benoit"):
        with pytest.raises(RoleInsuffisant):
            actes.signer_porteur(convention, exemplaire=f.pdf(), par=f.acteur(qui), le=f.NOTIFIE_LE)


def test_une_signataire_sans_delegation_ne_signe_pas_la_convention():
    """Ni représentante légale, ni déléguée pour les suites : l'acte le dit, et rien n'est gardé."""
    convention = Convention.objects.get(demande=f.notifier(f.volet(f.dossier(), "15000.00")))
    fabriques.personne("lucas").rattachements.update(qualite="signataire")
    with pytest.raises(ActeBloque, match="Vous n'êtes pas le représentant légal"):
        actes.signer_porteur(convention, exemplaire=f.pdf(), par=f.acteur("lucas"), le=f.NOTIFIE_LE)
    convention.refresh_from_db()
    assert convention.exemplaire_porteur is None


def test_le_financeur_ne_signe_pas_avant_le_porteur():
    convention = Convention.objects.get(demande=f.notifier(f.volet(f.dossier(), "15000.00")))
    with pytest.raises(EtatInterdit):
        actes.signer_financeur(convention, exemplaire=f.pdf(), par=f.acteur("benoit"), le=f.NOTIFIE_LE)


def test_s49_le_solde_attend_le_bilan_valide():
    demande = f.notifier(f.volet(f.dossier(), "15000.00"))
    f.signer(demande)
    f.verser(f.tranche(demande))
    with pytest.raises(ActeBloque, match="Bilan pas encore validé"):
        _preparer(f.tranche(demande, 2))


def test_s60_un_compte_rendu_manquant_d_avant_bloque_le_versement():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    Obligation.objects.create(
        organisme=demande.dossier.organisme, territoire=demande.dossier.territoire, exercice=2024,
        libelle="Bilan 2024", echeance=date(2025, 6, 30),
    )  # fmt: skip
    with pytest.raises(ActeBloque, match="Compte rendu 2024 attendu depuis le 30/06/2025"):
        _preparer(f.tranche(demande))


@pytest.mark.parametrize("champ", ["satisfaite_le", "dispensee_le"])
def test_s60_un_compte_rendu_rendu_ou_dispense_ne_bloque_plus(champ):
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    Obligation.objects.create(
        organisme=demande.dossier.organisme, territoire=demande.dossier.territoire, exercice=2024,
        libelle="Bilan 2024", echeance=date(2025, 6, 30), **{champ: date(2025, 9, 1)},
    )  # fmt: skip
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == []


def test_s76_sans_statuts_ni_convention_ni_versement():
    demande = f.notifier(f.volet(f.dossier(sans_pieces=("statuts",)), "15000.00"))
    convention = Convention.objects.get(demande=demande)
    actes.signer_porteur(convention, exemplaire=f.pdf(), par=f.acteur("amina"), le=f.NOTIFIE_LE)
    with pytest.raises(ActeBloque, match="Statuts"):
        actes.signer_financeur(convention, exemplaire=f.pdf(), par=f.acteur("benoit"), le=f.NOTIFIE_LE)
    f.piece(demande.dossier, "statuts")
    actes.signer_financeur(convention, exemplaire=f.pdf(), par=f.acteur("benoit"), le=f.NOTIFIE_LE)
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == []


def test_p35_un_dossier_rempli_ici_n_attend_pas_de_cerfa():
    """L'AMI se remplit ici : personne ne peut joindre son Cerfa, rien ne l'attend donc."""
    demande = f.notifier(f.volet(f.dossier(sans_pieces=("cerfa",)), "15000.00"))
    f.signer(demande)
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == []


def test_p35_le_cerfa_depose_ailleurs_reste_attendu():
    demande = f.notifier(f.volet(f.dossier(appel="aap-2026", sans_pieces=("cerfa",)), "9000.00"))
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == [
        "Pièce manquante\u00a0: Dossier Cerfa déposé sur Dauphin."
    ]


def test_une_piece_a_remplacer_compte_comme_manquante():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    demande.dossier.pieces.filter(code="statuts").update(statut="a_remplacer", motif="Illisible")
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == ["Pièce manquante\u00a0: Statuts."]


def test_un_rib_change_est_controle_de_nouveau():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    f.rib(demande.dossier.organisme, le=fabriques.instant("2025-11-03 10:00"), verifie=False)
    phrases = ce_qui_bloque(f.tranche(demande), le=date(2025, 11, 6))
    assert phrases == ["RIB changé le 03/11/2025\u00a0: contrôle demandé aux finances."]


def _rib_change_et_controle():
    """Un compte changé le lundi 3 novembre à 10 h, contrôlé aussitôt par les finances."""
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    f.rib(demande.dossier.organisme, le=fabriques.instant("2025-11-03 10:00"))
    return f.tranche(demande)


def test_t29_un_rib_change_meme_controle_attend_quarante_huit_heures_entieres():
    """Personne, pas même les finances, ne fait payer un compte neuf avant qu'un signataire l'ait su."""
    tranche = _rib_change_et_controle()
    with pytest.raises(ActeBloque, match="aucun versement avant le 06/11/2025"):
        _preparer(tranche, le=fabriques.instant("2025-11-05 23:59"))
    assert not Versement.objects.exists()
    f.verser(tranche, le=fabriques.instant("2025-11-06 00:00"))
    assert Versement.objects.get().etat == "paye"


def test_t29_le_premier_rib_n_attend_que_son_controle():
    demande = f.notifier(f.volet(f.dossier(porteur=f.organisme("Tout neuf", "902100031")), "9000.00"))
    demande.dossier.organisme.ribs.update(
        ajoute_le=f.NOTIFIE_LE - timedelta(hours=2), verifie_le=f.NOTIFIE_LE
    )
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == []


def test_t29_un_rib_change_serait_paye_le_jour_meme_garde_levee(monkeypatch):
    monkeypatch.setattr(Rib, "payable_le", lambda rib, heures: rib.ajoute_le.date())
    _preparer(_rib_change_et_controle(), le=fabriques.instant("2025-11-03 12:00"))
    assert Versement.objects.exists()


def test_t29_l_attente_est_celle_du_pack():
    tranche = _rib_change_et_controle()
    lieu = tranche.demande.dossier.territoire
    lieu.cadre["epci"]["attente_rib_heures"] = 0
    lieu.empreinte_du_pack = "f" * 64
    lieu.save(update_fields=("cadre", "empreinte_du_pack"))
    assert ce_qui_bloque(tranche, le=date(2025, 11, 4)) == []


def test_un_rib_change_apres_la_preparation_arrete_le_paiement():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    versement = _preparer(f.tranche(demande))
    actes.certifier_versement(versement, par=f.acteur("gerard_certifie"), le=f.NOTIFIE_LE)
    f.rib(demande.dossier.organisme, le=f.NOTIFIE_LE + timedelta(hours=2), verifie=False)
    with pytest.raises(ActeBloque, match="RIB changé"):
        actes.payer_versement(
            versement, paye_le=JOUR, reference="M-1", par=f.acteur("gerard_certifie"), le=f.NOTIFIE_LE
        )
    demande.refresh_from_db()
    assert demande.verse == 0


def test_tout_ce_qui_bloque_est_dit_dans_l_ordre_ou_on_le_repare():
    porteur = f.organisme("Sans rien", "902100031")
    demande = f.notifier(
        f.volet(f.dossier(porteur=porteur, sans_pieces=("statuts",), regle=False), "15000.00")
    )
    Obligation.objects.create(
        organisme=porteur, territoire=demande.dossier.territoire, exercice=2024, libelle="Bilan 2024",
        echeance=date(2025, 6, 30),
    )  # fmt: skip
    Suspension.objects.create(dossier=demande.dossier, motif="Contrôle en cours.", du=JOUR, arrete_tout=True)
    debuts = ["Convention", "RIB", "Contrat d'engagement", "Pièce", "Compte rendu", "Dossier suspendu"]
    phrases = ce_qui_bloque(f.tranche(demande), le=JOUR)
    assert [p.startswith(d) for p, d in zip(phrases, debuts, strict=True)] == [True] * 6
    assert ce_qui_bloque(f.tranche(demande, 2), le=JOUR)[-1] == "Bilan pas encore validé."


def test_le_cer_est_sans_objet_pour_une_commune():
    ville = fabriques.organisme("ville_de_wingles")
    f.rib(ville)
    demande = f.notifier(f.volet(f.dossier(porteur=ville, regle=False), "9000.00"))
    assert ce_qui_bloque(f.tranche(demande), le=JOUR) == []


def test_qui_a_prepare_ne_certifie_pas():
    versement = _preparer(f.tranche(f.notifier(f.volet(f.dossier(), "9000.00"))))
    with pytest.raises(ActeBloque, match="une autre personne doit le certifier"):
        actes.certifier_versement(versement, par=f.acteur("fatou_finances"), le=f.NOTIFIE_LE)
    versement.refresh_from_db()
    assert versement.etat == "prepare"


def test_qui_a_prepare_ne_certifie_pas_garde_levee():
    versement = _preparer(f.tranche(f.notifier(f.volet(f.dossier(), "9000.00"))))
    actes.certifier_versement(versement, par=f.acteur("gerard_certifie"), le=f.NOTIFIE_LE)
    assert versement.etat == "certifie"


def test_la_base_refuse_qu_une_personne_prepare_et_certifie():
    versement = _preparer(f.tranche(f.notifier(f.volet(f.dossier(), "9000.00"))))
    with pytest.raises(IntegrityError), transaction.atomic():
        Versement.objects.filter(pk=versement.pk).update(certifie_par=versement.prepare_par)


def test_un_double_clic_prepare_et_paie_une_fois():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    assert _preparer(f.tranche(demande)).pk == _preparer(f.tranche(demande)).pk
    versement = f.verser(f.tranche(demande))
    actes.payer_versement(
        versement, paye_le=JOUR, reference="M-1", par=f.acteur("gerard_certifie"), le=f.NOTIFIE_LE
    )
    demande.refresh_from_db()
    assert (demande.etat, demande.verse) == ("versee", Decimal("9000.00"))
    assert Versement.objects.filter(etat="paye").count() == 1


def test_un_paiement_deja_fait_ne_change_pas_de_reference():
    versement = f.verser(f.tranche(f.notifier(f.volet(f.dossier(), "9000.00"))))
    with pytest.raises(EtatInterdit):
        actes.payer_versement(
            versement, paye_le=JOUR, reference="M-2", par=f.acteur("gerard_certifie"), le=f.NOTIFIE_LE
        )


def test_les_finances_de_l_epci_ne_paient_pas_pour_l_etat():
    demande = f.notifier(f.volet(f.dossier(), "4000.00", financeur="ETAT"), qui="chloe")
    with pytest.raises(RoleInsuffisant):
        actes.constater_versement(
            f.tranche(demande),
            paye_le=JOUR,
            reference="EJ-7",
            par=f.acteur("fatou_finances"),
            le=f.NOTIFIE_LE,
        )


def test_un_financeur_qui_paie_ailleurs_constate_en_un_acte():
    demande = f.notifier(f.volet(f.dossier(), "4000.00", financeur="ETAT"), qui="chloe")
    for _ in range(2):
        actes.constater_versement(
            f.tranche(demande), paye_le=JOUR, reference="EJ-7", par=f.acteur("chloe"), le=f.NOTIFIE_LE
        )
    demande.refresh_from_db()
    assert (demande.etat, demande.verse) == ("versee", Decimal("4000.00"))
    assert Versement.objects.count() == 1


def test_un_versement_de_l_epci_ne_se_constate_pas_en_un_acte():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    with pytest.raises(ActeBloque, match="deux personnes"):
        actes.constater_versement(
            f.tranche(demande), paye_le=JOUR, reference="M-1", par=f.acteur("fatou_finances"), le=f.NOTIFIE_LE
        )


@pytest.mark.parametrize(
    ("paye_le", "reference", "phrase"),
    [
        (JOUR, " ", "référence"),
        (JOUR + timedelta(days=1), "M-1", "futur"),
        (JOUR - timedelta(days=1), "M-1", "précède"),
    ],
)
def test_un_paiement_a_une_reference_et_une_date_possible(paye_le, reference, phrase):
    versement = _preparer(f.tranche(f.notifier(f.volet(f.dossier(), "9000.00"))))
    actes.certifier_versement(versement, par=f.acteur("gerard_certifie"), le=f.NOTIFIE_LE)
    with pytest.raises(ActeBloque, match=phrase):
        actes.payer_versement(
            versement, paye_le=paye_le, reference=reference, par=f.acteur("gerard_certifie"), le=f.NOTIFIE_LE
        )


def test_un_versement_annule_rend_la_tranche_a_payer():
    tranche = f.tranche(f.notifier(f.volet(f.dossier(), "9000.00")))
    versement = _preparer(tranche)
    actes.annuler_versement(
        versement, motif="Erreur de saisie", par=f.acteur("fatou_finances"), le=f.NOTIFIE_LE
    )
    assert _preparer(tranche).pk != versement.pk


def test_une_liste_de_tranches_coute_le_meme_nombre_de_requetes():
    comptes = []
    for nombre in (2, 12):
        for rang in range(Tranche.objects.count(), nombre):
            f.notifier(f.volet(f.dossier(f"25-{rang:04d}"), "9000.00"))
        tranches = list(Tranche.objects.select_related("demande__financeur", "demande__dossier__organisme"))
        assert len(tranches) == nombre
        with CaptureQueriesContext(connection) as requetes:
            blocages(tranches, le=JOUR)
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1]
