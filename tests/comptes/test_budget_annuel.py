"""Le budget d'un organisme, dit une fois par exercice et repris dans le Cerfa (§B.2, rubrique 5)."""

import io
from decimal import Decimal
from html import unescape

import pikepdf
import pytest
import time_machine

from ensemblier.comptes import actes_budget
from ensemblier.comptes.actes_budget import decrire_le_budget
from ensemblier.comptes.models import BudgetAnnuel, LigneAnnuelle
from ensemblier.dossiers import formulaire, lecture, pdf
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Detail
from tests import fabriques as f

pytestmark = pytest.mark.django_db
ADRESSE = f"/organismes/{f.SIREN_DES_JARDINS}/budget/2025/"
LE = f.instant("2025-05-12 21:00")
SAISIE = {
    "charge_60": "12 000", "charge_64": "30 000,50", "charge_86": "5 000",
    "produit_74-etat": "20 000", "produit_74-epci": "15 000,50", "produit_75": "7 000", "produit_87": "5 000",
}  # fmt: skip


@pytest.fixture(autouse=True)
def en_mai():
    with time_machine.travel(LE, tick=True):
        yield


def lu(reponse):
    return unescape(reponse.content.decode()).replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'")


def _lues(code="ami-2025"):
    return Reponses(Dossier.objects.get(pk=f.dossier(code).pk))


def test_le_budget_dit_une_fois_se_lit_sur_l_organisme_et_dans_le_cerfa_de_l_exercice():
    f.organisme()
    amina = f.client("amina")
    assert amina.post(ADRESSE, SAISIE).status_code == 302
    budget = BudgetAnnuel.objects.get()
    assert (budget.exercice, budget.total) == (2025, Decimal("42000.50"))
    page = lu(amina.get(f"/organismes/{f.SIREN_DES_JARDINS}/"))
    assert "42 000,50 €, dit le" in page
    lues = _lues()
    charges, produits = formulaire.budget_annuel(lues)
    assert (charges.total, produits.total) == (Decimal("42000.50"), Decimal("42000.50"))
    assert (charges.volontaires, charges.avec_volontaires) == (Decimal("5000.00"), Decimal("47000.50"))
    assert dict(produits.lignes)["Intercommunalité (74)"] == Decimal("15000.50")
    assert not any("généraux" in nom for nom, _ in charges.lignes), "l'organisme entier n'en a pas une part"
    noms = [nom for nom, _ in produits.lignes]
    assert noms.index("Dotations et tarifs (73)") < noms.index("État (74)")
    assert noms.index("Aides privées (74)") < noms.index("Cotisations, dons, mécénat (75)")
    dits = {q: r.replace("\u00a0", " ").replace("\u202f", " ") for q, r in lecture.lignes(lues, "organisme")}
    assert dits["Budget 2025 de l'organisme"] == "42 000,50 €"
    assert lu(amina.get(ADRESSE)).count('value="30 000,50"') == 1


def test_un_autre_exercice_reste_a_la_main():
    f.organisme()
    f.client("amina").post(ADRESSE, SAISIE)
    lues = _lues("aap-2026")
    assert formulaire.budget_annuel(lues) is None
    assert dict(lecture.lignes(lues, "organisme"))["Budget 2026 de l'organisme"] == "—"
    page = lu(f.client("amina").get(f"/dossiers/{lues.dossier.numero}/organisme/"))
    assert f'href="/organismes/{f.SIREN_DES_JARDINS}/budget/2026/"' in page


def _pages_du_cerfa(dossier):
    with pikepdf.open(io.BytesIO(pdf.en_cerfa(dossier))) as document:
        return len(document.pages)


def test_le_cerfa_s_ecrit_avec_et_sans_budget():
    f.organisme()
    dossier = f.dossier("ami-2025")
    sans = _pages_du_cerfa(dossier)
    f.client("amina").post(ADRESSE, SAISIE)
    assert _pages_du_cerfa(Dossier.objects.get(pk=dossier.pk)) >= sans


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"produit_75": "6 000"}, "il y a 1 000,00 € d'écart"),
        ({"produit_87": ""}, "Le bénévolat et les dons utilisés font 5 000,00 €, ceux reçus 0,00 €"),
        (dict.fromkeys(SAISIE, ""), "Aucun montant n'est écrit."),
        ({"charge_60": "12,345"}, "12,345"),
    ],
)
def test_un_budget_qui_ne_s_equilibre_pas_est_refuse_et_garde_ce_qui_est_tape(change, phrase):
    f.organisme()
    reponse = f.client("amina").post(ADRESSE, SAISIE | change)
    assert reponse.status_code == 422
    assert phrase in lu(reponse)
    if len(change) == 1:
        assert 'value="30 000,50"' in lu(reponse)
    assert not BudgetAnnuel.objects.exists()


def _dire(charges, produits, **options):
    return decrire_le_budget(
        f.organisme(), exercice=2025, charges=charges, produits=produits, le=LE,
        **{"par": f.acteur("amina"), "roles": {Role.SIGNATAIRE}} | options,
    )  # fmt: skip


def test_redire_remplace_et_le_registre_garde_chaque_budget():
    dix, vingt = Decimal("10.00"), Decimal("20.00")
    _dire({"60": dix}, {"75": dix})
    _dire({"61": vingt}, {"70": vingt})
    assert [x.compte for x in LigneAnnuelle.objects.order_by("compte")] == ["61", "70"]
    details = Detail.objects.filter(evenement__acte="decrire_le_budget").order_by("pk")
    assert [d.contenu["charges"] for d in details] == [{"60": "10.00"}, {"61": "20.00"}]


def test_l_acte_refuse_un_desequilibre_et_un_agent():
    un = {"60": Decimal("10.00")}
    with pytest.raises(ActeBloque, match="d'écart"):
        _dire(un, {"75": Decimal("10.01")})
    with pytest.raises(RoleInsuffisant):
        _dire(un, {"75": Decimal("10.00")}, par=f.acteur("benoit"), roles={Role.INSTRUCTEUR})
    assert not BudgetAnnuel.objects.exists()


def test_un_desequilibre_passerait_garde_levee(monkeypatch):
    monkeypatch.setattr(actes_budget, "desequilibres", lambda *_: [])
    assert _dire({"60": Decimal("10.00")}, {"75": Decimal("9.00")}).total == Decimal("10.00")


@pytest.mark.parametrize(("qui", "statut"), [("david", 404), ("benoit", 403), ("amina", 200)])
def test_le_budget_se_dit_par_les_personnes_de_l_organisme(qui, statut):
    f.organisme()
    assert f.client(qui).get(ADRESSE).status_code == statut


def test_un_exercice_absurde_n_a_pas_de_page():
    f.organisme()
    assert f.client("amina").get(ADRESSE.replace("2025", "1789")).status_code == 404
