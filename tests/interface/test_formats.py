"""Nombres, dates et identifiants en français."""

import datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone

from ensemblier.interface import formats

N = "\u00a0"


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [
        (Decimal("9000"), f"9{N}000,00{N}€"),
        (Decimal("-600"), f"\u2212600,00{N}€"),
        (Decimal("0"), f"0,00{N}€"),
        (Decimal("1234567.89"), f"1{N}234{N}567,89{N}€"),
        (None, "\u2014"),
    ],
)
def test_un_montant_du_porte_ses_centimes(valeur, attendu):
    assert formats.euros(valeur) == attendu


def test_un_montant_demande_est_rond_sauf_s_il_a_des_centimes():
    assert formats.euros_ronds(Decimal("9000.00")) == f"9{N}000{N}€"
    assert formats.euros_ronds(Decimal("9000.50")) == f"9{N}000,50{N}€"
    assert formats.euros_ronds(0) == f"0{N}€"


@pytest.mark.parametrize("filtre", [formats.euros, formats.euros_ronds, formats.nombre, formats.taux])
def test_un_flottant_est_refuse(filtre):
    with pytest.raises(TypeError):
        filtre(0.1)


def test_un_pourcentage_ne_contredit_jamais_son_seuil_s03():
    assert formats.pourcent(Decimal("0.5996"), Decimal("0.6")) == f"59,96{N}%"
    assert formats.pourcent(Decimal("0.5996")) == f"60,0{N}%"
    assert formats.pourcent(Decimal("0.6"), Decimal("0.6")) == f"60,0{N}%"
    assert formats.pourcent(Decimal("0.60001"), Decimal("0.6")) == f"60,001{N}%"


def test_un_taux_s_ecrit_sans_decimale_inutile():
    assert formats.taux(Decimal("0.50")) == f"50{N}%"
    assert formats.taux(Decimal("0.3333")) == f"33,33{N}%"


def test_une_echeance_est_a_l_heure_de_paris():
    instant = datetime.datetime(2025, 5, 25, 21, 59, tzinfo=datetime.UTC)
    assert formats.echeance(instant) == f"dim.{N}25{N}mai 2025, 23{N}h{N}59"
    assert formats.echeance(datetime.date(2025, 7, 1)) == f"mar.{N}1er{N}juillet 2025"


def test_une_heure_d_hiver_et_une_heure_d_ete_different():
    assert formats.heure(datetime.datetime(2025, 1, 5, 8, 0, tzinfo=datetime.UTC)) == f"9{N}h"
    assert formats.heure(datetime.datetime(2025, 7, 5, 8, 0, tzinfo=datetime.UTC)) == f"10{N}h"


def test_dates_longue_courte_et_heure_du_serveur():
    instant = timezone.make_aware(datetime.datetime(2025, 5, 20, 10, 0, 0))
    assert formats.date_longue(instant) == f"mardi 20{N}mai 2025"
    assert formats.date_courte(instant) == "20/05/2025"
    assert formats.heure_serveur(instant) == "10:00:00"
    assert formats.date_longue(None) == "\u2014"


@pytest.mark.parametrize(
    ("saisi", "ecrit"),
    [
        ("0321790530", f"03{N}21{N}79{N}05{N}30"),
        ("+33 3 21 79 05 30", f"03{N}21{N}79{N}05{N}30"),
        ("112", "112"),
        (None, "\u2014"),
    ],
)
def test_un_telephone_va_par_paires(saisi, ecrit):
    assert formats.telephone(saisi) == ecrit


def test_siret_siren_et_autre_chose():
    assert formats.siret("12345678900012") == f"123{N}456{N}789{N}00012"
    assert formats.siret("123456789") == f"123{N}456{N}789"
    assert formats.siret("12A") == "12A"


def test_poids_et_accord():
    assert formats.poids(272_000) == f"272{N}Ko"
    assert formats.poids(1_400_000) == f"1,4{N}Mo"
    assert formats.accord(0, "dossier") == f"0{N}dossier"
    assert formats.accord(1, "dossier") == f"1{N}dossier"
    assert formats.accord(12, "dossier") == f"12{N}dossiers"
    assert formats.accord(2, "aval", "avals") == f"2{N}avals"


@pytest.mark.parametrize(
    ("jours", "dit"),
    [(1, "1 jour"), (60, "60 jours"), (61, "2 mois"), (321, "10 mois"), (729, "23 mois"), (730, "2 ans")],
)
def test_une_duree_se_lit(jours, dit):
    assert formats.duree(jours) == dit.replace(" ", N)


def test_les_filtres_sont_dans_les_gabarits_sans_les_charger():
    gabarit = Template('{{ x|euros }} {{ n|accord:"choix,choix" }} {{ p|pourcent:s }}')
    rendu = gabarit.render(Context({"x": Decimal(1), "n": 2, "p": Decimal("0.5996"), "s": Decimal("0.6")}))
    assert rendu == f"1,00{N}€ 2{N}choix 59,96{N}%"
