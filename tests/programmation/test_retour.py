"""Relire le tableau exporté : rien d'appliqué si le fichier n'est pas le bon, chaque case pour elle-même."""

import random
import re
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from config.rythme import OUVRAGES
from ensemblier.comptes.models import Habilitation, Utilisateur
from ensemblier.dossiers.models import Demande, Deport, Dossier
from ensemblier.interface import tableur
from ensemblier.interface.controles import FichierRefuse
from ensemblier.noyau.montants import en_francais
from ensemblier.programmation import retour
from ensemblier.programmation.models import CaseRelue, Retour
from ensemblier.programmation.retour import essai, lecture, travail
from ensemblier.registre.models import Evenement, Travail
from ensemblier.registre.travaux import faire_les_travaux
from tests import fabriques as f
from tests.programmation import retouche, scene

pytestmark = pytest.mark.django_db
ISSUE = CaseRelue.Issue


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def exporter(qui="benoit", code="ami-2025", **dits):
    return f.contenu(f.client(qui).get(reverse("programmation_xlsx", args=[code]), dits))


def deux_lignes():
    premier, second = scene.recevable(), scene.deuxieme()
    scene.proposer(premier, "8000.05")
    return premier, second


def relire(octets, appel="ami-2025"):
    return retour.relire(octets, territoire="lens-lievin", appel=appel)


def envoyer(octets, qui="benoit", code="ami-2025", cle="c" * 32, nom="tableau.xlsx"):
    fichier = SimpleUploadedFile(nom, octets)
    return f.client(qui).post(reverse("programmation_retours", args=[code]), {"fichier": fichier, "cle": cle})


def essayer(octets, qui="benoit", code="ami-2025", **dits):
    reponse = envoyer(octets, qui, code, **dits)
    assert reponse.status_code == 302, reponse.content.decode()
    return Retour.objects.latest("pk")


def appliquer(recu, qui="benoit", essai=None, **dits):
    adresse = reverse("programmation_retour", args=[recu.appel.code, recu.pk])
    essai = Retour.objects.get(pk=recu.pk).essais if essai is None else essai
    return f.client(qui).post(adresse, {"essai": essai, "cle": "d" * 32} | dits, follow=True)


def propose(dossier, code="CALL"):
    return scene.volet(dossier, code).propose


# --- Le fichier entier ------------------------------------------------------------------------------


def test_un_tableau_intact_ne_change_rien():
    deux_lignes()
    assert relire(exporter()) == []
    assert relire(exporter("chloe")) == []


def test_un_tableau_trie_reste_lui_meme():
    premier, second = deux_lignes()
    trie = retouche.intervertir(exporter(), premier.numero, second.numero)
    assert [x[0] for x in retouche.lire(trie)[2:4]] == sorted((premier.numero, second.numero), reverse=True)
    assert relire(trie) == []
    assert [c.montant for c in relire(retouche.ecrire(trie, premier.numero, 7000))] == [Decimal("7000.00")]


REFUS = {
    "un autre appel": (lambda x, d: retouche.origine(x, "appel", "aap-2026"), "celui d'un autre appel"),
    "une version plus ancienne": (lambda x, d: retouche.origine(x, "version", "0"), "version 0 du format"),
    "un autre format": (lambda x, d: retouche.origine(x, "format", "autre"), "feuille d'origine"),
    "une ligne ôtée": (lambda x, d: retouche.oter_la_ligne(x, d.numero), "n'a plus toutes ses lignes"),
    "une ligne doublée": (lambda x, d: retouche.doubler_la_ligne(x, d.numero), "est en double"),
    "une clé effacée": (lambda x, d: retouche.ecrire(x, d.numero, "", "cle-CALL"), "n'a plus toutes"),
    "une ligne sans clé": (lambda x, d: retouche.ecrire(x, d.numero, "", "cle-numero"), "n'a plus toutes"),
    "une clé changée": (lambda x, d: retouche.ecrire(x, d.numero, "1:0:", "cle-CALL"), "n'a plus toutes"),
    "un autre numéro": (lambda x, d: retouche.ecrire(x, d.numero, "26-X", "numero"), "numéro montré"),
    "sans son origine": (lambda x, d: retouche.sans_origine(x), "n'est pas un tableau exporté d'ici"),
    "la feuille renommée": (
        lambda x, d: retouche.changer(x, lambda t: t.replace('name="Programmation"', 'name="Feuille1"'),
                                      "xl/workbook.xml"),
        "La feuille « Programmation » n'est plus",
    ),
    "une clé de colonne effacée": (
        lambda x, d: retouche.poser(x, retouche.lieu(x, "cles", "cle-CALL"), ""), "nomme les colonnes",
    ),
    "une colonne en double": (
        lambda x, d: retouche.poser(x, retouche.lieu(x, "cles", "total"), "accorde-CALL"),
        "nomme les colonnes",
    ),
    "une formule sans valeur": (
        lambda x, d: retouche.ecrire(x, d.numero, "=8000+1"), "formule dont le résultat n'est pas",
    ),
    "un texte": (lambda x, d: b"bonjour", "n'est pas un tableau exporté d'ici"),
    "un PDF": (lambda x, d: b"%PDF-1.7 bonjour", "n'est pas un tableur"),
    "rien": (lambda x, d: b"", "Ce fichier est vide"),
    "une archive coupée": (lambda x, d: x[: len(x) // 2], "enregistrez-le en .xlsx"),
}  # fmt: skip


@pytest.mark.parametrize("quoi", REFUS)
def test_un_fichier_qui_n_est_pas_le_bon_est_refuse_et_rien_n_est_garde(quoi):
    premier, _ = deux_lignes()
    faire, phrase = REFUS[quoi]
    retouche_ = retouche.ecrire(exporter(), premier.numero, 7000)
    reponse = envoyer(faire(retouche_, premier))
    assert reponse.status_code == 422
    assert phrase.lower() in reponse.context["form"].errors["fichier"][0].lower()
    assert not Retour.objects.exists()
    assert propose(premier) == Decimal("8000.05")


def test_une_ligne_otee_garde_levee(monkeypatch):
    """Sans l'empreinte, un tableau amputé passerait : c'est elle qui le refuse."""
    _, second = deux_lignes()
    ampute = retouche.oter_la_ligne(exporter(), second.numero)
    with pytest.raises(FichierRefuse):
        relire(ampute)
    monkeypatch.setattr(lecture, "_exiger_entier", lambda cles, origine: None)
    assert relire(ampute) == []


def test_une_formule_sans_valeur_hors_des_cases_relues_ne_gene_pas():
    """Un total effacé de sa valeur (réenregistré par un autre outil) ne se relit pas : il ne refuse rien."""
    premier, _ = deux_lignes()
    sans = retouche.poser(exporter(), retouche.lieu(exporter(), premier.numero, "total"), "=SUM(A1)")
    assert relire(sans) == []


def test_une_feuille_se_lit_par_son_nom():
    deux_lignes()
    octets = exporter()
    assert next(tableur.parcourir(octets, lecture.BORNES, feuille="Origine"))[:2] == [
        "format", "ensemblier-programmation",
    ]  # fmt: skip
    with pytest.raises(tableur.FeuilleAbsente):
        tableur.parcourir(octets, lecture.BORNES, feuille="Autre")
    with pytest.raises(tableur.FeuilleAbsente):
        tableur.parcourir(b"a;b\n", feuille="Autre")


_ABIMES = ("<v>1e999</v>", "<v>abc</v>", "<v></v>", "<v>-5</v>", "<f>1/0</f>", "<v>1_0</v>", "")
_GENRES = ('t="s"', 't="b"', 't="e"', 't="str"', 't="inlineStr"', 't="d"', "", 's="9999"')


def _abimer(octets, hasard):
    """Des cases d'un autre genre, un morceau de XML ôté ou changé, parfois une partie en moins."""
    contenus = retouche.parties(octets)
    nom = hasard.choice([x for x in contenus if x.startswith("xl/work")])
    xml = contenus[nom].decode()
    cases = re.findall(r'<c r="[A-Z]+\d+"[^>]*?(?:/>|>.*?</c>)', xml)
    if cases and hasard.random() < 0.7:
        for avant in hasard.choices(cases, k=3):
            ou = re.search(r'r="([A-Z]+\d+)"', avant)[1]
            apres = f'<c r="{ou}" {hasard.choice(_GENRES)}>{hasard.choice(_ABIMES)}</c>'
            xml = xml.replace(avant, apres, 1)
    else:
        debut = hasard.randrange(len(xml))
        xml = xml[:debut] + hasard.choice(("<", '"', "&", "")) + xml[debut + hasard.randint(1, 200) :]
    contenus[nom] = xml.encode()
    if hasard.random() < 0.05:
        del contenus[hasard.choice([*contenus])]
    return retouche.assembler(contenus)


def _lire_ou_refuser(octets):
    try:
        return {c.volet for c in relire(octets)}, ""
    except FichierRefuse as refus:
        return set(), str(refus)


def test_un_classeur_abime_se_lit_ou_se_refuse_en_une_phrase():
    """Aucune autre exception, aucune case inventée : ce qui se lit vise un volet de l'export (G9)."""
    deux_lignes()
    octets, hasard = exporter(), random.Random(26)
    lus = [_lire_ou_refuser(_abimer(octets, hasard)) for _ in range(300)]
    phrases = [phrase for _, phrase in lus if phrase]
    assert 50 < len(phrases) < 300
    assert all(phrase.endswith(".") for phrase in phrases)
    assert set().union(*(volets for volets, _ in lus)) <= {v.pk for v in Demande.objects.all()} | {None}


# --- Chaque case ------------------------------------------------------------------------------------

MONTANTS = (
    (1234.5, "1234.50"), (0.1 + 0.2, "0.30"), (8000.05, "8000.05"), (7000, "7000.00"), (0, "0.00"),
    (4503599627370.49, "4503599627370.49"), ("9 000,50 €", "9000.50"), ("", None), ("=1+1|2", "2.00"),
)  # fmt: skip


@pytest.mark.parametrize(("valeur", "attendu"), MONTANTS)
def test_un_montant_se_lit_au_centime(valeur, attendu):
    if isinstance(valeur, str) and valeur.startswith("="):
        valeur = 2.0
    assert lecture.en_montant(valeur) == (None if attendu is None else Decimal(attendu))


FAUTES = (
    ("à voir", "n'est pas un montant"), (-12.0, "trop bas"), (1234.567, "plus de deux décimales"),
    (10_000 / 3, "plus de deux décimales"), (True, "n'est pas un montant"), ("12,345", "deux façons"),
    (1e300, "n'est pas un montant"), (float("nan"), "n'est pas un montant"),
)  # fmt: skip


@pytest.mark.parametrize(("valeur", "phrase"), FAUTES)
def test_une_case_fautive_dit_sa_phrase(valeur, phrase):
    with pytest.raises(essai.CaseRefusee, match=phrase):
        lecture.en_montant(valeur)


def test_une_case_fautive_laisse_les_autres_intactes():
    premier, second = deux_lignes()
    octets = retouche.ecrire(retouche.ecrire(exporter(), premier.numero, "à voir"), second.numero, 4000.25)
    recu = essayer(octets)
    issues = {c.numero: (c.issue, c.phrase) for c in recu.cases.all()}
    assert issues[second.numero] == (ISSUE.BONNE, "")
    assert issues[premier.numero][0] == ISSUE.REFUSEE
    assert "« à voir » n'est pas un montant" in issues[premier.numero][1]
    appliquer(recu)
    assert (propose(premier), propose(second)) == (Decimal("8000.05"), Decimal("4000.25"))


def test_la_colonne_d_un_autre_se_refuse():
    dossier = scene.recevable("aap-2026")
    octets = exporter("chloe", "aap-2026")
    lieu = retouche.ecrire(octets, dossier.numero, 100, "accorde-CALL")
    case = essayer(lieu, "chloe", "aap-2026").cases.get()
    assert case.issue == ISSUE.REFUSEE
    assert "Cette colonne est celle de « " in case.phrase
    assert propose(dossier) is None


def test_la_colonne_d_un_autre_garde_levee(monkeypatch):
    """Sans le garde de colonne, l'acte refuse encore : la table des états a le dernier mot."""
    dossier = scene.recevable("aap-2026")
    monkeypatch.setattr(essai, "exiger_sa_colonne", lambda volet, acteur: None)
    octets = retouche.ecrire(exporter("chloe", "aap-2026"), dossier.numero, 100, "accorde-CALL")
    case = essayer(octets, "chloe", "aap-2026").cases.get()
    assert (case.issue, "Cette colonne" in case.phrase) == (ISSUE.REFUSEE, False)


def test_une_case_sans_volet_se_refuse():
    seul = scene.recevable("aap-2026", **scene.budget("18000.00", {"CALL": "9000.00"}))
    scene.deuxieme("aap-2026", **scene.budget("18000.00", {"CALL": "5000.00", "ETAT": "4000.00"}))
    octets = retouche.ajouter(exporter(code="aap-2026"), seul.numero, 5, "accorde-ETAT")
    case = essayer(octets, code="aap-2026").cases.get()
    assert (case.issue, case.demande) == (ISSUE.REFUSEE, None)
    assert "ne demande rien à ce financeur" in case.phrase


def test_une_ligne_ajoutee_sous_le_tableau_se_dit():
    premier, _ = deux_lignes()
    octets = exporter()
    fin, colonne = (
        len(retouche.lire(octets)) + 1,
        retouche.lieu(octets, premier.numero, "accorde-CALL").rstrip("0123456789"),
    )
    ligne = f'<row r="{fin}">{retouche.case(f"A{fin}", "Autre")}{retouche.case(f"{colonne}{fin}", 50)}</row>'
    ajoutee = retouche.changer(octets, lambda xml: xml.replace("</sheetData>", f"{ligne}</sheetData>"))
    case = relire(ajoutee)[0]
    assert (case.lieu, "n'est pas du tableau exporté" in case.faute) == (f"{colonne}{fin}", True)


def test_une_case_videe_retire_la_proposition():
    premier, _ = deux_lignes()
    recu = essayer(retouche.ecrire(exporter(), premier.numero, ""))
    assert recu.cases.get().issue == ISSUE.BONNE
    appliquer(recu)
    assert propose(premier) is None


def test_le_reste_de_l_enveloppe_refuse_la_case_s43():
    """S43 : demandé 9 000, reste 7 300 ; au plus 7 300,00, la case au-dessus garde sa valeur et le dit."""
    dossier = scene.recevable()
    scene.enveloppe("CALL", "7300.00")
    case = essayer(retouche.ecrire(exporter(), dossier.numero, 9000), cle="a" * 32).cases.get()
    assert case.issue == ISSUE.REFUSEE
    assert "Au plus 7\xa0300,00\xa0€" in case.phrase
    appliquer(essayer(retouche.ecrire(exporter(), dossier.numero, 7300), cle="b" * 32))
    assert propose(dossier) == Decimal("7300.00")


@pytest.mark.parametrize(
    ("cout", "demande", "refuse", "borne"),
    [("18000.00", "9001.00", 9001, "9000.00"), ("17999.99", "9000.00", 9000, "8999.99")],
    ids=["S33", "S34"],
)
def test_le_plafond_de_l_appel_joue_au_centime(cout, demande, refuse, borne):
    """S33, S34 : la case au-dessus du plafond garde sa valeur et dit la borne ; la borne, elle, s'écrit."""
    dossier = scene.recevable(**scene.budget(cout, {"CALL": demande}))
    case = essayer(retouche.ecrire(exporter(), dossier.numero, refuse), cle="a" * 32).cases.get()
    assert case.issue == ISSUE.REFUSEE
    assert f"Au plus {en_francais(Decimal(borne))}" in case.phrase
    appliquer(essayer(retouche.ecrire(exporter(), dossier.numero, float(borne)), cle="b" * 32))
    assert propose(dossier) == Decimal(borne)


# --- L'essai, puis l'application --------------------------------------------------------------------


def test_l_essai_n_ecrit_rien_et_montre_avant_apres():
    premier, second = deux_lignes()
    scene.enveloppe("CALL", "20000.00")
    avant = Evenement.objects.count()
    octets = retouche.ecrire(retouche.ecrire(exporter(), premier.numero, 7000), second.numero, 1500.1)
    recu = essayer(octets)
    assert Evenement.objects.count() == avant
    assert propose(premier) == Decimal("8000.05")
    assert [(c.numero, c.avant, c.apres, c.ecart) for c in recu.cases.order_by("numero")] == sorted(
        [
            (premier.numero, Decimal("8000.05"), Decimal("7000.00"), Decimal("-1000.05")),
            (second.numero, None, Decimal("1500.10"), Decimal("1500.10")),
        ]
    )
    par = retour.par_enveloppe(recu)[0]
    assert (par.ecart, par.attribue, par.apres, par.credits) == (
        Decimal("500.05"), Decimal("8000.05"), Decimal("8500.10"), Decimal("20000.00"),
    )  # fmt: skip
    texte = (
        f.client("benoit").get(reverse("programmation_retour", args=["ami-2025", recu.pk])).content.decode()
    )
    assert "Appliquer 2" in texte
    assert "8\xa0500,10\xa0€" in texte


def test_appliquer_ecrit_tout_par_les_memes_actes_que_la_grille():
    premier, second = deux_lignes()
    octets = retouche.ecrire(retouche.ecrire(exporter(), premier.numero, 7000.07), second.numero, 1500.1)
    recu = essayer(octets)
    page = appliquer(recu)
    assert "2\xa0cases écrites" in page.content.decode()
    assert (propose(premier), propose(second)) == (Decimal("7000.07"), Decimal("1500.10"))
    derniers = Evenement.objects.filter(acte="proposer").order_by("-pk")[:2]
    assert {e.auteur_nom.split()[0] for e in derniers} == {"Benoît"}
    assert relire(exporter()) == []


def test_deux_clics_n_appliquent_qu_une_fois():
    premier, _ = deux_lignes()
    recu = essayer(retouche.ecrire(exporter(), premier.numero, 7000))
    appliquer(recu)
    actes = Evenement.objects.count()
    scene.proposer(premier, "6000.00")
    appliquer(recu)
    assert propose(premier) == Decimal("6000.00")
    assert Evenement.objects.count() == actes + 1


def test_deux_clics_garde_levee(monkeypatch):
    """Sans la date d'application, le second clic rejouerait : la version de la case le refuserait encore."""
    premier, _ = deux_lignes()
    recu = essayer(retouche.ecrire(exporter(), premier.numero, 7000))
    appliquer(recu)
    scene.proposer(premier, "6000.00")
    Retour.objects.update(applique_le=None)
    page = appliquer(recu)
    assert "1 case a changé" in page.content.decode() or "Une case a changé" in page.content.decode()
    assert propose(premier) == Decimal("6000.00")


def test_un_second_clic_passe_juste_avant_les_verrous(monkeypatch):
    premier, second = deux_lignes()
    octets = retouche.ecrire(retouche.ecrire(exporter(), premier.numero, 7000), second.numero, 1500)
    recu = essayer(octets)
    avant, verrouiller, passes = Evenement.objects.count(), essai.verrouiller_dans_l_ordre, []

    def prendre(racines):
        if not passes:
            passes.append(True)
            essai.appliquer(recu, essai=1, par=f.acteur("benoit"), le=timezone.now())
        verrouiller(racines)

    monkeypatch.setattr(essai, "verrouiller_dans_l_ordre", prendre)
    assert "2\xa0cases écrites" in appliquer(recu, essai=1).content.decode()
    assert Evenement.objects.count() == avant + 2


def test_envoyer_deux_fois_le_formulaire_ne_garde_qu_un_fichier():
    premier, _ = deux_lignes()
    octets = retouche.ecrire(exporter(), premier.numero, 7000)
    essayer(octets)
    essayer(octets)
    assert Retour.objects.count() == 1


def test_renvoyer_un_tableau_deja_applique_ne_defait_pas_son_compte():
    premier, _ = deux_lignes()
    octets = retouche.ecrire(exporter(), premier.numero, 7000)
    appliquer(essayer(octets))
    recu = essayer(octets)
    assert (recu.essais, recu.cases.get().issue) == (1, ISSUE.BONNE)


def test_une_case_changee_depuis_l_export_est_un_conflit_et_montre_les_deux_valeurs():
    premier, _ = deux_lignes()
    octets = retouche.ecrire(exporter(), premier.numero, 7000)
    scene.proposer(premier, "7500.00")
    recu = essayer(octets)
    case = recu.cases.get()
    assert (case.issue, case.avant, case.apres) == (ISSUE.CONFLIT, Decimal("7500.00"), Decimal("7000.00"))
    assert "7\xa0500,00" in case.phrase
    assert "7\xa0000,00" in case.phrase
    assert "Aucune case n'est à appliquer" in appliquer(recu).content.decode().replace("&#x27;", "'")
    assert propose(premier) == Decimal("7500.00")


def test_un_conflit_garde_levee(monkeypatch):
    """Sans la version lue à l'export, l'essai écraserait la valeur de l'autre : c'est elle qui l'arrête."""
    premier, _ = deux_lignes()
    octets = retouche.ecrire(exporter(), premier.numero, 7000)
    scene.proposer(premier, "7500.00")
    vrai = essai.ecrire_le_montant
    monkeypatch.setattr(
        essai, "ecrire_le_montant",
        lambda volet, montant, **dits: vrai(volet, montant, **dits | {"version": volet.version}),
    )  # fmt: skip
    assert essayer(octets).cases.get().issue == ISSUE.BONNE


def test_une_case_changee_ailleurs_mais_pas_dans_le_fichier_reste_ce_qu_elle_est():
    premier, second = deux_lignes()
    octets = retouche.ecrire(exporter(), second.numero, 1000)
    scene.proposer(premier, "7500.00")
    appliquer(essayer(octets))
    assert (propose(premier), propose(second)) == (Decimal("7500.00"), Decimal("1000.00"))


def test_une_case_deja_ainsi_ne_s_ecrit_pas():
    premier, _ = deux_lignes()
    octets = retouche.ecrire(exporter(), premier.numero, 7500)
    scene.proposer(premier, "7500.00")
    assert essayer(octets).cases.get().issue == ISSUE.PAREILLE


def test_tout_ou_rien_quand_une_case_change_entre_l_essai_et_le_clic():
    premier, second = deux_lignes()
    octets = retouche.ecrire(retouche.ecrire(exporter(), premier.numero, 7000), second.numero, 1500)
    recu = essayer(octets)
    scene.proposer(premier, "7500.00")
    texte = appliquer(recu).content.decode()
    assert "Une case a changé depuis" in texte
    assert propose(second) is None
    recu.refresh_from_db()
    assert (recu.essais, recu.applique_le) == (2, None)
    assert {c.issue for c in recu.cases.all()} == {ISSUE.CONFLIT, ISSUE.BONNE}


def test_on_n_applique_que_l_essai_qu_on_a_lu():
    premier, _ = deux_lignes()
    recu = essayer(retouche.ecrire(exporter(), premier.numero, 7000))
    assert "essayé de nouveau" in appliquer(recu, essai=0).content.decode()
    assert "essayé de nouveau" in appliquer(recu, essai="x").content.decode()
    assert propose(premier) == Decimal("8000.05")


def test_les_baisses_passent_avant_les_hausses(monkeypatch):
    premier, second = deux_lignes()
    octets = retouche.ecrire(retouche.ecrire(exporter(), second.numero, 1500), premier.numero, 7000)
    ordre = []
    vrai = essai.ecrire_le_montant
    monkeypatch.setattr(
        essai, "ecrire_le_montant",
        lambda volet, montant, **dits: (ordre.append(montant), vrai(volet, montant, **dits))[1],
    )  # fmt: skip
    essayer(octets)
    assert ordre == [Decimal("7000.00"), Decimal("1500.00")]


def test_l_essai_rend_les_verrous_entre_deux_lots_et_dit_ou_il_en_est(monkeypatch):
    monkeypatch.setattr(essai, "A_LA_FOIS", 1)
    premier, second = deux_lignes()
    octets = retouche.ecrire(retouche.ecrire(exporter(), premier.numero, 7000), second.numero, 1500)
    recu = essayer(octets)
    dits = []
    essai.essayer(
        recu, par=f.acteur("benoit"), le=timezone.now(), avance=lambda fait, total: dits.append((fait, total))
    )
    assert dits == [(1, 2), (2, 2)]
    assert (recu.essais, {c.issue for c in recu.cases.all()}) == (2, {ISSUE.BONNE})
    assert (propose(premier), propose(second)) == (Decimal("8000.05"), None)


def test_un_long_tableau_passe_par_un_travail(monkeypatch):
    monkeypatch.setattr(travail, "SUR_PLACE", 1)
    premier, second = deux_lignes()
    octets = retouche.ecrire(retouche.ecrire(exporter(), premier.numero, 7000), second.numero, 1500)
    reponse = envoyer(octets)
    assert reponse["Location"].startswith("/travaux/")
    faire_les_travaux(OUVRAGES)
    fini = Travail.objects.latest("pk")
    assert fini.phrase == "2\xa0cases à appliquer. Rien n'est écrit."
    recu = Retour.objects.get()
    assert propose(second) is None
    appliquer(recu)
    faire_les_travaux(OUVRAGES)
    assert Travail.objects.latest("pk").phrase.startswith("2\xa0cases écrites")
    assert (propose(premier), propose(second)) == (Decimal("7000.00"), Decimal("1500.00"))


def test_un_long_tableau_depasse_entre_temps_se_dit_dans_le_travail(monkeypatch):
    monkeypatch.setattr(travail, "SUR_PLACE", 1)
    premier, second = deux_lignes()
    envoyer(retouche.ecrire(retouche.ecrire(exporter(), premier.numero, 7000), second.numero, 1500))
    faire_les_travaux(OUVRAGES)
    scene.proposer(premier, "7500.00")
    appliquer(Retour.objects.get())
    faire_les_travaux(OUVRAGES)
    fini = Travail.objects.latest("pk")
    assert "Une case a changé" in fini.phrase
    assert fini.refuses == 1
    assert propose(second) is None


@pytest.mark.parametrize("quoi", [{"is_active": False}, None], ids=["compte ferme", "habilitation retiree"])
def test_un_travail_n_ecrit_plus_pour_qui_a_perdu_ses_droits(monkeypatch, quoi):
    monkeypatch.setattr(travail, "SUR_PLACE", 0)
    premier, _ = deux_lignes()
    envoyer(retouche.ecrire(exporter(), premier.numero, 7000))
    faire_les_travaux(OUVRAGES)
    appliquer(Retour.objects.get())
    benoit = f.personne("benoit")
    if quoi:
        Utilisateur.objects.filter(pk=benoit.pk).update(**quoi)
    else:
        Habilitation.objects.filter(utilisateur=benoit).update(au=date(2025, 9, 19))
    faire_les_travaux(OUVRAGES)
    assert Retour.objects.get().applique_le is None
    assert propose(premier) == Decimal("8000.05")


# --- Qui ---------------------------------------------------------------------------------------------


def test_un_tableau_relu_n_est_lu_que_de_qui_l_a_depose():
    premier, _ = deux_lignes()
    recu = essayer(retouche.ecrire(exporter(), premier.numero, 7000))
    adresse = reverse("programmation_retour", args=["ami-2025", recu.pk])
    assert f.client("benoit").get(adresse).status_code == 200
    assert f.client("irene").get(adresse).status_code == 404
    assert f.client("irene").post(adresse, {"essai": 1}).status_code == 404


def test_un_deport_venu_depuis_cache_la_case_et_empeche_de_l_ecrire():
    """B10 : hors d'un dossier, on ne relit plus ce qu'on y avait essayé."""
    premier, _ = deux_lignes()
    recu = essayer(retouche.ecrire(exporter(), premier.numero, 7000))
    Deport.objects.create(
        dossier=premier, utilisateur=f.personne("benoit"), declare_le=timezone.now(), motif="Membre du bureau"
    )
    assert not Dossier.objects.a_juger_par(f.acteur("benoit")).filter(pk=premier.pk).exists()
    texte = (
        f.client("benoit").get(reverse("programmation_retour", args=["ami-2025", recu.pk])).content.decode()
    )
    assert premier.numero not in texte
    appliquer(recu)
    assert propose(premier) == Decimal("8000.05")


def test_le_tableau_mene_a_la_relecture_de_qui_ecrit():
    deux_lignes()
    tableau = reverse("programmation_appel", args=["ami-2025"])
    lien = reverse("programmation_retours", args=["ami-2025"])
    assert lien in f.client("benoit").get(tableau).content.decode()
    assert lien not in f.client("odile").get(tableau).content.decode()
