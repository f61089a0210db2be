"""Les composants dans leurs gabarits : forme, mot, phrase, source ; erreurs reliées à leur boîte."""

import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import get_args

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError

from ensemblier.interface import constats as mise_en_constat
from ensemblier.interface import galerie, galerie_lignes, icones
from ensemblier.interface.formulaires import Formulaire
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Machine
from ensemblier.noyau.packs.regle import Acte
from ensemblier.noyau.regles import Fiche, evaluer

N = "\u00a0"


def test_chaque_acte_qu_une_regle_arrete_a_ses_mots():
    assert set(mise_en_constat.ACTES) == set(get_args(Acte))


def rendre(source: str, **contexte: object) -> str:
    return Template("{% load ensemblier %}" + source).render(Context(contexte))


def texte(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html).replace(N, " ")).strip()


def un_constat(**autres: object) -> dict[str, object]:
    return {**galerie.constats()[0], **autres}


# --- constat ----------------------------------------------------------------------------------------

VERDICTS = [
    ("non_respectee", True, "bloque", "Non respectée", "bloque le dépôt"),
    ("non_respectee", False, "attention", "Point d'attention", "n'empêche pas le dépôt"),
    ("a_verifier", False, "verifier", "À vérifier", "par le service, n'empêche pas le dépôt"),
    ("a_renseigner", True, "a-renseigner", "À renseigner", "bloquera le dépôt si la réponse manque"),
    ("respectee", True, "respectee", "Respectée", ""),
    ("sans_objet", True, "sans-objet", "Sans objet", ""),
]


@pytest.mark.parametrize(("verdict", "bloquante", "glyphe", "mot", "suite"), VERDICTS)
def test_un_constat_montre_forme_mot_consequence_phrase_et_source(verdict, bloquante, glyphe, mot, suite):
    c = un_constat(verdict=verdict, bloquante=bloquante, bloque=["deposer"] if bloquante else [])
    html = rendre("{% constat c %}", c=c)
    assert f"icones.svg#{glyphe}" in html
    assert html.count("<h3") == 1
    dit = texte(html)
    assert mot.replace("'", "&#x27;") in dit
    assert suite.replace("'", "&#x27;") in dit
    assert "Il manque 1 habitant de quartier prioritaire." in dit
    assert (
        "« majoritairement les habitants résidant en QPV (au moins 60 %) » AMI Cohésion sociale 2025, p. 1"
        in dit
    )


def test_deux_verdicts_ne_partagent_ni_forme_ni_mot():
    formes = {v[2] for v in VERDICTS}
    mots = {v[3] for v in VERDICTS}
    assert len(formes) == len(mots) == len(VERDICTS)
    dessins = {icones.symboles()[forme].contenu for forme in formes}
    assert len(dessins) == len(formes)


def test_un_constat_du_noyau_se_rend_comme_son_dict(settings):
    territoire = packs.lire_territoire(settings.PACKS / "lens-lievin")
    appel = packs.lire_appel(settings.PACKS / "lens-lievin" / "appels" / "ami-2025.toml", territoire)
    fiche = Fiche.lire({"publics": {"total": 1000, "qpv": 599}})
    rapport = evaluer(appel, fiche, territoire=territoire)
    for objet, en_json in zip(rapport.constats, rapport.en_json()["constats"], strict=True):
        assert rendre("{% constat c %}", c=objet) == rendre("{% constat c %}", c=en_json), objet.regle


def test_un_verdict_inconnu_n_est_pas_adouci():
    with pytest.raises(ValueError, match="Verdict inconnu"):
        rendre("{% constat c %}", c=un_constat(verdict="presque"))


def test_le_volet_d_un_financeur_est_nomme():
    assert "volet ETAT seulement" in mise_en_constat.consequence(un_constat(financeur="ETAT"))
    nomme = un_constat(financeur="ETAT", volet="État")
    assert "volet État seulement" in mise_en_constat.consequence(nomme)
    assert "bloque le versement" in mise_en_constat.consequence(un_constat(bloque=["verser"]))


def test_le_remede_mene_au_champ_de_la_fiche():
    html = rendre(
        "{% constat c liens=liens %}", c=un_constat(), liens={"publics.qpv": "/dossiers/1/publics/#qpv"}
    )
    assert 'href="/dossiers/1/publics/#qpv"' in html


def test_les_mesures_disent_leurs_nombres_en_texte():
    dit = texte(rendre("{% constats r %}", r=galerie.constats()))
    assert "599 sur 1 000, soit 59,9 %" in dit
    assert "au moins 60 %" in dit
    assert "18 000,00 € × 50 % 9 000,00 €" in dit
    assert "Dépenses 20 000,00 €" in dit
    assert "Loos : manque" in dit
    assert "Lens : fait" in dit


def test_sous_le_seuil_la_barre_s_arrete_avant_le_repere():
    sous = rendre("{% constat c %}", c=un_constat())
    assert '<rect class="mesure__fond" fill="#E5E5E5" x="-4"' in sous
    mesure = {**un_constat()["mesure"], "valeur": 600}
    atteint = rendre("{% constat c %}", c=un_constat(verdict="respectee", mesure=mesure))
    assert 'x="-4"' not in atteint


def test_les_constats_vont_du_bloquant_au_replie():
    html = rendre("{% constats r %}", r=list(reversed(galerie.constats())))
    ordre = re.findall(r"constat constat--([a-z-]+)", html)
    assert ordre == ["bloque", "bloque", "attention", "verifier", "a-renseigner"]
    assert texte(html).count("2 respectées") == 2
    assert html.index("<details") > html.index("constat--a-renseigner")
    attendu = "2 bloquent, 1 point d'attention, 1 à vérifier, 1 à remplir, 2 respectées, 1 sans objet"
    assert mise_en_constat.decompte(galerie.constats()).replace(N, " ") == attendu


def test_ce_qui_laisse_deposer_se_compte_a_part():
    """Une pièce attendue plus tard n'est pas un point qui bloque le dépôt (P33)."""
    plus_tard = un_constat(bloquante=False, bloque=["conventionner"])
    assert mise_en_constat.decompte([plus_tard, plus_tard]).replace(N, " ") == "2 bloquent la suite"
    assert (
        mise_en_constat.decompte([un_constat(), plus_tard]).replace(N, " ") == "1 bloque, 1 bloque la suite"
    )


def test_la_ligne_n_a_que_glyphe_mot_et_phrase():
    html = rendre('{% constat c "ligne" %}', c=un_constat())
    assert "citation" not in html
    assert "majoritairement" not in html
    assert "Il manque 1 habitant" in html


# --- argent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valeur", "statut", "dit"),
    [
        (Decimal(0), "demande", "0 € demandé"),
        (None, "demande", "— non demandé"),
        (Decimal(5), "attendu", "attendu"),
        (Decimal(3), "secret", "moins de 5"),
        (Decimal(9000), "demande", "9 000 € demandé"),
        (Decimal(9000), "vote", "9 000,00 € voté"),
        (Decimal(9000), "paye", "9 000,00 € payé"),
    ],
)
def test_zero_absent_attendu_et_secret_sont_quatre_choses(valeur, statut, dit):
    assert texte(rendre("{% montant x s %}", x=valeur, s=statut)) == dit


def test_seul_le_paye_porte_la_coche_et_chaque_statut_sa_forme():
    rendus = {
        s: rendre("{% montant x s %}", x=Decimal(1), s=s) for s in ("demande", "propose", "vote", "paye")
    }
    for statut, html in rendus.items():
        assert f"brique--{statut}" in html
        assert ("brique__coche" in html) == (statut == "paye")


def test_un_statut_inconnu_est_refuse():
    with pytest.raises(ValueError, match="Statut"):
        rendre("{% montant x 'promis' %}", x=Decimal(1))


def test_les_briques_ont_la_largeur_de_leur_part():
    financements = [
        {"financeur": "CALL", "libelle": "CALL", "montant": Decimal(3), "statut": "vote"},
        {"financeur": "ETAT", "libelle": "État", "montant": Decimal(1), "statut": "demande"},
        {"financeur": "CAF", "libelle": "CAF", "montant": Decimal(0), "statut": "demande"},
    ]
    html = rendre("{% briques f %}", f=financements)
    assert re.findall(r'width="([0-9.]+%)"', html) == ["75.00%", "25.00%"]
    assert "financeur--call" in html
    assert "CAF" not in html


def test_la_jauge_dit_le_reste_ou_le_depassement():
    reste = rendre("{% jauge e %}", e=galerie_lignes.enveloppe("CALL", 170000, 119000, 38600))
    assert "reste 12 400 €" in texte(reste)
    assert "jauge--depassee" not in reste
    depasse = rendre("{% jauge e %}", e=galerie_lignes.enveloppe("Communes", 60000, 40000, 24000))
    assert "dépassé de 4 000 €" in texte(depasse)
    assert "icones.svg#bloque" in depasse


def test_l_echeancier_ecrit_sa_somme_et_ce_qui_bloque():
    donnees = galerie.contexte()
    dit = texte(rendre("{% echeancier t accorde=a %}", t=donnees["tranches"], a=donnees["accorde"]))
    assert "1er versement : 7 200,01 € , après signature" in dit
    assert "bloque le versement" in dit
    assert "Somme : 9 000,01 € sur 9 000,01 € accordés" in dit


def test_le_calcul_met_le_resultat_en_pied():
    html = rendre("{% calcul l %}", l=galerie.contexte()["lignes"])
    pied = html.split("<tfoot>")[1]
    assert "Plafond" in pied
    assert "Assiette" not in pied


# --- temps, états, journal, pièces ------------------------------------------------------------------


def test_la_frise_dit_ou_on_en_est_sans_couleur():
    html = rendre("{% frise j %}", j=galerie.contexte()["jalons"])
    assert html.count('aria-current="step"') == 1
    assert "(en ce moment)" in texte(html)
    assert "(date à fixer)" in texte(html)


def test_l_etat_a_un_mot_pour_le_porteur_et_un_pour_l_agent():
    machine = Machine("d", "depose", {"depose": ("Déposé", "À vérifier")}, ())
    assert texte(rendre("{% etat m 'depose' porteur=True %}", m=machine)) == "Déposé"
    assert texte(rendre("{% etat m 'depose' %}", m=machine)) == "À vérifier"


def test_chaque_ton_de_pastille_a_sa_forme_et_un_ton_inconnu_est_refuse():
    with pytest.raises(ValueError, match="Ton inconnu"):
        rendre("{% pastille 'x' 'rose' %}")
    html = rendre("{% for l, t in p %}{% pastille l t %}{% endfor %}", p=galerie.contexte()["pastilles"])
    assert len(set(re.findall(r"#([a-z-]+)\"", html))) == 7


def test_le_journal_groupe_par_jour_et_replie_l_empreinte():
    html = rendre("{% journal e %}", e=galerie.contexte()["evenements"])
    assert html.count("<h3") == 2
    assert "signataire du porteur" in html
    assert "<summary>Empreinte</summary>" in html
    assert "<details" not in rendre("{% journal e empreintes=False %}", e=galerie.contexte()["evenements"])


def test_la_piece_dit_type_poids_date_auteur_et_motif():
    dit = texte(rendre("{% for p in pieces %}{% piece p %}{% endfor %}", pieces=galerie.contexte()["pieces"]))
    assert "PDF, 272 Ko · ajoutée le 18/05/2025 par Amina" in dit
    assert "À remplacer" in dit
    assert "au nom d&#x27;une personne" in dit


def test_une_icone_inconnue_est_refusee_et_il_y_en_a_vingt_quatre_au_plus():
    with pytest.raises(TemplateSyntaxError, match="Icône inconnue"):
        rendre('{% icone "licorne" %}')
    assert len(icones.ICONES) <= 24


def test_dans_un_pdf_le_dessin_est_entier():
    html = Template('{% load ensemblier %}{% icone "bloque" %}').render(Context({"pour_pdf": True}))
    assert "<use" not in html
    assert "<path" in html


def test_le_texte_d_une_personne_ne_devient_jamais_une_balise():
    piege = "<script>alert(1)</script>"
    html = rendre(
        "{% alerte 'attention' titre=t %}{{ t }}{% finalerte %}"
        "{% tableau legende=t nom='n' %}{% fintableau %}{% constat c %}"
        "{% pastille t 'ok' %}{% vide t %}{% icone 'bloque' 20 t %}",
        t=piege,
        c=un_constat(phrase=piege, remede=piege, note=piege),
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 8


# --- formulaires ------------------------------------------------------------------------------------


class Attributs(HTMLParser):
    """Recueille (balise, attributs) de tout le document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.balises: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.balises.append((tag, dict(attrs)))

    @property
    def identifiants(self) -> list[str]:
        return [a["id"] for _, a in self.balises if a.get("id")]


@pytest.mark.parametrize("donnees", [None, {"total": "0", "montant": "12,345", "debut": "31/02/2025"}])
def test_chaque_boite_a_son_etiquette_et_ses_renvois_existent(donnees):
    page = Attributs(rendre("{% formulaire f %}", f=galerie.ExempleFormulaire(donnees)))
    assert len(page.identifiants) == len(set(page.identifiants))
    cibles = {a["for"] for balise, a in page.balises if balise == "label"}
    for balise, attributs in page.balises:
        if balise in ("input", "select", "textarea"):
            assert attributs["id"] in cibles
            assert "required" not in attributs
        for renvoi in (attributs.get("aria-describedby") or "").split():
            assert renvoi in page.identifiants
        if balise == "a":
            assert attributs["href"].removeprefix("#") in page.identifiants


def test_l_erreur_est_reliee_a_la_boite_et_la_valeur_tapee_est_gardee():
    html = rendre("{% formulaire f %}", f=galerie.ExempleFormulaire({"total": "abc", "intitule": "Cuisine"}))
    page = Attributs(html)
    boite = next(a for _, a in page.balises if a.get("id") == "id_total")
    assert boite["value"] == "abc"
    assert boite["aria-invalid"] == "true"
    assert "id_total_error" in boite["aria-describedby"]
    assert html.index('id="id_total_error"') < html.index('id="id_total"')
    assert "Il y a" in texte(html)
    assert "à corriger" in texte(html)


def test_facultatif_est_un_mot_jamais_un_asterisque():
    html = rendre("{% formulaire f %}", f=galerie.ExempleFormulaire())
    assert html.count('class="facultatif"') == 4
    assert "*" not in html


def test_un_champ_oublie_par_les_groupes_est_montre_quand_meme():
    class Court(Formulaire):
        groupes = (("Un", ("a",)),)
        a = forms.CharField(label="Premier")
        b = forms.CharField(label="Second")

    assert "Second" in rendre("{% formulaire f %}", f=Court())


def test_une_date_en_trois_cases_qui_n_existe_pas_est_refusee_et_gardee():
    donnees = {"fin_jour": "31", "fin_mois": "2", "fin_annee": "2025"}
    formulaire = galerie.ExempleFormulaire(donnees)
    assert "n'existe pas" in formulaire.errors["fin"][0]
    assert 'value="31"' in rendre("{% champ f.fin %}", f=formulaire)
    bon = galerie.ExempleFormulaire({**donnees, "fin_jour": "28"})
    assert "fin" not in bon.errors


def test_les_refus_sont_des_phrases_qui_disent_que_faire():
    formulaire = galerie.ExempleFormulaire({"intitule": "x" * 121, "total": "0", "courriel": "a"})
    for messages in formulaire.errors.values():
        for message in messages:
            assert message.endswith(".")
            assert re.search(r"[A-ZÉ]\w+(ez|ssez)\b|[A-Z]\w+-l", message), message
            assert "Veuillez" not in message
