"""Le dossier dans l'ordre du Cerfa 12156*06, et la feuille à recopier sur Dauphin (B2, R35, R41, R62)."""

from decimal import Decimal
from html import unescape

import pytest
from django.template.loader import render_to_string

from ensemblier.dossiers import formulaire, pdf
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from tests import fabriques as f

pytestmark = pytest.mark.django_db


def _contexte(brouillon, monkeypatch):
    """Ce que le PDF écrirait, sans l'écrire."""
    ecrits = {}
    monkeypatch.setattr(pdf, "ecrire_pdf", lambda gabarit, contexte, **_: ecrits.update({gabarit: contexte}))
    pdf.en_cerfa(brouillon)
    html = render_to_string("dossiers/pdf/cerfa.html", ecrits["dossiers/pdf/cerfa.html"])
    return unescape(html).replace("\u00a0", " ")


def test_le_cerfa_suit_les_sept_rubriques_et_laisse_en_blanc_ce_qu_on_ne_demande_pas(monkeypatch):
    brouillon = f.dossier("aap-2026", budget__charges__86="500.00", budget__produits__87="500.00")
    Dossier.objects.filter(pk=brouillon.pk).update(description="Des ateliers d'emploi.")
    texte = _contexte(Dossier.objects.get(pk=brouillon.pk), monkeypatch)
    titres = ("1. Identification", "2. Relations avec l'administration", "3. Relations avec d'autres",
              "4. Moyens humains", "5. Budget de l'organisme", "6. Projet", "Budget du projet",
              "7. Attestations")  # fmt: skip
    rangs = [texte.index(titre) for titre in titres]
    assert rangs == sorted(rangs)
    assert texte.index("Pilier : Agir.") < texte.index("Des ateliers d'emploi."), (
        "le pilier en préambule (R41)"
    )
    assert "État, Région" not in texte
    assert "État, Département, Intercommunalité" in texte
    assert "Les Jardins de la fosse 12" in texte
    assert "W624001234" in texte
    assert texte.count("……………………") > 8
    for montant in ("20 000,00 €", "20 500,00 €", "500,00 €", "8 000,00 €"):
        assert montant in texte, montant


def test_le_budget_garde_tous_les_comptes_et_une_ligne_par_financeur():
    charges, produits = formulaire.budget(Reponses(f.dossier("aap-2026")))
    noms = [nom for nom, _ in produits.lignes]
    etat = next(nom for nom in noms if nom.startswith("74 ") and "État" in nom)
    assert (
        noms.index("Dotations et tarifs (73)")
        < noms.index(etat)
        < noms.index("Cotisations, dons, mécénat (75)")
    )
    assert (charges.total, produits.total) == (Decimal("20000.00"), Decimal("20000.00"))
    assert len(charges.lignes) == 11, "les comptes 60 à 69 et les charges indirectes, vides compris (K3)"


def test_la_lettre_additionne_les_demandes_faites_a_l_agglomeration(monkeypatch):
    """R62 : le montant sollicité, dispositifs de l'agglomération réunis."""
    brouillon, ecrits = f.dossier("ami-2025"), {}
    monkeypatch.setattr(pdf, "ecrire_pdf", lambda gabarit, contexte, **_: ecrits.update(contexte))
    pdf.lettre(brouillon)
    assert ecrits["montant"] == Decimal("9000.00")


def test_la_feuille_a_recopier_n_existe_que_si_l_appel_demande_une_plateforme():
    amina = f.client("amina")
    aap, ami = f.dossier("aap-2026"), f.dossier("ami-2025")
    page = amina.get(f"/dossiers/{aap.numero}/recopie/").content.decode()
    assert "À recopier sur Dauphin" in page
    assert "À remplir là-bas" in page
    assert "code État" in page
    assert amina.get(f"/dossiers/{ami.numero}/recopie/").status_code == 404
    assert "À recopier sur Dauphin" in amina.get(f"/dossiers/{aap.numero}/").content.decode()


def test_le_cerfa_est_un_pdf():
    reponse = f.client("amina").get(f"/dossiers/{f.dossier('ami-2025').numero}/cerfa.pdf")
    assert reponse["Content-Type"] == "application/pdf"
    assert reponse.content.startswith(b"%PDF")
