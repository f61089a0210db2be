"""Les numéros recopiés : chaque refus dit quoi, pourquoi, que faire (S25-S28)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ensemblier.comptes.forms import CreationForm, InvitationForm, RibForm
from tests import fabriques

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\1\0\0\0\1" + b"\0" * 9 + b"\0\0\0\0IEND\xaeB`\x82"


def _organisme(**champs):
    return CreationForm(
        {
            "nom": "Asso", "type": "association", "siret": "", "rna": "W624001234", "adresse": "1 rue",
            "code_postal": "62300", "commune": "Lens", "courriel": "", "telephone": "",
            "representant_nom": "A", "representant_fonction": "Présidente", "fin_d_exercice": "12-31",
            "fonction": "Présidente", "mandat": "Représentante légale", "atteste": "on", **champs,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("siret", "valide"),
    [
        ("12345678200010", True),
        ("12345678200011", False),
        ("35600000009075", True),
        ("35600000009076", False),
        ("123 456 782 00010", True),
        ("1234567820001", False),
        ("1234567820001O", False),
    ],
)
def test_s25_s26_le_siret_est_controle_par_sa_cle(siret, valide):
    form = _organisme(siret=siret)
    assert form.is_valid() is valide, form.errors
    if valide:
        assert form.champs()["siren"] == form.cleaned_data["siret"][:9]
    else:
        assert "Vérifiez" in form.errors["siret"][0] or "Recopiez" in form.errors["siret"][0]


@pytest.mark.parametrize(
    ("rna", "valide"), [("W624001234", True), ("W2A1000123", True), ("624001234", False)]
)
def test_s27_le_rna_est_controle_par_sa_forme(rna, valide):
    form = _organisme(rna=rna)
    assert form.is_valid() is valide
    if valide:
        assert bool(form.avertissement()) is (rna == "W2A1000123")


def test_un_organisme_sans_aucun_numero_est_refuse():
    form = _organisme(rna="")
    assert not form.is_valid()
    assert "Écrivez son SIRET" in form.errors["siret"][0]


@pytest.mark.parametrize("fin", ["13-01", "12-32", "12/31", "x", "12-"])
def test_une_fin_d_exercice_qui_n_existe_pas_est_refusee(fin):
    assert "fin_d_exercice" in _organisme(fin_d_exercice=fin).errors


@pytest.mark.parametrize(
    ("iban", "valide"),
    [("FR1420041010050500013M02606", True), ("FR1420041010050500013M02607", False), ("FR14", False)],
)
def test_s28_l_iban_est_controle_et_jamais_repete_dans_le_refus(iban, valide):
    form = RibForm({"titulaire": "Asso", "iban": iban}, {"fichier": SimpleUploadedFile("rib.png", PNG)})
    assert ("iban" not in form.errors) is valide
    if not valide:
        assert iban not in form.errors["iban"][0]


@pytest.mark.parametrize(
    "octets", [b"", b"MZ" + b"\0" * 64, b"%PDF-1.4 faux", b"<html><script>x</script></html>", b"PK\x03\x04"]
)
def test_une_piece_qui_n_est_pas_un_rib_lisible_est_refusee(octets):
    fichiers = {"fichier": SimpleUploadedFile("rib.pdf", octets, content_type="application/pdf")}
    form = RibForm({"titulaire": "Asso", "iban": fabriques.IBAN}, fichiers)
    assert "fichier" in form.errors


def test_une_signataire_a_un_mandat():
    form = InvitationForm({"courriel": "x@y.example", "qualite": "signataire", "fonction": "Trésorière"})
    assert "mandat" in form.errors
