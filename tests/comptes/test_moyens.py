"""Ce qu'un organisme dit une fois, repris dans chaque Cerfa (§B.2, rubriques 1 à 4)."""

from decimal import Decimal
from html import unescape

import pytest

from ensemblier.comptes.actes_moyens import decrire_les_moyens
from ensemblier.comptes.models import Organisme
from ensemblier.comptes.moyens import moyens_de, phrase_des_moyens
from ensemblier.dossiers import formulaire
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.models import Detail
from tests import fabriques as f

pytestmark = pytest.mark.django_db
ADRESSE = f"/organismes/{f.SIREN_DES_JARDINS}/moyens/"
SAISIE = {
    "benevoles": "34", "adherents": "0", "salaries": "3", "salaries_etp": "1,5", "emplois_aides": "1",
    "agrements": "Jeunesse, 2019", "federation": "Centres sociaux", "paie_les_impots_commerciaux": "False",
}  # fmt: skip


def test_les_moyens_dits_une_fois_se_lisent_sur_l_organisme_et_dans_le_cerfa():
    f.organisme()
    amina = f.client("amina")
    assert amina.post(ADRESSE, SAISIE).status_code == 302
    organisme = Organisme.objects.get(siren=f.SIREN_DES_JARDINS)
    assert (organisme.benevoles, organisme.adherents, organisme.volontaires) == (34, 0, None)
    assert organisme.salaries_etp == Decimal("1.5")
    page = amina.get(f"/organismes/{f.SIREN_DES_JARDINS}/").content.decode()
    assert "Mettre les moyens à jour" in page
    assert "Centres sociaux" in page
    lues = Reponses(Dossier.objects.get(pk=f.dossier("ami-2025").pk))
    ecrites = {question: dit for r in formulaire.rubriques(lues) for question, dit in r.lignes}
    assert ecrites["Bénévoles"] == "34"
    assert ecrites["Adhérents"] == "0", "zéro est une réponse"
    assert ecrites["Volontaires"] == "", "ce qui n'est pas dit se remplit à la main"
    assert ecrites["Salariés, en équivalent temps plein"] == "1,5"
    assert ecrites["Assujettie aux impôts commerciaux"] == "Non"
    assert "bénévoles 34, salariés 3 (1,5 en équivalent temps plein)" in phrase_des_moyens(organisme)


IDENTITE = {
    "nom": "Les Jardins de la fosse 12", "type": "association", "rna": "W624001234", "code_postal": "62300",
    "adresse": "12 rue des Exemples", "commune": "Lens", "representant_nom": "Amina Haddad",
    "representant_fonction": "Présidente", "fin_d_exercice": "12-31",
}  # fmt: skip


def _identification():
    lues = Reponses(Dossier.objects.get(pk=f.dossier("ami-2025").pk))
    return dict(formulaire.rubriques(lues)[0].lignes)


def test_le_site_et_l_adresse_de_correspondance_dits_une_fois_vont_dans_chaque_cerfa():
    f.organisme()
    avant = _identification()
    assert (avant["Site web"], avant["Adresse de correspondance"]) == ("", "La même que le siège")
    amina, chemin = f.client("amina"), f"/organismes/{f.SIREN_DES_JARDINS}/identite/"
    dits = {"site": "www.jardins12.example", "correspondance": "BP 12, 62301 Lens Cedex"}
    assert amina.post(chemin, IDENTITE | dits).status_code == 302
    apres = _identification()
    assert apres["Site web"] == "https://www.jardins12.example"
    assert apres["Adresse de correspondance"] == "BP 12, 62301 Lens Cedex"
    page = amina.get(f"/organismes/{f.SIREN_DES_JARDINS}/").content.decode()
    assert 'href="https://www.jardins12.example"' in page
    assert "BP 12, 62301 Lens Cedex" in page
    numero = Dossier.objects.first().numero
    assert "BP 12, 62301 Lens Cedex" in amina.get(f"/dossiers/{numero}/organisme/").content.decode()


@pytest.mark.parametrize("faux", ["pas un site", "javascript:alert(1)", "http://"])
def test_un_site_qui_n_en_est_pas_un_est_refuse_et_garde(faux):
    f.organisme()
    chemin = f"/organismes/{f.SIREN_DES_JARDINS}/identite/"
    reponse = f.client("amina").post(chemin, IDENTITE | {"site": faux})
    page = unescape(reponse.content.decode()).replace("\u00a0", " ").replace("’", "'")
    assert reponse.status_code == 422
    assert "Ce n'est pas une adresse de site." in page
    assert f'value="{faux}"' in page
    assert Organisme.objects.get(siren=f.SIREN_DES_JARDINS).site == ""


def test_sans_moyens_dits_rien_n_est_invente_et_le_dossier_y_mene():
    organisme = f.organisme()
    assert {dit for _, dit in moyens_de(organisme)} == {""}
    numero = f.dossier("ami-2025").numero
    page = f.client("amina").get(f"/dossiers/{numero}/organisme/").content.decode()
    assert f'href="{ADRESSE}"' in page


def test_relire_sans_rien_changer_prend_la_date_et_laisse_une_trace():
    organisme, le = f.organisme(), f.instant("2025-05-12 21:00")
    for _ in range(2):
        decrire_les_moyens(
            organisme, moyens={"benevoles": 12}, par=f.acteur("amina"), roles={Role.SIGNATAIRE}, le=le
        )
    details = [d.contenu for d in Detail.objects.filter(evenement__acte="decrire_les_moyens").order_by("pk")]
    assert details == [{"benevoles": [None, 12]}, {}]
    organisme.refresh_from_db()
    assert organisme.moyens_le == le.date()


def test_plus_d_emplois_aides_que_de_salaries_est_refuse_avec_les_deux_nombres():
    f.organisme()
    page = f.client("amina").post(ADRESSE, SAISIE | {"emplois_aides": "4"})
    assert page.status_code == 422
    assert "Il y a plus d'emplois aidés (4) que de salariés (3)." in page.content.decode().replace(
        "&#x27;", "'"
    )
    assert Organisme.objects.get(siren=f.SIREN_DES_JARDINS).moyens_le is None


def test_un_agent_ne_dit_pas_les_moyens_a_la_place_de_l_organisme():
    with pytest.raises(RoleInsuffisant):
        decrire_les_moyens(
            f.organisme(), moyens={"benevoles": 1}, par=f.acteur("benoit"), roles={Role.INSTRUCTEUR},
            le=f.instant("2025-05-12 21:00"),
        )  # fmt: skip
