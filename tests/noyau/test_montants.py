"""K1 à K13 : les scénarios chiffrés de la référence, puis les propriétés."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemblier.noyau import montants as m
from tests.hasard import exemples

D = Decimal
AN_2026 = {"du": date(2026, 1, 1), "au": date(2026, 12, 31)}
SOIXANTE = D("0.60")

sommes = st.integers(min_value=0, max_value=10**11).map(m.de_centimes)
taux = st.integers(min_value=0, max_value=10_000).map(lambda n: D(n) / 10_000)


def nets(texte: str) -> str:
    return texte.replace("\u00a0", " ")


# --- Lire et écrire


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [("18000", "18000.00"), ("0.5", "0.50"), (12, "12.00"), (D("12.340"), "12.34"), ("-3.10", "-3.10")],
)
def test_k1_un_montant_exact_se_lit_au_centime(valeur: object, attendu: str) -> None:
    lu = m.euros(valeur)
    assert str(lu) == attendu


@pytest.mark.parametrize(
    "valeur",
    [
        1.5, True, None, "", "1,5", "1e3", "NaN", "inf", "12.345", "١٢", "１２", " 12", "12.", ".5", "+5",
        "1_000", D("NaN"), D("Infinity"), D("0.001"), "9" * 19, D("1e20"),
    ],
)  # fmt: skip
def test_k1_ce_qui_n_est_pas_un_montant_exact_est_refuse(valeur: object) -> None:
    with pytest.raises(m.MontantInvalide):
        m.euros(valeur)


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("1 234,50 €", "1234.50"),
        ("1\u202f234,50\u00a0€", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1234.5", "1234.50"),
        ("1234,5 euros", "1234.50"),
        ("1.234.567", "1234567.00"),
        ("12 345,67", "12345.67"),
        ("9000", "9000.00"),
        ("\u22125,00 €", "-5.00"),
    ],
)
def test_une_saisie_humaine_se_lit(texte: str, attendu: str) -> None:
    assert str(m.analyser_saisie(texte)) == attendu


@pytest.mark.parametrize("texte", ["12,345", "12.345", "12.345 €"])
def test_une_saisie_ambigue_rend_ses_deux_lectures(texte: str) -> None:
    with pytest.raises(m.MontantAmbigu) as refus:
        m.analyser_saisie(texte)
    assert refus.value.lectures == (D("12345.00"), D("12.35"))
    assert "12 345,00 € ou 12,35 €" in nets(str(refus.value))


@pytest.mark.parametrize(
    "texte",
    ["", "€", "abc", "12 34", "1 2345", "1,2,3", "1.23.456", "12,3456", "0,345",
     "1 234,567", "1e3", "--5", "12,", "1.234.567,89.1"],
)  # fmt: skip
def test_une_saisie_illisible_est_refusee_sans_deviner(texte: str) -> None:
    with pytest.raises(m.MontantInvalide) as refus:
        m.analyser_saisie(texte)
    assert not isinstance(refus.value, m.MontantAmbigu)


@given(st.integers(min_value=-(10**13), max_value=10**13).map(m.de_centimes))
def test_ce_qu_on_ecrit_se_relit(montant: Decimal) -> None:
    assert m.analyser_saisie(m.en_francais(montant)) == montant
    assert m.euros(str(montant)) == montant
    assert m.de_centimes(m.en_centimes(montant)) == montant


@given(st.text(alphabet="0123456789.,-€ e\u00a0", max_size=14))
def test_une_saisie_quelconque_rend_un_montant_ou_une_phrase(texte: str) -> None:
    refus, lu = "", None
    try:
        lu = m.analyser_saisie(texte)
    except m.MontantInvalide as erreur:
        refus = str(erreur)
    assert refus.endswith(".") if lu is None else lu.as_tuple().exponent == -2


def test_l_ecriture_francaise_porte_des_espaces_insecables() -> None:
    assert m.en_francais(D("1234567.5")) == "1\u00a0234\u00a0567,50\u00a0€"
    assert m.en_francais(D("1234.50"), centimes=False) == "1\u00a0235\u00a0€"
    assert m.en_francais(D("-0.05")) == "\u22120,05\u00a0€"
    assert m.pourcent(D("0.8001")) == "80,01\u00a0%"
    assert m.pourcent(D("1.1")) == "110\u00a0%"


def test_p26_le_demi_centime_monte_et_le_plafond_descend() -> None:
    assert m.arrondir(D("0.005")) == D("0.01")
    assert m.arrondir(D("0.00499999")) == 0
    assert m.tronquer(D("8999.995")) == D("8999.99")
    assert m.arrondir(D("2.675")) == D("2.68")


@pytest.mark.parametrize(
    ("montant", "attendu"),
    [
        ("0", "zéro euro"),
        ("0.01", "un centime"),
        ("1", "un euro"),
        ("2.02", "deux euros et deux centimes"),
        ("21", "vingt et un euros"),
        ("71.81", "soixante et onze euros et quatre-vingt-un centimes"),
        ("77", "soixante-dix-sept euros"),
        ("80", "quatre-vingts euros"),
        ("91", "quatre-vingt-onze euros"),
        ("99", "quatre-vingt-dix-neuf euros"),
        ("100", "cent euros"),
        ("200", "deux cents euros"),
        ("201", "deux cent un euros"),
        ("1000", "mille euros"),
        ("1001", "mille un euros"),
        ("12345.67", "douze mille trois cent quarante-cinq euros et soixante-sept centimes"),
        ("80000", "quatre-vingt mille euros"),
        ("280000", "deux cent quatre-vingt mille euros"),
        ("1000000", "un million d'euros"),
        ("80000000", "quatre-vingts millions d'euros"),
        ("2000201", "deux millions deux cent un euros"),
    ],
)
def test_un_montant_s_ecrit_en_lettres(montant: str, attendu: str) -> None:
    assert m.en_lettres(D(montant)) == attendu


_PREMIERS = (
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit",
    "neuf", "dix", "onze", "douze", "treize", "quatorze", "quinze", "seize",
)  # fmt: skip
_DIZAINES = {"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
_MOTS = {mot: rang for rang, mot in enumerate(_PREMIERS)} | _DIZAINES


def relire(lettres: str) -> int:
    """L'inverse, écrit autrement : additionne les mots, « quatre-vingt » et « cent » multiplient."""
    total = milliers = centaine = 0
    for mot in lettres.replace("-", " ").split():
        if mot == "et":
            continue
        if mot.startswith("million"):
            total, milliers, centaine = (milliers + centaine) * 1_000_000, 0, 0
        elif mot == "mille":
            milliers, centaine = (centaine or 1) * 1000, 0
        elif mot.startswith("cent"):
            centaine = (centaine or 1) * 100
        elif mot.startswith("vingt") and centaine % 100 == 4:
            centaine += 76
        else:
            centaine += _MOTS[mot]
    return total + milliers + centaine


@given(st.integers(min_value=1, max_value=999_999_999))
def test_les_lettres_se_relisent(entier: int) -> None:
    lettres = m.en_lettres(D(entier))
    assert relire(lettres.removesuffix("s").removesuffix("euro").replace(" d'", " ")) == entier


@pytest.mark.parametrize("montant", ["-1", "1000000000"])
def test_hors_de_l_echelle_les_lettres_sont_refusees(montant: str) -> None:
    with pytest.raises(m.MontantInvalide):
        m.en_lettres(D(montant))


# --- Part QPV (K2)


def test_s01_soixante_sur_cent_est_conforme() -> None:
    part = m.taux_qpv(total=100, qpv=60)
    assert part.conforme(SOIXANTE)
    assert nets(part.pour_affichage(SOIXANTE)) == "60,0 %"


def test_s02_cinq_cent_quatre_vingt_dix_neuf_sur_mille_est_refuse() -> None:
    part = m.taux_qpv(total=1000, qpv=599)
    assert not part.conforme(SOIXANTE)
    assert part.minimum_requis(SOIXANTE) == 600
    assert nets(part.pour_affichage(SOIXANTE)) == "59,9 %"


def test_s03_l_affichage_ne_contredit_pas_le_refus() -> None:
    part = m.taux_qpv(total=999, qpv=599)
    assert not part.conforme(SOIXANTE)
    assert nets(part.pour_affichage(SOIXANTE)) == "59,96 %"
    assert part.minimum_requis(SOIXANTE) == 600


def test_s04_trois_sur_cinq_est_conforme() -> None:
    assert m.taux_qpv(total=5, qpv=3).conforme(SOIXANTE)


def test_s05_zero_sur_zero_demande_le_total() -> None:
    with pytest.raises(m.TotalRequis, match="total"):
        m.taux_qpv(total=0, qpv=0)


@pytest.mark.parametrize(("total", "qpv"), [(25, 30), (10, -1), (-5, 0)])
def test_s06_trente_sur_vingt_cinq_est_incoherent(total: int, qpv: int) -> None:
    with pytest.raises(m.EffectifIncoherent):
        m.taux_qpv(total=total, qpv=qpv)


@pytest.mark.parametrize("seuil", [D(60), D(0), D("1.01")])
def test_un_seuil_s_ecrit_en_fraction(seuil: Decimal) -> None:
    with pytest.raises(ValueError, match="entre 0 et 1"):
        m.taux_qpv(total=10, qpv=6).conforme(seuil)


@given(st.integers(1, 100_000), st.data(), st.integers(1, 10_000).map(lambda n: D(n) / 10_000))
def test_k2_verdict_minimum_et_affichage_s_accordent(total: int, data: st.DataObject, seuil: Decimal) -> None:
    qpv = data.draw(st.integers(0, total))
    part = m.taux_qpv(total=total, qpv=qpv)
    assert part.conforme(seuil) == (Fraction(qpv, total) >= Fraction(seuil))
    assert part.conforme(seuil) == (qpv >= part.minimum_requis(seuil))
    affiche = Fraction(nets(part.pour_affichage(seuil)).removesuffix(" %").replace(",", "."))
    assert (affiche >= Fraction(seuil) * 100) == part.conforme(seuil)


# --- Équilibre et assiette (K3, K10)


def test_s29_un_euro_d_ecart_n_est_pas_equilibre() -> None:
    plan = m.equilibre(charges={"60": D(20000)}, produits={"74": D(19999)})
    assert not plan.est_equilibre
    assert plan.ecart == D("1.00")


def test_s30_le_benevolat_s_equilibre_a_part() -> None:
    plan = m.equilibre(charges={"60": D(15000), "86": D(3000)}, produits={"74": D(15000), "87": D(2500)})
    assert (plan.ecart, plan.ecart_volontaires, plan.est_equilibre) == (0, D(500), False)


def test_s31_un_budget_reel_est_equilibre() -> None:
    charges = {"60": D(41112), "64": D(100000), "86": D(116000)}
    plan = m.equilibre(
        charges=charges,
        produits={
            "74": {"CALL": D(18425), "ETAT": D(100000)},
            "autofinancement": D(22687),
            "87": D(116000),
        },
    )
    assert plan.est_equilibre
    assert plan.total_general == D(257112)
    assert m.assiette(charges=charges) == D(141112)


def test_deux_ecarts_qui_se_compensent_ne_font_pas_un_equilibre() -> None:
    plan = m.equilibre(charges={"60": D(100), "86": D(50)}, produits={"74": D(50), "87": D(100)})
    assert not plan.est_equilibre


def test_k3_les_sous_comptes_et_les_charges_indirectes_comptent() -> None:
    assert m.assiette(charges={"604": D(10), "60": D(5), "indirectes": D(1), "860": D(99)}) == D(16)


@pytest.mark.parametrize("compte", ["70", "87", "6", "soixante", "", "6a"])
def test_un_compte_qui_n_est_pas_une_charge_est_refuse(compte: str) -> None:
    with pytest.raises(m.CompteInconnu):
        m.assiette(charges={compte: D(1)})


@pytest.mark.parametrize("compte", ["60", "86", "indirectes", "7"])
def test_un_compte_qui_n_est_pas_un_produit_est_refuse(compte: str) -> None:
    with pytest.raises(m.CompteInconnu):
        m.equilibre(charges={}, produits={compte: D(1)})


def test_une_charge_negative_est_refusee() -> None:
    with pytest.raises(m.MontantInvalide, match="négatif"):
        m.assiette(charges={"60": D(-1)})


# --- Taux et plafond (K4, K5)


def plafond(assiette: str, taux: m.Taux) -> Decimal | None:
    return m.plafonner(charges={"60": D(assiette)}, taux=taux.valeur).montant


def test_s32_neuf_mille_est_la_moitie_de_dix_huit_mille() -> None:
    resultat = m.plafonner(charges={"60": D(12000), "64": D(6000)}, taux=D("0.50"))
    assert resultat.montant == D("9000.00")
    assert nets(resultat.lignes[-1].calcul) == "18 000,00 € × 50 % = 9 000,00 €"


def test_s33_un_euro_de_trop_est_ramene_au_plafond() -> None:
    borne = m.attribuable(
        demande=D(9001), plafond=D(9000), reste_enveloppe=None, assiette=D(18000), autres_ressources=D(0)
    )
    assert (borne.montant, borne.limite) == (D("9000.00"), "plafond")


def test_s34_le_plafond_est_tronque() -> None:
    resultat = m.plafonner(charges={"60": D("17999.99")}, taux=D("0.50"))
    assert resultat.montant == D("8999.99")
    assert "8 999,995 €, au centime inférieur 8 999,99 €" in nets(resultat.lignes[-1].calcul)


def test_s35_le_benevolat_ne_compte_pas_dans_l_assiette() -> None:
    resultat = m.plafonner(charges={"60": D(24000), "86": D(6000)}, taux=D("0.50"))
    assert (resultat.assiette, resultat.montant) == (D(24000), D(12000))


def test_s36_un_critere_valide_permet_quatre_vingts() -> None:
    assert plafond("15000", m.taux_admis(taux_jury=D("0.80"), criteres_valides=1)) == D(12000)


def test_s37_un_critere_declare_non_valide_laisse_le_taux_de_base() -> None:
    assert plafond("15000", m.taux_admis(taux_jury=None, criteres_valides=0)) == D(7500)
    retenu = m.taux_applicable(taux_jury=D("0.80"), criteres_valides=0)
    assert plafond("15000", retenu) == D(7500)
    assert "valider" in retenu.raison


def test_s38_le_jury_fixe_le_taux_entre_les_bornes() -> None:
    assert plafond("15000", m.taux_admis(taux_jury=D("0.65"), criteres_valides=1)) == D(9750)


def test_s39_au_dela_du_maximum_est_refuse() -> None:
    with pytest.raises(m.TauxRefuse, match="80,01") as refus:
        m.taux_admis(taux_jury=D("0.8001"), criteres_valides=3)
    assert refus.value.maximum == D("0.80")


def test_s40_sans_critere_valide_le_maximum_est_le_taux_de_base() -> None:
    with pytest.raises(m.TauxRefuse, match="50,01") as refus:
        m.taux_admis(taux_jury=D("0.5001"), criteres_valides=0)
    assert refus.value.maximum == D("0.50")
    assert m.taux_admis(taux_jury=D("0.50"), criteres_valides=0).valeur == D("0.50")


def test_un_taux_sous_la_base_est_refuse() -> None:
    with pytest.raises(m.TauxRefuse):
        m.taux_admis(taux_jury=D("0.4999"), criteres_valides=2)


def test_p34_sans_taux_il_n_y_a_pas_de_plafond() -> None:
    resultat = m.plafonner(charges={"60": D(20000)}, taux=None)
    assert (resultat.taux, resultat.montant, resultat.assiette) == (None, None, D(20000))


def test_un_taux_ecrit_en_pour_cent_est_refuse() -> None:
    with pytest.raises(m.TauxRefuse):
        m.plafonner(charges={"60": D(1)}, taux=D(50))


@given(sommes, taux)
def test_k5_le_plafond_ne_depasse_jamais_et_manque_de_moins_d_un_centime(base: Decimal, t: Decimal) -> None:
    montant = m.plafonner(charges={"60": base}, taux=t).montant
    assert montant is not None
    assert 0 <= Fraction(base) * Fraction(t) - Fraction(montant) < Fraction(1, 100)


# --- Cumul, attribuable (K6, P25)


def test_s41_cent_dix_pour_cent_a_un_excedent() -> None:
    cumul = m.cumul_financements(
        financements={"ETAT": D(8000), "CALL": D(10000), "LENS": D(4000)}, cout=D(20000)
    )
    assert (cumul.total, cumul.excedent, cumul.taux) == (D(22000), D(2000), D("1.1"))
    assert "110 %" in nets(cumul.lignes[1].calcul)


def test_s42_tout_finance_est_admis_mais_les_aides_publiques_depassent() -> None:
    parts = {"ETAT": D(6000), "CALL": D(10000), "LENS": D(4000)}
    assert m.cumul_financements(financements=parts, cout=D(20000)).excedent == 0
    aides = m.taux_aides_publiques(produits_publics=parts, assiette=D(20000))
    assert aides.taux == 1
    assert aides.depasse(D("0.80"))
    assert not m.taux_aides_publiques(produits_publics={"ETAT": D(80)}, assiette=D(100)).depasse(D("0.80"))


def test_sans_assiette_le_taux_d_aides_n_a_pas_de_sens() -> None:
    assert m.taux_aides_publiques(produits_publics={}, assiette=D(0)).taux is None


def test_s43_l_enveloppe_limite() -> None:
    borne = m.attribuable(
        demande=D(9000), plafond=D(12000), reste_enveloppe=D(7300), assiette=D(24000), autres_ressources=D(0)
    )
    assert (borne.montant, borne.limite) == (D("7300.00"), "enveloppe")


def test_s80_sans_taux_les_autres_ressources_limitent_et_avec_taux_le_plafond() -> None:
    commun = {
        "demande": D(12000),
        "reste_enveloppe": None,
        "assiette": D(20000),
        "autres_ressources": D(8000),
    }
    assert m.attribuable(plafond=None, **commun).montant == D(12000)
    fixe = m.plafonner(charges={"60": D(20000)}, taux=D("0.50"))
    assert m.attribuable(plafond=fixe.montant, **commun).montant == D(10000)


montant_ou_rien = st.none() | sommes


@given(sommes, montant_ou_rien, montant_ou_rien, sommes, sommes)
def test_k6_jamais_negatif_ni_au_dessus_d_une_borne(
    demande: Decimal, plaf: Decimal | None, reste: Decimal | None, assiette: Decimal, autres: Decimal
) -> None:
    borne = m.attribuable(
        demande=demande, plafond=plaf, reste_enveloppe=reste, assiette=assiette, autres_ressources=autres
    )
    bornes = [b for b in (demande, plaf, reste, max(assiette - autres, D(0))) if b is not None]
    assert borne.montant == max(min(bornes), D(0))


# --- Échéancier (K7)


def versements(attribue: str) -> list[Decimal]:
    return [t.montant for t in m.echeancier(attribue=D(attribue)).tranches]


def test_s44_dix_mille_se_verse_en_une_fois() -> None:
    (tranche,) = m.echeancier(attribue=D(10000)).tranches
    assert (tranche.montant, tranche.part, tranche.condition) == (D(10000), 1, "notification")


def test_s45_dix_mille_et_un_centime_se_verse_en_deux_fois() -> None:
    assert versements("10000.01") == [D("8000.01"), D("2000.00")]


def test_s46_l_acompte_est_arrondi_et_le_solde_est_le_reste() -> None:
    assert versements("12345.67") == [D("9876.54"), D("2469.13")]


def test_s47_trois_centimes_de_plus() -> None:
    assert versements("10000.03") == [D("8000.02"), D("2000.01")]


def test_s48_l_acompte_attend_la_convention_et_le_solde_le_bilan() -> None:
    premier, second = m.echeancier(attribue=D(15000)).tranches
    assert (premier.montant, premier.condition) == (D(12000), "convention")
    assert (second.montant, second.condition, second.part) == (D(3000), "bilan", D("0.20"))


def test_rien_d_attribue_rien_a_verser() -> None:
    assert m.echeancier(attribue=D(0)).tranches == ()


def test_sans_seuil_un_seul_versement() -> None:
    assert len(m.echeancier(attribue=D(50000), seuil=None).tranches) == 1


@given(sommes, st.none() | sommes, taux.filter(bool))
def test_k7_les_tranches_font_exactement_le_montant(
    attribue: Decimal, seuil: Decimal | None, part: Decimal
) -> None:
    tranches = m.echeancier(attribue=attribue, seuil=seuil, part=part).tranches
    assert sum((t.montant for t in tranches), D(0)) == attribue
    assert all(t.montant > 0 for t in tranches)
    assert [t.rang for t in tranches] == list(range(1, len(tranches) + 1))
    assert not tranches or sum(t.part for t in tranches) == 1


# --- Convention (K8), solde (K9), retrait (K12)


def test_s51_vingt_trois_mille_pile_n_oblige_que_localement() -> None:
    convention = m.convention_requise(deja_attribues=[], attribue=D(23000))
    assert (convention.legale, convention.locale, convention.requise) == (False, True, True)


def test_s52_le_cumul_de_l_exercice_oblige() -> None:
    convention = m.convention_requise(deja_attribues=[D(12000)], attribue=D("11000.01"))
    assert convention.cumul == D("23000.01")
    assert convention.legale


def test_p28_dix_mille_pile_ne_demande_pas_de_convention() -> None:
    assert not m.convention_requise(deja_attribues=[], attribue=D(10000)).requise
    assert not m.convention_requise(deja_attribues=[], attribue=D(20000), seuil_local=None).requise


def solder(cout_reel: str, **variante: object) -> m.Solde:
    return m.solde(
        attribue=D(12000), assiette_prevue=D(24000), cout_reel=D(cout_reel), verse=D(9600), **variante
    )


@pytest.mark.parametrize(
    ("cout_reel", "du", "reste", "trop_percu"),
    [
        pytest.param("20000", "10000", "400", "0", id="S53"),
        pytest.param("18000", "9000", "0", "600", id="S54"),
        pytest.param("26000", "12000", "2400", "0", id="S55"),
        pytest.param("0", "0", "0", "9600", id="S56"),
    ],
)
def test_s53_a_s56_le_solde_suit_le_cout_reel(cout_reel: str, du: str, reste: str, trop_percu: str) -> None:
    solde = solder(cout_reel)
    assert (solde.du, solde.reste, solde.trop_percu) == (D(du), D(reste), D(trop_percu))


def test_p27_le_forfait_est_du_des_que_l_action_a_coute() -> None:
    assert solder("1", regle="forfait").du == D(12000)
    assert solder("0", regle="forfait").trop_percu == D(9600)


def test_p27_la_franchise_efface_un_petit_ecart_seulement() -> None:
    cinq = {"regle": "franchise", "franchise": D("0.05")}
    assert solder("22800", **cinq).du == D(12000)
    assert solder("22799.99", **cinq).du == D("11400.00")
    assert solder("0", **cinq).du == 0


def test_sans_assiette_prevue_le_prorata_est_refuse() -> None:
    with pytest.raises(m.MontantInvalide, match="assiette"):
        m.solde(attribue=D(10), assiette_prevue=D(0), cout_reel=D(5), verse=D(0))


@given(
    sommes, sommes.filter(bool), sommes, sommes, st.sampled_from(["prorata", "forfait", "franchise"]), taux
)
def test_k9_du_reste_et_trop_percu_se_tiennent(
    attribue: Decimal, prevue: Decimal, reel: Decimal, verse: Decimal, regle: str, franchise: Decimal
) -> None:
    solde = m.solde(
        attribue=attribue,
        assiette_prevue=prevue,
        cout_reel=reel,
        verse=verse,
        regle=regle,
        franchise=franchise,
    )
    assert 0 <= solde.du <= attribue
    assert solde.du == verse + solde.reste - solde.trop_percu
    assert min(solde.reste, solde.trop_percu) == 0
    if regle == "prorata":
        exact = Fraction(reel) * Fraction(attribue) / Fraction(prevue)
        assert solde.du == min(attribue, m.arrondir(exact))


def test_s58_le_retrait_porte_sur_quatre_vingt_douze_jours() -> None:
    retrait = m.retrait_cer(montant=D(12000), manquement=date(2026, 10, 1), **AN_2026)
    assert (retrait.montant, retrait.jours_restants, retrait.jours_total) == (D("3024.66"), 92, 365)


def test_k12_hors_de_la_periode_tout_ou_rien() -> None:
    assert m.retrait_cer(montant=D(100), manquement=date(2025, 5, 1), **AN_2026).montant == D(100)
    assert m.retrait_cer(montant=D(100), manquement=date(2027, 1, 1), **AN_2026).montant == 0
    assert m.retrait_cer(montant=D(365), manquement=date(2026, 12, 31), **AN_2026).montant == D(1)


# --- Répartir


def test_le_centime_restant_va_au_plus_fort_reste() -> None:
    parts = m.repartir(montant=D(100), poids={"a": 1, "b": 1, "c": 1}).parts
    assert parts == {"a": D("33.34"), "b": D("33.33"), "c": D("33.33")}
    parts = m.repartir(montant=D("0.10"), poids={"a": 1, "b": 6}).parts
    assert parts == {"a": D("0.01"), "b": D("0.09")}


def test_a_poids_nuls_les_parts_sont_egales() -> None:
    assert m.repartir(montant=D(10), poids={"a": 0, "b": 0}).parts == {"a": D(5), "b": D(5)}


def test_on_ne_repartit_pas_entre_personne() -> None:
    assert m.repartir(montant=D(0), poids={}).parts == {}
    with pytest.raises(ValueError, match="personne"):
        m.repartir(montant=D(1), poids={})
    with pytest.raises(ValueError, match="négatif"):
        m.repartir(montant=D(1), poids={"a": -1, "b": 2})


@given(sommes, st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), min_size=1, max_size=8))
def test_les_parts_font_exactement_le_montant(montant: Decimal, poids: dict[str, int]) -> None:
    parts = m.repartir(montant=montant, poids=poids).parts
    assert sum(parts.values(), D(0)) == montant
    somme = sum(poids.values())
    for cle, part in parts.items():
        ideal = Fraction(montant) * poids[cle] / somme if somme else Fraction(montant) / len(poids)
        assert abs(Fraction(part) - ideal) < Fraction(1, 100)


# --- Bilan (§C.8) et jury (K13)


def test_s57_cinquante_cinq_sur_cent_est_sous_le_seuil() -> None:
    assert not m.taux_qpv(total=100, qpv=55).conforme(SOIXANTE)


def test_s75_une_personne_manque_sauf_si_non_renseignee() -> None:
    (phrase,) = m.verifier_effectifs(total=22, par_sexe={"F": 12, "H": 9})
    assert "12 + 9 = 21" in phrase
    assert "22" in phrase
    assert m.verifier_effectifs(total=22, par_sexe={"F": 12, "H": 9, "non_renseigne": 1}) == ()


def test_les_controles_du_bilan_se_disent_tous_a_la_fois() -> None:
    phrases = m.verifier_effectifs(
        total=10, dont_qpv=11, par_sexe={"F": 12}, par_age={"6-10": 3}, par_qpv={"QN06226M": 4}
    )
    assert len(phrases) == 4
    assert (
        m.verifier_effectifs(
            total=10, dont_qpv=6, par_sexe={"F": 4, "H": 6}, par_age={"6-10": 10}, par_qpv={"A": 2, "B": 4}
        )
        == ()
    )
    assert m.verifier_effectifs(total=3, par_qpv={"A": 2, "B": 4})
    assert m.verifier_effectifs(total=3, par_sexe={"F": 4, "H": -1})


def test_k13_note_puis_part_qpv_puis_depot() -> None:
    def candidat(code: str, note: str, qpv: int, jour: int) -> m.Candidat:
        return m.Candidat(code, D(note), 100, qpv, datetime(2025, 5, jour, tzinfo=UTC))

    rangs = m.classer(
        [
            candidat("tardif", "80", 70, 20),
            candidat("premier", "90.25", 60, 20),
            candidat("tot", "80", 70, 10),
            candidat("cible", "80", 71, 25),
        ]
    )
    assert [c.code for c in rangs] == ["premier", "cible", "tot", "tardif"]


def test_c6_le_score_pondere_les_notes() -> None:
    poids = {"ciblage": 20, "pilier": 80}
    assert m.score(notes={"ciblage": 4, "pilier": 2}, poids=poids) == D(60)
    assert m.score(notes={"ciblage": 1, "pilier": 3}, poids=poids) == D(65)
    for notes in ({"ciblage": 4}, {"ciblage": 5, "pilier": 0}, {"ciblage": 1, "pilier": 1, "autre": 1}):
        with pytest.raises(m.GrilleIncomplete):
            m.score(notes=notes, poids=poids)


def test_s69_la_moyenne_se_fait_sur_ceux_qui_ont_note() -> None:
    assert m.moyenne([D(60), D("65.5")]) == D("62.75")
    assert m.moyenne([]) is None


@settings(max_examples=exemples(30))
@given(sommes)
def test_un_resultat_ne_se_modifie_pas(attribue: Decimal) -> None:
    echeancier = m.echeancier(attribue=attribue)
    with pytest.raises(AttributeError):
        echeancier.tranches = ()
