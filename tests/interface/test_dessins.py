"""Graphiques, cartes, fils, onglets, tri et choix des colonnes : ce qu'ils disent, et ce qu'ils gardent."""

import re
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory

from ensemblier.interface import dessins, galerie_lignes, tableaux

N = "\u00a0"


def rendre(source: str, **contexte: object) -> str:
    return Template("{% load ensemblier %}" + source).render(Context(contexte))


def texte(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html).replace(N, " ")).strip()


MONTANTS = [
    {"libelle": "CAF", "financeur": "CAF", "montant": Decimal(250)},
    {"libelle": "Communauté d'agglomération de Lens-Liévin", "financeur": "CALL", "montant": Decimal(1000)},
]


def test_les_barres_sont_triees_depuis_zero_et_leur_somme_est_ecrite():
    rendu = dessins.graphique(MONTANTS)
    assert [x["largeur"] for x in rendu["lignes"]] == ["100.00%", "25.00%"]
    assert [x["classe"] for x in rendu["lignes"]] == ["financeur--call", "financeur--caf"]
    assert rendu["somme"] == 1250
    assert [x["part"] for x in rendu["lignes"]] == [f"80,0{N}%", f"20,0{N}%"]


def test_le_graphique_dit_ses_nombres_trois_fois_titre_description_tableau():
    html = rendre("{% graphique m titre='Accordé' nom='n' source='Acte 12.' url_csv='/x.csv' %}", m=MONTANTS)
    assert '<title id="graphique-n-titre">Accordé</title>' in html
    assert "CAF : 250 €." in html.replace(N, " ")
    assert 'aria-labelledby="graphique-n-titre graphique-n-desc"' in html
    assert "<table" in html
    assert "1 250,00 €" in texte(html)
    assert 'href="/x.csv"' in html
    assert "style=" not in html


def test_une_etiquette_trop_longue_est_abregee_dans_le_dessin_jamais_dans_le_tableau():
    html = rendre("{% graphique m titre='A' nom='n' %}", m=MONTANTS)
    assert "Communauté d&#x27;agglomérat…</text>" in html
    assert '<th scope="row">Communauté d&#x27;agglomération de Lens-Liévin</th>' in html


def test_un_graphique_vide_dit_ce_qui_viendra():
    html = rendre("{% graphique m titre='A' nom='n' %}", m=[])
    assert "<svg" not in html
    assert "dès la première décision" in html


CARRE = {
    "type": "Polygon",
    "coordinates": [[(2.0, 50.0), (2.1, 50.0), (2.1, 50.1), (2.0, 50.1), (2.0, 50.0)]],
}


def test_la_carte_met_le_nord_en_haut_et_resserre_les_longitudes():
    rendu = dessins.carte([{"nom": "Carré", "contour": CARRE}])
    points = [tuple(map(int, p.split())) for p in re.findall(r"\d+ \d+", rendu["zones"][0]["trace"])]
    sud_ouest, sud_est, nord_est = points[:3]
    assert sud_ouest[1] > nord_est[1]
    assert sud_est[0] > sud_ouest[0]
    largeur, hauteur = sud_est[0] - sud_ouest[0], sud_ouest[1] - nord_est[1]
    assert largeur / hauteur == pytest.approx(0.643, abs=0.01)
    assert max(x for x, _ in points) <= rendu["largeur"]
    assert max(y for _, y in points) <= rendu["hauteur"]


def test_la_carte_lit_les_multipolygones_et_laisse_ce_qui_ne_se_dessine_pas():
    double = {"type": "MultiPolygon", "coordinates": [CARRE["coordinates"], CARRE["coordinates"]]}
    zones = [{"nom": "Deux", "contour": double}, {"nom": "Rien", "contour": {}}]
    rendu = dessins.carte(zones)
    assert [z["nom"] for z in rendu["zones"]] == ["Deux"]
    assert rendu["zones"][0]["trace"].count("M") == 2
    assert "Aucun contour" in rendre("{% carte z titre='C' nom='c' %}", z=[{"nom": "Rien", "contour": {}}])


def test_la_carte_a_sa_liste_jumelle_sauf_si_la_page_la_porte():
    zones = [{"nom": "Carré", "contour": CARRE, "url": "/q/", "valeur": "32 %"}]
    avec = rendre("{% carte z titre='C' nom='c' bornes=b %}", z=zones, b=[(4, "plus de 25 %")])
    assert "La même chose en liste" in avec
    assert "plus de 25 %" in avec
    sans = rendre("{% carte z titre='C' nom='c' jumelle=False %}", z=zones)
    assert "La même chose en liste" not in sans
    assert "Carré : 32 %" in sans


def test_la_carte_ecrit_les_noms_qui_ne_se_couvrent_pas_et_les_garde_dans_le_cadre():
    def noms(*lieux):
        places = [{"nom": nom, "lon": lon, "lat": lat} for nom, lon, lat in lieux]
        return dessins.carte([{"nom": "Carré", "contour": CARRE}], places)["lieux"]

    (ouest, sud), _, (est, nord), *_ = CARRE["coordinates"][0]
    milieu = ((ouest + est) / 2, (sud + nord) / 2)
    ecrits = noms(("Lens", *milieu), ("Liévin", *milieu), ("Avion", milieu[0], sud))
    assert [lieu["nom"] for lieu in ecrits] == ["Lens", "Avion"]
    assert all(lieu["partout"] for lieu in ecrits)
    (au_bord,) = noms(("Angres", ouest, sud))
    assert au_bord["x"] > dessins.MARGE_CARTE, "rentré dans le cadre"
    assert not au_bord["partout"], "écrit deux fois plus gros, il quitterait son lieu"
    assert noms(("Montigny-en-Gohelle", ouest, sud)) == []


def test_un_fil_dit_qui_le_lit_et_garde_le_texte_inoffensif():
    piege = [{**galerie_lignes.messages()[0], "texte": "<script>x</script>\n\nSuite"}]
    porteur = rendre("{% echanges m %}", m=piege)
    assert "Votre organisme et le service lisent ce fil." in porteur
    assert "<script>" not in porteur
    assert porteur.count("<p>") == 2
    interne = rendre("{% echanges m interne=True %}", m=piege)
    assert "Le porteur ne lit pas ce fil." in interne
    assert "echanges--interne" in interne


def test_un_fil_vide_dit_qui_lira():
    assert "sera lu par le service" in rendre("{% echanges m %}", m=[])


def trier(adresse: str, cle: str = "echeance", *, defaut: bool = False) -> dict[str, object]:
    return tableaux.tri(QueryDict(adresse), cle, defaut=defaut)


def test_un_entete_trie_puis_inverse_et_garde_les_filtres():
    assert trier("etat=incomplet&apres=26-0041") == {
        "url": "?etat=incomplet&tri=echeance",
        "sens": "",
        "glyphe": "tri",
        "mot": ", trier en ordre croissant",
    }
    assert trier("tri=echeance")["sens"] == "ascending"
    assert trier("tri=echeance")["url"] == "?tri=-echeance"
    assert trier("tri=-echeance")["sens"] == "descending"
    assert trier("tri=-echeance")["url"] == "?tri=echeance"
    assert trier("", defaut=True)["sens"] == "ascending"
    assert trier("tri=montant", defaut=True)["sens"] == ""


def test_le_choix_des_colonnes_tient_dans_l_adresse_et_garde_le_reste():
    colonnes = [{"cle": "etat", "titre": "État"}, {"cle": "avis", "titre": "Avis"}]
    tout = tableaux.choix(QueryDict("etat=incomplet"), colonnes)
    assert tout["montrees"] == 2
    une = tableaux.choix(QueryDict("col=avis&q=vélo&col=inconnue"), colonnes)
    assert [c["montree"] for c in une["colonnes"]] == [False, True]
    assert une["gardes"] == [("q", "vélo")]


@pytest.mark.django_db
def test_la_galerie_montre_les_colonnes_demandees(client, galerie_ouverte):
    html = client.get("/galerie/?col=etat").content.decode()
    entete = html.split('id="tableau-exemple"')[1].split("</thead>")[0]
    assert "État" in entete
    assert "Demandé" not in entete
    assert "N°" in entete
    assert 'aria-sort="ascending"' in entete


def test_des_onglets_sont_des_liens_dont_un_est_la_page():
    request = RequestFactory().get("/")
    html = rendre(
        "{% onglets o 'Vues' %}", request=request, o=[{"libelle": "Tous", "url": "?", "nombre": 1205}]
    )
    assert "1 205" in texte(html)
    assert "aria-current" not in html
    assert (
        rendre("{% onglets o %}", o=[{"libelle": "A", "url": "?", "courant": True}]).count("aria-current")
        == 1
    )


def test_la_progression_ecrit_ses_deux_nombres():
    html = rendre("{% progression 19 27 'pièces reçues' %}")
    assert "19 sur 27 pièces reçues" in texte(html)
    assert 'width="70.37%"' in html
    assert 'width="0%"' in rendre("{% progression 0 0 'pièces' %}")
