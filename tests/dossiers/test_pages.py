"""Les pages du porteur : qui les voit, ce qu'elles disent, ce qu'elles gardent quand on se trompe."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.dossiers.models import Dossier
from ensemblier.registre.models import Courriel, Evenement, Trace
from tests import fabriques

pytestmark = pytest.mark.django_db

ETAPES = ("organisme", "action", "publics", "budget", "demandes", "pieces")


@pytest.fixture(autouse=True)
def _en_mai():
    with time_machine.travel(fabriques.instant("2025-05-20 10:00"), tick=False):
        yield


@pytest.fixture
def amina():
    return fabriques.client("amina")


def lire(client, url, code=200):
    reponse = client.get(url)
    assert reponse.status_code == code, reponse.content[:500]
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def test_un_dossier_sans_nombre_de_personnes_se_relit(amina):
    """Le lien « Relire et déposer » est offert à chaque étape, même avant l'étape des publics."""
    dossier = fabriques.dossier()
    type(dossier).objects.filter(pk=dossier.pk).update(publics_total=None, publics_qpv=None)
    assert "— personnes, dont — habitants" in lire(amina, f"/dossiers/{dossier.numero}/relecture/")


@pytest.mark.parametrize("etape", ETAPES)
@pytest.mark.parametrize("appel", ["ami-2025", "aap-2026"])
def test_chaque_etape_s_ouvre(amina, etape, appel):
    dossier = fabriques.dossier(appel)
    assert "étape" in lire(amina, f"/dossiers/{dossier.numero}/{etape}/")


def test_les_pages_du_dossier_s_ouvrent(amina):
    dossier = fabriques.dossier()
    for page in ("", "relecture/", "historique/", "retrait/", "joindre/rib/"):
        lire(amina, f"/dossiers/{dossier.numero}/{page}")
    fabriques.deposer(dossier)
    for page in ("", "accuse/", "historique/", "dauphin/", *(f"{e}/" for e in ETAPES)):
        lire(amina, f"/dossiers/{dossier.numero}/{page}")
    lire(amina, f"/dossiers/{dossier.numero}/inconnue/", code=404)


def test_une_etrangere_recoit_un_404_et_une_trace():
    dossier = fabriques.dossier()
    david = fabriques.client("david")
    for page in ("", "budget/", "accuse/", "accuse.pdf", "lettre.pdf", "relecture/", "historique/"):
        lire(david, f"/dossiers/{dossier.numero}/{page}", code=404)
    assert Trace.objects.filter(nature="refus", chemin=f"/dossiers/{dossier.numero}/budget/").exists()


def test_un_agent_a_sa_propre_page():
    dossier = fabriques.dossier_depose()
    assert "organisme qui demande" in lire(
        fabriques.client("benoit"), f"/dossiers/{dossier.numero}/", code=403
    )
    lire(fabriques.client("farid"), f"/dossiers/{dossier.numero}/", code=403)


def test_un_visiteur_se_connecte_d_abord():
    assert fabriques.client().get("/dossiers/").status_code == 302


def test_le_brouillon_n_est_pas_lu_par_le_service():
    dossier = fabriques.dossier()
    lire(fabriques.client("benoit"), f"/dossiers/{dossier.numero}/", code=404)


def test_les_publics_s_enregistrent(amina):
    dossier = fabriques.dossier()
    couples = [f"{c.quartier_id}-{v.pk}" for c in dossier.ciblages.all() for v in c.communes.all()]
    reponse = amina.post(
        f"/dossiers/{dossier.numero}/publics/",
        {
            "publics_total": "1 000",
            "publics_qpv": "599",
            "mobilisation_qpv": "Porte-à-porte",
            "couples": couples,
        },
    )
    assert reponse.status_code == 302
    assert reponse.url == f"/dossiers/{dossier.numero}/budget/"
    relu = Dossier.objects.get(pk=dossier.pk)
    assert (relu.publics_total, relu.publics_qpv) == (1000, 599)
    page = lire(amina, f"/dossiers/{dossier.numero}/publics/")
    assert "Il manque 1 habitant de quartier prioritaire" in page


def test_une_erreur_garde_ce_qui_est_tape_et_parle_francais(amina):
    dossier = fabriques.dossier()
    donnees = {
        "publics_total": "beaucoup",
        "publics_qpv": "30",
        "mobilisation_qpv": "Affiches & bouche-à-oreille",
    }
    reponse = amina.post(f"/dossiers/{dossier.numero}/publics/", donnees)
    page = reponse.content.decode()
    assert reponse.status_code == 422
    assert 'value="beaucoup"' in page
    assert "bouche-à-oreille" in page
    assert "nombre entier" in page
    assert Dossier.objects.get(pk=dossier.pk).publics_total == 100


def test_plus_d_habitants_que_de_personnes_se_dit_sous_le_champ(amina):  # S06
    dossier = fabriques.dossier()
    reponse = amina.post(f"/dossiers/{dossier.numero}/publics/", {"publics_total": "25", "publics_qpv": "30"})
    assert reponse.status_code == 422
    assert "corrigez l" in reponse.content.decode()


def test_les_constats_se_jugent_sans_rien_enregistrer(amina):
    dossier = fabriques.dossier()
    reponse = amina.post(
        f"/dossiers/{dossier.numero}/constats/?etape=publics", {"publics_total": "1000", "publics_qpv": "599"}
    )
    page = reponse.content.decode().replace("\u00a0", " ")
    assert "Il manque 1 habitant" in page
    assert 'id="sous-publics-qpv"' in page
    assert Dossier.objects.get(pk=dossier.pk).publics_total == 100


def test_le_budget_se_calcule_au_serveur(amina):  # S29
    dossier = fabriques.dossier()
    url = f"/dossiers/{dossier.numero}/"
    donnees = {"c_60": "20 000", "s_CALL": "10 000", "p_autofinancement": "9 999"}
    vivant = amina.post(f"{url}constats/?etape=budget", donnees).content.decode().replace("\u00a0", " ")
    assert "Il manque des ressources" in vivant
    assert "1,00 €" in vivant
    assert amina.post(f"{url}budget/", donnees).status_code == 302
    assert Dossier.objects.get(pk=dossier.pk).cout_total == 20000
    assert "10 000,00 €" in lire(amina, f"{url}budget/")


def test_un_montant_ambigu_se_refuse_et_se_garde(amina):
    dossier = fabriques.dossier()
    reponse = amina.post(f"/dossiers/{dossier.numero}/budget/", {"c_60": "12,345"})
    assert reponse.status_code == 422
    assert 'value="12,345"' in reponse.content.decode()
    assert Dossier.objects.get(pk=dossier.pk).cout_total == 18000


def test_une_demande_a_centimes_se_refuse(amina):  # P31
    dossier = fabriques.dossier()
    pk = dossier.appel.dispositifs.get().pk
    reponse = amina.post(f"/dossiers/{dossier.numero}/demandes/", {f"d_{pk}": "9000,50"})
    assert reponse.status_code == 422
    assert "euros entiers. Écrivez 9 000 €." in reponse.content.decode().replace("\u00a0", " ")
    assert amina.post(f"/dossiers/{dossier.numero}/demandes/", {f"d_{pk}": "8000"}).status_code == 302
    assert Dossier.objects.get(pk=dossier.pk).demande_totale == 8000


def test_la_boite_ne_propose_pas_les_centimes_qu_elle_refuse(amina):  # P31
    dossier = fabriques.dossier()
    dossier.demandes.all().delete()
    dossier.lignes_de_budget.filter(compte__startswith="74").update(montant=Decimal("9000.50"))
    page = lire(amina, f"/dossiers/{dossier.numero}/demandes/")
    assert 'value="9 000"' in page
    assert "9 000,50" in page
    assert 'value="9 000,50"' not in page


def _cases(page):
    import re

    cle = re.search(r'name="cle" value="([0-9a-f]+)"', page).group(1)
    return {"cle": cle, "a_cer": "on", "a_attestation": "on"}


def test_amina_depose_et_recoit_son_accuse(amina):
    dossier = fabriques.dossier()
    url = f"/dossiers/{dossier.numero}/relecture/"
    cases = _cases(lire(amina, url))
    reponse = amina.post(url, cases)
    assert (reponse.status_code, reponse.url) == (302, f"/dossiers/{dossier.numero}/accuse/")
    assert "mardi 20 mai 2025 à 10:00:00" in lire(amina, reponse.url)
    assert amina.post(url, cases).url == reponse.url
    assert amina.get(url).url == reponse.url


def test_sans_cocher_rien_ne_part(amina):
    dossier = fabriques.dossier()
    url = f"/dossiers/{dossier.numero}/relecture/"
    cases = _cases(lire(amina, url))
    reponse = amina.post(url, {"cle": cases["cle"], "a_cer": "on"})
    assert reponse.status_code == 422
    assert Dossier.objects.get(pk=dossier.pk).etat == "brouillon"


def test_une_seconde_trop_tard_la_page_donne_l_heure_et_la_voie(amina):  # S20
    dossier = fabriques.dossier()
    url = f"/dossiers/{dossier.numero}/relecture/"
    cases = _cases(lire(amina, url))
    avant, evenements = Dossier.objects.values().get(), Evenement.objects.count()
    with time_machine.travel(fabriques.instant("2025-05-26 00:00"), tick=False):
        reponse = fabriques.client("amina").post(url, cases)
        assert reponse.status_code == 422
        page = reponse.content.decode().replace("\u00a0", " ")
        assert "Il est 00:00:00 au serveur" in page
        assert "dérogation" in page
        assert dossier.territoire.courriel in page
        assert 'value="Ateliers cuisine du quartier"' in lire(
            fabriques.client("amina"), f"/dossiers/{dossier.numero}/action/"
        )
    assert Dossier.objects.values().get() == avant
    assert Evenement.objects.count() == evenements
    assert not Courriel.objects.exists()


def test_une_seconde_trop_tard_la_page_donne_l_heure_et_la_voie_garde_levee(amina, monkeypatch):
    """Sans la garde, le même envoi passe : c'est bien elle que l'essai éprouve."""
    dossier = fabriques.dossier()
    url = f"/dossiers/{dossier.numero}/relecture/"
    cases = _cases(lire(amina, url))
    monkeypatch.setattr("ensemblier.dossiers.actes.depot._refuser_si_bloque", lambda *_, **__: None)
    with time_machine.travel(fabriques.instant("2025-05-26 00:00"), tick=False):
        assert fabriques.client("amina").post(url, cases).status_code == 302
    assert Dossier.objects.get().etat == "depose"


def test_la_derniere_seconde_se_depose_par_la_page(amina):  # S19
    dossier = fabriques.dossier()
    url = f"/dossiers/{dossier.numero}/relecture/"
    cases = _cases(lire(amina, url))
    with time_machine.travel(fabriques.instant("2025-05-25 23:59:59"), tick=False):
        reponse = fabriques.client("amina").post(url, cases)
        assert (reponse.status_code, reponse.url) == (302, f"/dossiers/{dossier.numero}/accuse/")
        assert "à 23:59:59" in lire(fabriques.client("amina"), reponse.url)


def test_le_redacteur_ne_depose_pas():
    dossier = fabriques.dossier()
    lucas = fabriques.client("lucas")
    fabriques.personne("amina")
    page = lire(lucas, f"/dossiers/{dossier.numero}/relecture/")
    assert "Seule la personne signataire" in page
    accueil = f"/dossiers/{dossier.numero}/"
    assert "une personne signataire le déposera" in lire(lucas, accueil)
    assert "relisez le dossier, puis déposez-le" in lire(fabriques.client("amina"), accueil)
    assert "amina@maison.example" in page
    reponse = lucas.post(
        f"/dossiers/{dossier.numero}/relecture/", {"cle": "a" * 32, "a_cer": "on", "a_attestation": "on"}
    )
    assert reponse.status_code == 403
    trace = Trace.objects.get(nature="refus", chemin__endswith="/relecture/")
    assert trace.utilisateur == fabriques.personne("lucas").pk
    assert "Déposer" in trace.raison
    assert trace.raison in reponse.content.decode().replace("&#x27;", "'")
    relu = Dossier.objects.get()
    assert (relu.etat, relu.depose_le, relu.accuse_empreinte) == ("brouillon", None, "")
    assert not Evenement.objects.filter(acte="deposer").exists()


def test_un_acte_que_la_table_refuse_dit_pourquoi_sans_effet_et_se_trace():  # T07
    dossier = fabriques.dossier_depose()
    benoit = fabriques.client("benoit")
    url = f"/instruction/{dossier.numero}/completude/recevable/"
    assert benoit.post(url).status_code == 302
    avant, evenements = Dossier.objects.values().get(), Evenement.objects.count()
    reponse = benoit.post(url)
    assert reponse.status_code == 403
    trace = Trace.objects.get(nature="refus", chemin=url)
    assert trace.raison
    assert trace.raison in reponse.content.decode().replace("&#x27;", "'")
    assert Dossier.objects.values().get() == avant
    assert Evenement.objects.count() == evenements


def test_ecrire_apres_le_depot_est_refuse(amina):  # T13
    dossier = fabriques.deposer(fabriques.dossier())
    reponse = amina.post(f"/dossiers/{dossier.numero}/action/", {"intitule": "Autre"})
    assert reponse.status_code == 403
    page = lire(amina, f"/dossiers/{dossier.numero}/action/")
    assert "<input" not in page.split("<main")[1].split("</main>")[0]
    assert "Pour changer quelque chose" in page


def test_l_accuse_se_telecharge_et_reste_le_meme(amina):
    dossier = fabriques.deposer(fabriques.dossier())
    url = f"/dossiers/{dossier.numero}/accuse.pdf"
    premier = b"".join(amina.get(url).streaming_content)
    assert premier.startswith(b"%PDF-")
    from ensemblier.dossiers import pdf

    assert pdf.accuse(Dossier.objects.get(pk=dossier.pk)) == premier
    assert b"".join(amina.get(url).streaming_content) == premier


def test_la_lettre_se_fait_sans_adresse_inventee(amina):  # R62, P36
    dossier = fabriques.dossier()
    reponse = amina.get(f"/dossiers/{dossier.numero}/lettre.pdf")
    assert reponse.content.startswith(b"%PDF-")
    from django.template.loader import render_to_string

    contexte = {"dossier": dossier, "organisme": dossier.organisme, "territoire": dossier.territoire,
                "adresse": [], "montant": 9000, "pour_pdf": True}  # fmt: skip
    texte = render_to_string("dossiers/pdf/lettre.html", contexte).replace("\u00a0", " ")
    assert "Ateliers cuisine du quartier" in texte
    assert "9 000 €" in texte
    assert "12 rue des Exemples" in texte


def test_ouvrir_deux_fois_avec_la_meme_cle_ouvre_un_seul_dossier(amina):
    appel, organisme = fabriques.appel(), fabriques.organisme()
    url = f"/dossiers/nouveau/{appel.code}/"
    assert "Pour quel organisme" in lire(amina, url)
    donnees = {"cle": "b" * 32, "organisme": organisme.pk}
    assert amina.post(url, donnees).url == amina.post(url, donnees).url
    ouvert = Dossier.objects.get()
    assert f"Dossier {ouvert.numero} ouvert à l'étape 2" in lire(amina, f"/dossiers/{ouvert.numero}/action/")


def test_on_n_ouvre_pas_pour_l_organisme_d_un_autre(amina):
    appel = fabriques.appel()
    reponse = amina.post(
        f"/dossiers/nouveau/{appel.code}/", {"cle": "c" * 32, "organisme": fabriques.organisme("club").pk}
    )
    assert reponse.status_code == 422
    assert not Dossier.objects.exists()


def test_mes_dossiers_dit_ce_qu_il_reste_a_faire(amina):
    vide = lire(amina, "/dossiers/")
    assert "Aucun dossier" in vide
    fabriques.dossier(budget=None, demande=None)
    page = lire(amina, "/dossiers/")
    assert "Il vous reste 1 chose à faire, la première avant le dimanche 25 mai" in page
    assert "Remplir le budget" in page


def test_mes_dossiers_ne_montre_que_les_siens(amina):
    fabriques.dossier(par="david", organisme_de="club", action__intitule="Secret du club")
    assert "Secret du club" not in lire(amina, "/dossiers/")


def _requetes(client, url):
    with CaptureQueriesContext(connection) as requetes:
        lire(client, url)
    return len(requetes)


def test_mes_dossiers_coute_autant_pour_2_que_pour_12(amina):
    for _ in range(2):
        fabriques.dossier()
    lire(amina, "/dossiers/")
    deux = _requetes(amina, "/dossiers/")
    for _ in range(10):
        fabriques.dossier()
    assert _requetes(amina, "/dossiers/") == deux
    assert deux <= 14


def test_retirer_demande_un_motif(amina):
    dossier = fabriques.deposer(fabriques.dossier())
    url = f"/dossiers/{dossier.numero}/retrait/"
    assert amina.post(url, {"motif": ""}).status_code == 422
    assert amina.post(url, {"motif": "Le local n'est plus libre."}).status_code == 302
    assert "Dossier retiré le " in lire(amina, f"/dossiers/{dossier.numero}/")


def test_le_numero_dauphin_se_note_apres_le_depot():  # R35, R61
    with time_machine.travel(fabriques.instant("2025-10-28 10:00"), tick=False):
        amina = fabriques.client("amina")
        dossier = fabriques.deposer(fabriques.dossier("aap-2026", action__numero_dauphin=None))
        assert "Dauphin" in lire(amina, f"/dossiers/{dossier.numero}/")
        url = f"/dossiers/{dossier.numero}/dauphin/"
        assert amina.post(url, {"numero": "12"}).status_code == 422
        assert amina.post(url, {"numero": "DA01234567", "depose_le": "28/10/2025"}).status_code == 302
        volet = dossier.demandes.get(financeur__code="DEPARTEMENT")
        url = f"/dossiers/{dossier.numero}/depots/{volet.pk}/"
        assert amina.post(url, {"reference": "CD62-7", "le_depot": "29/10/2025"}).status_code == 422
        assert amina.post(url, {"reference": "CD62-7", "le_depot": "28/10/2025"}).status_code == 302
    volet.refresh_from_db()
    assert volet.reference_depot == "CD62-7"


def test_rien_de_l_instruction_ne_se_lit_avant_la_decision(amina):  # R60
    dossier = fabriques.deposer(fabriques.dossier())
    dossier.demandes.update(propose=7777, vote=None)
    for page in ("", "historique/", "accuse/"):
        assert "7 777" not in lire(amina, f"/dossiers/{dossier.numero}/{page}")


def test_le_delai_se_compte_depuis_maintenant(amina):
    dossier = fabriques.dossier()
    assert "Encore 5 jours" in lire(amina, f"/dossiers/{dossier.numero}/relecture/")
    with time_machine.travel(fabriques.instant("2025-05-20 10:00") + timedelta(days=5), tick=False):
        assert "Encore 13 h 59" in lire(fabriques.client("amina"), f"/dossiers/{dossier.numero}/relecture/")


def test_ce_que_le_depot_exige_n_est_pas_dit_facultatif():
    brouillon = fabriques.dossier()
    page = fabriques.client("amina").get(f"/dossiers/{brouillon.numero}/publics/").content.decode()
    total, description = (
        page.split('for="id_publics_total"')[1],
        page.split('for="id_publics_description"')[1],
    )
    assert "facultatif" not in total[:120]
    assert "facultatif" in description[:120]


def test_un_appel_ferme_ne_laisse_pas_commencer_un_dossier():
    """Personne n'écrit six étapes pour rien : la page le dit, l'envoi est refusé, sauf dérogation (S21)."""
    fabriques.appel()
    fabriques.personne("amina")
    organisme = fabriques.organisme()
    envoi = {"organisme": organisme.pk, "cle": "cle-d-un-appel-ferme"}
    with time_machine.travel(fabriques.instant("2025-05-26 00:00"), tick=False):
        amina = fabriques.client("amina")
        page = lire(amina, "/dossiers/nouveau/ami-2025/")
        assert "fermé depuis le dimanche 25 mai 2025" in page
        assert "Commencer le dossier" not in page
        assert amina.post("/dossiers/nouveau/ami-2025/", envoi).status_code == 409
        assert not Dossier.objects.exists()
    with time_machine.travel(fabriques.instant("2025-05-25 23:59"), tick=False):
        amina = fabriques.client("amina")
        assert "Commencer le dossier" in lire(amina, "/dossiers/nouveau/ami-2025/")
        assert amina.post("/dossiers/nouveau/ami-2025/", envoi | {"cle": "cle-a-temps"}).status_code == 302


def test_un_brouillon_d_un_appel_ferme_ne_promet_pas_un_depot():
    dossier = fabriques.dossier()
    with time_machine.travel(fabriques.instant("2025-06-02 10:00"), tick=False):
        amina = fabriques.client("amina")
        for page in ("publics/", "relecture/"):
            texte = lire(amina, f"/dossiers/{dossier.numero}/{page}")
            assert "L'appel a fermé le dimanche 25 mai 2025, 23 h 59. Votre dossier est gardé." in texte
            assert "Rien ne bloque le dépôt" not in texte


def test_une_boite_pas_encore_remplie_n_a_pas_de_regle_sous_elle(amina):
    """La règle attend en marge : une page vide ne crie pas."""
    dossier = fabriques.dossier("aap-2026")
    Dossier.objects.filter(pk=dossier.pk).update(droit_commun="", comite_de_suivi="", pilier=None)
    page = lire(amina, f"/dossiers/{dossier.numero}/action/")
    assert '<div class="sous-champ" id="sous-action-droit_commun"></div>' in page
    assert "à remplir" in page
