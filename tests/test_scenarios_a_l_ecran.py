"""S32 à S45, S51, S52, S69, S70, K13 : la page dit ce que `noyau` calcule, au centime (`domaine.md` §E)."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.noyau import montants, suites
from ensemblier.noyau.montants import Candidat, TauxRefuse, classer, en_francais, moyenne
from tests import fabriques as f
from tests import fabriques_suites as s
from tests.programmation import scene
from tests.programmation.test_deliberations import region
from tests.programmation.test_montants import BONIFIE, juger, quinze_mille, trois_financeurs

pytestmark = pytest.mark.django_db


def mots(reponse) -> str:
    """Ce qui se lit, espaces ordinaires."""
    texte = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", reponse.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", unescape(texte).replace("\u00a0", " ").replace("\u202f", " "))


def dit(montant: Decimal) -> str:
    return en_francais(montant).replace("\u00a0", " ").replace("\u202f", " ")


def ouvrir(qui: str, nom: str, *cles: object, **dits: object) -> str:
    client, adresse = f.client(qui), reverse(nom, args=cles)
    return mots(client.post(adresse, dits, follow=True) if dits else client.get(adresse))


# ------------------------------------------------------------------ le plafond et le taux


@pytest.mark.parametrize(
    ("charges", "demande", "attendu"),
    [
        pytest.param({"60": "18000.00"}, "9000.00", "9000.00", id="S32"),
        pytest.param({"60": "18000.00"}, "9001.00", "9000.00", id="S33"),
        pytest.param({"60": "17999.99"}, "9000.00", "8999.99", id="S34"),
        pytest.param({"60": "24000.00", "86": "6000.00"}, "15000.00", "12000.00", id="S35"),
    ],
)
def test_le_plafond_du_dossier_est_celui_de_noyau(charges, demande, attendu):
    couts = {compte: Decimal(m) for compte, m in charges.items()}
    plafond = montants.plafonner(charges=couts, taux=Decimal("0.50"))
    assert plafond.montant == Decimal(attendu)
    produits = {"74": {"CALL": demande}, "autofinancement": str(couts["60"] - Decimal(demande))}
    produits |= {"87": charges["86"]} if "86" in charges else {}
    dossier = scene.recevable(
        budget={"charges": charges, "produits": produits}, demande={"CALL": demande}
    )  # fmt: skip
    lue = ouvrir("benoit", "instruction_dossier", dossier.numero)
    assert f"La règle permet d'attribuer {dit(plafond.montant)}" in lue
    alerte = "au-dessus du plafond" in ouvrir("benoit", "programmation_appel", "ami-2025")
    assert alerte is (Decimal(demande) > plafond.montant)


@pytest.mark.parametrize(
    ("taux", "attendu"),
    [
        pytest.param("0.80", "12000.00", id="S36"),
        pytest.param(None, "7500.00", id="S37"),
        pytest.param("0.65", "9750.00", id="S38"),
    ],
)
def test_le_taux_du_jury_donne_le_plafond_de_noyau(taux, attendu):
    """Sans critère validé, le taux de base : déclarer ne suffit pas (S37)."""
    retenu = montants.taux_applicable(
        taux_jury=None if taux is None else Decimal(taux), criteres_valides=0 if taux is None else 1
    )
    plafond = montants.plafonner(charges={"60": Decimal(15000)}, taux=retenu.valeur)
    assert plafond.montant == Decimal(attendu)
    dossier = quinze_mille(**BONIFIE)
    if taux is not None:
        juger(dossier, taux)
    lue = ouvrir("benoit", "instruction_dossier", dossier.numero)
    assert f"La règle permet d'attribuer {dit(plafond.montant)}" in lue


@pytest.mark.parametrize(
    ("criteres", "taux", "maximum"),
    [
        pytest.param(("habitants", "innovation", "operateurs"), "80,01", "80", id="S39"),
        pytest.param((), "50,01", "50", id="S40"),
    ],
)
def test_un_taux_de_trop_se_refuse_a_l_ecran_comme_dans_noyau(criteres, taux, maximum):
    with pytest.raises(TauxRefuse):
        montants.taux_admis(
            taux_jury=Decimal(taux.replace(",", ".")) / 100, criteres_valides=len(criteres)
        )  # fmt: skip
    dossier = quinze_mille(bonification={c: {"declare": True} for c in criteres or ("habitants",)})
    tenue = scene.seance(dossier)
    for code in criteres:
        ouvrir("benoit", "seance_critere", tenue.pk, dossier.numero, code, valide="oui")
    lue = ouvrir("benoit", "seance_taux", tenue.pk, dossier.numero, taux=taux)
    assert re.search(rf"{maximum}(,00)? %", lue)
    dossier.refresh_from_db()
    assert dossier.taux_retenu is None


# ------------------------------------------------------------------ les financements, l'enveloppe


@pytest.mark.parametrize(
    ("etat", "de_trop"), [pytest.param("8000", "2000", id="S41"), pytest.param("6000", "0", id="S42")]
)
def test_les_financements_face_au_cout(etat, de_trop):
    somme = montants.cumul_financements(
        financements={"État": Decimal(etat), "CALL": Decimal(10000), "Lens": Decimal(4000)},
        cout=Decimal(20000),
    )  # fmt: skip
    assert somme.excedent == Decimal(de_trop)
    dossier = trois_financeurs(etat, "10000", "4000")
    with time_machine.travel(scene.NOVEMBRE, tick=True):
        tenue = scene.seance(dossier, le=scene.NOVEMBRE)
        lue = ouvrir("benoit", "seance_decider", tenue.pk, dossier.numero)
        assert dit(somme.total) in lue
        tableau = ouvrir("benoit", "programmation_appel", "aap-2026")
        suite = ouvrir("benoit", "seance_decider", tenue.pk, dossier.numero, decision="retenu", motif="")
    assert ("Financé à 110,0 % du coût, 2 000 € de trop" in tableau) is bool(somme.excedent)
    if somme.excedent:
        assert f"{dit(somme.excedent)} de trop" in suite
    else:
        assert "Décision enregistrée" in suite
        assert re.search(r"100(,0+)? %", lue), "les aides publiques passent 80 % : une alerte, pas un refus"


def test_s43_le_reste_de_l_enveloppe_borne_la_case_comme_noyau():
    calcul = montants.attribuable(
        demande=Decimal(9000), plafond=Decimal(12000), reste_enveloppe=Decimal(7300), assiette=Decimal(24000),
        autres_ressources=Decimal(15000),
    )  # fmt: skip
    assert (calcul.montant, calcul.limite) == (7300, "enveloppe")
    dossier = scene.recevable(**scene.budget("24000.00", {"CALL": "9000.00"}))
    scene.enveloppe("CALL", "7300.00")
    volet = scene.volet(dossier)
    corps = {"cases": [{"volet": volet.pk, "version": volet.version, "valeur": "9000"}]}
    with time_machine.travel(scene.AMI, tick=True):
        recu = f.client("benoit").post(
            reverse("programmation_cases", args=["ami-2025"]), json.dumps(corps), "application/json"
        )
    assert f"Au plus {dit(calcul.montant)}" in recu.json()["cases"][0]["phrase"].replace("\u00a0", " ")


# ------------------------------------------------------------------ l'échéancier, la convention


@pytest.mark.parametrize("accorde", [pytest.param("10000.00", id="S44"), pytest.param("10000.01", id="S45")])
def test_les_versements_de_l_accord_sont_ceux_de_noyau(accorde):
    plan = montants.echeancier(attribue=Decimal(accorde))
    demande = s.volet(s.dossier(), accorde)
    lue = ouvrir("benoit", "suite_notifier", demande.dossier.numero, demande.pk)
    versements = lue.partition("Les versements")[2].partition("Le calcul")[0]
    assert re.findall(r": ([\d ]+,\d\d €)", versements) == [dit(t.montant) for t in plan.tranches]


@pytest.mark.parametrize(
    ("aides", "legale"),
    [pytest.param(("23000.00",), False, id="S51"), pytest.param(("12000.00", "11000.01"), True, id="S52")],
)
def test_la_convention_legale_suit_le_cumul_de_l_exercice(aides, legale):
    *deja, attribue = map(Decimal, aides)
    due = suites.convention_requise(deja_attribues=deja, attribue=attribue)
    assert (due.legale, due.requise) == (legale, True)
    for rang, montant in enumerate(aides[:-1], start=1):
        s.notifier(s.volet(s.dossier(f"25-000{rang}"), montant))
    demande = s.volet(s.dossier("25-0009"), aides[-1])
    lue = ouvrir("benoit", "suite_notifier", "25-0009", demande.pk)
    assert "exigée avant tout versement" in lue, "la règle locale suffit au-delà de 10 000 €"
    for ligne in due.lignes:
        assert re.sub(r"\s+", " ", ligne.calcul) in lue


# ------------------------------------------------------------------ la séance, le vote


def test_s69_le_deporte_ne_lit_ni_ne_note_et_la_moyenne_est_celle_des_autres():
    dossier, autre = scene.recevable(), scene.deuxieme()
    f.habiliter("david", "jury", "Conseiller")
    Interet.objects.create(
        utilisateur=f.personne("david"), organisme=dossier.organisme, nature="trésorier",
        connu_le=f.instant("2025-01-01 10:00").date(),
    )  # fmt: skip
    tenue = scene.seance(dossier, autre, membres=("elise", "david"))
    scene.noter(tenue, dossier, "elise", 3)
    page = ouvrir("david", "seance", tenue.pk)
    assert dossier.numero not in page
    assert "Vous êtes hors de ce dossier" in page
    note = moyenne([Decimal(75)])
    assert note == 75
    assert "75,0" in ouvrir("benoit", "seance", tenue.pk)
    assert "David Lambert" in ouvrir("benoit", "seance", tenue.pk), "le déport se nomme"
    refus = f.client("david").get(reverse("seance_noter", args=[tenue.pk, dossier.numero]))
    assert refus.status_code == 404


def test_s70_la_region_ne_vote_pas_sans_la_reference_de_sa_plateforme():
    dossier = region()
    volet = scene.volet(dossier, "REGION")
    with time_machine.travel(scene.JANVIER, tick=True):
        lue = ouvrir(
            "remi", "deliberation_nouvelle", "aap-2026", "REGION",
            **{"numero": "R-9", "votee_le": "28/01/2026", f"choix-{volet.pk}": "accord",
               f"montant-{volet.pk}": "5000"},
        )  # fmt: skip
    assert "la référence du dépôt sur « Plateforme des aides" in lue
    assert scene.volet(dossier, "REGION").etat == "programmee"


def test_k13_l_ordre_de_la_page_est_celui_de_noyau():
    """Même note, la plus grande part d'habitants devant ; la page suit `classer`, pas l'ordre du jour."""
    premier = scene.recevable(publics={"total": 100, "qpv": 60})
    second = scene.deuxieme(publics={"total": 100, "qpv": 90})
    tenue = scene.seance(premier, second)
    for dossier in (premier, second):
        scene.noter(tenue, dossier, "elise", 3)
    attendu = [
        c.code
        for c in classer(
            [Candidat(d.numero, Decimal(75), d.publics_total, d.publics_qpv, d.depose_le)
             for d in (premier, second)]
        )
    ]  # fmt: skip
    assert attendu == [second.numero, premier.numero]
    page = ouvrir("benoit", "seance", tenue.pk)
    ordre = page[page.index("L'ordre du jour") :]
    assert sorted(attendu, key=ordre.index) == attendu
    assert re.search(r"à égalité : 90(,0+)? % d'habitants de quartier prioritaire", ordre)
