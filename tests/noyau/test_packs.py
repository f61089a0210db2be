"""Les packs se lisent en entier ou se refusent en entier, toutes fautes dites."""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ensemblier.noyau.packs import Appel, PackInvalide, controler, lire_appel, lire_appels, lire_territoire
from tests.hasard import exemples

RACINE = Path(__file__).resolve().parents[2]
LENS = RACINE / "packs" / "lens-lievin"
VAL = RACINE / "packs" / "val-fictif"


@pytest.fixture(scope="module")
def lens():
    return lire_territoire(LENS)


@pytest.fixture
def copie(tmp_path):
    shutil.copytree(VAL, tmp_path / "val-fictif")
    return tmp_path / "val-fictif"


def _changer(fichier: Path, avant: str, apres: str, fois: int = 1) -> None:
    texte = fichier.read_text(encoding="utf-8")
    assert avant in texte
    fichier.write_text(texte.replace(avant, apres, fois), encoding="utf-8")


def _fautes(lire) -> list[tuple[str, str, str]]:
    with pytest.raises(PackInvalide) as refus:
        lire()
    return [(e.fichier, e.cle, e.trouve) for e in refus.value.erreurs]


def test_le_fichier_officiel_donne_22_quartiers_40_couples_24_communes_s82(lens):
    assert len(lens.quartiers) == 22
    assert len(lens.couples()) == 40
    communes = {c for _, c in lens.couples()}
    assert len(communes) == 24
    assert sum(1 for c in communes if lens.commune(c).membre) == 19


def test_le_tableau_imprime_garde_19_lignes_31_couples_21_communes_s66(lens):
    couples = [(ligne.code, c) for ligne in lens.tableau_imprime for c in ligne.communes]
    assert len(lens.tableau_imprime) == 19
    assert len(couples) == 31
    assert len({c for _, c in couples}) == 21


def test_les_contradictions_se_lisent_en_clair_s65_s66_s82(lens):
    phrases = [c.phrase.replace("\u00a0", " ") for c in controler(lens)]
    attendues = (
        "22 ≠ 21 annoncés",
        "19 lignes au tableau pour 21 annoncées : 2 manquantes",
        "3 absents du tableau : QN06243M, QN06245M, QN06247M",
        "commune omise : QN06224M Loos-en-Gohelle, QN06234M Billy-Montigny",
        "2 communes du tableau sans référent : DOUVRIN, HAISNES",
        "écart 1 754 845,00 €",
        "somme des parts 4 156 499,00 €",
        "24/09/2024 retenu, 02/09/2024 lu ailleurs",
        "Adresse du siège absente",
        "8 quartiers ont leur centroïde dehors",
        "55000 et 56000",
    )
    for attendue in attendues:
        assert any(attendue in phrase for phrase in phrases), attendue


def test_un_quartier_se_trouve_par_ses_deux_codes_et_une_commune_par_son_nom(lens):
    assert lens.quartier("QP062025") is lens.quartier("QN06225M")
    assert lens.commune("Loos-en-Gohelle") is lens.commune("LOOS-EN-GOHELLE") is lens.commune("62528")
    assert lens.commune("Fouquières-lès-Lens").code == "FOUQUIERES-LES-LENS"
    assert lens.commune("Paris") is None


def test_une_thematique_sans_referent_va_au_contact_de_repli_s74(lens):
    assert lens.contact_pour("discriminations").code == "service"
    assert lens.contact_pour("culture").code == "mission-emploi-culture"
    assert lens.contact_pour(None).code == "service"


def test_neuf_themes_vont_a_deux_fonctions_r70(lens):
    groupes = {c.code: set(c.thematiques) for c in lens.postes}
    assert groupes == {
        "mission-emploi-culture": {"numerique", "mobilites", "emploi-insertion", "culture"},
        "mission-sante-habitat": {
            "alimentation", "sante", "sport", "habitat-cadre-de-vie", "education-jeunesse",
        },
    }  # fmt: skip
    assert sum(map(len, groupes.values())) == 9


@pytest.mark.parametrize(
    ("themes", "fonction", "principal"),
    [
        (["culture"], "mission-emploi-culture", "culture"),
        (["culture", "discriminations"], "mission-emploi-culture", "culture"),
        (["sante", "sport", "culture"], "mission-sante-habitat", "sante"),
        (["culture", "habitat-cadre-de-vie"], "mission-sante-habitat", "habitat-cadre-de-vie"),
        (["discriminations"], "service", None),
        (["participation", "transitions"], "service", None),
        ([], "service", None),
    ],
)
def test_le_theme_principal_mene_a_sa_fonction_r70_r69_s74(lens, themes, fonction, principal):
    route = lens.routage(themes)
    assert (route.contact.code, route.theme) == (fonction, principal)
    assert route.poste == (fonction if principal else "")
    assert lens.routage(reversed(themes)) == route, "l'ordre des cases ne décide de rien"


def test_la_raison_du_routage_se_lit(lens):
    assert lens.routage(["culture"]).raison == "Thème « Culture » : Chargée de mission politique de la ville."
    seul = lens.routage(["discriminations"]).raison
    assert seul == (
        "Aucune fonction ne suit « Lutte contre les discriminations » : contact de repli du service."
    )


def test_un_autre_territoire_a_d_autres_groupes_r70():
    val = lire_territoire(VAL)
    assert {c.code: c.thematiques for c in val.postes} == {
        "mission-ecole": ("ecole",),
        "mission-metiers": ("metiers",),
    }
    assert val.routage(["metiers"]).poste == "mission-metiers"
    assert val.routage(["voisinage"]).contact.code == "accueil"


def test_un_theme_suivi_par_deux_fonctions_est_une_faute(copie):
    _changer(copie / "territoire.toml", 'thematiques = ["metiers"]', 'thematiques = ["metiers", "ecole"]')
    fautes = _fautes(lambda: lire_territoire(copie))
    assert ("territoire.toml", "contacts.thematiques", "« ecole » suivi par 2 fonctions") in fautes


def test_un_theme_sans_fonction_se_signale_s74(lens):
    (phrase,) = [c.phrase for c in controler(lens) if c.code == "theme-sans-fonction"]
    assert "3 thèmes sans fonction" in phrase.replace("\u00a0", " ")
    assert "Lutte contre les discriminations" in phrase


def test_les_coordonnees_sont_fictives(lens):
    for contact in lens.contacts:
        assert contact.courriel is None or contact.courriel.endswith(".example")
        assert all(t.startswith("+3335301") for t in contact.telephones)


def test_les_39_parametres_sont_la(lens):
    assert [p.code for p in lens.parametres] == [f"P{n:02d}" for n in range(1, 40)]


@pytest.mark.parametrize("racine", [LENS, VAL], ids=lambda r: r.name)
def test_un_reglement_fige_se_relit_a_l_identique(racine):
    territoire = lire_territoire(racine)
    for appel in lire_appels(racine, territoire).values():
        relu = Appel.depuis_json(json.loads(json.dumps(appel.en_json())))
        assert relu == appel
        assert relu.empreinte() == appel.empreinte()
        assert len(appel.empreinte()) == 64


def test_l_empreinte_change_avec_un_seul_seuil(lens):
    ami = lire_appel(LENS / "appels" / "ami-2025.toml", lens)
    donnees = ami.en_json()
    rang = next(i for i, r in enumerate(donnees["regles"]) if r["code"] == "part-qpv")
    donnees["regles"][rang]["seuil"] = "59"
    assert Appel.depuis_json(donnees).empreinte() != ami.empreinte()


def test_un_reglement_fige_altere_est_refuse(lens):
    donnees = lire_appel(LENS / "appels" / "ami-2025.toml", lens).en_json()
    donnees["regles"][0]["bloquer"] = True
    donnees["financement"]["taux_base"] = "2"
    with pytest.raises(PackInvalide) as refus:
        Appel.depuis_json(donnees)
    assert {e.cle for e in refus.value.erreurs} == {"regles[date-limite].bloquer", "financement.taux_base"}


def test_chaque_citation_litterale_est_courte_et_lisible_dans_son_document(lens):
    sources = list(_sources(lens.model_dump(mode="json", exclude={"contours"})))
    for appel in lire_appels(LENS, lens).values():
        sources += _sources(appel.en_json())
    assert len(sources) > 100
    assert all(len(s["citation"].split()) <= 15 for s in sources if s["litterale"])
    for document, texte in _documents().items():
        for source in (s for s in sources if s["litterale"] and s["document"] == document):
            for morceau in source["citation"].split("(…)"):
                assert _plat(morceau) in texte, source


def _sources(noeud):
    if isinstance(noeud, dict):
        if {"citation", "document"} <= set(noeud):
            yield noeud
        for valeur in noeud.values():
            yield from _sources(valeur)
    elif isinstance(noeud, list):
        for valeur in noeud:
            yield from _sources(valeur)


def _plat(texte: str) -> str:
    nu = unicodedata.normalize("NFKD", texte).encode("ascii", "ignore").decode().lower()
    nu = nu.replace("dep6t", "depot").replace("depdt", "depot")  # fautes de numérisation
    return re.sub(r"[^a-z0-9]", "", nu)


def _documents() -> dict[str, str]:
    """Les documents sources, quand on les a à côté du dépôt ; sinon le pack se juge seul."""
    noms = {"AMI 2025": "000_", "AAP 2026, note de cadrage": "002_", "Lettre d'invitation de 2021": "001_"}
    choix = [os.environ.get("ENSEMBLIER_SOURCES"), RACINE.parent / "shared", RACINE.parent.parent / "shared"]
    for racine in (Path(c) for c in choix if c):
        dossier = racine / "documents"
        if dossier.is_dir():
            lus = {nom: next(dossier.glob(f"{debut}*.txt"), None) for nom, debut in noms.items()}
            return {nom: _plat(f.read_text(encoding="utf-8")) for nom, f in lus.items() if f}
    return {}


def test_un_pack_absent_se_refuse_fichier_par_fichier(tmp_path):
    fautes = _fautes(lambda: lire_territoire(tmp_path))
    assert {f for f, _, _ in fautes} == {
        "territoire.toml",
        "communes.csv",
        "quartiers.csv",
        "quartiers.geojson",
    }


def test_toutes_les_fautes_d_un_territoire_sont_dites_a_la_fois(copie):
    toml = copie / "territoire.toml"
    _changer(toml, 'sigle = "CCVO"\nhote', 'sigle = "CCVO"\ncouleure = "rouge"\nhote')
    _changer(toml, 'code = "PRIVE"', 'code = "privé"')
    _changer(toml, "fin_le = 2029-12-31", "fin_le = 2024-12-31")
    _changer(toml, 'pilote = "CCVO"', 'pilote = "AUTRE"')
    _changer(toml, 'codes_etat = ["2.1"]', 'codes_etat = ["9.9"]')
    _changer(copie / "communes.csv", "LES-ESSARTS-BLANCS,99902", "LES-ESSARTS-BLANCS,9990")
    _changer(copie / "quartiers.csv", "AILLEURS-SUR-ONDE", "NULLE-PART")
    geo = json.loads((copie / "quartiers.geojson").read_text(encoding="utf-8"))
    geo["features"][0]["geometry"]["coordinates"][0].pop()
    (copie / "quartiers.geojson").write_text(json.dumps(geo), encoding="utf-8")
    fautes = _fautes(lambda: lire_territoire(copie))
    assert ("territoire.toml", "couleure", "rouge") in fautes
    assert ("territoire.toml", "autres_ressources[privé].code", "privé") in fautes
    assert ("territoire.toml", "contrat.fin_le", "2024-12-31") in fautes
    assert ("territoire.toml", "contrat.pilote", "AUTRE") in fautes
    assert ("territoire.toml", "thematiques[metiers].codes_etat", "9.9") in fautes
    assert ("communes.csv", "insee", "9990") in fautes
    assert ("quartiers.csv", "communes", "NULLE-PART") in fautes
    assert any(f == "quartiers.geojson" for f, _, _ in fautes)


def test_toutes_les_fautes_d_un_appel_sont_dites_a_la_fois(copie):
    fichier = copie / "appels" / "appel-2026.toml"
    territoire = lire_territoire(copie)
    _changer(fichier, 'chapo = "Le Val', 'chapeau = "oups"\nchapo = "Le Val')
    _changer(fichier, "fin = 2026-03-31", "fin = 2026-02-01")
    _changer(fichier, "poids = 40", "poids = 41")
    _changer(fichier, 'taux_max = "0.60"', 'taux_max = "0.30"')
    _changer(fichier, 'thematiques_attendues = ["ecole"]', 'thematiques_attendues = ["ecolle"]')
    _changer(fichier, 'jalon = "candidatures"', 'jalon = "cloture"')
    _changer(
        fichier,
        '\nsource = { document = "Appel du Val 2026", page = "3", citation = "un budget équilibré" }',
        "",
    )
    with pytest.raises(PackInvalide) as refus:
        lire_appel(fichier, territoire)
    par_cle = {e.cle: e for e in refus.value.erreurs}
    assert set(par_cle) == {
        "chapeau",
        "jalons[candidatures].fin",
        "grille.criteres",
        "financement.taux_max",
        "thematiques_attendues",
        "regles[date-limite].jalon",
        "regles[equilibre].source",
    }
    assert par_cle["regles[equilibre].source"].attendu == "cette clé est requise"
    assert par_cle["grille.criteres"].trouve == "des poids de somme 101"
    assert par_cle["jalons[candidatures].fin"].attendu == "une date à partir du 2026-03-01"
    ligne = par_cle["chapeau"].ligne
    assert fichier.read_text(encoding="utf-8").splitlines()[ligne - 1].startswith("chapeau")


def test_un_appel_juste_se_relit_garde_levee(copie):
    assert lire_appel(copie / "appels" / "appel-2026.toml", lire_territoire(copie)).slug == "appel-2026"


@pytest.mark.parametrize(
    ("avant", "apres", "cle"),
    [
        ('genre = "equilibre"', 'genre = "equilibr"', "regles[equilibre]"),
        ('bloque = ["attribuer"]', 'bloque = ["manger"]', "regles[bonification].bloque[1]"),
        ('financeurs = ["CCVO", "ETAT"', 'financeurs = ["CCVO", "MARS"', "financeurs"),
        ('parmi = ["grandir"', 'parmi = ["maigrir"', "regles[pilier].parmi"),
        ('parametre = ["P16"]', 'parametre = ["P99"]', "regles[date-limite].parametre"),
        ('seuil = "50"', 'seuil = "0"', "regles[part-habitants].seuil"),
        ('code = "rib"', 'code = "projet"', "pieces"),
        ("exercice = 2026", "exercice = 26", "exercice"),
        ('territoire = "val-fictif"', 'territoire = "ailleurs"', "territoire"),
        ('citation = "deux piliers"', f'citation = "{"mot " * 16}"', "regles[pilier].source"),
        ("criteres_requis = 2", "criteres_requis = 3", "financement.criteres_requis"),
    ],
)
def test_une_faute_se_dit_avec_sa_cle(copie, avant, apres, cle):
    fichier = copie / "appels" / "appel-2026.toml"
    territoire = lire_territoire(copie)
    _changer(fichier, avant, apres)
    assert cle in {c for _, c, _ in _fautes(lambda: lire_appel(fichier, territoire))}


@pytest.mark.parametrize(
    ("nom", "contenu"),
    [
        ("territoire.toml", b"code = "),
        ("territoire.toml", b"\xff\xfe"),
        ("territoire.toml", b"a = " + b"[" * 5000),
        ("communes.csv", b"a,b\n1,2\n"),
        ("communes.csv", b""),
        ("quartiers.geojson", b"[]"),
        ("quartiers.geojson", b"{"),
        ("quartiers.geojson", b'{"type": "FeatureCollection", "features": [1]}'),
        (
            "quartiers.csv",
            b"code,code_ancien,nom,communes,surface_ha,lon,lat,centroide_dedans,part_epci\nx\n",
        ),
    ],
)
def test_un_fichier_abime_est_nomme(copie, nom, contenu):
    (copie / nom).write_bytes(contenu)
    assert nom in {f for f, _, _ in _fautes(lambda: lire_territoire(copie))}


@settings(max_examples=exemples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    hasard=st.randoms(use_true_random=False),
    nom=st.sampled_from(
        ["territoire.toml", "appels/appel-2026.toml", "communes.csv", "quartiers.csv", "quartiers.geojson"]
    ),
)
def test_un_pack_mutile_est_lu_ou_refuse_jamais_autre_chose(tmp_path_factory, hasard, nom):
    """Fiabilité T42 : une ligne ôtée, doublée, échangée ou abîmée ne fait jamais tomber le lecteur."""
    racine = tmp_path_factory.mktemp("mutile") / "pack"
    shutil.copytree(VAL, racine)
    fichier = racine / nom
    lignes = fichier.read_text(encoding="utf-8").splitlines(keepends=True)
    for _ in range(hasard.randrange(1, 6)):
        rang = hasard.randrange(len(lignes))
        choix = hasard.randrange(4)
        if choix == 0:
            lignes[rang] = ""
        elif choix == 1:
            lignes.insert(rang, hasard.choice(lignes))
        elif choix == 2:
            place = hasard.randrange(len(lignes[rang]) + 1)
            lignes[rang] = (
                lignes[rang][:place] + hasard.choice('"[]{}=,.0-9é\x00\n') + lignes[rang][place + 1 :]
            )
        else:
            valeur = hasard.choice(
                ["1", "-1", '""', "[]", "{}", "true", "2026-01-01", '"é"', "[1]", '["a"]', "1e999", "nan"]
            )
            lignes[rang] = lignes[rang].split("=")[0] + f"= {valeur}\n"
    fichier.write_text("".join(lignes), encoding="utf-8")
    erreurs = ()
    try:
        lire_appels(racine, lire_territoire(racine))
    except PackInvalide as refus:
        erreurs = refus.erreurs
    assert all(e.fichier and e.cle and e.attendu for e in erreurs)


def test_un_fichier_trop_gros_n_est_pas_lu(copie):
    (copie / "territoire.toml").write_bytes(b"#" * 8_000_001)
    assert ("territoire.toml", "(fichier)", "un fichier trop gros") in _fautes(lambda: lire_territoire(copie))


def test_rien_de_lens_n_est_ecrit_dans_le_code():
    motifs = re.compile(r"lens|li[eé]vin|\bCALL\b|QP062|QN062|hauts-de-france|pas-de-calais", re.IGNORECASE)
    trouves = []
    for dossier in ("ensemblier/noyau/packs", "ensemblier/noyau/regles", "config/commandes"):
        for fichier in sorted((RACINE / dossier).rglob("*.py")):
            for rang, ligne in enumerate(fichier.read_text(encoding="utf-8").splitlines(), start=1):
                if motifs.search(ligne):
                    trouves.append(f"{fichier.name}:{rang}: {ligne.strip()}")
    assert trouves == []


def test_aucun_seuil_d_appel_n_est_ecrit_dans_les_regles():
    motifs = re.compile(r"0\.60|0\.80|0\.50|\b10_?000\b|\b23_?000\b")
    trouves = []
    for fichier in sorted((RACINE / "ensemblier/noyau/regles").rglob("*.py")):
        for rang, ligne in enumerate(fichier.read_text(encoding="utf-8").splitlines(), start=1):
            if motifs.search(ligne):
                trouves.append(f"{fichier.name}:{rang}: {ligne.strip()}")
    assert trouves == []


def test_les_memes_donnees_que_la_source_officielle_quand_on_l_a(lens):
    """Le pack est jugé seul ; quand les données d'origine sont à côté, elles doivent dire pareil."""
    assert {q.code for q in lens.quartiers} == {e["properties"]["code_qp"] for e in lens.contours["features"]}
    choix = [os.environ.get("ENSEMBLIER_SOURCES"), RACINE.parent / "shared", RACINE.parent.parent / "shared"]
    for racine in (Path(c) for c in choix if c):
        origine = racine / "data" / "qpv_call_2024.geojson"
        if origine.is_file():
            assert json.loads(origine.read_text(encoding="utf-8")) == lens.contours


def test_chaque_pack_dit_ses_guichets_r55_r61_r65(lens):
    appels = lire_appels(LENS, lens)
    assert [(g.code, g.genre, g.quand) for g in appels["aap-2026"].guichets] == [
        ("dauphin", "numero", "depot"),
        ("courrier-call", "piece", "depot"),
        ("plateforme-region", "volet", "selection"),
        ("plateforme-departement", "volet", "depot"),
    ]
    assert appels["ami-2025"].guichets_attendus == ()
    (val,) = lire_appels(VAL, lire_territoire(VAL)).values()
    assert [g.code for g in val.guichets] == ["guichet-du-val", "note-de-projet", "portail-etat"]
    assert val.guichets[1].financeurs == ("OMBREVAL",)


@pytest.mark.parametrize(
    ("avant", "apres", "cle"),
    [
        ('piece = "projet"', 'piece = "lettre"', "guichets[note-de-projet].piece"),
        ('financeurs = ["CCVO"]\nquoi', 'financeurs = ["CAF"]\nquoi', "guichets[guichet-du-val].financeurs"),
        ('financeurs = ["CCVO"]\nquoi', "financeurs = []\nquoi", "guichets[guichet-du-val].financeurs"),
        ('genre = "volet"\nfinanceurs = ["CCVO"]', 'genre = "numero"', "guichets[guichet-du-val].genre"),
        ('quand = "selection"', 'quand = "depot"', "dispositifs[etat]"),
    ],
)
def test_un_guichet_qui_ne_tient_pas_est_une_faute(copie, avant, apres, cle):
    _changer(copie / "appels" / "appel-2026.toml", avant, apres)
    fautes = _fautes(lambda: lire_appels(copie, lire_territoire(copie)))
    assert cle in {c for _, c, _ in fautes}
