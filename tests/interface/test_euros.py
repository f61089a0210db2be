"""`EurosField` : des centimes entiers dans la base, des `Decimal` ailleurs, aucun mélange (K1)."""

from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Avg, F, Q, Value
from hypothesis import given
from hypothesis import strategies as st

from ensemblier.interface.champs import EurosField, EurosFormField, en_centimes, somme

pytestmark = pytest.mark.django_db


class Caisse(models.Model):
    """Une table d'essai : un plafond, deux montants, un CHECK au centime."""

    vote = EurosField(default=Decimal(0))
    propose = EurosField(null=True)
    total = EurosField(default=Decimal(0))

    class Meta:
        app_label = "interface_essai"
        constraints = [
            models.CheckConstraint(condition=Q(vote__lte=F("total")), name="caisse_vote_dans_le_total"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pytest.fixture
def caisse(transactional_db):
    with connection.schema_editor() as editeur:
        editeur.create_model(Caisse)
    yield Caisse.objects
    with connection.schema_editor() as editeur:
        editeur.delete_model(Caisse)


@pytest.mark.parametrize("montant", ["0.01", "0.10", "9000.01", "79.99", "-600.00", "9999999999999.99"])
def test_un_montant_revient_au_centime(caisse, montant):
    ecrit = caisse.create(propose=Decimal(montant))
    lu = caisse.get(pk=ecrit.pk).propose
    assert lu == Decimal(montant)
    assert isinstance(lu, Decimal)
    assert str(lu) == montant


def test_la_base_garde_un_entier(caisse):
    caisse.create(propose=Decimal("12.34"))
    with connection.cursor() as curseur:
        curseur.execute("SELECT propose FROM interface_essai_caisse")
        assert curseur.fetchone() == (1234,)


@given(centimes=st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_tout_montant_fait_l_aller_et_le_retour(centimes):
    champ = EurosField()
    montant = champ.from_db_value(centimes, None, None)
    assert champ.get_prep_value(montant) == centimes


@pytest.mark.parametrize("mauvais", [0.1, 12.0, True])
def test_un_flottant_est_refuse_partout(caisse, mauvais):
    with pytest.raises(TypeError):
        caisse.create(propose=mauvais)
    with pytest.raises(TypeError):
        caisse.filter(propose__gte=mauvais).count()
    with pytest.raises(ValidationError):
        EurosField().to_python(mauvais)


@pytest.mark.parametrize("mauvais", [Decimal("0.001"), "abc", Decimal("NaN"), Decimal("Infinity"), "1e3"])
def test_moins_d_un_centime_et_ce_qui_n_est_pas_un_montant_sont_refuses(mauvais):
    with pytest.raises(ValueError, match=r"\S"):
        en_centimes(mauvais)


def test_les_comparaisons_se_font_en_euros(caisse):
    for montant in ("9.99", "10.00", "10.01"):
        caisse.create(propose=Decimal(montant))
    dix = Decimal("10.00")
    assert caisse.filter(propose__lt=dix).count() == 1
    assert caisse.filter(propose__lte=dix).count() == 2
    assert caisse.filter(propose__gt=dix).count() == 1
    assert caisse.filter(propose__gte=dix).count() == 2
    assert caisse.filter(propose=dix).count() == 1
    assert caisse.filter(propose__in=[dix, Decimal("9.99")]).count() == 2
    assert caisse.filter(propose__range=(dix, Decimal("11"))).count() == 2
    assert caisse.filter(propose__isnull=True).count() == 0


def test_la_somme_est_exacte_et_vaut_zero_sans_ligne(caisse):
    assert caisse.aggregate(total=somme("propose")) == {"total": Decimal("0.00")}
    for _ in range(10):
        caisse.create(propose=Decimal("0.10"))
    assert caisse.aggregate(total=somme("propose")) == {"total": Decimal("1.00")}
    partielle = caisse.aggregate(total=somme("propose", filter=Q(propose__gt=Decimal(1))))
    assert partielle == {"total": Decimal("0.00")}


def test_une_moyenne_est_tronquee_au_centime(caisse):
    for montant in ("0.10", "0.10", "0.15"):
        caisse.create(propose=Decimal(montant))
    assert caisse.aggregate(moyenne=Avg("propose")) == {"moyenne": Decimal("0.11")}


def test_une_enveloppe_remplie_au_centime_passe_et_un_centime_de_plus_non(caisse):
    for centimes in range(1, 301):
        total = Decimal(centimes) / 100 * 79
        caisse.create(vote=total, total=total)
    with pytest.raises(IntegrityError), transaction.atomic():
        caisse.create(vote=Decimal("0.80"), total=Decimal("0.79"))


def test_deux_montants_de_la_base_s_ajoutent(caisse):
    caisse.create(vote=Decimal("1.10"), propose=Decimal("2.20"), total=Decimal("10"))
    assert caisse.annotate(ensemble=F("vote") + F("propose")).get().ensemble == Decimal("3.30")
    caisse.update(vote=F("vote") + F("propose"))
    assert caisse.get().vote == Decimal("3.30")
    assert caisse.filter(vote__lte=F("total")).count() == 1


@pytest.mark.parametrize("intrus", [Decimal("1.00"), 1])
def test_un_montant_nu_ne_passe_pas_pour_des_centimes_garde_levee(caisse, intrus):
    caisse.create(vote=Decimal("1.10"), total=Decimal("10"))
    with pytest.raises(FieldError):
        caisse.update(vote=F("vote") + intrus)
    with pytest.raises(FieldError):
        caisse.filter(total__gte=F("vote") + intrus).count()
    with pytest.raises(FieldError):
        caisse.update(vote=Value(intrus))
    assert caisse.get().vote == Decimal("1.10")


def test_le_meme_melange_passe_avec_un_entier_ordinaire_garde_levee(caisse):
    """Sans `EurosField`, un Decimal nu vaut des centimes : la garde sert à quelque chose."""
    ordinaire = models.ExpressionWrapper(F("vote"), output_field=models.BigIntegerField())
    caisse.create(vote=Decimal("1.10"), total=Decimal("10"))
    assert caisse.annotate(faux=ordinaire + 1).get().faux == 111


class Saisie(forms.Form):
    montant = EurosFormField(maximum=Decimal("9000.00"))


@pytest.mark.parametrize(
    ("tape", "lu"),
    [
        ("9000", "9000.00"),
        ("1 234,50 €", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("0", "0.00"),
    ],
)
def test_le_formulaire_lit_ce_qu_une_personne_ecrit(tape, lu):
    formulaire = Saisie({"montant": tape})
    assert formulaire.is_valid(), formulaire.errors
    assert formulaire.cleaned_data["montant"] == Decimal(lu)


@pytest.mark.parametrize(
    ("tape", "dit"),
    [
        ("12,345", "deux façons"),
        ("abc", "n'est pas un montant"),
        ("", "Aucun montant"),
        ("-1", "au moins"),
        ("9000,01", "au plus"),
    ],
)
def test_le_refus_est_une_phrase_et_la_saisie_est_gardee(tape, dit):
    formulaire = Saisie({"montant": tape})
    assert not formulaire.is_valid()
    assert dit in formulaire.errors["montant"][0]
    assert f'value="{tape}"' in str(formulaire["montant"]) or not tape
