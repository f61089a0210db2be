"""L'enregistrement au fil de la frappe : rien ne se perd, rien ne s'écrase en silence (fiabilite, fait 4)."""

import json
from decimal import Decimal

import pytest

from ensemblier.dossiers import actes
from ensemblier.dossiers.feuilles import FORMULAIRES, Feuille
from ensemblier.dossiers.models import Dossier, Saisie
from ensemblier.dossiers.reponses import Reponses
from ensemblier.registre.actes import ActeBloque
from tests import fabriques

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("en_mai")]


@pytest.fixture
def lucas():
    return fabriques.client("lucas")


def saisir(client, dossier, champ, *valeur, etape="action", version=0, cle=None, **options):
    corps = {
        "champ": champ,
        "valeur": list(valeur),
        "version": version,
        "cle": cle or f"cle-{champ}-{version}",
    }
    return client.post(f"/dossiers/{dossier.numero}/{etape}/saisie/", corps, **options)


def relu(dossier):
    return Dossier.objects.get(pk=dossier.pk)


def page(client, dossier, etape="action"):
    reponse = client.get(f"/dossiers/{dossier.numero}/{etape}/")
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'").replace("&quot;", '"')


def contenu(dossier, etape):
    return Feuille(etape).contenu(Reponses(relu(dossier)))


def test_une_reponse_se_garde_avec_son_heure_et_sa_version(amina, dossier):
    reponse = saisir(amina, dossier, "objectifs", "Sortir de l'isolement")
    assert reponse.json() == {"version": 1, "heure": "21\u00a0h\u00a004", "erreur": ""}
    assert relu(dossier).objectifs == "Sortir de l'isolement"
    assert '"objectifs": 1' in page(amina, dossier)


def test_la_meme_cle_ne_s_enregistre_pas_deux_fois(amina, dossier):
    """Un accusé perdu n'est pas un conflit : la reprise rend la première réponse."""
    premiere = saisir(amina, dossier, "objectifs", "Un", cle="cle-perdue").json()
    assert saisir(amina, dossier, "objectifs", "Un", cle="cle-perdue").json() == premiere
    assert Saisie.objects.count() == 1


def test_une_cle_ne_sert_pas_a_une_autre_reponse(amina, dossier):
    saisir(amina, dossier, "objectifs", "Un", cle="cle-reprise")
    assert saisir(amina, dossier, "moyens", "Deux", cle="cle-reprise").status_code == 409
    assert relu(dossier).moyens != "Deux"


def test_un_conflit_montre_les_deux_valeurs_et_n_ecrit_rien(amina, lucas, dossier):
    saisir(lucas, dossier, "objectifs", "Ce que dit Lucas")
    reponse = saisir(amina, dossier, "objectifs", "Ce que dit Amina", cle="cle-amina")
    assert reponse.status_code == 409
    assert reponse.json()["autre"] == ["Ce que dit Lucas"]
    assert reponse.json()["par"].startswith("Lucas")
    assert relu(dossier).objectifs == "Ce que dit Lucas"
    assert saisir(amina, dossier, "objectifs", "Ce que dit Amina", version=1).status_code == 200


def test_le_conflit_garde_levee(amina, lucas, dossier, monkeypatch):
    """La version non lue, la réponse de Lucas disparaît sans un mot : l'essai d'avant le verrait."""
    saisir(lucas, dossier, "objectifs", "Ce que dit Lucas")
    monkeypatch.setattr(Feuille, "saisies", lambda self, lues: {})
    assert saisir(amina, dossier, "objectifs", "Ce que dit Amina", cle="cle-amina").status_code == 200
    assert relu(dossier).objectifs == "Ce que dit Amina"


def test_la_meme_valeur_des_deux_cotes_n_est_pas_un_conflit(amina, lucas, dossier):
    saisir(lucas, dossier, "objectifs", "Pareil\r\npartout")
    assert saisir(amina, dossier, "objectifs", "Pareil\npartout ", cle="cle-amina").status_code == 200


@pytest.mark.parametrize(
    ("etape", "champ", "tape"),
    [
        ("budget", "c_60", "12,345"),
        ("publics", "publics_total", "une centaine"),
        ("action", "du", "31/02/2025"),
    ],
)
def test_une_reponse_pas_comprise_est_gardee_telle_quelle(amina, dossier, etape, champ, tape):
    avant = contenu(dossier, etape)
    reponse = saisir(amina, dossier, champ, tape, etape=etape)
    assert reponse.status_code == 200
    assert reponse.json()["erreur"]
    assert contenu(dossier, etape) == avant | {champ: [tape]}
    assert f'value="{tape}"' in page(amina, dossier, etape)
    assert reponse.json()["erreur"].replace("\u00a0", " ") in page(amina, dossier, etape)


def test_un_montant_ambigu_propose_ses_deux_lectures(amina, dossier):
    """« 12,345 : est-ce 12 345 € ou 12,35 € ? » (É7) : deux boutons, et la frappe reste."""
    recue = saisir(amina, dossier, "c_60", "12,345", etape="budget").json()
    assert recue["lectures"] == ["12\u00a0345", "12,35"]
    lue = page(amina, dossier, "budget")
    assert '<button class="bouton bouton--second" name="lecture" value="c_60=12 345">12 345&nbsp;€' in lue
    assert 'value="c_60=12,35">12,35&nbsp;€' in lue
    assert "lectures" not in saisir(amina, dossier, "c_60", "x", etape="budget", version=1).json()


@pytest.mark.parametrize(("lecture", "range_"), [("12\u00a0345", "12345"), ("12,35", "12.35")])
def test_une_lecture_se_choisit_sans_javascript(amina, dossier, lecture, range_):
    poste = contenu(dossier, "budget") | {"c_60": ["12,345"], "c_62": ["50"]}
    assert amina.post(f"/dossiers/{dossier.numero}/budget/", poste).status_code == 422
    reponse = amina.post(f"/dossiers/{dossier.numero}/budget/", poste | {"lecture": f"c_60={lecture}"})
    assert reponse["Location"] == f"/dossiers/{dossier.numero}/budget/", "on reste à l'étape"
    montants = dict(dossier.lignes_de_budget.values_list("compte", "montant"))
    assert (montants["60"], montants["62"]) == (Decimal(range_), Decimal(50))


def test_une_lecture_n_ecrit_que_dans_une_boite_de_la_page(amina, dossier):
    poste = contenu(dossier, "budget") | {"lecture": "numero=99"}
    assert amina.post(f"/dossiers/{dossier.numero}/budget/", poste).status_code == 302
    assert relu(dossier).numero == dossier.numero


def test_entree_n_appuie_sur_aucun_autre_bouton_que_enregistrer(amina, dossier):
    """Le navigateur presse le premier bouton du formulaire : jamais une lecture, ni l'envoi d'un courriel."""
    saisir(amina, dossier, "c_60", "12,345", etape="budget")
    formulaire = page(amina, dossier, "budget").partition('id="saisie"')[2]
    assert formulaire.partition("<button")[2].startswith(' class="visually-hidden" name="rester"')


def test_le_budget_garde_le_montant_d_avant_tant_que_le_nouveau_n_est_pas_compris(amina, dossier):
    lignes = list(dossier.lignes_de_budget.order_by("compte").values_list("compte", "montant"))
    saisir(amina, dossier, "c_60", "12,345", etape="budget")
    assert list(dossier.lignes_de_budget.order_by("compte").values_list("compte", "montant")) == lignes


def test_une_reponse_attend_la_voisine_qui_la_rend_vraie(amina, dossier):
    """S06 : 599 habitants sur 100 personnes attend ; 1 000 personnes arrivent, les deux sont rangées."""
    assert "corrigez" in saisir(amina, dossier, "publics_qpv", "599", etape="publics").json()["erreur"]
    assert relu(dossier).publics_qpv == 60
    assert saisir(amina, dossier, "publics_total", "1 000", etape="publics").json()["erreur"] == ""
    assert (relu(dossier).publics_total, relu(dossier).publics_qpv) == (1000, 599)
    assert not relu(dossier).saisies.en_attente().exists()


def test_un_total_qui_contredit_la_voisine_attend_aussi(amina, dossier):
    reponse = saisir(amina, dossier, "publics_total", "50", etape="publics")
    assert "60 habitants de quartier pour 50 personnes" in reponse.json()["erreur"]
    assert relu(dossier).publics_total == 100


def test_le_depot_attend_les_reponses_a_corriger_puis_efface_les_saisies(amina, dossier):
    saisir(amina, dossier, "c_60", "12,345", etape="budget")
    with pytest.raises(ActeBloque, match="attend d'être corrigée"):
        fabriques.deposer(relu(dossier))
    saisir(amina, dossier, "c_60", "12 000", etape="budget", version=1)
    fabriques.deposer(relu(dossier))
    assert not Saisie.objects.exists()


def test_une_page_restee_ouverte_n_ecrase_pas_ce_qu_elle_n_a_pas_touche(amina, lucas, dossier):
    """Amina n'a changé que les moyens : les objectifs de Lucas restent."""
    lue = contenu(dossier, "action")
    saisir(lucas, dossier, "objectifs", "Ce que dit Lucas")
    versions = json.dumps({"moyens": 0})
    reponse = amina.post(
        f"/dossiers/{dossier.numero}/action/", lue | {"moyens": ["Deux bénévoles"], "versions": versions}
    )
    assert reponse.status_code == 302
    assert (relu(dossier).objectifs, relu(dossier).moyens) == ("Ce que dit Lucas", "Deux bénévoles")


@pytest.mark.parametrize(("choix", "retenu"), [("mienne", "Amina"), ("autre", "Lucas")])
def test_un_conflit_se_tranche_sans_javascript(amina, lucas, dossier, choix, retenu):
    lue = contenu(dossier, "action")
    saisir(lucas, dossier, "objectifs", "Lucas")
    poste = lue | {"objectifs": ["Amina"], "versions": json.dumps({"moyens": 0})}
    adresse = f"/dossiers/{dossier.numero}/action/"
    refus = amina.post(adresse, poste)
    assert refus.status_code == 422
    texte = refus.content.decode()
    assert "a écrit autre chose à 21 h 04" in texte.replace("\u00a0", " ")
    assert "Garder la vôtre : « Amina »" in texte
    assert relu(dossier).objectifs == "Lucas"
    assert amina.post(adresse, poste).status_code == 422, "sans choix, le conflit reste"
    assert amina.post(adresse, poste | {"divergence:objectifs": f"{choix}-1"}).status_code == 302
    assert relu(dossier).objectifs == retenu


def test_un_conflit_avec_son_autre_onglet_se_dit_tel(amina, dossier):
    """Deux onglets d'une même personne : la page ne dit pas qu'« Amina a écrit autre chose »."""
    lue = contenu(dossier, "action")
    saisir(amina, dossier, "objectifs", "Onglet A")
    poste = lue | {"objectifs": ["Onglet B"], "versions": json.dumps({"moyens": 0})}
    texte = amina.post(f"/dossiers/{dossier.numero}/action/", poste).content.decode()
    assert "Un autre de vos onglets a écrit autre chose" in texte
    assert "Prendre celle de 21 h 04" in texte.replace("\u00a0", " ")


def test_continuer_aussitot_la_frappe_n_est_pas_un_conflit_avec_soi_meme(amina, dossier):
    """« 4000 » est en route quand Amina presse « Continuer » : la page n'en connaît pas encore la version."""
    lue = contenu(dossier, "budget")
    assert saisir(amina, dossier, "c_60", "4000", etape="budget").status_code == 200
    poste = lue | {"c_60": ["4000"], "versions": json.dumps({"c_62": 0})}
    assert amina.post(f"/dossiers/{dossier.numero}/budget/", poste).status_code == 302
    assert contenu(dossier, "budget")["c_60"] == ["4\u00a0000"]
    assert Saisie.objects.count() == 1


def test_la_frappe_arrivee_apres_continuer_n_est_pas_un_conflit(amina, dossier):
    lue = contenu(dossier, "budget")
    poste = lue | {"c_60": ["4000"], "versions": json.dumps({"c_62": 0})}
    assert amina.post(f"/dossiers/{dossier.numero}/budget/", poste).status_code == 302
    assert saisir(amina, dossier, "c_60", "4000", etape="budget").status_code == 200


def test_une_troisieme_valeur_arrivee_pendant_le_choix_se_montre_aussi(amina, lucas, dossier):
    lue = contenu(dossier, "action")
    saisir(lucas, dossier, "objectifs", "Lucas")
    saisir(lucas, dossier, "objectifs", "Lucas, encore", version=1)
    poste = lue | {
        "objectifs": ["Amina"], "versions": json.dumps({"objectifs": 0}), "divergence:objectifs": "mienne-1"
    }  # fmt: skip
    assert amina.post(f"/dossiers/{dossier.numero}/action/", poste).status_code == 422
    assert relu(dossier).objectifs == "Lucas, encore"


@pytest.mark.parametrize("appel", ["ami-2025", "aap-2026"])
@pytest.mark.parametrize("etape", [e for e, forms in FORMULAIRES.items() if forms])
def test_renvoyer_la_page_telle_quelle_ne_change_rien(amina, appel, etape):
    dossier = fabriques.dossier(appel)
    avant = contenu(dossier, etape)
    if appel == "ami-2025":
        assert amina.post(f"/dossiers/{dossier.numero}/{etape}/", avant).status_code == 302
        assert contenu(dossier, etape) == avant
        assert not Saisie.objects.exists()
    for champ, valeur in avant.items():
        assert saisir(amina, dossier, champ, *valeur, etape=etape, cle=f"la-meme-{champ}").status_code == 200
    assert contenu(dossier, etape) == avant


def test_le_service_joint_sans_jour_attend_son_jour(amina):
    dossier = fabriques.dossier("aap-2026")
    ville = dossier.ciblages.first().communes.filter(est_membre=True).first()
    saisir(amina, dossier, f"le_{ville.pk}", "", etape="publics", cle="cle-vide")
    saisir(amina, dossier, f"note_{ville.pk}", "", etape="publics", cle="cle-sans-note")
    assert not dossier.contacts_communes.filter(commune=ville).exists()
    reponse = saisir(amina, dossier, f"note_{ville.pk}", "Mairie", etape="publics", version=1)
    assert "Le jour du contact" in reponse.json()["erreur"]
    assert (
        saisir(amina, dossier, f"le_{ville.pk}", "02/05/2025", etape="publics", version=1).json()["erreur"]
        == ""
    )
    assert dossier.contacts_communes.get(commune=ville).note == "Mairie"


def test_une_autre_association_ne_trouve_rien(dossier):
    assert saisir(fabriques.client("david"), dossier, "objectifs", "Chez les autres").status_code == 404
    assert not Saisie.objects.exists()


def test_un_dossier_depose_ne_se_modifie_plus(amina, dossier):
    fabriques.deposer(dossier)
    reponse = saisir(amina, dossier, "objectifs", "Trop tard")
    assert reponse.status_code == 403
    assert relu(dossier).objectifs != "Trop tard"


@pytest.mark.parametrize("champ", ["taux_retenu", "csrfmiddlewaretoken", "etat"])
def test_une_boite_qui_n_est_pas_dans_la_page_est_refusee(amina, dossier, champ):
    assert saisir(amina, dossier, champ, "1").status_code == 409
    assert not Saisie.objects.exists()


@pytest.mark.parametrize("enveloppe", [{"cle": "x"}, {"version": "-1"}, {"version": "²"}, {"champ": ""}])
def test_une_enveloppe_bricolee_n_est_pas_lue(amina, dossier, enveloppe):
    corps = {"champ": "objectifs", "valeur": "x", "version": 0, "cle": "cle-valable"} | enveloppe
    assert amina.post(f"/dossiers/{dossier.numero}/action/saisie/", corps).status_code == 404


def test_une_session_perdue_ne_perd_pas_ce_qui_venait_d_etre_ecrit(amina, dossier):
    """Sans JavaScript : la page revient remplie après la connexion."""
    lue = contenu(dossier, "action")
    inconnue = fabriques.client()
    adresse = f"/dossiers/{dossier.numero}/action/"
    reponse = inconnue.post(adresse, lue | {"objectifs": ["Écrit juste avant"]})
    assert reponse.status_code == 302
    assert reponse.url.startswith("/connexion/")
    assert relu(dossier).objectifs != "Écrit juste avant"
    inconnue.force_login(fabriques.personne("amina"))
    texte = page(inconnue, dossier)
    assert "Votre session avait expiré" in texte
    assert "Écrit juste avant" in texte
    assert "Votre session avait expiré" not in page(inconnue, dossier), "montré une seule fois"


def test_ce_qui_est_garde_ne_se_montre_que_sur_sa_page(dossier):
    autre = fabriques.client()
    autre.post(f"/dossiers/{dossier.numero}/action/", {"objectifs": "Pour une autre page"})
    autre.force_login(fabriques.personne("amina"))
    assert "Pour une autre page" not in page(autre, dossier, "publics")
    assert "Pour une autre page" not in page(autre, dossier)


def test_une_saisie_sans_session_repond_401(dossier):
    assert (
        saisir(fabriques.client(), dossier, "objectifs", "x", headers={"HX-Request": "true"}).status_code
        == 401
    )


def test_un_jeton_perdu_remontre_la_page_remplie(dossier):
    strict = fabriques.client("amina")
    strict.handler.enforce_csrf_checks = True
    adresse = f"/dossiers/{dossier.numero}/action/"
    corps = {"objectifs": "Écrit avec un vieux jeton", "csrfmiddlewaretoken": "perdu"}
    reponse = strict.post(adresse, corps, headers={"Origin": "http://testserver"})
    assert (reponse.status_code, reponse.url) == (302, adresse)
    assert "Écrit avec un vieux jeton" in page(strict, dossier)


def test_une_requete_forgee_ailleurs_ne_laisse_rien(dossier):
    strict = fabriques.client("amina")
    strict.handler.enforce_csrf_checks = True
    corps = {"objectifs": "Forgé", "csrfmiddlewaretoken": "perdu"}
    adresse = f"/dossiers/{dossier.numero}/action/"
    assert strict.post(adresse, corps, headers={"Origin": "http://ailleurs.example"}).status_code == 403
    assert strict.post(adresse, corps).status_code == 403
    assert "Forgé" not in page(strict, dossier)


def test_un_acte_direct_rend_la_saisie(dossier):
    saisie = actes.saisir(
        dossier, feuille=Feuille("action"), champ="objectifs", valeur=["Par un acte"], version=0,
        cle="cle-d-acte", par=fabriques.acteur("amina"), roles={fabriques.Role.REDACTEUR},
        le=fabriques.instant("2025-05-20 21:04"),
    )  # fmt: skip
    assert (saisie.rang, saisie.erreur, saisie.par_nom) == (1, "", fabriques.acteur("amina").nom)
