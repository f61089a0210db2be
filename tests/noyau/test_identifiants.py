"""Les numéros recopiés, justes ou faux (B.1, R19, R68, P18 ; S25 à S28)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemblier.noyau import identifiants as i

IBAN = "FR1420041010050500013M02606"


def nets(texte: str) -> str:
    return texte.replace("\u00a0", " ")


def test_s25_la_cle_du_siret() -> None:
    assert nets(i.siret("123 456 782 00010").affichage) == "123 456 782 00010"
    assert i.siret("12345678200010").valeur == "12345678200010"
    with pytest.raises(i.IdentifiantInvalide, match="clé"):
        i.siret("12345678200011")


def test_s26_la_poste_a_sa_propre_cle() -> None:
    assert i.siret("35600000009075").valeur == "35600000009075"
    assert i.siret("35600000000048").valeur == "35600000000048"
    with pytest.raises(i.IdentifiantInvalide, match="clé"):
        i.siret("35600000009076")


def test_la_regle_de_la_poste_ne_vaut_que_pour_elle() -> None:
    ordinaire = "12345678200011"
    assert sum(map(int, ordinaire)) % 5 == 0
    with pytest.raises(i.IdentifiantInvalide):
        i.siret(ordinaire)


@pytest.mark.parametrize(
    "texte", ["000000000", "12345678", "123456789", "12345678A", "", "１２３４５６７８２", "246200365"]
)
def test_un_siren_faux_est_refuse(texte: str) -> None:
    with pytest.raises(i.IdentifiantInvalide):
        i.siren(texte)


def test_le_siren_de_l_agglomeration() -> None:
    assert nets(i.siren("246200364").affichage) == "246 200 364"


def test_un_siret_nul_est_refuse() -> None:
    with pytest.raises(i.IdentifiantInvalide):
        i.siret("0" * 14)


def test_s27_le_rna_avec_ou_sans_lettre() -> None:
    assert i.rna("w624 001 234").avertissement == ""
    avec_lettre = i.rna("W2A1000123")
    assert avec_lettre.valeur == "W2A1000123"
    assert "SCDL" in avec_lettre.avertissement
    for faux in ("624001234", "W62400123", "WA24001234", "W6240012345"):
        with pytest.raises(i.IdentifiantInvalide):
            i.rna(faux)


def test_s28_la_cle_de_l_iban() -> None:
    assert nets(i.iban(IBAN).affichage) == "FR14 2004 1010 0505 0001 3M02 606"
    assert i.iban("fr14 2004 1010 0505 0001 3M02 606").valeur == IBAN
    with pytest.raises(i.IdentifiantInvalide, match="clé"):
        i.iban(IBAN[:-1] + "7")


def test_un_iban_au_bon_modulo_mais_a_la_cle_rib_fausse_est_refuse() -> None:
    faux_rib = IBAN[4:-2] + "07"
    cle = 98 - int("".join(str(int(x, 36)) for x in faux_rib + "FR00")) % 97
    with pytest.raises(i.IdentifiantInvalide, match="clé"):
        i.iban(f"FR{cle:02d}{faux_rib}")


def test_un_iban_etranger_est_signale_et_un_iban_court_refuse() -> None:
    assert "hors de France" in i.iban("BE31 4354 1116 1155").avertissement
    for faux in ("FR14", IBAN[:-1], "XX" + IBAN[2:], "1420041010050500013M02606"):
        with pytest.raises(i.IdentifiantInvalide):
            i.iban(faux)


def test_le_refus_d_un_iban_ne_le_repete_pas() -> None:
    with pytest.raises(i.IdentifiantInvalide) as refus:
        i.iban(IBAN[:-1] + "7")
    assert "2004" not in nets(str(refus.value)).replace(" ", "")


def test_un_iban_masque_ne_montre_que_les_bords() -> None:
    assert nets(i.masquer_iban(IBAN)) == "FR14 •••• •••• •••• •••• •••2 606"
    assert i.masquer_iban("FR1420") == "••••••"


def test_la_cle_rib_de_l_exemple() -> None:
    assert i.cle_rib(banque="20041", guichet="01005", compte="0500013M026") == "06"
    assert nets(i.rib("20041 01005 0500013M026 06").affichage) == "20041 01005 0500013M026 06"
    for faux in ("20041 01005 0500013M026 07", "20041 01005", "2004A010050500013M02606"):
        with pytest.raises(i.IdentifiantInvalide):
            i.rib(faux)


@given(st.from_regex(r"[0-9]{10}[0-9A-Z]{11}", fullmatch=True))
def test_une_cle_rib_calculee_est_acceptee_et_une_autre_non(debut: str) -> None:
    cle = i.cle_rib(banque=debut[:5], guichet=debut[5:10], compte=debut[10:])
    assert i.rib(debut + cle).valeur == debut + cle
    autre = f"{(int(cle) + 1) % 97:02d}"
    with pytest.raises(i.IdentifiantInvalide):
        i.rib(debut + autre)


def test_r19_un_code_2015_est_signale() -> None:
    assert i.code_qpv("qn06226m") == i.Identifiant("QN06226M", "QN06226M")
    assert "2015" in i.code_qpv("QP062026").avertissement
    for faux in ("QX062026", "QN06226", "QN06226MM"):
        with pytest.raises(i.IdentifiantInvalide):
            i.code_qpv(faux)


def test_r19_la_correspondance_est_une_table_pas_une_regle() -> None:
    table = {"QP062026": "QN06226M"}
    resultat = i.code_qpv_2015_vers_2024("QP062026", table=table)
    assert resultat.valeur == "QN06226M"
    assert "QP062026" in resultat.avertissement
    assert i.code_qpv_2015_vers_2024("QN06226M", table={}).avertissement == ""
    with pytest.raises(i.IdentifiantInvalide, match="correspondance"):
        i.code_qpv_2015_vers_2024("QP062027", table=table)


@pytest.mark.parametrize("texte", ["DA01234567", "01234567", "da 01234567", "DA01234567-2"])
def test_p18_un_numero_dauphin_se_lit(texte: str) -> None:
    assert re.fullmatch(r"(DA)?\d{8}(-\d+)?", i.numero_dauphin(texte).valeur)


@pytest.mark.parametrize("texte", ["DA1234567", "DB01234567", "012345678", "DA01234567-", "DA٠١٢٣٤٥٦٧"])
def test_p18_un_numero_dauphin_faux_est_refuse(texte: str) -> None:
    with pytest.raises(i.IdentifiantInvalide):
        i.numero_dauphin(texte)


@pytest.mark.parametrize(
    "texte",
    [
        "03 53 010 530", "0353010530", "03 53 01 05 30", "03-53-01-05-30",
        "+33 3 53 01 05 30", "0033353010530", "+33 (0)3.53.01.05.30",
    ],
)  # fmt: skip
def test_r68_un_meme_numero_s_ecrit_de_plusieurs_facons(texte: str) -> None:
    lu = i.telephone(texte)
    assert (lu.valeur, nets(lu.affichage)) == ("+33353010530", "03 53 01 05 30")


@pytest.mark.parametrize(
    "texte", ["", "035301053", "03530105301", "0053", "3353010530", "+33053010530", "bonjour"]
)
def test_un_numero_de_telephone_faux_est_refuse(texte: str) -> None:
    with pytest.raises(i.IdentifiantInvalide):
        i.telephone(texte)


def test_un_numero_etranger_est_signale() -> None:
    assert i.telephone("+32 2 555 12 34").avertissement


@pytest.mark.parametrize(
    ("texte", "longueur", "attendu"),
    [
        ("5678200010", 14, "00005678200010"),
        ("1234567820001.0", 14, "01234567820001"),
        ("12345678200010", 14, "12345678200010"),
        ("1234567", 8, "01234567"),
        ("12 345,00", 8, "00012345"),
    ],
)
def test_un_numero_abime_par_un_tableur_se_repare(texte: str, longueur: int, attendu: str) -> None:
    assert i.reparer_tableur(texte, longueur) == attendu


@pytest.mark.parametrize(
    "texte", ["1.23456782E+13", "1,2E13", "2e10", "123456782", "123456789012345", "W624001234", "12.5", ""]
)
def test_un_numero_irreparable_est_refuse(texte: str) -> None:
    with pytest.raises(i.IdentifiantInvalide):
        i.reparer_tableur(texte, 14)


FONCTIONS = (i.siren, i.siret, i.rna, i.iban, i.rib, i.code_qpv, i.numero_dauphin, i.telephone)


@pytest.mark.parametrize("fonction", FONCTIONS, ids=lambda f: f.__name__)
@given(texte=st.text(max_size=30))
def test_un_texte_quelconque_rend_un_identifiant_ou_une_phrase(
    fonction: Callable[[str], i.Identifiant], texte: str
) -> None:
    refus, lu = "", None
    try:
        lu = fonction(texte)
    except i.IdentifiantInvalide as erreur:
        refus = str(erreur)
    if lu is None:
        assert refus.endswith(".")
    else:
        assert fonction(lu.valeur).valeur == fonction(lu.affichage).valeur == lu.valeur
