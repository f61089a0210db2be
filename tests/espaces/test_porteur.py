"""L'accueil du porteur (É5) : à faire d'abord, en cours, et les dossiers terminés repliés."""

import html
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from ensemblier.bilans.actes import observer
from ensemblier.bilans.models import Reversement
from ensemblier.conventions.actes import notifier_refus
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.actes import demander_complements
from ensemblier.registre.actes import ouvrir
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def le_13_mai():
    with time_machine.travel(f.instant("2025-05-13 10:00"), tick=True):
        yield


def _groupes():
    contexte = f.client("amina").get("/dossiers/").context
    return [(moment, [c["dossier"].numero for c in cartes]) for moment, _, cartes in contexte["groupes"]]


def test_chaque_dossier_est_dans_un_seul_groupe_a_faire_d_abord():
    a_faire = f.dossier(le=f.instant("2025-05-12 09:00"))
    en_cours = f.dossier_depose(le=f.instant("2025-05-12 10:00"))
    clos = s.dossier("25-0900")
    s.reprendre(clos, etat="clos", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    assert _groupes() == [
        ("a-faire", [a_faire.numero]), ("en-cours", [en_cours.numero]), ("termines", ["25-0900"]),
    ]  # fmt: skip


def test_les_dossiers_termines_sont_replies_et_comptes():
    clos = s.dossier("25-0900", intitule="Jardin d'hier")
    s.reprendre(clos, etat="clos", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    page = f.client("amina").get("/dossiers/").content.decode()
    dedans = [bloc for bloc in page.split("<details")[1:] if "Terminés (1)" in bloc.split("</details>")[0]]
    assert dedans
    assert "/dossiers/25-0900/" in dedans[0].split("</details>")[0]
    assert page.count('href="/dossiers/25-0900/"') == 1


def test_un_brouillon_dont_l_appel_est_ferme_est_range_avec_les_termines():
    brouillon = f.dossier(le=f.instant("2025-05-12 09:00"))
    with time_machine.travel(f.instant("2025-06-13 10:00"), tick=True):
        assert _groupes() == [("termines", [brouillon.numero])]


def _taches(page):
    return [(a.quoi, a.dossier, a.avant, retard) for a, retard in page.context["taches"]]


def test_la_reponse_que_le_service_attend_a_sa_date_et_donne_la_premiere():
    dossier = f.dossier_depose(le=f.instant("2025-05-12 10:00"))
    f.dossier(le=f.instant("2025-05-12 11:00"))
    par, le = f.acteur("benoit"), f.instant("2025-05-12 12:00")
    demander_complements(dossier, pieces=["rib"], message="", par=par, roles=roles(par, dossier), le=le)
    page = f.client("amina").get("/dossiers/")
    premiere = _taches(page)[0]
    assert premiere[:3] == ("Répondre au service", dossier.numero, date(2025, 5, 27))
    with time_machine.travel(f.instant("2025-05-20 10:00"), tick=True):
        assert f.client("amina").get("/dossiers/").context["premiere"].avant == date(2025, 5, 25)
    with time_machine.travel(f.instant("2025-05-28 10:00"), tick=True):
        tard = f.client("amina").get("/dossiers/")
        fiche = f.client("amina").get(f"/dossiers/{dossier.numero}/").content.decode()
    assert tard.context["premiere"] is None
    assert "Il vous reste 1\xa0chose à faire, dont 1 en retard." in tard.content.decode()
    assert "en retard de 1\xa0jour" in tard.content.decode()
    assert "en retard de 1\xa0jour</strong> : répondez" in fiche.replace("\xa0:", " :")


def test_la_convention_a_signer_est_a_faire_pour_qui_a_le_mandat_seulement():
    demande = s.volet(s.dossier("25-0900"), "12000.00")
    s.notifier(demande)
    adresse = reverse("suite_signer", args=("25-0900", demande.pk))
    with time_machine.travel(f.instant("2025-10-02 10:00"), tick=True):
        signataire, redacteur = f.client("amina").get("/dossiers/"), f.client("lucas").get("/dossiers/")
        s.signer(demande)
        signee = f.client("amina").get("/dossiers/")
    assert _taches(signataire)[0][:2] == ("Signer la convention", "25-0900")
    assert adresse in signataire.content.decode()
    for page in (redacteur, signee):
        assert "Signer la convention" not in [quoi for quoi, *_ in _taches(page)]
        assert adresse not in page.content.decode()


def test_apres_la_lettre_le_dossier_dit_l_aide_et_mene_a_la_convention():
    demande = s.volet(s.dossier("25-0900"), "12000.00")
    suite = reverse("suite", args=("25-0900",))
    with time_machine.travel(f.instant("2025-10-02 10:00"), tick=True):
        assert suite not in f.client("amina").get("/dossiers/25-0900/").content.decode()
        s.notifier(demande)
        page = f.client("amina").get("/dossiers/25-0900/").content.decode()
    assert "Aide accordée : 12\xa0000,00\xa0€ (CALL)." in page
    assert f'class="bouton" href="{suite}"' in page


def test_un_refus_envoye_dit_son_motif_et_rien_avant_la_lettre():
    demande = s.volet(s.dossier("25-0900"), "12000.00", etat="refusee", motif="Crédits épuisés.")
    Demande.objects.filter(pk=demande.pk).update(vote=None)
    demande.refresh_from_db()
    adresse = "/dossiers/25-0900/"
    with time_machine.travel(f.instant("2025-10-02 10:00"), tick=True):
        assert "Crédits épuisés." not in f.client("amina").get(adresse).content.decode()
        notifier_refus(demande, par=f.acteur("benoit"), le=s.NOTIFIE_LE)
        page = f.client("amina").get(adresse).content.decode()
    assert "Demande non retenue : CALL." in page.replace("\u00a0", " ")
    assert "Crédits épuisés." in page
    remede = page[page.index("pas retenu, et que faire") :]
    assert remede.index("Crédits épuisés.") < remede.index("mailto:") < remede.index("recours gracieux")


def _co_porte(dossier, **reponse):
    """Le club de David, nommé co-porteur."""
    club = f.organisme("club")
    f.personne("david")
    return dossier.co_porteurs.create(
        nom=club.nom, numero=club.siren, organisme=club, role="Anime", ajoute_le=s.AVANT, ajoute_par="Amina",
        demande_le=s.AVANT, **reponse,
    )  # fmt: skip


def test_le_co_porteur_lit_le_refus_sans_la_lettre_ni_le_compte_ni_le_fil():
    demande = s.volet(s.dossier("25-0900"), "0.00", etat="refusee", motif="Crédits épuisés.")
    _co_porte(demande.dossier, confirme=True, repondu_le=s.AVANT)
    with time_machine.travel(f.instant("2025-10-02 10:00"), tick=True):
        david, adresse = f.client("david"), "/dossiers/25-0900/"
        assert "Crédits épuisés." not in david.get(adresse).content.decode()
        notifier_refus(demande, par=f.acteur("benoit"), le=s.NOTIFIE_LE)
        page = html.unescape(david.get(adresse).content.decode()).replace("\u00a0", " ")
        assert "Crédits épuisés." in page[page.index("pas retenu, et que faire") :]
        assert "recours gracieux" in page
        Demande.objects.filter(pk=demande.pk).update(motif="")
        assert "dans la lettre que Les Jardins de la fosse 12 a reçue" in html.unescape(
            david.get(adresse).content.decode()
        )
        for ferme in ("messages/", "historique/"):
            assert david.get(adresse + ferme).status_code == 403, ferme
        assert david.get(reverse("suite", args=("25-0900",))).status_code == 403
        assert david.get(reverse("suite_lettre", args=("25-0900", demande.pk))).status_code == 403


def test_un_co_porteur_qui_n_a_pas_confirme_ne_lit_pas_le_refus():
    demande = s.volet(s.dossier("25-0900"), "0.00", etat="refusee", motif="Crédits épuisés.")
    _co_porte(demande.dossier)
    notifier_refus(demande, par=f.acteur("benoit"), le=s.NOTIFIE_LE)
    assert f.client("david").get("/dossiers/25-0900/").status_code == 404


def test_le_projet_de_reversement_est_a_faire_jusqu_a_la_reponse_que_le_financeur_lit():
    demande = s.volet(s.dossier("25-0900"), "12000.00", etat="a_reverser")
    projet = Reversement(
        demande=demande, montant=Decimal("600.00"), motif="Coût réel plus bas.",
        notifie_le=date(2026, 3, 2), reponse_avant_le=date(2026, 3, 17),
    )  # fmt: skip
    ouvrir(projet, par=f.systeme("lens-lievin"), le=f.instant("2026-03-02 10:00"), libelle="Projet")
    suite, adresse = reverse("suite", args=("25-0900",)), ("25-0900", demande.pk)
    decider = reverse("suite_reversement", args=(*adresse, "decider"))
    with time_machine.travel(f.instant("2026-03-03 10:00"), tick=True):
        page = f.client("amina").get("/dossiers/")
        assert ("Répondre au projet de reversement", "25-0900", date(2026, 3, 17), 0) in _taches(page)
        assert "Le porteur n'a pas répondu" in _lu(f.client("benoit").get(decider))
        observer(projet, observations="Le chantier a glissé.", par=f.acteur("amina"), le=timezone.now())
        assert _taches(f.client("amina").get("/dossiers/")) == []
        assert "Vos observations sont envoyées" in _lu(f.client("amina").get(suite))
        assert "Le porteur répond : « Le chantier a glissé. »" in _lu(f.client("benoit").get(decider))


def _lu(reponse):
    return html.unescape(reponse.content.decode()).replace("\u00a0", " ").replace("\u202f", " ")
