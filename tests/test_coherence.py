"""La maison se relit elle-même : ce que l'escalier des imports ne voit pas (architecture §2, loi 1)."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from config.commandes.etats_md import MACHINES

RACINE = Path(settings.RACINE)
MAISON = RACINE / "ensemblier"
LAYERS = tomllib.loads((RACINE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0][
    "layers"
]
ETAGE = {piece: rang for rang, piece in enumerate(reversed(LAYERS))}
MODELES = [m for m in apps.get_models() if m.__module__.startswith("ensemblier.")]


def _modules(*, hors=()):
    for chemin in sorted(MAISON.rglob("*.py")):
        piece = chemin.relative_to(MAISON).parts[0]
        if "migrations" not in chemin.parts and piece not in hors:
            yield piece, chemin, ast.parse(chemin.read_text())


def _versionnes(*motifs):
    sortie = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *motifs],
        cwd=RACINE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [RACINE / nom for nom in sortie.stdout.split("\0") if nom and (RACINE / nom).is_file()]


def test_les_pieces_sont_les_memes_sur_le_disque_dans_les_reglages_et_dans_l_escalier():
    disque = {c.parent.name for c in MAISON.glob("*/__init__.py")}
    reglages = {a.removeprefix("ensemblier.") for a in settings.INSTALLED_APPS if a.startswith("ensemblier.")}
    assert disque == set(LAYERS)
    assert reglages == set(LAYERS) - {"noyau"}


def test_chaque_piece_dit_son_objet_en_une_ligne():
    for piece in LAYERS:
        assert ast.get_docstring(ast.parse((MAISON / piece / "__init__.py").read_text())), piece


def _liens():
    for modele in MODELES:
        for champ in modele._meta.get_fields():
            distant = getattr(champ, "remote_field", None)
            if distant is None or champ.auto_created or not hasattr(champ.related_model, "_meta"):
                continue
            if champ.related_model._meta.app_label in ETAGE:
                yield modele, champ


def test_une_cle_etrangere_pointe_vers_le_bas():
    for modele, champ in _liens():
        assert ETAGE[champ.related_model._meta.app_label] <= ETAGE[modele._meta.app_label], (
            f"{modele} {champ}"
        )


def test_une_cle_qui_change_de_piece_cache_son_retour():
    for modele, champ in _liens():
        if champ.related_model._meta.app_label != modele._meta.app_label:
            assert champ.remote_field.hidden, f"{modele._meta.label}.{champ.name} : related_name='+' attendu"


def test_les_migrations_ne_dependent_que_de_plus_bas():
    for (piece, _nom), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        for autre, _ in migration.dependencies:
            if piece in ETAGE and autre in ETAGE:
                assert ETAGE[autre] <= ETAGE[piece], migration


def test_un_gabarit_n_inclut_que_plus_bas():
    for chemin in MAISON.rglob("templates/**/*.*"):
        piece = chemin.relative_to(MAISON).parts[0]
        for cible in re.findall(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)", chemin.read_text()):
            autre = cible.split("/")[0]
            if autre in ETAGE:
                assert ETAGE[autre] <= ETAGE[piece], f"{chemin} inclut {cible}"


def test_aucun_gabarit_ne_porte_de_style_ni_de_script_en_ligne():
    for chemin in MAISON.rglob("templates/**/*.html"):
        if "pdf" in chemin.name or chemin.parent.name == "pdf":
            continue
        texte = chemin.read_text()
        assert not re.search(r"\sstyle=", texte), chemin
        assert not re.search(r"\son[a-z]+=", texte), chemin
        assert not re.search(r"<script(?![^>]*\bsrc=)", texte), chemin


def test_tout_gabarit_sert():
    tout = "\n".join(c.read_text() for c in RACINE.rglob("*.py") if ".venv" not in c.parts)
    tout += "\n".join(c.read_text() for c in MAISON.rglob("templates/**/*") if c.is_file())
    for chemin in MAISON.rglob("templates/**/*"):
        if not chemin.is_file() or re.fullmatch(r"[45]\d\d\.html", chemin.name):
            continue
        nom = chemin.relative_to(next(p for p in chemin.parents if p.name == "templates")).as_posix()
        if nom.startswith("account/") or nom.startswith("django/"):
            continue
        racine = nom.rsplit(".", 1)[0]
        cite = any(forme in tout for forme in (nom, racine, f"/{chemin.stem}", f'"{chemin.stem}"'))
        assert cite, f"gabarit sans usage : {nom}"


_ECRITURES = {"create", "update", "get_or_create", "update_or_create", "bulk_create"}


def _pose_un_etat(noeud):
    if isinstance(noeud, ast.Assign | ast.AugAssign | ast.AnnAssign):
        cibles = noeud.targets if isinstance(noeud, ast.Assign) else [noeud.target]
        return any(isinstance(c, ast.Attribute) and c.attr == "etat" for c in cibles)
    if isinstance(noeud, ast.Call):
        nom = noeud.func.attr if isinstance(noeud.func, ast.Attribute) else getattr(noeud.func, "id", "")
        modele = nom in {m.__name__ for m in MODELES}
        return (nom in _ECRITURES or modele) and any(k.arg == "etat" for k in noeud.keywords)
    return False


def test_un_etat_ne_change_que_par_le_registre():
    for _piece, chemin, arbre in _modules(hors=("registre",)):
        for noeud in ast.walk(arbre):
            assert not _pose_un_etat(noeud), f"{chemin}:{noeud.lineno} pose un état sans `avancer`"


@pytest.mark.parametrize("code", ["x.etat = 'depose'", "Q.update(etat='depose')", "Dossier(etat='depose')"])
def test_un_etat_ne_change_que_par_le_registre_garde_levee(code):
    assert any(_pose_un_etat(n) for n in ast.walk(ast.parse(code)))


_LIEUX = re.compile(r"\b(Ciblage|CommuneVisee)\b|\.ciblages\b")


def _ecrit_les_lieux(noeud):
    """Un ciblage ou ses communes, écrits : les communes visées les suivent dans la même fonction."""
    if not isinstance(noeud, ast.Call):
        return False
    if not isinstance(noeud.func, ast.Attribute):
        return getattr(noeud.func, "id", "") in ("Ciblage", "CommuneVisee")
    sur, verbe = ast.unparse(noeud.func.value), noeud.func.attr
    liens = sur.endswith(".communes") and verbe in ("set", "add", "clear", "remove")
    return liens or (bool(_LIEUX.search(sur)) and verbe in {*_ECRITURES, "delete", "save"})


def test_les_quartiers_et_leurs_communes_ne_s_ecrivent_que_par_poser_quartiers():
    for _piece, chemin, arbre in _modules():
        if chemin != MAISON / "dossiers/ecriture.py":
            for noeud in ast.walk(arbre):
                assert not _ecrit_les_lieux(noeud), f"{chemin}:{noeud.lineno} : passez par `poser_quartiers`"


@pytest.mark.parametrize(
    "code",
    [
        "Ciblage.objects.create(dossier=d)",
        "Ciblage(dossier=d)",
        "d.ciblages.all().delete()",
        "ciblage.communes.set(x)",
        "Ciblage.communes.through.objects.bulk_create(x)",
        "CommuneVisee.objects.filter(dossier=d).delete()",
    ],
)
def test_les_quartiers_ne_s_ecrivent_que_par_poser_quartiers_garde_levee(code):
    assert any(_ecrit_les_lieux(n) for n in ast.walk(ast.parse(code)))


def _actes_appeles():
    for piece, chemin, arbre in _modules():
        for noeud in ast.walk(arbre):
            if not isinstance(noeud, ast.Call) or len(noeud.args) < 2:
                continue
            nom = noeud.func.attr if isinstance(noeud.func, ast.Attribute) else getattr(noeud.func, "id", "")
            if nom in ("avancer", "avancer_demande") or nom.startswith("_avancer"):
                acte = noeud.args[1]
                constantes = [n.value for n in ast.walk(acte) if isinstance(n, ast.Constant)]
                for valeur in constantes:
                    yield piece, chemin, valeur


def test_chaque_acte_a_un_bouton_et_laisse_un_fait_au_registre():
    """« Déposer le dossier » est un ordre ; l'histoire d'un dossier raconte ce qui a été fait."""
    ordres = re.compile(r"^\w+(er|ir|re)\b")
    for machine in MACHINES:
        for t in machine.transitions:
            assert t.fait or not ordres.match(t.libelle), f"{machine.nom} : « {t.libelle} » n'a pas de fait"


def test_chaque_acte_n_est_appele_que_par_sa_piece():
    pieces = {t.acte: set() for machine in MACHINES for t in machine.transitions}
    for machine in MACHINES:
        for t in machine.transitions:
            pieces[t.acte].add(t.piece)
    appeles = set()
    for piece, chemin, acte in _actes_appeles():
        assert acte in pieces, f"{chemin} appelle un acte inconnu : {acte}"
        assert piece in pieces[acte], f"{chemin} appelle « {acte} », qui revient à {pieces[acte]}"
        appeles.add(acte)


def test_un_acte_n_a_ni_horloge_ni_argument_muet():
    for piece, chemin, arbre in _modules(hors=("registre", "demonstration")):
        if not (chemin.stem == "actes" or chemin.parent.name == "actes"):
            continue
        for noeud in ast.walk(arbre):
            if isinstance(noeud, ast.Attribute):
                assert noeud.attr not in ("now", "today", "localdate"), f"{chemin}:{noeud.lineno} : horloge"
        for fonction in arbre.body:
            if isinstance(fonction, ast.FunctionDef) and not fonction.name.startswith("_"):
                assert len(fonction.args.args) <= 2, f"{piece}.{fonction.name} : arguments nommés attendus"


PROPRIETAIRES = {
    "dossiers.Message.fichier",
    "comptes.Rib.fichier",
    "dossiers.Dossier.accuse",
    "dossiers.Piece.fichier",
    "echanges.Importation.fichier",
    "programmation.Seance.proces_verbal",
    "programmation.Deliberation.acte_signe",
    "programmation.Deliberation.annexe",
    "comptes.Mandat.fichier",
    "conventions.Notification.lettre",
    "programmation.Edition.fichier",
    "programmation.Retour.fichier",
    "conventions.Convention.projet",
    "conventions.Convention.exemplaire_porteur",
    "conventions.Convention.exemplaire_signe",
    "conventions.Avenant.lettre",
    "conventions.Avenant.projet",
    "conventions.Avenant.exemplaire_porteur",
    "conventions.Avenant.exemplaire_signe",
    "dossiers.Renoncement.ecrit",
}


def test_les_proprietaires_des_fichiers_sont_ceux_de_la_liste():
    trouves = set()
    for modele, champ in _liens():
        if champ.related_model._meta.label == "registre.Fichier":
            assert champ.one_to_one, f"{modele._meta.label}.{champ.name} : un fichier a un seul propriétaire"
            trouves.add(f"{modele._meta.label}.{champ.name}")
    assert trouves == PROPRIETAIRES


def test_aucun_flottant_ne_touche_l_argent():
    for nom in ("montants", "ecritures", "echeances"):
        chemin = MAISON / "noyau" / f"{nom}.py"
        if chemin.exists():
            for noeud in ast.walk(ast.parse(chemin.read_text())):
                assert not (isinstance(noeud, ast.Constant) and isinstance(noeud.value, float)), chemin


# Écrits en morceaux pour que ce fichier ne se dénonce pas lui-même.
_INTERDITS = {
    "un chemin de machine": re.compile("/wor" + "k/|/roo" + "t/|bash_" + "jobs"),
    "une vérification sautée": re.compile(
        "pytest" + r"\.skip|mark\." + "(skip|xfail)|# type" + ": ignore|# no" + "qa"
    ),
    "un reste à faire": re.compile("TO" + "DO|FIX" + "ME|XX" + "X|NotImplemented" + "Error|lorem ip" + "sum"),
}


def test_rien_d_interdit_n_est_versionne():
    for chemin in _versionnes(
        "*.py", "*.html", "*.md", "*.toml", "*.css", "*.js", "Makefile", "bin/*", ".ci/*"
    ):
        if chemin.name in ("uv.lock", "test_coherence.py"):
            continue
        texte = chemin.read_text()
        for quoi, motif in _INTERDITS.items():
            trouve = motif.search(texte)
            assert not trouve, f"{quoi} dans {chemin.relative_to(RACINE)} : {trouve and trouve.group()}"


def test_les_adresses_de_courriel_sont_fictives():
    motif = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
    for chemin in _versionnes("*.py", "*.html", "*.md", "*.toml", "*.csv", "*.txt"):
        for adresse in motif.findall(chemin.read_text()):
            domaine = adresse.rsplit("@", 1)[1].rstrip(".")
            assert domaine.endswith((".example", "example.org")), f"{chemin} : {adresse}"


def test_la_page_des_etats_est_a_jour():
    from config.commandes.etats_md import page

    assert (RACINE / "docs/etats.md").read_text() == page(), (
        "docs/etats.md est périmée : lancez « make docs »"
    )
