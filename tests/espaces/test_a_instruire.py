"""La liste de travail (É9) : ce qui attend chacun, les filtres, les pages, le nombre de requêtes."""

import re
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.urls import reverse

from ensemblier.dossiers.actes import ecrire_message
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier
from ensemblier.espaces.rangs import options
from ensemblier.espaces.tableaux import COLONNES
from ensemblier.instruction import actes
from ensemblier.interface import formats
from ensemblier.interface.pages import compter
from ensemblier.registre.actes import reprendre
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db
JUIN = f.instant("2025-06-02 09:00")
NOVEMBRE = f.instant("2025-11-12 09:00")


@pytest.fixture(autouse=True)
def au_2_juin(time_machine_a):
    time_machine_a("2025-06-02 10:00")


@pytest.fixture
def time_machine_a():
    import time_machine

    voyages = []

    def aller(texte):
        voyage = time_machine.travel(f.instant(texte), tick=True)
        voyage.start()
        voyages.append(voyage)

    yield aller
    for voyage in reversed(voyages):
        voyage.stop()


def recevable(code="ami-2025", le=JUIN, **options):
    return f.dossier_recevable(code, le=le, **options)


def page(qui, **dits):
    return f.client(qui).get(reverse("instruction"), dits)


def reponse(lue):
    phrase = re.search(r'class="reponse">(.*?)</p>', lue.content.decode(), re.DOTALL)
    return phrase[1].replace("\u00a0", " ").strip()


def test_le_pilote_lit_ce_qui_l_attend():
    f.dossier_depose()
    recevable()
    lue = page("benoit")
    assert reponse(lue) == "2 dossiers vous attendent."
    assert [x.attente for x in lue.context["lignes"]] == [
        "Rendre l'avis",
        "Vérifier les pièces et la recevabilité",
    ]


def test_apres_l_echeance_le_retard_se_compte(time_machine_a):
    f.dossier_depose()
    time_machine_a("2025-07-03 10:00")
    lue = page("benoit", vue="en-retard")
    assert reponse(lue) == "1 dossier vous attend, dont 1 en retard."
    assert [x.retard for x in lue.context["lignes"]] == [3]


def test_les_plus_en_retard_viennent_d_abord_puis_ce_qui_n_attend_pas(time_machine_a, monkeypatch):
    """AAP avant le 9 janvier, AMI avant le 30 juin : le tri suit l'échéance, et la suite le garde."""
    avec_avis, aap, ami = recevable(), recevable("aap-2026", le=NOVEMBRE), recevable()
    financeur = f.territoire().financeurs.get(code="CALL")
    actes.rendre_avis(avec_avis, financeur, sens="favorable", par=f.acteur("benoit"), le=JUIN)
    time_machine_a("2026-06-01 10:00")
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    lue = page("benoit", vue="tout")
    assert [x.dossier for x in lue.context["lignes"]] == [ami, aap]
    texte = lue.content.decode().replace("\u00a0", " ")
    assert "en retard de 11 mois" in texte
    assert "attendu le 30/06/2025" in texte
    suite = f.client("benoit").get(reverse("instruction") + lue.context["suivant"])
    assert [x.dossier for x in suite.context["lignes"]] == [avec_avis]


def test_les_communes_du_filtre_sont_celles_des_quartiers_dans_l_ordre():
    recevable()
    filtre = next(x for x in page("benoit").context["autres_filtres"] if x["nom"] == "commune")
    noms = [nom for _, nom in filtre["choix"]]
    assert noms == sorted(noms, key=formats.ordre)
    assert len(noms) == len({c for q in f.pack_du_territoire().quartiers for c in q.communes})


def test_rien_n_attend_apres_l_avis():
    dossier = recevable()
    financeur = f.territoire().financeurs.select_related("commune").get(code="CALL")
    actes.rendre_avis(dossier, financeur, sens="favorable", par=f.acteur("benoit"), le=JUIN)
    lue = page("benoit")
    assert reponse(lue) == "Rien ne vous attend."
    assert [x.avis for x in page("benoit", vue="tout").context["lignes"]] == ["1 sur 1"]


def test_un_complement_echu_attend_le_pilote(time_machine_a):
    dossier = f.dossier_depose()
    par = f.acteur("benoit")
    options = {"par": par, "roles": roles(par, dossier)}
    actes.demander_complements(dossier, pieces=["rib"], message="RIB illisible.", le=JUIN, **options)
    assert reponse(page("benoit")) == "Rien ne vous attend."
    time_machine_a("2025-06-20 10:00")
    lue = page("benoit")
    assert [(x.attente, x.retard) for x in lue.context["lignes"]] == [("Le porteur n'a pas répondu", 3)]


def test_le_financeur_ne_lit_que_les_demandes_a_sa_ligne():
    recevable()
    aap = recevable("aap-2026", le=NOVEMBRE)
    lue = page("chloe")
    assert [x.dossier for x in lue.context["lignes"]] == [aap]
    assert [x.demande for x in lue.context["lignes"]] == [8000]
    assert "Rendre l" in lue.context["lignes"][0].attente
    assert page("remi").context["lignes"] == []


def test_le_referent_lit_ses_contacts_et_ses_avis():
    recevable("aap-2026", le=NOVEMBRE)
    f.dossier_depose(action__quartiers=[{"code": "QN06235M", "communes": ["WINGLES"]}])
    lue = page("farid")
    assert [x.attente for x in lue.context["lignes"]] == ["Confirmer le contact · Rendre l'avis"]


@pytest.mark.parametrize(
    ("dits", "trouve"),
    [
        ({"etat": "recevable"}, 1), ({"etat": "clos"}, 0), ({"appel": "ami-2025"}, 2),
        ({"appel": "aap-2026"}, 0), ({"financeur": "CALL"}, 2), ({"financeur": "ETAT"}, 0),
        ({"commune": "LENS"}, 2), ({"commune": "AVION"}, 0),
        ({"q": "jardins"}, 2), ({"q": "sans rapport"}, 0), ({"etat": "inconnu"}, 0),
        ({"etat": "recevable", "q": "cuisine", "commune": "LENS"}, 1), ({"apres": "n'importe quoi"}, 2),
        ({"tri": "n'importe quoi"}, 2),
    ],
)  # fmt: skip
def test_les_filtres(dits, trouve):
    f.dossier_depose()
    recevable()
    assert len(page("benoit", vue="tout", **dits).context["lignes"]) == trouve


def test_suivants_ne_perd_ni_ne_repete_aucune_ligne(monkeypatch):
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    for minute in range(5):
        f.dossier_depose(le=f.instant(f"2025-05-20 10:0{minute // 2}"))
    vus, adresse = [], "?vue=tout"
    while adresse:
        lue = f.client("benoit").get(reverse("instruction") + adresse)
        vus += [x.dossier.numero for x in lue.context["lignes"]]
        adresse = lue.context["suivant"]
    assert vus == list(Dossier.objects.order_by("-depose_le", "-pk").values_list("numero", flat=True))
    assert len(vus) == 5


@pytest.mark.parametrize("tri", ["echeance", "-echeance"])
def test_lire_d_abord_ce_qui_a_une_echeance_ne_change_pas_l_ordre(monkeypatch, tri):
    """La page lit en deux temps ce que l'export lit d'un coup (`Page`, `remplies`)."""
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    monkeypatch.setattr("ensemblier.espaces.liste.COMPTES_AU_PLUS", 5)
    for rang in range(3):
        f.dossier_depose(le=f.instant(f"2025-05-2{rang} 10:00"))
        recevable(le=f.instant(f"2025-05-2{rang} 11:00"))
    finis = Dossier.objects.order_by("pk")[:2]
    for d in finis:
        reprendre(d, etat="clos", par=f.systeme("lens-lievin"), le=NOVEMBRE, libelle="Repris")
    vus, adresse = [], f"?vue=tout&tri={tri}"
    while adresse:
        lue = f.client("benoit").get(reverse("instruction") + adresse)
        vus += [x.dossier.pk for x in lue.context["lignes"]]
        adresse = lue.context["suivant"]
    assert vus == [d.pk for d in lue.context["liste"].toutes()]
    assert len(vus) == 6
    assert set(vus[-2:]) == {d.pk for d in finis}


def test_compter_s_arrete_a_la_tranche_et_rend_zero_pour_l_impossible():
    for _ in range(3):
        f.dossier_depose()
    tous = Dossier.objects.order_by()
    lus = compter({"deux": tous[:2], "tous": tous, "rien": tous.none()})
    assert lus == {"deux": 2, "tous": 3, "rien": 0}
    assert compter({"rien": tous.none()}) == {"rien": 0}


@pytest.mark.parametrize("qui", ["benoit", "chloe", "farid"])
def test_autant_de_requetes_pour_2_que_pour_12(qui, django_assert_num_queries):
    def compter():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        navigateur = f.client(qui)
        navigateur.get(reverse("instruction"), {"vue": "tout"})
        with CaptureQueriesContext(connection) as requetes:
            lue = navigateur.get(reverse("instruction"), {"vue": "tout"})
        return len(lue.context["lignes"]), len(requetes)

    cache.clear()
    for _ in range(2):
        recevable("aap-2026", le=NOVEMBRE)
    deux = compter()
    for _ in range(10):
        recevable("aap-2026", le=NOVEMBRE)
    douze = compter()
    assert (deux[0], douze[0]) == (2, 12)
    assert deux[1] == douze[1] <= 12


@pytest.mark.parametrize("qui", ["amina", "david"])
def test_un_porteur_n_a_pas_cette_liste(qui):
    assert page(qui).status_code == 403


def test_un_jure_ne_lit_que_les_dossiers_de_ses_seances():
    recevable()
    assert page("elise").context["lignes"] == []


@pytest.mark.parametrize(
    ("tri", "attendus"),
    [
        ("", ["26-0903", "26-0902", "26-0901"]), ("depot", ["26-0901", "26-0902", "26-0903"]),
        ("-demande", ["26-0902", "26-0901", "26-0903"]), ("porteur", ["26-0903", "26-0901", "26-0902"]),
        ("numero", ["26-0901", "26-0902", "26-0903"]),
    ],
)  # fmt: skip
def test_la_liste_se_trie_et_la_suite_garde_le_tri(monkeypatch, tri, attendus):
    for rang, (porteur, siren, demande) in enumerate(
        (("Bêta", "902100023", "200"), ("Gamma", "902100031", "300"), ("Alpha", "902100049", "100")), start=1
    ):
        d = s.dossier(f"26-090{rang}", appel="aap-2026", porteur=s.organisme(porteur, siren))
        d.demande_totale, d.depose_le = Decimal(demande), f.instant(f"2025-10-2{rang} 10:00")
        reprendre(d, etat="recevable", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    client, adresse, vus = f.client("benoit"), f"/instruction/?vue=tout&tri={tri}", []
    while adresse:
        reponse = client.get(adresse)
        vus += [ligne.dossier.numero for ligne in reponse.context["lignes"]]
        adresse = reponse.context["suivant"] and f"/instruction/{reponse.context['suivant']}"
    assert vus == attendus


@pytest.mark.parametrize(
    ("dits", "trouve"),
    [
        ({"quartier": "QN06224M"}, 2), ({"quartier": "QN06235M"}, 0), ({"quartier": "inconnu"}, 0),
        ({"pilier": "agir"}, 2), ({"pilier": "inconnu"}, 0), ({"thematique": "sante"}, 2),
        ({"thematique": "sport"}, 0),
        ({"echeance": "30-jours"}, 2), ({"echeance": "7-jours"}, 0), ({"echeance": "retard"}, 0),
        ({"echeance": "hier"}, 0), ({"alerte": "avis"}, 1), ({"alerte": "piece"}, 0),
        ({"alerte": "message"}, 0), ({"alerte": "inconnue"}, 0),
    ],
)  # fmt: skip
def test_les_autres_filtres(dits, trouve):
    """Échéance de l'AMI le 30 juin : à 28 jours du 2."""
    f.dossier_depose()
    recevable()
    assert len(page("benoit", vue="tout", **dits).context["lignes"]) == trouve


def test_le_fil_du_porteur_ne_se_devine_pas_par_un_filtre():
    """Chloé ne lit pas le fil : ni le choix, ni l'adresse écrite à la main ne le lui disent."""
    dossier = recevable("aap-2026", le=NOVEMBRE)
    amina = f.acteur("amina")
    ecrire_message(
        dossier, texte="Bonjour.", cle="a" * 32, par=amina, roles=roles(amina, dossier), le=NOVEMBRE
    )
    assert len(page("benoit", vue="tout", alerte="message").context["lignes"]) == 1
    lue = page("chloe", vue="tout", alerte="message")
    assert lue.context["lignes"] == []
    assert "Message du porteur" not in lue.content.decode()


def test_rien_de_trouve_dit_combien_sans_chaque_filtre():
    recevable()
    lue = page("benoit", vue="tout", commune="AVION", appel="ami-2025")
    texte = lue.content.decode().replace("\u00a0", " ")
    assert "Aucun dossier avec ces filtres. Sans AMI 2025 : 0." not in texte
    assert "Sans Avion : 1." in texte


def test_les_colonnes_se_choisissent_et_se_gardent():
    recevable()
    navigateur = f.client("benoit")

    def titres(adresse):
        lue = navigateur.get(adresse)
        return re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?\s*([^<]+?)\s*<', lue.content.decode())

    assert "Appel" in titres("/instruction/?vue=tout")
    choisies = "/instruction/?vue=tout&col=etat&col=siret&col=inconnue"
    assert titres(choisies) == ["N°", "État", "SIRET"]
    assert "Appel" in titres("/instruction/?vue=tout"), "regarder un lien ne change pas ce qu'on a choisi"
    navigateur.get(choisies + "&garder=colonnes")
    assert "Appel" in titres("/instruction/?vue=tout"), "un lien, même piégé, ne garde rien (T23)"
    garde = navigateur.post(
        "/instruction/?vue=tout", {"garder": "colonnes", "col": ["etat", "siret", "inconnue"]}
    )
    assert (garde.status_code, "col=" in garde["Location"]) == (302, False)
    assert titres("/instruction/?vue=tout") == ["N°", "État", "SIRET"]


def test_toutes_les_colonnes_coutent_autant_a_une_et_a_six_lignes():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    navigateur, tout = f.client("benoit"), {"vue": "tout", "col": list(COLONNES)}

    def compter():
        navigateur.get("/instruction/", tout)
        with CaptureQueriesContext(connection) as requetes:
            lue = navigateur.get("/instruction/", tout)
        assert lue.status_code == 200
        return len(requetes), lue.content.decode()

    recevable("aap-2026", le=NOVEMBRE)
    une, texte = compter()
    for _ in range(5):
        recevable("aap-2026", le=NOVEMBRE)
    six, _ = compter()
    assert une == six
    assert all(f'data-libelle="{c.titre}"' in texte for c in COLONNES.values())


def test_le_financeur_trie_par_ce_qui_lui_est_demande(monkeypatch):
    """Le total du dossier dit l'inverse de la ligne de l'État : c'est sa ligne que Chloé trie et lit."""
    for rang, (total, etat) in enumerate((("900", "100"), ("500", "300"), ("700", "200")), start=1):
        d = s.dossier(f"26-091{rang}", appel="aap-2026")
        d.demande_totale = Decimal(total)
        reprendre(d, etat="recevable", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
        s.volet(d, etat, financeur="ETAT", etat="sollicitee")
        s.volet(d, "4000.00", financeur="CALL", etat="sollicitee")
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    premiere = page("chloe", vue="tout", tri="-demande")
    assert [x.demande for x in premiere.context["lignes"]] == [300, 200]
    suite = f.client("chloe").get("/instruction/" + premiere.context["suivant"])
    assert [x.demande for x in suite.context["lignes"]] == [100]


def test_un_compte_s_arrete_a_son_plafond_et_le_dit(monkeypatch):
    for _ in range(3):
        f.dossier_depose()
    assert "Tous (3)" in page("benoit", vue="tout").content.decode()
    monkeypatch.setattr("ensemblier.espaces.liste.COMPTES_AU_PLUS", 2)
    lue = page("benoit", vue="tout")
    assert reponse(lue) == "Plus de 2 dossiers vous attendent."
    assert "Tous (plus de 2)" in lue.content.decode()
    assert "Plus de 2 en tout." in lue.content.decode()
    assert len(lue.context["lignes"]) == 3


@pytest.mark.parametrize("dits", [{}, {"vue": "en-retard"}, {"vue": "tout"}, {"etat": "recevable"}])
def test_trop_de_cles_pour_les_citer_et_la_liste_est_la_meme(monkeypatch, time_machine_a, dits):
    """Au-delà de `CLES_CITEES`, les conditions se relisent dans la base au lieu de citer les clés lues."""
    recevable(action__thematiques=["culture"])
    f.dossier_depose()
    complet = f.dossier_depose()
    par = f.acteur("benoit")
    options = {"par": par, "roles": roles(par, complet), "le": JUIN}
    actes.demander_complements(complet, pieces=["rib"], message="RIB illisible.", **options)
    time_machine_a("2025-11-12 10:00")
    citees = page("benoit", **dits).context
    monkeypatch.setattr("ensemblier.espaces.lecteur.CLES_CITEES", -1)
    relues = page("benoit", **dits).context
    assert (citees["lignes"], citees["comptes"]) == (relues["lignes"], relues["comptes"])
    assert citees["lignes"]


def test_les_filtres_disent_ce_qui_s_echappe():
    assert options([('a"b', "L'Été <&>")], 'a"b') == (
        '<option value="a&quot;b" selected>L&#x27;Été &lt;&amp;&gt;</option>'
    )


def sans(**dits):
    """Ce que la page dit de chaque filtre à ôter."""
    lue = page("benoit", vue="tout", **dits).content.decode().replace("\u00a0", " ")
    return re.findall(r"Sans ([^:]+) : ([^.]+)\.", lue)


def test_rien_de_trouve_dit_combien_sans_chaque_filtre_au_plus_deux_mille(monkeypatch):
    recevable()
    f.dossier_depose()
    assert sans(q="introuvable") == [("« introuvable »", "2")]
    assert sans(q="introuvable", etat="recevable") == [("« introuvable »", "1")]
    monkeypatch.setattr("ensemblier.espaces.liste.COMPTES_AU_PLUS", 1)
    assert sans(q="introuvable") == [("« introuvable »", "plus de 1")]


@pytest.mark.parametrize("nom", ["financeur", "commune", "quartier", "thematique"])
def test_un_lieu_un_theme_ou_un_financeur_se_filtre_dans_son_territoire(nom):
    """Le code d'un autre territoire ne trouve rien, et une valeur inconnue non plus."""
    dossier = f.dossier_depose()
    ciblage = dossier.ciblages.first()
    codes = {
        "financeur": dossier.demandes.first().financeur.code, "commune": ciblage.communes.first().code,
        "quartier": ciblage.quartier.code, "thematique": dossier.thematiques.first().code,
    }  # fmt: skip
    assert [x.dossier for x in page("benoit", vue="tout", **{nom: codes[nom]}).context["lignes"]] == [dossier]
    assert not page("benoit", vue="tout", **{nom: "inconnu"}).context["lignes"]
