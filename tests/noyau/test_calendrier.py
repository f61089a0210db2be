"""Le temps de Paris : dépôts à la seconde, délais légaux, phases (K11, P16, S19 à S22, S50 à S79)."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemblier.noyau import calendrier as c

LIMITE = date(2025, 5, 25)
MICRO = timedelta(microseconds=1)
jours = st.dates(date(2017, 1, 1), date(2060, 12, 31))


def utc(texte: str) -> datetime:
    return datetime.fromisoformat(texte).astimezone(UTC)


def nets(texte: str) -> str:
    return texte.replace("\u00a0", " ")


def test_s19_la_derniere_seconde_est_dans_les_temps() -> None:
    assert c.est_dans_les_temps(utc("2025-05-25T21:59:59Z"), LIMITE)
    assert c.est_dans_les_temps(utc("2025-05-25T22:00:00Z") - MICRO, LIMITE)


def test_s20_minuit_est_hors_delai() -> None:
    assert not c.est_dans_les_temps(utc("2025-05-25T22:00:00Z"), LIMITE)


def test_s21_une_derogation_prolonge_pour_un_dossier() -> None:
    depot = utc("2025-05-26T10:00:00Z")
    assert not c.est_dans_les_temps(depot, LIMITE)
    assert c.est_dans_les_temps(depot, LIMITE, date(2025, 5, 27))
    assert not c.est_dans_les_temps(utc("2025-05-27T22:00:00Z"), LIMITE, date(2025, 5, 27))


def test_une_derogation_plus_courte_ne_retire_rien() -> None:
    assert c.est_dans_les_temps(utc("2025-05-25T10:00:00Z"), LIMITE, date(2025, 5, 20))


@pytest.mark.parametrize(
    ("limite", "minuit_suivant"),
    [
        (date(2025, 10, 26), "2025-10-26T23:00:00Z"),
        (date(2025, 10, 25), "2025-10-25T22:00:00Z"),
        (date(2025, 3, 30), "2025-03-30T22:00:00Z"),
        (date(2025, 3, 29), "2025-03-29T23:00:00Z"),
        (date(2028, 2, 29), "2028-02-29T23:00:00Z"),
        (date(2025, 12, 31), "2025-12-31T23:00:00Z"),
    ],
)
def test_p16_le_changement_d_heure_ne_prend_ni_ne_donne_une_heure(limite: date, minuit_suivant: str) -> None:
    minuit = utc(minuit_suivant)
    assert c.est_dans_les_temps(minuit - MICRO, limite)
    assert not c.est_dans_les_temps(minuit, limite)
    assert c.instant_limite(limite).astimezone(UTC) == minuit - MICRO


def test_les_deux_deux_heures_et_demie_d_octobre_se_distinguent() -> None:
    ete, hiver = utc("2025-10-26T00:30:00Z"), utc("2025-10-26T01:30:00Z")
    assert c.a_paris(ete).replace(tzinfo=None) == c.a_paris(hiver).replace(tzinfo=None)
    assert c.decompte(c.a_paris(ete), c.a_paris(hiver)) == "1\u00a0h\u00a000"


@given(jours, st.integers(-12, 12))
def test_le_verdict_ne_depend_pas_du_fuseau_du_depot(limite: date, decalage: int) -> None:
    ailleurs = timezone(timedelta(hours=decalage))
    fin = c.instant_limite(limite)
    assert c.est_dans_les_temps(fin.astimezone(ailleurs), limite)
    assert not c.est_dans_les_temps(fin.astimezone(UTC).astimezone(ailleurs) + MICRO, limite)


@pytest.mark.parametrize(
    "appel",
    [
        lambda naif: c.est_dans_les_temps(naif, LIMITE),
        lambda naif: c.rejet_implicite(naif),
        lambda naif: c.decompte(naif, LIMITE),
        lambda naif: c.en_francais(naif),
        lambda naif: c.Jalon("d", "Dépôt", "depot", LIMITE).est_ouvert(naif),
    ],
)
def test_un_instant_sans_fuseau_est_refuse(appel: object) -> None:
    with pytest.raises(c.InstantNaif):
        appel(datetime(2025, 5, 25, 12))


AAP_2026 = (
    c.Jalon("lancement", "Lancement", "lancement", date(2025, 9, 17), date(2025, 10, 17)),
    c.Jalon("depot", "Dépôt sur la plateforme", "depot", date(2025, 10, 20), date(2025, 11, 7)),
    c.Jalon(
        "fixation", "Fixation des programmations", "programmation", date(2025, 11, 10), date(2025, 11, 24)
    ),
    c.Jalon("validation", "Présentation et validation", "validation", date(2025, 11, 24), date(2025, 12, 5)),
    c.Jalon("instruction", "Instruction", "instruction", date(2025, 12, 8), date(2026, 1, 9)),
    c.Jalon("comites", "Comités", "comite", date(2026, 1, 26)),
)


def actives(texte: str) -> list[str]:
    return [jalon.code for jalon in c.phases_actives(AAP_2026, utc(texte))]


def test_s22_le_24_novembre_deux_phases_sont_actives() -> None:
    assert actives("2025-11-24T09:00:00+01:00") == ["fixation", "validation"]
    assert actives("2025-11-25T00:00:00+01:00") == ["validation"]
    assert actives("2025-11-08T12:00:00+01:00") == []


def test_une_phase_sans_fin_reste_ouverte() -> None:
    assert actives("2029-01-01T00:00:00+01:00") == ["comites"]


def test_une_phase_au_mois_couvre_le_mois_entier() -> None:
    jury = c.Jalon("instruction", "Instruction", "instruction", date(2025, 5, 15), date(2025, 6, 1), "mois")
    assert jury.est_ouvert(utc("2025-05-01T00:00:00+02:00"))
    assert jury.est_ouvert(utc("2025-06-30T23:59:59+02:00"))
    assert not jury.est_ouvert(utc("2025-07-01T00:00:00+02:00"))


def test_une_phase_sans_date_n_est_jamais_ouverte_et_une_phase_a_l_envers_est_refusee() -> None:
    assert not c.Jalon("x", "Jury", "jury", precision="indicatif").est_ouvert(utc("2025-07-01T00:00:00Z"))
    with pytest.raises(ValueError, match="avant de commencer"):
        c.Jalon("x", "Jury", "jury", date(2025, 2, 1), date(2025, 1, 1))


def test_s50_soixante_jours_apres_le_premier_octobre() -> None:
    assert c.echeance_versement(date(2025, 10, 1)) == date(2025, 11, 30)


@pytest.mark.parametrize(
    ("fin_exercice", "attendu"),
    [
        (date(2025, 12, 31), date(2026, 6, 30)),
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2026, 6, 30), date(2026, 12, 31)),
        (date(2026, 2, 28), date(2026, 8, 31)),
        (date(2026, 6, 15), date(2026, 12, 15)),
    ],
)
def test_s59_le_compte_rendu_est_du_six_mois_apres_la_fin_d_exercice(
    fin_exercice: date, attendu: date
) -> None:
    assert c.echeance_compte_rendu(fin_exercice) == attendu


def test_s61_deux_mois_de_silence_apres_le_25_mai() -> None:
    assert c.rejet_implicite(utc("2025-05-25T21:59:59Z")) == date(2025, 7, 25)


def test_s79_fevrier_n_a_pas_de_trente() -> None:
    assert c.rejet_implicite(date(2026, 2, 28)) == date(2026, 4, 28)
    assert c.rejet_implicite(date(2026, 12, 30)) == date(2027, 2, 28)


def test_b15_la_suspension_recule_la_date_d_autant_de_jours() -> None:
    depot = date(2025, 5, 25)
    dix = (date(2025, 6, 1), date(2025, 6, 11))
    assert c.rejet_implicite(depot, [dix]) == date(2025, 8, 4)
    assert c.rejet_implicite(depot, [dix, (date(2025, 6, 6), date(2025, 6, 16))]) == date(2025, 8, 9)
    assert c.rejet_implicite(depot, [(date(2025, 6, 1), None)]) is None
    assert c.rejet_implicite(depot, [(date(2025, 7, 26), None)]) == date(2025, 7, 25)
    assert c.rejet_implicite(depot, [(date(2025, 5, 1), date(2025, 5, 28))]) == date(2025, 7, 28)


def test_b14_chaque_ligne_du_calcul_se_lit() -> None:
    lue = c.horloge(date(2025, 5, 25), [(date(2025, 6, 1), date(2025, 6, 11))])
    assert lue.echeance == date(2025, 8, 4)
    assert [(p.libelle, p.calcul.replace("\u00a0", " "), p.jour) for p in lue.lignes] == [
        ("Dépôt", "le jour du dépôt ne compte pas", date(2025, 5, 25)),
        ("Deux mois de silence", "même quantième, à défaut le dernier jour du mois", date(2025, 7, 25)),
        ("Suspension", "du 01/06/2025 au 11/06/2025 : + 10 jours", date(2025, 8, 4)),
    ]
    assert lue.lignes[-1].jour == lue.echeance
    assert (lue.reste(date(2025, 7, 26)), lue.reste(date(2025, 8, 5))) == (9, -1)


def test_b15_une_suspension_ouverte_arrete_l_horloge() -> None:
    lue = c.horloge(date(2025, 5, 25), [(date(2025, 6, 1), None)])
    assert (lue.echeance, lue.arretee_le, lue.reste(date(2025, 9, 1))) == (None, date(2025, 6, 1), None)
    assert lue.lignes[-1].libelle == "Horloge arrêtée"


FAITS = [("Dépôt", date(2025, 5, 20)), ("Complétude", date(2025, 6, 1)), ("Recevabilité", None),
         ("Avis", None), ("Décision", None)]  # fmt: skip


def test_le_delai_de_chaque_etape_compte_ses_jours_et_ceux_qui_sont_arretes() -> None:
    arret = [(date(2025, 5, 22), date(2025, 5, 27)), (date(2025, 5, 25), date(2025, 5, 28))]
    etapes = c.delais_par_etape(FAITS, arret, date(2025, 6, 11))
    assert [(e.libelle, e.jours, e.arretes, e.au) for e in etapes] == [
        ("Dépôt à complétude", 12, 6, date(2025, 6, 1)),
        ("Complétude à recevabilité", 10, 0, None),
    ]
    assert len(c.delais_par_etape(FAITS, arret, date(2025, 6, 11), fini=True)) == 1
    assert c.delais_par_etape([("Dépôt", None)], (), date(2025, 6, 11)) == ()


def test_r64_une_decision_avant_les_avis_se_range_par_sa_date() -> None:
    faits = [("Dépôt", date(2025, 5, 20)), ("Avis", date(2025, 7, 1)), ("Décision", date(2025, 6, 20))]
    etapes = c.delais_par_etape(faits, (), date(2025, 8, 1))
    assert [(e.libelle, e.jours) for e in etapes] == [("Dépôt à décision", 31), ("Décision à avis", 11)]


def test_une_suspension_en_cours_compte_jusqu_au_jour() -> None:
    (etape,) = c.delais_par_etape([FAITS[0], ("Avis", None)], [(date(2025, 5, 25), None)], date(2025, 6, 1))
    assert (etape.jours, etape.arretes) == (12, 7)


def test_s62_la_convention_du_15_octobre_se_publie_avant_le_15_janvier() -> None:
    assert c.publication_scdl(date(2025, 10, 15)) == date(2026, 1, 15)


def test_p29_quinze_jours_calendaires_pour_completer() -> None:
    assert c.echeance_complements(date(2025, 12, 20)) == date(2026, 1, 4)


@given(jours, st.integers(-36, 36))
def test_k11_n_mois_apres_garde_le_quantieme_ou_le_dernier_jour(jour: date, n: int) -> None:
    arrivee = c.ajouter_mois(jour, n)
    assert (arrivee.year * 12 + arrivee.month) - (jour.year * 12 + jour.month) == n
    assert arrivee.day == min(jour.day, monthrange(arrivee.year, arrivee.month)[1])


@given(jours, st.dates(date(2017, 1, 1), date(2060, 12, 31)), st.integers(0, 400))
def test_b14_une_suspension_n_avance_jamais_le_rejet(depot: date, du: date, duree: int) -> None:
    sans = c.rejet_implicite(depot)
    avec = c.rejet_implicite(depot, [(du, du + timedelta(days=duree))])
    assert sans is not None
    assert avec is not None
    assert sans <= avec <= sans + timedelta(days=duree)


def test_les_jours_feries_sont_onze() -> None:
    feries = c.jours_feries(2025)
    assert len(feries) == 11
    assert feries[date(2025, 4, 21)] == "Lundi de Pâques"
    assert feries[date(2025, 5, 29)] == "Ascension"
    assert feries[date(2025, 6, 9)] == "Lundi de Pentecôte"


@pytest.mark.parametrize(
    ("annee", "attendu"),
    [
        (2000, date(2000, 4, 23)),
        (2008, date(2008, 3, 23)),
        (2024, date(2024, 3, 31)),
        (2038, date(2038, 4, 25)),
    ],
)
def test_paques_tombe_juste(annee: int, attendu: date) -> None:
    assert c.paques(annee) == attendu


@pytest.mark.parametrize(
    ("instant", "attendu"),
    [
        ("2025-05-13T12:00:00+02:00", "12 jours"),
        ("2025-05-24T23:59:00+02:00", "1 jour"),
        ("2025-05-25T18:47:59+02:00", "5 h 12"),
        ("2025-05-25T23:50:00+02:00", "9 min"),
        ("2025-05-25T23:59:30+02:00", "moins d'une minute"),
        ("2025-05-26T00:00:00+02:00", "délai passé"),
    ],
)
def test_le_decompte_se_lit(instant: str, attendu: str) -> None:
    assert nets(c.decompte(utc(instant), LIMITE)) == attendu


@given(jours, st.integers(-3 * 86_400, 3 * 86_400))
def test_le_decompte_dit_passe_exactement_quand_le_depot_est_refuse(limite: date, secondes: int) -> None:
    instant = c.instant_limite(limite).astimezone(UTC) + timedelta(seconds=secondes)
    assert (c.decompte(instant, limite) == "délai passé") == (not c.est_dans_les_temps(instant, limite))


@pytest.mark.parametrize(
    ("forme", "attendu"),
    [
        ("longue", "dim. 25 mai 2025, 23 h 59"),
        ("courte", "25/05/2025, 23 h 59"),
        ("lettre", "dimanche 25 mai 2025, 23 h 59"),
    ],
)
def test_une_date_s_ecrit_en_francais(forme: Literal["longue", "courte", "lettre"], attendu: str) -> None:
    assert nets(c.en_francais(c.instant_limite(LIMITE), forme)) == attendu
    assert nets(c.en_francais(LIMITE, forme)) == attendu.split(", ")[0]


def test_le_premier_du_mois_se_dit_premier() -> None:
    assert nets(c.en_francais(date(2025, 6, 1))) == "dim. 1er juin 2025"
