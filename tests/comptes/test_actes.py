"""Comptes et organismes : qui peut quoi, et ce que le registre en garde (B7, B10, S28, S84)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from ensemblier.comptes import actes
from ensemblier.comptes.actes import organismes
from ensemblier.comptes.droits import acteur_de, roles_sur_organisme
from ensemblier.comptes.models import Habilitation, Interet, Organisme, Rattachement, Rib
from ensemblier.noyau.identifiants import IdentifiantInvalide
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Detail, Evenement, Trace
from tests import fabriques

pytestmark = pytest.mark.django_db
LE = fabriques.instant("2025-05-20 10:00")
SIGNATAIRE, FINANCES = {Role.SIGNATAIRE}, {Role.FINANCES}


def _rib(organisme, iban=fabriques.IBAN, le=LE, roles=SIGNATAIRE, qui="amina"):
    return actes.ajouter_rib(
        organisme, titulaire=organisme.nom, iban=iban, fichier=b"%PDF-1.4", nom_fichier="rib.pdf",
        type_mime="application/pdf", par=fabriques.acteur(qui), roles=roles, le=le,
    )  # fmt: skip


def _creer(qui="david", **champs):
    personne = fabriques.personne(qui)
    return actes.creer_organisme(
        utilisateur=personne,
        champs={"nom": "Nouvelle association", "type": "association", "rna": "W624009999", **champs},
        fonction="Présidente", mandat="Représentante légale", par=fabriques.acteur(qui), le=LE,
    )  # fmt: skip


def test_qui_cree_devient_signataire_avec_son_mandat():
    organisme = _creer()
    rattachement = organisme.rattachements.get()
    assert (rattachement.qualite, rattachement.mandat) == ("signataire", "Représentante légale")
    acteur = fabriques.acteur("david")
    assert roles_sur_organisme(acteur, organisme) >= SIGNATAIRE
    assert roles_sur_organisme(fabriques.acteur("amina"), organisme) == set()


@pytest.mark.parametrize("numero", [{"siren": fabriques.SIREN_DES_JARDINS, "rna": ""}, {"rna": "W624001234"}])
def test_une_seconde_personne_n_est_pas_rattachee_en_silence(numero):
    organisme = fabriques.organisme()
    fabriques.personne("david")
    avant = Rattachement.objects.count()
    with pytest.raises(ActeBloque, match="a déjà un compte"):
        _creer(**numero)
    assert Rattachement.objects.count() == avant
    assert not organisme.rattachements.exists()


def test_deux_creations_en_meme_temps_ne_font_qu_un_organisme(monkeypatch):
    fabriques.organisme()
    monkeypatch.setattr(organismes, "deja_connu", lambda **_: None)
    with pytest.raises(ActeBloque, match="a déjà un compte"):
        _creer(rna="W624001234")


def test_le_registre_montre_l_ancien_et_le_nouveau_nom():
    organisme = fabriques.organisme()
    actes.modifier_organisme(
        organisme, champs={"nom": "Les Jardins"}, par=fabriques.acteur("amina"), roles=SIGNATAIRE, le=LE
    )
    assert Detail.objects.get(evenement__acte="modifier_organisme").contenu == {
        "nom": ["Les Jardins de la fosse 12", "Les Jardins"]
    }
    evenements = Evenement.objects.count()
    actes.modifier_organisme(
        organisme, champs={"nom": "Les Jardins"}, par=fabriques.acteur("amina"), roles=SIGNATAIRE, le=LE
    )
    assert Evenement.objects.count() == evenements


def test_un_organisme_ne_prend_pas_le_numero_d_un_autre():
    fabriques.organisme("club")
    with pytest.raises(ActeBloque):
        actes.modifier_organisme(
            fabriques.organisme(), champs={"siren": fabriques.SIREN_DU_CLUB},
            par=fabriques.acteur("amina"), roles=SIGNATAIRE, le=LE,
        )  # fmt: skip


def test_l_iban_est_chiffre_et_le_registre_n_en_garde_que_la_fin():
    rib = _rib(fabriques.organisme())
    assert b"20041" not in bytes(rib.iban_chiffre)
    detail = Detail.objects.get(evenement__acte="ajouter_rib").contenu
    assert detail["fin"] == "606"
    assert "20041" not in str(detail)


def test_un_compte_change_se_voit_au_registre_et_previent_les_signataires():
    organisme = fabriques.organisme()
    fabriques.personne("amina")
    _rib(organisme)
    second = _rib(organisme, iban="FR7630006000011234567890189", le=LE + timedelta(days=1))
    assert list(Evenement.objects.filter(acte="ajouter_rib").values_list("libelle", flat=True)) == [
        "Compte bancaire ajouté",
        "Compte bancaire changé",
    ]
    assert set(Courriel.objects.values_list("destinataire", flat=True)) >= {"amina@maison.example"}
    courriel = Courriel.objects.filter(destinataire="amina@maison.example").latest("pk")
    assert "ni avant le" in courriel.texte
    assert "finit par 189, l'ancien finissait par 606" in courriel.texte
    assert "30006" not in courriel.texte
    assert organisme.rib_courant() == second


def test_un_iban_faux_ne_laisse_rien():
    with pytest.raises(IdentifiantInvalide):
        _rib(fabriques.organisme(), iban="FR1420041010050500013M02607")
    assert not Rib.objects.exists()


@pytest.mark.parametrize("roles", [{Role.REDACTEUR}, {Role.INSTRUCTEUR}, FINANCES, set()])
def test_seule_la_signataire_ajoute_un_compte(roles):
    with pytest.raises(RoleInsuffisant):
        _rib(fabriques.organisme(), roles=roles)


def test_un_compte_change_apres_controle_est_a_controler_de_nouveau():
    organisme, par = fabriques.organisme(), fabriques.acteur("fatou_finances")
    premier = _rib(organisme)
    actes.verifier_rib(premier, par=par, roles=FINANCES, le=LE + timedelta(hours=1))
    assert organisme.rib_courant().est_verifie
    second = _rib(organisme, iban="FR7630006000011234567890189", le=LE + timedelta(days=1))
    assert not organisme.rib_courant().est_verifie
    with pytest.raises(ActeBloque, match="autre compte"):
        actes.verifier_rib(premier, par=par, roles=FINANCES, le=LE + timedelta(days=2))
    actes.verifier_rib(second, par=par, roles=FINANCES, le=LE + timedelta(days=2))
    with pytest.raises(ActeBloque, match="déjà contrôlé"):
        actes.verifier_rib(second, par=par, roles=FINANCES, le=LE + timedelta(days=3))


def test_un_controle_vient_apres_l_ajout_jusque_dans_la_base():
    rib = _rib(fabriques.organisme())
    with pytest.raises(ActeBloque, match="après l'ajout"):
        actes.verifier_rib(rib, par=fabriques.acteur("fatou_finances"), roles=FINANCES, le=LE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rib.objects.update(verifie_le=LE - timedelta(days=1))


def test_nul_ne_controle_le_compte_qu_il_a_saisi():
    rib = _rib(fabriques.organisme(), qui="fatou_finances")
    with pytest.raises(ActeBloque, match="autre personne"):
        actes.verifier_rib(
            rib, par=fabriques.acteur("fatou_finances"), roles=FINANCES, le=LE + timedelta(hours=1)
        )


@pytest.mark.parametrize("roles", [SIGNATAIRE, {Role.INSTRUCTEUR}, {Role.RESPONSABLE}, set()])
def test_seules_les_finances_controlent_et_lisent_un_iban(roles):
    rib = _rib(fabriques.organisme())
    qui = fabriques.acteur("amina")
    with pytest.raises(RoleInsuffisant):
        actes.verifier_rib(rib, par=qui, roles=roles, le=LE + timedelta(hours=1))
    with pytest.raises(RoleInsuffisant):
        actes.reveler_iban(rib, par=qui, roles=roles, le=LE, chemin="/x/")
    assert not Trace.objects.exists()


def test_chaque_lecture_d_un_iban_se_voit():
    rib = _rib(fabriques.organisme())
    clair = actes.reveler_iban(
        rib, par=fabriques.acteur("fatou_finances"), roles=FINANCES, le=LE, chemin="/organismes/"
    )
    assert clair == fabriques.IBAN
    assert Trace.objects.get().nature == "consultation"
    assert Evenement.objects.get(acte="reveler_iban").public is False


def test_le_cer_est_date_avec_la_version_du_texte():
    organisme = fabriques.organisme()
    engagement = actes.souscrire_cer(
        organisme, signataire="Amina Haddad, présidente", par=fabriques.acteur("amina"),
        roles=SIGNATAIRE, le=LE,
    )  # fmt: skip
    assert (engagement.version, engagement.souscrit_le) == (actes.CER_EN_VIGUEUR, LE.date())
    assert organisme.engagement_courant() == engagement


def test_le_cer_est_sans_objet_pour_une_commune():
    """S84."""
    with pytest.raises(ActeBloque, match="ne concerne que"):
        actes.souscrire_cer(
            fabriques.organisme("ville_de_wingles"), signataire="x", par=fabriques.acteur("amina"),
            roles=SIGNATAIRE, le=LE,
        )  # fmt: skip


def test_detacher_vaut_a_la_requete_suivante_et_garde_une_signataire():
    organisme, par = fabriques.organisme(), fabriques.acteur("amina")
    lucas = fabriques.personne("lucas")
    actes.detacher(organisme.rattachements.get(utilisateur=lucas), par=par, roles=SIGNATAIRE, le=LE)
    assert not acteur_de(lucas, fabriques.territoire(), le=LE.date()).droits
    with pytest.raises(ActeBloque, match="dernière personne"):
        actes.detacher(organisme.rattachements.get(qualite="signataire"), par=par, roles=SIGNATAIRE, le=LE)


def test_seul_le_responsable_habilite_et_la_chaine_le_dit():
    david, lieu = fabriques.personne("david"), fabriques.territoire()
    champs = {
        "utilisateur": david, "territoire": lieu, "qualite": "instructeur", "fonction": "Renfort", "le": LE,
    }  # fmt: skip
    with pytest.raises(RoleInsuffisant):
        actes.habiliter(**champs, par=fabriques.acteur("benoit"), roles={Role.INSTRUCTEUR})
    par = fabriques.acteur("irene")
    habilitation = actes.habiliter(**champs, par=par, roles={Role.RESPONSABLE})
    assert acteur_de(david, lieu, le=LE.date()).a(Role.INSTRUCTEUR)
    assert Evenement.objects.get(objet=habilitation.designation()).auteur_nom == "Irène Vasseur"
    actes.retirer_l_habilitation(
        habilitation, motif="Fin du renfort", par=par, roles={Role.RESPONSABLE}, le=LE
    )
    assert not acteur_de(david, lieu, le=LE.date()).a(Role.INSTRUCTEUR)


def test_un_agent_de_financeur_sans_financeur_est_refuse_par_la_base():
    with pytest.raises(IntegrityError), transaction.atomic():
        Habilitation.objects.create(
            utilisateur=fabriques.personne("david"), territoire=fabriques.territoire(),
            qualite="agent_financeur", fonction="x",
        )  # fmt: skip


def test_un_interet_se_declare_par_soi_ou_par_le_service():
    organisme, benoit = fabriques.organisme("club"), fabriques.personne("benoit")
    actes.declarer_interet(
        organisme, utilisateur=benoit, nature="Adhérent", par=fabriques.acteur("benoit"), roles=set(), le=LE
    )
    assert Interet.objects.en_cours(benoit.pk).get().organisme == organisme
    with pytest.raises(RoleInsuffisant):
        actes.declarer_interet(
            organisme, utilisateur=fabriques.personne("elise"), nature="x", par=fabriques.acteur("david"),
            roles=SIGNATAIRE, le=LE,
        )  # fmt: skip


def test_les_organismes_visibles_sont_les_siens_ou_tous_pour_qui_instruit():
    fabriques.organisme(), fabriques.organisme("club")

    def vus(qui):
        return {o.nom for o in Organisme.objects.visibles_par(fabriques.acteur(qui) if qui else None)}

    assert vus("amina") == {"Les Jardins de la fosse 12"}
    assert len(vus("benoit")) == len(vus("fatou_finances")) == 2
    assert vus("farid") == vus("chloe") == vus("elise") == vus(None) == set()
