"""Une aide notifiée qui change : renoncement, acte, lettre, signature, tranches (R60, K7, K8)."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ensemblier.bilans.actes import ouvrir_bilan, valider
from ensemblier.bilans.models import Bilan
from ensemblier.comptes.models import Organisme
from ensemblier.conventions import actes, documents
from ensemblier.conventions.gardes import avenants_en_attente, ce_qui_bloque
from ensemblier.conventions.models import Avenant, Convention, Tranche
from ensemblier.conventions.plan import Part, prevoir, repartir
from ensemblier.dossiers import actes as dossiers
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.models import Demande, Renoncement
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant, TransitionRefusee
from ensemblier.noyau.montants import echeancier
from ensemblier.programmation import actes as programmation
from ensemblier.programmation import documents as annexes
from ensemblier.programmation.actes import Decision, accords
from ensemblier.programmation.models import Attribution, Enveloppe
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques
from tests import fabriques_suites as f

pytestmark = pytest.mark.django_db

MAI = fabriques.instant("2025-05-20 10:00")
NOVEMBRE = fabriques.instant("2025-11-10 10:00")
DECEMBRE = fabriques.instant("2025-12-02 10:00")
RAISON = "Un autre financement est trouvé."
DEBUTS = {"lettre": b"<!DOCTYPE", "projet": b"<!DOCTYPE", "porteur": b"%PDF-", "signe": b"%PDF-"}
CHARGES = {"60": Decimal("20000.00"), "64": Decimal("20000.00")}


@pytest.fixture
def aide():
    """Une aide de l'AMI notifiée, dans son enveloppe ; `aide(montant)` rend son volet."""

    def poser(montant: str, *, demande: str = "20000.00", enveloppe: str = "50000.00") -> Demande:
        volet = f.volet(f.dossier(charges=CHARGES), montant)
        Demande.objects.filter(pk=volet.pk).update(demande=Decimal(demande))
        lieu = volet.dossier.territoire
        tenue = programmation.ouvrir_enveloppe(
            volet.dossier.appel, lieu.financeurs.get(code="CALL"), montant=Decimal(enveloppe),
            par=f.acteur("benoit"), le=MAI,
        )  # fmt: skip
        Enveloppe.objects.filter(pk=tenue.pk).update(engage=Decimal(montant))
        volet = Demande.objects.select_related("dossier__organisme", "financeur", "dispositif").get(
            pk=volet.pk
        )
        return f.notifier(volet)

    return poser


def renoncer(volet, montant, *, qui="amina", motif=RAISON, ecrit=None, le=NOVEMBRE):
    par = f.acteur(qui)
    siens = roles(par, volet.dossier) | roles_sur_demande(par, volet)
    return dossiers.renoncer(
        volet, montant=Decimal(montant), motif=motif, ecrit=ecrit, par=par, roles=siens, le=le
    )


def voter(volet, montant, *, numero="2025-140", motif=RAISON, le=NOVEMBRE):
    volet = Demande.objects.select_related("dossier__appel__reglement", "financeur", "dispositif").get(
        pk=volet.pk
    )
    acte = programmation.enregistrer_deliberation(
        volet.financeur, volet.dossier.appel, numero=numero, votee_le=le.date(),
        decisions=[Decision(volet, Decimal(montant), motif)], par=f.acteur("benoit"), le=le, annexe=False,
    )  # fmt: skip
    volet.refresh_from_db()
    return acte


def notifier(volet, *, qui="benoit", le=DECEMBRE) -> Avenant:
    volet = Demande.objects.select_related("dossier__organisme", "dossier__appel", "financeur").get(
        pk=volet.pk
    )
    return actes.notifier_l_avenant(volet, par=f.acteur(qui), le=le)


def signer(avenant, *, le=DECEMBRE):
    actes.signer_l_avenant_porteur(avenant, exemplaire=f.pdf(), par=f.acteur("amina"), le=le)
    actes.signer_l_avenant_financeur(avenant, exemplaire=f.pdf(), par=f.acteur("benoit"), le=le)


def tranches(volet):
    return [(t.montant, t.condition) for t in Tranche.objects.filter(demande=volet)]


def engage():
    return Enveloppe.objects.get().engage


def lettre():
    return SimpleUploadedFile("lettre.pdf", f.pdf(), "application/pdf")


def lu(fichier) -> bytes:
    with fichier.contenu.open() as contenu:
        return contenu.read()


# La baisse : jamais sans l'organisme.


def test_une_aide_notifiee_ne_baisse_pas_sans_renoncement(aide):
    volet = aide("9000.00")
    with pytest.raises(ActeBloque, match="Elle ne baisse que si l'organisme y renonce"):
        voter(volet, "7000.00")
    volet.refresh_from_db()
    assert (volet.vote, engage()) == (9000, 9000)


def test_une_aide_notifiee_ne_baisse_pas_sans_renoncement_garde_levee(aide, monkeypatch):
    volet = aide("9000.00")
    monkeypatch.setattr(accords, "_droits_acquis", lambda *_: iter(()))
    voter(volet, "7000.00")
    assert volet.dossier.demandes.get().vote == 7000


def test_la_baisse_ne_va_pas_plus_bas_que_ce_que_l_organisme_accepte(aide):
    volet = aide("9000.00")
    renoncer(volet, "7000.00")
    with pytest.raises(ActeBloque, match=r"accepte une aide de 7.000,00.€, pas moins"):
        voter(volet, "6999.99")
    voter(volet, "7000.00")
    assert not Renoncement.objects.ouverts().exists()
    assert engage() == 7000


def test_une_baisse_sans_convention_vaut_des_la_lettre(aide):
    volet = aide("9000.00")
    renoncer(volet, "7000.00")
    voter(volet, "7000.00")
    assert tranches(volet) == [(9000, "notification")], "rien ne change avant la lettre"
    avenant = notifier(volet)
    assert (avenant.etat, avenant.de, avenant.vers, avenant.projet) == ("en_vigueur", 9000, 7000, None)
    assert tranches(volet) == [(7000, "notification")]
    assert Attribution.objects.get(remplacee_le=None).effet_le == date(2025, 12, 2)
    dits = set(Courriel.objects.filter(cle__startswith="avenant:").values_list("sujet", flat=True))
    assert dits == {f"{volet.dossier.numero} · Le montant de votre aide change, votre lettre"}


def test_entre_l_acte_et_la_lettre_une_baisse_arrete_le_versement(aide):
    volet = aide("9000.00")
    renoncer(volet, "7000.00")
    voter(volet, "7000.00")
    assert "Avenant à notifier par" in ce_qui_bloque(f.tranche(volet), le=date(2025, 11, 12))[0]
    notifier(volet)
    assert ce_qui_bloque(f.tranche(volet), le=date(2025, 12, 3)) == []


def test_entre_l_acte_et_la_lettre_se_paie_ce_qui_tient_dans_la_baisse(aide):
    volet = aide("12000.00")
    f.signer(volet)
    renoncer(volet, "9700.00")
    voter(volet, "9700.00")
    f.verser(f.tranche(volet))
    assert "Avenant à notifier par" in ce_qui_bloque(f.tranche(volet, 2), le=date(2025, 11, 12))[0]
    signer(notifier(volet))
    # Sous le seuil, l'aide se verse en une fois (P13) : le reste n'attend plus le bilan.
    assert tranches(volet) == [(9600, "convention"), (0, "bilan"), (100, "notification")]


def test_une_hausse_n_arrete_pas_ce_qui_est_deja_du(aide):
    volet = aide("8000.00")
    voter(volet, "9000.00")
    assert ce_qui_bloque(f.tranche(volet), le=date(2025, 11, 12)) == []


# La hausse : dans la demande et l'enveloppe, sans renoncement.


def test_une_hausse_apres_paiement_ajoute_un_versement_du_sous_soixante_jours(aide):
    volet = aide("8000.00")
    f.verser(f.tranche(volet))
    voter(volet, "9500.00")
    assert engage() == 9500
    notifier(volet)
    assert tranches(volet) == [(8000, "notification"), (1500, "notification")]
    ajoutee = f.tranche(volet, 2)
    assert (ajoutee.exigible_le, ajoutee.echeance) == (date(2025, 12, 2), date(2026, 1, 31))
    dit = Evenement.objects.get(acte="ajuster", chaine__racine=volet.racine()).detail.contenu
    assert dit == {"tranche": 2, "de": "0.00", "vers": "1500.00"}
    a_payer = fabriques.client("fatou_finances").get(reverse("suites_a_payer")).content.decode()
    assert "1\N{NO-BREAK SPACE}500,00" in a_payer, "une aide versée puis relevée est encore à payer"
    f.verser(ajoutee, le=DECEMBRE, reference="M-2")
    volet.refresh_from_db()
    assert (volet.verse, volet.etat) == (9500, "versee")


def test_une_hausse_passe_le_seuil_des_deux_versements_et_ouvre_une_convention(aide):  # K7, P28
    volet = aide("8000.00")
    assert not Convention.objects.exists()
    voter(volet, "12000.00")
    avenant = notifier(volet)
    assert (avenant.etat, avenant.projet) == ("en_vigueur", None)
    assert Convention.objects.get().etat == "a_signer"
    assert [m for m, _ in tranches(volet)] == [Decimal("9600.00"), Decimal("2400.00")]
    assert f.tranche(volet).part == Decimal("0.8"), "« acompte 80 % », non plus « versement unique »"
    assert ce_qui_bloque(f.tranche(volet), le=date(2025, 12, 3)) == ["Convention non signée par le porteur."]


def test_une_hausse_au_dessus_de_l_enveloppe_est_refusee(aide):
    volet = aide("8000.00", enveloppe="8500.00")
    with pytest.raises(ActeBloque, match="enveloppe"):
        voter(volet, "9000.00")
    assert engage() == 8000


# Sur une convention signée : l'avenant se signe des deux parties.


def test_sur_une_convention_signee_le_montant_change_a_la_seconde_signature(aide):
    volet = aide("12000.00")
    f.signer(volet)
    f.verser(f.tranche(volet))
    renoncer(volet, "11000.00")
    voter(volet, "11000.00")
    avenant = notifier(volet)
    assert avenant.etat == "a_signer"
    assert [m for m, _ in tranches(volet)] == [9600, 2400]
    actes.signer_l_avenant_porteur(avenant, exemplaire=f.pdf(), par=f.acteur("amina"), le=DECEMBRE)
    assert [m for m, _ in tranches(volet)] == [9600, 2400]
    actes.signer_l_avenant_financeur(avenant, exemplaire=f.pdf(), par=f.acteur("benoit"), le=DECEMBRE)
    assert [m for m, _ in tranches(volet)] == [9600, 1400]
    assert avenant.etat == "en_vigueur"
    assert Evenement.objects.filter(acte="signer_financeur", chaine__racine=volet.racine()).count() == 2


def test_une_convention_que_personne_n_a_signee_est_refaite(aide):
    volet = aide("12000.00")
    avant = Convention.objects.get()
    voter(volet, "15000.00")
    avenant = notifier(volet)
    apres = Convention.objects.get()
    assert (avenant.etat, apres.etat) == ("en_vigueur", "a_signer")
    assert apres.projet_id != avant.projet_id
    assert "15\N{NO-BREAK SPACE}000,00" in lu(apres.projet).decode()


def test_une_convention_signee_du_seul_porteur_se_contresigne_d_abord(aide):
    volet = aide("12000.00")
    convention = Convention.objects.select_related("demande__dossier", "demande__financeur").get()
    actes.signer_porteur(convention, exemplaire=f.pdf(), par=f.acteur("amina"), le=NOVEMBRE)
    voter(volet, "15000.00")
    with pytest.raises(ActeBloque, match="Contresignez-la"):
        notifier(volet)
    assert not Avenant.objects.exists()


def test_la_contresignature_lit_l_etat_du_volet_sous_le_verrou(aide):
    volet = aide("12000.00")
    convention = Convention.objects.select_related("demande__dossier", "demande__financeur").get()
    actes.signer_porteur(convention, exemplaire=f.pdf(), par=f.acteur("amina"), le=NOVEMBRE)
    lue = Convention.objects.select_related("demande__dossier", "demande__financeur").get()
    Demande.objects.filter(pk=volet.pk).update(etat="acompte_verse")
    actes.signer_financeur(lue, exemplaire=f.pdf(), par=f.acteur("benoit"), le=NOVEMBRE)
    volet.refresh_from_db()
    assert volet.etat == "acompte_verse"


def test_un_avenant_pas_encore_notifie_se_remplace_par_un_autre(aide):
    volet = aide("8000.00")
    voter(volet, "9000.00")
    voter(volet, "9500.00", numero="2025-141")
    assert engage() == 9500
    avenant = notifier(volet)
    assert (avenant.rang, avenant.de, avenant.vers) == (1, 8000, 9500)
    assert tranches(volet) == [(9500, "notification")]


def test_un_avenant_que_le_porteur_ne_signe_pas_se_remplace_et_ne_se_signe_plus(aide):
    volet = aide("12000.00")
    f.signer(volet)
    voter(volet, "15000.00")
    premier = notifier(volet)
    voter(volet, "14000.00", numero="2025-141", le=DECEMBRE)
    with pytest.raises(ActeBloque, match="sans suite"):
        actes.signer_l_avenant_porteur(premier, exemplaire=f.pdf(), par=f.acteur("amina"), le=DECEMBRE)
    second = notifier(volet)
    assert (second.rang, second.de, second.vers) == (2, 12000, 14000)
    signer(second)
    assert [m for m, _ in tranches(volet)] == [11200, 2800]
    page = fabriques.client("amina").get(reverse("suite", args=[volet.dossier.numero])).content.decode()
    assert "Sans suite" in page
    assert "Signer l'avenant" not in page


def test_revenir_a_l_aide_en_vigueur_efface_l_avenant_sans_lettre(aide):
    volet = aide("12000.00")
    f.signer(volet)
    voter(volet, "15000.00")
    notifier(volet)
    voter(volet, "12000.00", numero="2025-141", le=DECEMBRE)
    assert (engage(), volet.vote) == (12000, 12000)
    with pytest.raises(ActeBloque, match="Aucun avenant"):
        notifier(volet)
    assert [m for m, _ in tranches(volet)] == [9600, 2400]
    assert avenants_en_attente([volet]) == [], "le bilan peut se valider"


def test_remplacer_un_avenant_ne_descend_pas_sous_l_aide_en_vigueur(aide):
    """Une hausse votée et pas encore en vigueur ne prête pas à une baisse sous ce que la lettre a accordé."""
    volet = aide("8000.00")
    voter(volet, "9000.00")
    with pytest.raises(ActeBloque, match="y renonce"):
        voter(volet, "7999.99", numero="2025-141")
    voter(volet, "8500.00", numero="2025-141")


def test_un_avenant_ne_se_notifie_qu_une_fois_et_par_son_financeur(aide):
    volet = aide("8000.00")
    with pytest.raises(ActeBloque, match="Aucun avenant"):
        notifier(volet)
    fabriques.personne("chloe")
    voter(volet, "9000.00")
    for qui in ("amina", "chloe", "fatou_finances"):
        with pytest.raises(RoleInsuffisant):
            notifier(volet, qui=qui)
    notifier(volet)
    with pytest.raises(ActeBloque, match="Aucun avenant"):
        notifier(volet)
    assert Avenant.objects.count() == 1


def test_un_paiement_pendant_que_la_lettre_s_ecrit_l_arrete(aide):
    volet = aide("8000.00")
    voter(volet, "9500.00")
    lu = Demande.objects.select_related("dossier__organisme", "dossier__appel", "financeur").get(pk=volet.pk)
    f.verser(f.tranche(volet))
    with pytest.raises(ActeBloque, match="Un versement vient d'être payé"):
        actes.notifier_l_avenant(lu, par=f.acteur("benoit"), le=DECEMBRE)
    assert not Avenant.objects.exists()
    assert notifier(volet).vers == 9500


def test_un_versement_en_preparation_arrete_la_prise_d_effet(aide):
    volet = aide("8000.00")
    actes.preparer_versement(f.tranche(volet), par=f.acteur("fatou_finances"), le=NOVEMBRE)
    voter(volet, "9000.00")
    with pytest.raises(ActeBloque, match="en préparation"):
        notifier(volet)
    assert not Avenant.objects.exists()
    assert tranches(volet) == [(8000, "notification")]


# Le renoncement : qui, quand, combien.


@pytest.mark.parametrize(
    ("montant", "motif", "dit"),
    [
        ("0.00", RAISON, "au-dessus de zéro"),
        ("9000.00", RAISON, "écrivez un montant plus petit"),
        ("9500.00", RAISON, "écrivez un montant plus petit"),
        ("7000.00", "  ", "La raison manque"),
    ],
)
def test_un_renoncement_impossible_dit_pourquoi(aide, montant, motif, dit):
    volet = aide("9000.00")
    with pytest.raises(ActeBloque, match=dit):
        renoncer(volet, montant, motif=motif)
    assert not Renoncement.objects.exists()


def test_on_ne_renonce_pas_sous_ce_qui_est_verse(aide):
    volet = aide("12000.00")
    f.signer(volet)
    f.verser(f.tranche(volet))
    volet.refresh_from_db()
    with pytest.raises(ActeBloque, match="sont déjà versés"):
        renoncer(volet, "9599.99")
    renoncer(volet, "9600.00")


def test_une_aide_pas_encore_notifiee_ne_se_renonce_pas():
    volet = f.volet(f.dossier(), "9000.00")
    with pytest.raises(EtatInterdit):
        renoncer(volet, "7000.00")


def test_un_agent_joint_la_lettre_de_l_organisme(aide):
    volet = aide("9000.00")
    with pytest.raises(ActeBloque, match=r"La lettre de l'organisme manque.+Joignez-la"):
        renoncer(volet, "7000.00", qui="benoit")
    dit = renoncer(volet, "7000.00", qui="benoit", ecrit=lettre())
    assert dit.ecrit is not None
    a = set(Courriel.objects.filter(cle__startswith="renoncement:").values_list("destinataire", flat=True))
    assert fabriques.personne("amina").courriel in a


def test_la_lettre_de_l_organisme_reste_au_dossier_une_fois_la_baisse_votee(aide):
    volet = aide("9000.00")
    renoncer(volet, "7000.00", qui="benoit", ecrit=lettre())
    voter(volet, "7000.00")
    notifier(volet)
    benoit = fabriques.client("benoit")
    document = reverse("suite_renoncer_lettre", args=[volet.dossier.numero, volet.pk])
    assert document in benoit.get(reverse("suite", args=[volet.dossier.numero])).content.decode()
    assert fabriques.contenu(benoit.get(document)).startswith(b"%PDF-")


def test_le_renoncement_se_reprend_tant_qu_aucun_acte_ne_l_a_suivi(aide):
    volet = aide("9000.00")
    dit = renoncer(volet, "7000.00")
    par = f.acteur("amina")
    dossiers.reprendre_le_renoncement(dit, par=par, roles=roles(par, volet.dossier), le=NOVEMBRE)
    with pytest.raises(ActeBloque, match="Elle ne baisse que si l'organisme y renonce"):
        voter(volet, "7000.00")
    with pytest.raises(ActeBloque, match="déjà suivi"):
        dossiers.reprendre_le_renoncement(dit, par=par, roles=roles(par, volet.dossier), le=NOVEMBRE)


def test_un_agent_ne_retire_pas_ce_que_l_organisme_a_dit(aide):
    volet = aide("9000.00")
    dit = renoncer(volet, "7000.00")
    benoit = f.acteur("benoit")
    with pytest.raises(RoleInsuffisant):
        dossiers.reprendre_le_renoncement(
            dit, par=benoit, roles=roles_sur_demande(benoit, volet), le=NOVEMBRE
        )
    assert Renoncement.objects.ouverts().exists()


# Le bilan jugé : plus rien ne change.


def test_un_bilan_juge_ne_laisse_plus_changer_l_aide(aide):
    volet = aide("9000.00")
    Demande.objects.filter(pk=volet.pk).update(etat="justifiee")
    with pytest.raises(ActeBloque, match="son bilan est jugé"):
        voter(volet, "9500.00")


def test_un_bilan_ne_se_valide_pas_avant_la_prise_d_effet(aide):
    volet = aide("8000.00")
    voter(volet, "9000.00")
    bilan = ouvrir_bilan(volet.dossier, par=fabriques.systeme("lens-lievin"), le=f.NOTIFIE_LE)
    Bilan.objects.filter(pk=bilan.pk).update(etat="depose")
    with pytest.raises(ActeBloque, match="Avenant à notifier"):
        valider(bilan, par=f.acteur("benoit"), le=DECEMBRE)


# Le calcul des tranches.


A, S = False, True
"""Une tranche d'avant le bilan, un solde."""


@pytest.mark.parametrize(
    ("nouveau", "parts", "dus", "avant", "au_bilan"),
    [
        ("12000.00", [(A, "9600.00", 0), (S, "2400.00", 0)], ["9600.00", "2400.00"], "0.00", "0.00"),
        ("9000.00", [(A, "9600.00", 0), (S, "2400.00", 0)], ["9000.00", "0.00"], "0.00", "0.00"),
        ("12000.00", [(A, "8000.00", 0)], ["9600.00"], "0.00", "2400.00"),
        ("15000.00", [(A, "9600.00", 1), (S, "2400.00", 0)], ["3000.00"], "2400.00", "0.00"),
        ("11000.00", [(A, "9600.00", 1), (S, "2400.00", 0)], ["1400.00"], "0.00", "0.00"),
        ("9600.00", [(A, "9600.00", 1), (S, "2400.00", 0)], ["0.00"], "0.00", "0.00"),
        ("9500.00", [(A, "8000.00", 1)], [], "1500.00", "0.00"),
        ("12000.00", [(A, "1000.00", 1)], [], "8600.00", "2400.00"),
        ("16000.00", [(A, "9600.00", 1), (S, "3000.00", 0), (A, "2400.00", 0)],
         ["3200.00", "3200.00"], "0.00", "0.00"),
        ("16000.00", [(A, "9600.00", 1), (S, "3000.00", 0), (A, "2400.00", 1)],
         ["3200.00"], "800.00", "0.00"),
    ],
)  # fmt: skip
def test_le_paye_et_le_du_font_le_nouveau_total(nouveau, parts, dus, avant, au_bilan):  # K7, R27
    lues = [
        Part(rang, est_solde, Decimal(montant), bool(payee))
        for rang, (est_solde, montant, payee) in enumerate(parts, start=1)
    ]
    reparti = repartir(echeancier(attribue=Decimal(nouveau)), lues)
    assert list(reparti.dus.values()) == [Decimal(m) for m in dus]
    assert (reparti.avant, reparti.au_bilan) == (Decimal(avant), Decimal(au_bilan))
    payes = sum(p.montant for p in lues if p.est_payee)
    assert payes + sum(reparti.dus.values()) + reparti.avant + reparti.au_bilan == Decimal(nouveau)


# Les pages.


def test_du_renoncement_a_l_avenant_signe_par_les_pages(aide):
    volet = aide("12000.00")
    f.signer(volet)
    numero = volet.dossier.numero
    amina, benoit = fabriques.client("amina"), fabriques.client("benoit")
    page = reverse("suite", args=[numero])
    assert "Renoncer à une partie de cette aide" in amina.get(page).content.decode()
    adresse = reverse("suite_renoncer", args=[numero, volet.pk])
    refus = amina.post(adresse, {"montant": "13000", "motif": RAISON})
    assert refus.status_code == 422
    assert "plus petit" in refus.content.decode()
    assert amina.post(adresse, {"montant": "11000", "motif": RAISON}).status_code == 302
    assert "L'organisme renonce" in benoit.get(page).content.decode().replace("&#x27;", "'")
    nouvelle = reverse("deliberation_nouvelle", args=["ami-2025", "CALL"])
    assert "l'organisme accepte" in benoit.get(nouvelle).content.decode().replace("&#x27;", "'")
    dits = {"numero": "2025-140", "votee_le": "10/11/2025", f"choix-{volet.pk}": "modifier",
            f"montant-{volet.pk}": "11000", f"motif-{volet.pk}": RAISON}  # fmt: skip
    assert benoit.post(nouvelle, dits).status_code == 302
    assert "Notifier l'avenant" in benoit.get(page).content.decode().replace("&#x27;", "'")
    envoi = reverse("suite_avenant_notifier", args=[numero, volet.pk])
    assert "11\N{NO-BREAK SPACE}000,00" in benoit.get(envoi).content.decode()
    assert benoit.post(envoi).status_code == 302
    avenant = Avenant.objects.get()
    signature = reverse("suite_avenant_signer", args=[numero, avenant.pk])
    for qui, montre in ((amina, "Signer l'avenant n° 1"), (benoit, "Contresigner l'avenant n° 1")):
        assert montre in qui.get(page).content.decode().replace("&#x27;", "'")
        exemplaire = SimpleUploadedFile("avenant.pdf", f.pdf(), "application/pdf")
        assert qui.post(signature, {"exemplaire": exemplaire}).status_code == 302
    fini = amina.get(page).content.decode()
    assert "Avenant n° 1 signé des deux parties" in fini
    assert [m for m, _ in tranches(volet)] == [Decimal("8800.00"), Decimal("2200.00")]
    for exemplaire in ("lettre", "projet", "porteur", "signe"):
        document = amina.get(reverse("suite_avenant_document", args=[numero, avenant.pk, exemplaire]))
        assert fabriques.contenu(document).startswith(DEBUTS[exemplaire])


def test_avant_la_lettre_le_porteur_ne_lit_pas_le_nouveau_montant(aide):
    volet = aide("12000.00")
    voter(volet, "15000.00")
    page = reverse("suite", args=[volet.dossier.numero])
    amina, benoit = fabriques.client("amina"), fabriques.client("benoit")
    assert "15\N{NO-BREAK SPACE}000,00" in benoit.get(page).content.decode()
    assert "15\N{NO-BREAK SPACE}000,00" not in amina.get(page).content.decode()
    renoncement = reverse("suite_renoncer", args=[volet.dossier.numero, volet.pk])
    for reponse in (amina.get(renoncement, follow=True), amina.post(renoncement, follow=True)):
        lue = reponse.content.decode()
        assert "Un acte change déjà le montant" in lue
        assert "15\N{NO-BREAK SPACE}000,00" not in lue
    notifier(volet)
    assert "15\N{NO-BREAK SPACE}000,00" in amina.get(page).content.decode()


@pytest.mark.parametrize("qui", ["david", "chloe", "elise"])
def test_un_autre_ne_renonce_ni_ne_signe(aide, qui):
    volet = aide("12000.00")
    fabriques.personne(qui)
    client = fabriques.client(qui)
    adresse = reverse("suite_renoncer", args=[volet.dossier.numero, volet.pk])
    assert client.post(adresse, {"montant": "9000", "motif": RAISON}).status_code in (403, 404)
    assert not Renoncement.objects.exists()


def test_la_lettre_et_l_avenant_disent_l_ancien_et_le_nouveau_montant(aide, vrai_pdf):
    volet = aide("12000.00")
    f.signer(volet)
    voter(volet, "15000.00")
    avenant = notifier(volet)
    for fichier in (avenant.lettre, avenant.projet):
        assert lu(fichier).startswith(b"%PDF-")


def test_la_lettre_va_ou_l_organisme_veut_qu_on_lui_ecrive(aide):
    volet = aide("8000.00")
    ailleurs = "12 rue du Puits, 62800 Liévin"
    Organisme.objects.filter(pk=volet.dossier.organisme_id).update(correspondance=ailleurs)
    voter(volet, "9000.00")
    assert ailleurs in lu(notifier(volet).lettre).decode()


def test_le_contexte_de_l_avenant_porte_le_calcul(aide):
    volet = aide("12000.00")
    voter(volet, "15000.00")
    lu = documents.contexte_avenant(volet, prevoir(volet), actes.attendu(volet), jour=date(2025, 12, 2))
    assert (lu["de"], lu["vers"], lu["verse"], lu["reste"]) == (12000, 15000, 0, 15000)
    assert lu["en_lettres"] == "quinze mille euros"
    assert lu["ancienne"].numero == "2025-118"


def test_un_agent_ne_signe_pas_pour_le_porteur(aide):
    volet = aide("12000.00")
    f.signer(volet)
    voter(volet, "15000.00")
    avenant = notifier(volet)
    with pytest.raises((TransitionRefusee, RoleInsuffisant)):
        actes.signer_l_avenant_porteur(avenant, exemplaire=f.pdf(), par=f.acteur("benoit"), le=DECEMBRE)


def test_la_page_de_notification_dit_les_versements_qui_restent(aide):
    """Un rang déjà payé n'est plus à verser : le solde couvre le reste (K7)."""
    volet = aide("14000.00")
    f.signer(volet)
    f.verser(f.tranche(volet))
    renoncer(volet, "12500.50")
    voter(volet, "12500.50")
    volet = Demande.objects.select_related("dossier__organisme", "financeur").get(pk=volet.pk)
    prochains = actes.prochains_versements(volet, prevoir(volet))
    assert [(x["libelle"], x["montant"]) for x in prochains] == [("Solde", Decimal("1300.50"))]
    page = fabriques.client("benoit").get(
        reverse("suite_avenant_notifier", args=[volet.dossier.numero, volet.pk])
    )
    lue = page.content.decode()
    assert "Solde : 1" in lue.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "1er versement" not in lue


@pytest.mark.parametrize(("vers", "mot"), [("7000.00", "ramène de"), ("9500.00", "porte de")])
def test_la_lettre_dit_une_baisse_ou_une_hausse(aide, vers, mot):
    volet = aide("9000.00")
    renoncer(volet, "7000.00")
    voter(volet, vers)
    assert mot in lu(notifier(volet).lettre).decode()


def test_depuis_un_dossier_l_acte_ne_coche_que_son_avenant(aide):
    volet = aide("12000.00")
    renoncer(volet, "11000.00")
    benoit, nouvelle = fabriques.client("benoit"), reverse("deliberation_nouvelle", args=["ami-2025", "CALL"])
    page = benoit.get(reverse("suite", args=[volet.dossier.numero])).content.decode()
    assert f"{nouvelle}?avenant={volet.dossier.numero}" in page
    for suite, attendu in (("", [""]), (f"?avenant={volet.dossier.numero}", ["modifier"])):
        assert [x.choix for x in benoit.get(nouvelle + suite).context["notifiees"]] == attendu


def test_l_annexe_d_un_avenant_garde_ce_qui_est_deja_verse(aide):
    volet = aide("14000.00")
    f.signer(volet)
    f.verser(f.tranche(volet))
    renoncer(volet, "12500.50")
    lue = annexes.contexte_de_l_annexe(voter(volet, "12500.50"))
    assert [(x["premier"], x["second"], x["verse"]) for x in lue["accords"]] == [
        (Decimal("11200.00"), Decimal("1300.50"), Decimal("11200.00"))
    ]
    assert (lue["total_premier"], lue["total_second"]) == (Decimal("11200.00"), Decimal("1300.50"))
