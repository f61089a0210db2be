"""Chaque liste coûte autant de requêtes à 2 et à 12 lignes (architecture §7) ; `-s` montre le tableau."""

import re
import sys

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.dossiers.ecriture import poser_quartiers
from ensemblier.dossiers.models import Message
from ensemblier.espaces.lecteur import Lecteur
from ensemblier.programmation.actes import ouvrir_un_scenario, partager
from ensemblier.programmation.models import Retour, Scenario
from ensemblier.registre.actes import reprendre
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Travail
from ensemblier.registre.travaux import Ligne, demander
from tests import fabriques as f
from tests import fabriques_suites as s

LISTES = (
    ("mes_dossiers", "amina"),
    ("messages", "amina"),
    ("messages", "benoit"),
    ("instruction", "benoit"),
    ("instruction", "chloe"),
    ("instruction", "farid"),
    ("instruction_equipe", "irene"),
    ("instruction_derogations", "irene"),
    ("programmation", "benoit"),
    ("programmation_appel", "benoit"),
    ("programmation_retours", "benoit"),
    ("programmation_retour", "benoit"),
    ("scenarios", "benoit"),
    ("scenario", "benoit"),
    ("scenario", "chloe"),
    ("scenarios_comparer", "benoit"),
    ("seances", "benoit"),
    ("deliberations", "benoit"),
    ("travaux", "benoit"),
    ("travail", "benoit"),
    ("suites", "benoit"),
    ("suites_a_signer", "benoit"),
    ("suites_a_payer", "fatou_finances"),
    ("suites_a_reclamer", "benoit"),
    ("depots", "benoit"),
    ("depots", "chloe"),
    ("remises", "chloe"),
    ("remises", "benoit"),
    ("observatoire", None),
    ("observatoire_actions", None),
    ("observatoire_programme", None),
    ("fiches_action", "benoit"),
    ("appels", None),
    ("appels_agenda", None),
    ("appels_flux", None),
    ("quartiers", None),
)
BUDGET = 26


def _peupler(combien: int, *, depuis: int) -> None:
    """Autant de dossiers décidés, autant de dossiers à instruire, un travail d'autant de lignes."""
    lens = f.territoire().communes.get(code="LENS")
    cite = f.territoire().quartiers.get(code="QN06224M")
    for rang in range(depuis, depuis + combien):
        decide = s.dossier(f"26-{rang:04d}", appel="aap-2026")
        poser_quartiers(decide, {cite: [lens]})
        for code, montant in (("CALL", "12000.00"), ("ETAT", "4000.00")):
            s.volet(decide, montant, financeur=code)
        arrive = s.dossier(f"26-{rang + 500:04d}", appel="aap-2026")
        poser_quartiers(arrive, {cite: [lens]})
        s.volet(arrive, "4000.00", financeur="ETAT", etat="sollicitee")
        Message.objects.create(
            dossier=decide,
            cle=decide.numero,
            cote="service",
            auteur_nom="Benoît",
            texte="Bonjour.",
            envoye_le=s.AVANT,
        )
        reprendre(arrive, etat="depose", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
        scenario = ouvrir_un_scenario(decide.appel, titre=f"Essai {rang}", par=f.acteur("benoit"), le=s.AVANT)
        partager(scenario, par=f.acteur("benoit"), le=s.AVANT)
        scenario.propositions.create(
            demande=decide.demandes.first(), montant=1, modifiee_par="Benoît", modifiee_le=s.AVANT
        )
        _relire(decide, rang)
        demander(
            cle=decide.numero, genre="essai", titre="Relancer", par=f.acteur("benoit"), le=s.AVANT,
            lignes=[Ligne(f"Dossier {n}") for n in range(combien)],
        )  # fmt: skip


def _relire(decide, rang):
    """Un tableau de plus dans la liste, une case de plus dans le premier."""
    fichier = conserver(b"x", nom="t.xlsx", type_mime="application/x", par=f.acteur("benoit"), le=s.AVANT)
    Retour.objects.create(
        appel=decide.appel, utilisateur=f.personne("benoit"), fichier=fichier, cle=f"retour-{rang}",
        recu_le=s.AVANT, essais=1, essaye_le=s.AVANT,
    )  # fmt: skip
    volet = decide.demandes.first()
    Retour.objects.earliest("pk").cases.create(
        rang=rang, lieu=f"F{rang}", numero=decide.numero, demande=volet, financeur=volet.financeur,
        issue="bonne", apres=rang,
    )  # fmt: skip


def _compter(nom: str, qui: str | None) -> int:
    client = f.client(qui)
    arguments = {
        "programmation_appel": lambda: ("aap-2026",),
        "observatoire_programme": lambda: ("aap-2026",),
        "fiches_action": lambda: ("aap-2026",),
        "programmation_retours": lambda: ("aap-2026",),
        "programmation_retour": lambda: ("aap-2026", Retour.objects.earliest("pk").pk),
        "scenarios": lambda: ("aap-2026",),
        "scenario": lambda: (Scenario.objects.latest("pk").pk,),
        "scenarios_comparer": lambda: ("aap-2026",),
        "travail": lambda: (Travail.objects.latest("pk").pk,),
    }
    adresse = reverse(nom, args=arguments.get(nom, tuple)())
    if nom == "scenarios_comparer":
        adresse += f"?avant=tableau&apres={Scenario.objects.latest('pk').pk}"
    client.get(adresse)
    with CaptureQueriesContext(
        connection,
    ) as requetes:
        reponse = client.get(adresse)
    assert reponse.status_code == 200, (nom, qui, reponse.status_code)
    return len(requetes)


@pytest.mark.django_db
def test_chaque_liste_coute_autant_a_deux_et_a_douze_lignes():
    f.appel("aap-2026")
    _peupler(2, depuis=1)
    deux = {liste: _compter(*liste) for liste in LISTES}
    _peupler(10, depuis=3)
    douze = {liste: _compter(*liste) for liste in LISTES}
    for (nom, qui), requetes in douze.items():
        sys.stdout.write(f"{nom:24} {qui or 'sans compte':16} {deux[nom, qui]:3} {requetes:3}\n")
    assert deux == douze
    assert max(douze.values()) <= BUDGET


ACCUEILS = {
    ("mes_dossiers", "amina"): 8,
    ("instruction", "benoit"): 12,
    ("instruction", "irene"): 12,
    ("instruction", "odile"): 12,
    ("instruction", "chloe"): 12,
    ("instruction", "farid"): 12,
    ("suites", "fatou_finances"): 12,
    ("seances", "elise"): 12,
}
"""La première page de chacun (`mon_espace`) et ses requêtes au plus ; quarante kilo-octets au plus."""


@pytest.mark.django_db
def test_la_premiere_page_de_chacun_tient_son_budget():
    f.appel("aap-2026")
    _peupler(6, depuis=1)
    for (nom, qui), budget in ACCUEILS.items():
        client = f.client(qui)
        assert client.get(reverse("mon_espace")).url == reverse(nom), qui
        octets = len(client.get(reverse(nom)).content)
        requetes = _compter(nom, qui)
        sys.stdout.write(f"{nom:24} {qui:16} {requetes:3} {octets:6}\n")
        assert requetes <= budget, (nom, qui, requetes)
        assert octets <= 40_000, (nom, qui, octets)


LISTES_LONGUES = (
    ("instruction", "benoit", "apres", "lignes"),
    ("suites", "benoit", "apres-volets", "volets"),
    ("suites_a_signer", "benoit", "apres-notifier", "a_notifier"),
    ("observatoire_actions", None, "apres", "actions"),
)


@pytest.mark.django_db
def test_suivants_mene_au_bout_de_chaque_liste_et_dit_le_total(monkeypatch):
    """Aucune liste ne s'arrête en silence : les pages mises bout à bout la montrent entière, une fois."""
    f.appel("aap-2026")
    _peupler(5, depuis=1)
    entieres = {
        nom: _cles(f.client(qui).get(reverse(nom)).context[cle]) for nom, qui, _, cle in LISTES_LONGUES
    }
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    for nom, qui, repere, cle in LISTES_LONGUES:
        client, adresse, vues, pages = f.client(qui), reverse(nom), [], 0
        while adresse:
            reponse = client.get(adresse)
            texte = reponse.content.decode()
            assert f"{len(entieres[nom])} en tout" in texte, nom
            vues += _cles(reponse.context[cle])
            pages += 1
            suite = re.search(rf'href="(\?[^"]*{repere}=\d+[^"]*)" rel="next"', texte)
            adresse = reverse(nom) + suite[1].replace("&amp;", "&") if suite else ""
        assert vues == entieres[nom], nom
        assert pages == -(-len(vues) // 2) > 1, nom


def _cles(lignes):
    return [getattr(x, "numero", None) or getattr(x, "dossier", x).pk for x in lignes]


TOUT_LU = re.compile(r"SCAN dossiers_dossier|SEARCH dossiers_dossier USING .*\(territoire_id=\?\)")


def parcourt_tout(condition, qui):
    """Vrai si la base (SQLite) lit tous les dossiers pour trouver ceux de cette condition."""
    lecteur = Lecteur(f.acteur(qui), f.territoire())
    sql, valeurs = lecteur.dossiers.filter(condition).order_by().values("pk").query.sql_with_params()
    with connection.cursor() as curseur:
        curseur.execute(f"EXPLAIN QUERY PLAN {sql}", valeurs)
        return any(TOUT_LU.match(ligne[3]) for ligne in curseur.fetchall())


@pytest.mark.django_db
@pytest.mark.parametrize("qui", ["benoit", "chloe", "farid"])
def test_ce_qui_attend_se_trouve_par_un_index(qui):
    """Le temps suit ce qui attend, pas les archives."""
    attentes = Lecteur(f.acteur(qui), f.territoire()).attentes
    assert attentes
    assert not [a.phrase for a in attentes if parcourt_tout(a.condition, qui)]


@pytest.mark.django_db
def test_une_attente_demandee_a_chaque_dossier_serait_vue_garde_levee():
    messages = Message.objects.a_lire_par(Message.Cote.SERVICE).filter(dossier=OuterRef("pk"))
    assert parcourt_tout(Q(Exists(messages)), "benoit")
