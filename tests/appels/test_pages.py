"""Les pages d'un appel : les quatre réponses, les règles et leur source, l'ouverture, les versions."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.appels import actes, clair, lecture
from ensemblier.appels.models import Appel
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Role
from tests import fabriques

pytestmark = pytest.mark.django_db


def _a(texte):
    return time_machine.travel(fabriques.instant(texte), tick=False)


def _page(adresse):
    fabriques.appel()
    reponse = fabriques.client().get(adresse)
    assert reponse.status_code == 200
    return reponse.content.decode().replace("&#x27;", "'")


def test_les_quatre_reponses_sont_sur_la_page():
    with _a("2025-05-13 10:00"):
        page = _page("/appels/ami-2025/")
    for attendu in (
        "Les associations.",
        "Jusqu'à 50\u00a0% du coût\u00a0; 80\u00a0% si le jury valide une bonification",
        "Au moins 60\u00a0% ",
        "dim.\u00a025\u00a0mai 2025, 23\u00a0h\u00a059",
        "Encore 12\u00a0jours",
    ):
        assert attendu in page


@pytest.mark.parametrize(
    ("moment", "phrase"),
    [
        ("2025-05-25 18:47", "Encore 5\u00a0h\u00a012"),
        ("2025-05-25 23:59:59", "Encore moins d'une minute"),
        ("2025-05-26 00:00:00", "L'appel est fermé depuis le dim.\u00a025\u00a0mai 2025, 23\u00a0h\u00a059"),
    ],
)
def test_la_derniere_seconde_est_ouverte_la_suivante_est_fermee(moment, phrase):
    with _a(moment):
        assert phrase in _page("/appels/ami-2025/")


def test_un_appel_pas_encore_ouvert_dit_quand():
    fabriques.appel("aap-2026")
    with _a("2025-10-01 10:00"):
        page = _page("/appels/aap-2026/")
    assert "Ouvre dans 19\u00a0jours" in page
    assert "Préparer mon dossier" not in page


def test_chaque_regle_a_son_ancre_sa_source_et_ses_silences():
    pack = fabriques.pack_de_l_appel("ami-2025")
    page = _page("/appels/ami-2025/regles/")
    for regle in pack.regles:
        assert f'id="{regle.code}"' in page
    silence = next(r for r in pack.regles if r.le_texte_ne_dit_pas)
    assert silence.le_texte_ne_dit_pas.split(":")[0].strip() in page
    assert "Laissé ouvert par le texte" in page


def test_toutes_les_regles_de_tous_les_packs_se_disent_en_clair():
    lieu = fabriques.pack_du_territoire()
    for code in ("ami-2025", "aap-2026"):
        for regle in clair.regles_en_clair(fabriques.pack_de_l_appel(code), lieu):
            assert regle.phrase
            assert regle.consequence


def test_tout_genre_de_regle_a_sa_phrase():
    union = packs.Appel.model_fields["regles"].annotation.__args__[0].__origin__
    genres = {m.model_fields["genre"].annotation.__args__[0] for m in union.__args__}
    assert genres == set(clair._PHRASES)


def test_le_filtre_par_financeur_ne_montre_que_le_sien_et_le_commun():
    fabriques.appel("aap-2026")
    page = _page("/appels/aap-2026/?financeur=REGION")
    dispositif = fabriques.pack_de_l_appel("aap-2026").dispositifs_de("REGION")[0]
    assert dispositif.nom in page
    assert "Crédits de l'État, programme 147" not in page
    assert "Crédits de l'État, programme 147" in _page("/appels/aap-2026/")
    assert _page("/appels/aap-2026/?financeur=INCONNU").count("Crédits de l'État, programme 147") == 1


def test_un_appel_en_preparation_ou_inconnu_est_introuvable():
    lieu = fabriques.territoire()
    actes.creer(
        fabriques.pack_de_l_appel("aap-2026"),
        territoire=lieu, par=fabriques.acteur("irene"), le=fabriques.OUVERTURE,
    )  # fmt: skip
    navigateur = fabriques.client()
    for adresse in ("/appels/aap-2026/", "/appels/aap-2026/regles/", "/appels/aap-2026.ics", "/appels/x/"):
        assert navigateur.get(adresse).status_code == 404
    assert "AAP 2026" not in navigateur.get("/appels/").content.decode()


def test_une_rectification_se_lit_avec_son_motif_et_l_ancienne_version_reste():
    appel = fabriques.appel()
    pack = fabriques.pack_de_l_appel("ami-2025")
    premiere = pack.regles[0].model_copy(update={"titre": "Titre corrigé"})
    actes.rectifier(
        appel, pack.model_copy(update={"regles": (premiere, *pack.regles[1:])}),
        motif="Erreur de titre", par=fabriques.acteur("irene"), roles={Role.RESPONSABLE},
        le=fabriques.instant("2025-03-18 16:18"),
    )  # fmt: skip
    page = _page("/appels/ami-2025/")
    assert "Erreur de titre" in page
    assert "Règle «\u00a0Titre corrigé\u00a0»" in page.replace("« ", "«\u00a0").replace(" »", "\u00a0»")
    assert "mar.\u00a018\u00a0mars 2025, 16\u00a0h\u00a018" in page
    assert "Titre corrigé" in _page("/appels/ami-2025/regles/")
    ancienne = _page("/appels/ami-2025/regles/?version=1")
    assert "Titre corrigé" not in ancienne
    assert "Cette version a été remplacée" in ancienne


def test_aucune_personne_n_est_nommee_parmi_les_contacts():
    page = _page("/appels/ami-2025/")
    assert "Service Développement social" in page
    assert "03\u00a053\u00a001\u00a001\u00a000" in page


def _requetes(adresse):
    navigateur = fabriques.client()
    navigateur.get(adresse)
    with CaptureQueriesContext(connection) as requetes:
        assert navigateur.get(adresse).status_code == 200
    return len(requetes)


def _appels(nombre):
    lieu, par = fabriques.territoire(), fabriques.acteur("irene")
    pack = fabriques.pack_de_l_appel("ami-2025")
    for rang in range(Appel.objects.count(), nombre):
        copie = packs.Appel.depuis_json({**pack.en_json(), "slug": f"ami-{rang}"})
        appel = actes.creer(copie, territoire=lieu, par=par, le=fabriques.OUVERTURE)
        actes.publier(appel, par=par, roles={Role.RESPONSABLE}, le=fabriques.OUVERTURE)


@pytest.mark.parametrize("adresse", ["/appels/", "/"])
def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_d_appels(adresse):
    with _a("2025-05-13 10:00"):
        _appels(2)
        deux = _requetes(adresse)
        _appels(12)
        assert _requetes(adresse) == deux <= 12


def test_les_ouverts_viennent_d_abord_puis_ceux_qui_viennent():
    fabriques.appel()
    fabriques.appel("aap-2026")
    publies = lecture.publies(fabriques.territoire())
    rangs = lecture.ranges(publies, le=fabriques.instant("2025-05-13 10:00"))
    assert [(a.code, o.statut) for a, o in rangs] == [("ami-2025", "ouvert"), ("aap-2026", "a_venir")]
    rangs = lecture.ranges(publies, le=fabriques.instant("2025-10-21 10:00"))
    assert [(a.code, o.statut) for a, o in rangs] == [("aap-2026", "ouvert"), ("ami-2025", "ferme")]
