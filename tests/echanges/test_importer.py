"""Importer une extraction Dauphin : mauvais fichiers, rapprochement, états, tout ou rien, deux fois rien."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from decimal import Decimal

import pytest
import xlsxwriter
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from config.cli import main
from ensemblier.comptes.droits import systeme
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.echanges.importer import extractions_de, importer, lire
from ensemblier.echanges.importer import importation as module
from ensemblier.echanges.importer.ecriture import mene_a
from ensemblier.echanges.importer.rapprochement import Rapprochement
from ensemblier.echanges.models import LigneReprise
from ensemblier.interface.controles import FichierRefuse
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.programmation.models import Attribution, Deliberation, Enveloppe
from ensemblier.registre.actes import ouvrir, reprendre
from ensemblier.registre.models import Evenement
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db
LE = f.instant("2026-06-02 10:00")
ENTETES = (
    "Code action", "Code SIRET", "Exercice", "Intitulé de l'action", "Statut", "Montant demandé",
    "Montant voté", "Date de décision", "EJ (Chorus)", "Date de transmission", "Motif",
)  # fmt: skip
CHAMPS = (
    "numero", "siret", "exercice", "intitule", "etat", "demande", "vote", "vote_le", "decision", "depose_le",
    "motif",
)  # fmt: skip
SIRET = "73282932000074"


def csv_de(*lignes, entetes=ENTETES, separateur=";", encodage="utf-8-sig"):
    rangees = [separateur.join(entetes)]
    rangees += [separateur.join(str(x.get(c, "")) for c in CHAMPS) for x in lignes]
    return "\r\n".join(rangees).encode(encodage)


def xlsx_de(*lignes, entetes=ENTETES, formule=None):
    sortie = io.BytesIO()
    with xlsxwriter.Workbook(sortie, {"in_memory": True}) as classeur:
        page = classeur.add_worksheet("Extraction")
        page.write_row(0, 0, entetes)
        for rang, ligne in enumerate(lignes, start=1):
            for colonne, champ in enumerate(CHAMPS):
                if (valeur := ligne.get(champ)) is not None:
                    page.write(rang, colonne, valeur)
        if formule:
            page.write_formula(*formule, value="")
    return sortie.getvalue()


def jouer(octets, *, qui=None, **options):
    lieu = f.territoire()
    par = f.acteur(qui, le=date(2026, 6, 2)) if qui else systeme(lieu.code)
    exercice = options.pop("exercice", None)
    lecture = lire(octets, extractions_de(lieu, par), exercice=exercice)
    return importer(lecture, territoire=lieu, par=par, le=LE, **options)


def refus(octets, **options):
    with pytest.raises(FichierRefuse) as leve:
        jouer(octets, **options)
    return str(leve.value)


def seule(rapport):
    (ligne,) = rapport.lignes
    return ligne


@pytest.fixture
def dossier():
    """Un dossier recevable de l'AAP 2026, sans numéro Dauphin, qui demande 8 000 € à l'État."""
    porteur = s.organisme("Les Ateliers du Onze", SIRET[:9])
    lu = s.dossier("26-0041", appel="aap-2026", porteur=porteur, intitule="Vers l'emploi des séniors")
    reprendre(lu, etat="recevable", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    s.volet(lu, "8000.00", financeur="ETAT", etat="sollicitee")
    Demande.objects.update(vote=None, votee_le=None, propose=None)
    Attribution.objects.all().delete()
    Deliberation.objects.all().delete()
    Dossier.objects.filter(pk=lu.pk).update(demande_totale=Decimal("8000.00"))
    return lu


def ligne(**dits):
    return {
        "numero": "DA01234567",
        "siret": SIRET,
        "exercice": 2026,
        "intitule": "Vers l'emploi des séniors",
    } | dits


def volet():
    return Demande.objects.get(financeur__code="ETAT", dossier__numero="26-0041")


# ------------------------------------------------------------------ Les mauvais fichiers


def test_un_fichier_vide_se_dit():
    assert "est vide" in refus(b"")
    assert "est vide" in refus(b"\n\n;;\n")


@pytest.mark.parametrize(
    ("octets", "dit"),
    [
        (csv_de(ligne(), encodage="utf-16-le"), "n'est pas un tableur"),
        (csv_de(ligne(), encodage="utf-16")[:-1], "au milieu d'un caractère"),
        ("Code action;Code SIRET\nDA01234567;\u0081".encode("latin-1"), "accents"),
        (csv_de(ligne(), separateur="|"), "Le séparateur attendu"),
        (csv_de(ligne(), entetes=("Référence inconnue", *ENTETES[1:])), "« Code action »"),
        (csv_de(ligne(), entetes=(*ENTETES[:-1], "SIRET")), "« Code SIRET » (B) et « SIRET » (K)"),
        (b"\xd0\xcf\x11\xe0" + b"0" * 600, "ancien tableur"),
        (b"PK\x03\x04xl/workbook.xml" + b"0" * 60, "abîmé"),
    ],
)
def test_un_mauvais_fichier_est_refuse_avec_sa_raison(octets, dit):
    assert dit in refus(octets)


@pytest.mark.parametrize("encodage", ["utf-8-sig", "cp1252", "utf-16", "utf-16-be"])
def test_chaque_encodage_d_un_tableur_se_lit_accents_compris(dossier, encodage):
    """« Texte Unicode » d'Excel est un UTF-16 marqué, à tabulations."""
    marque = b"\xfe\xff" if encodage == "utf-16-be" else b""
    octets = csv_de(ligne(etat="Votée", vote="8000,00"), separateur="\t", encodage=encodage)
    lecture = lire(marque + octets, extractions_de(f.territoire(), systeme("lens-lievin")))
    (lue,) = lecture.lignes
    assert (lue.intitule, lue.etat, lue.vote) == ("Vers l'emploi des séniors", "votee", Decimal("8000.00"))


def test_un_utf_16_lu_comme_windows_1252_serait_vu_garde_levee(monkeypatch):
    monkeypatch.setattr("ensemblier.interface.tableur._MARQUES_UTF16", ())
    assert "n'est pas un tableur" in refus(csv_de(ligne(), encodage="utf-16"))


def test_qui_importe_lit_ce_que_le_pack_suppose_de_dauphin():
    texte = f.client("benoit").get("/imports/").content.decode()
    assert "Ces en-têtes sont supposés" in texte


def test_l_en_tete_d_une_autre_annee_se_dit(dossier):
    """Les en-têtes de GISPRO valaient jusqu'en 2023 : une ligne de 2026 n'en est pas."""
    ancien = "Code SIRET;Action - Code dossier;EJ (Chorus);Montant engagé;Exercice budgétaire\n"
    rapport = jouer(f"{ancien}{SIRET};DA01234567;2101;1000;2026\n".encode())
    assert seule(rapport).issue == "refusee"
    assert "GISPRO, 2018 à 2023" in seule(rapport).phrase
    assert "pas de l'exercice 2026" in seule(rapport).phrase
    assert "pas de l'exercice 2019" in refus(csv_de(ligne()), exercice=2019)


def test_une_formule_sans_valeur_est_dite_a_sa_case(dossier):
    rapport = jouer(xlsx_de(ligne(), formule=(1, 5, "=F9+1")))
    assert seule(rapport).issue == "refusee"
    assert "F2 : cette formule n'a pas de valeur" in seule(rapport).phrase


def test_un_fichier_d_un_autre_territoire_n_ecrit_rien(dossier):
    entetes = (*ENTETES, "Code contrat de ville")
    rangees = f"{csv_de(ligne(), entetes=entetes).decode('utf-8-sig')};CV062"
    rapport = jouer(rangees.encode(), ecrit=True)
    assert seule(rapport).issue == "inconnue"
    assert "autre contrat de ville : CV062" in seule(rapport).phrase
    rapport = jouer(rangees.replace("CV062", "cv219").encode())
    assert seule(rapport).issue == "importee"


# ------------------------------------------------------------------ Les valeurs d'un tableur


@pytest.mark.parametrize(
    "brut",
    [
        {"siret": 73282932000074.0, "numero": 1234567.0},
        {"siret": "73282932000074.0", "numero": "1234567.0"},
        {"siret": "732 829 320 00074", "numero": "da 01234567"},
        {"siret": 73282932000074, "numero": "01234567"},
    ],
)
def test_les_zeros_perdus_reviennent_et_point_zero_part(dossier, brut):
    rapport = jouer(xlsx_de(ligne(**brut)), ecrit=True)
    assert seule(rapport).issue == "importee", seule(rapport).phrase
    dossier.refresh_from_db()
    assert dossier.numero_dauphin == "DA01234567"


def test_un_siret_a_zero_de_tete_revient(dossier):
    zero = "00543201800025"
    dossier.organisme.siren = zero[:9]
    dossier.organisme.save()
    assert seule(jouer(xlsx_de(ligne(siret=float(zero))))).issue == "importee"


def test_la_notation_scientifique_est_refusee(dossier):
    lu = seule(jouer(csv_de(ligne(siret="7,32829E+13"))))
    assert lu.issue == "refusee"
    assert "notation scientifique" in lu.phrase
    assert "notation scientifique" in seule(jouer(csv_de(ligne(numero="1.23E+07")))).phrase


@pytest.mark.parametrize("jour", [45992, 45992.0, "01/12/2025", "2025-12-01", datetime(2025, 12, 1)])
def test_les_dates_d_un_tableur_se_lisent(dossier, jour):
    contenu = xlsx_de(ligne(depose_le=jour if not isinstance(jour, datetime) else 45992))
    jouer(contenu, ecrit=True)
    dossier.refresh_from_db()
    assert dossier.depose_dauphin_le == date(2025, 12, 1)


@pytest.mark.parametrize(
    ("champ", "valeur", "dit"),
    [
        ("depose_le", "31/02/2026", "n'est pas une date"),
        ("demande", "huit mille", "n'est pas un montant"),
        ("demande", "-12", "n'est pas un montant"),
        ("exercice", "26", "n'est pas une année"),
        ("etat", "En apesanteur", "n'est pas décrit"),
        ("siret", "73282932000075", "SIRET"),
        ("numero", "XX12", "n'est pas un numéro Dauphin"),
    ],
)
def test_une_valeur_illisible_dit_sa_case(dossier, champ, valeur, dit):
    lu = seule(jouer(csv_de(ligne(**{champ: valeur}))))
    assert (lu.issue, dit in lu.phrase) == ("refusee", True), lu.phrase


@pytest.mark.parametrize(
    ("texte", "attendu"), [("7 500,50 €", "7500.50"), ("7500.5", "7500.50"), ("7\u202f500", "7500")]
)
def test_les_montants_francais_se_lisent(dossier, texte, attendu):
    jouer(csv_de(ligne(demande=texte)), ecrit=True)
    assert volet().demande == Decimal(attendu)


# ------------------------------------------------------------------ Reconnaître


def test_par_code_puis_par_siret_et_exercice_puis_par_titre(dossier):
    Dossier.objects.filter(pk=dossier.pk).update(numero_dauphin="DA01234567")
    assert seule(jouer(csv_de(ligne(siret="", intitule="")))).numero == "26-0041"
    Dossier.objects.filter(pk=dossier.pk).update(numero_dauphin="")
    assert seule(jouer(csv_de(ligne(intitule="")))).numero == "26-0041"
    autre = s.dossier("26-0042", appel="aap-2026", porteur=dossier.organisme, intitule="Cuisine partagée")
    assert seule(jouer(csv_de(ligne(intitule="Vers l'emploi des seniors")))).numero == "26-0041"
    assert seule(jouer(csv_de(ligne(intitule="Cuisine partagee !")))).numero == autre.numero
    hesite = seule(jouer(csv_de(ligne(intitule="Autre chose"))))
    assert hesite.issue == "ambigue"
    assert "26-0041" in hesite.phrase
    assert "26-0042" in hesite.phrase


def test_un_dossier_de_l_ami_n_est_pas_un_candidat_de_dauphin(dossier, monkeypatch):
    """L'AMI n'est demandé qu'à l'agglomération : le même titre, le même organisme ne font pas hésiter."""
    appel_ami = f.appel("ami-2025")
    type(appel_ami).objects.filter(pk=appel_ami.pk).update(exercice=dossier.appel.exercice)
    s.dossier("26-0043", appel="ami-2025", porteur=dossier.organisme, intitule=dossier.intitule)
    assert seule(jouer(csv_de(ligne(intitule=dossier.intitule)))).numero == "26-0041"
    monkeypatch.setattr(Rapprochement, "_de_ses_appels", lambda _: Q())
    assert seule(jouer(csv_de(ligne(intitule=dossier.intitule)))).issue == "ambigue"


def test_un_code_et_un_siret_qui_se_contredisent_attendent_une_personne(dossier):
    Dossier.objects.filter(pk=dossier.pk).update(numero_dauphin="DA01234567")
    lu = seule(jouer(csv_de(ligne(siret="00543201800025"))))
    assert lu.issue == "ambigue"
    assert "se contredisent" in lu.phrase
    assert "autre exercice" in seule(jouer(csv_de(ligne(exercice=2025)))).phrase


def test_un_code_porte_deux_fois_se_departage_par_l_organisme(dossier):
    autre = s.dossier("26-0043", appel="aap-2026", porteur=s.organisme("Le Club", "005432018"))
    Dossier.objects.update(numero_dauphin="DA01234567")
    assert seule(jouer(csv_de(ligne()))).numero == "26-0041"
    Dossier.objects.filter(pk=autre.pk).update(organisme=dossier.organisme)
    lu = seule(jouer(csv_de(ligne())))
    assert (lu.issue, "porté par plusieurs dossiers" in lu.phrase) == ("ambigue", True)


def test_deux_lignes_pour_un_dossier_la_seconde_attend(dossier):
    rapport = jouer(csv_de(ligne(), ligne(demande="7000")))
    assert [x.issue for x in rapport.lignes] == ["importee", "ambigue"]
    assert "La ligne 2 décrit déjà ce dossier" in rapport.lignes[1].phrase


def test_un_organisme_inconnu_n_empeche_rien(dossier):
    rapport = jouer(csv_de(ligne(), ligne(numero="DA09999999", siret="00543201800025")), ecrit=True)
    assert [x.issue for x in rapport.lignes] == ["importee", "inconnue"]
    assert rapport.est_ecrit


# ------------------------------------------------------------------ Ce qui s'écrit


def test_l_essai_a_blanc_n_ecrit_rien(dossier):
    evenements = Evenement.objects.count()
    rapport = jouer(csv_de(ligne(etat="Recevable", demande="7500")))
    assert seule(rapport).issue == "importee"
    assert "Numéro DA01234567 noté" in seule(rapport).phrase
    assert not rapport.est_ecrit
    assert "Rien n'est écrit" in rapport.phrase
    dossier.refresh_from_db()
    assert (dossier.numero_dauphin, volet().etat, volet().demande) == ("", "sollicitee", Decimal("8000.00"))
    assert Evenement.objects.count() == evenements
    assert not LigneReprise.objects.exists()


def test_numero_demande_et_etat_s_ecrivent_et_se_disent_au_registre(dossier):
    jouer(csv_de(ligne(etat="Recevable", demande="7500", depose_le="14/11/2025")), ecrit=True)
    dossier.refresh_from_db()
    assert (dossier.numero_dauphin, dossier.depose_dauphin_le) == ("DA01234567", date(2025, 11, 14))
    assert (volet().etat, volet().demande) == ("recevable", Decimal("7500.00"))
    assert dossier.demande_totale == Decimal("7500.00")
    dits = set(Evenement.objects.filter(auteur_fonction="tâche automatique").values_list("acte", flat=True))
    assert {"noter_numero_dauphin", "reprendre_le_demande", "reprendre"} <= dits


@pytest.mark.parametrize("dits", [{"demande": "7500"}, {"etat": "Recevable"}])
def test_une_case_du_tableau_lue_avant_l_import_ne_s_ecrit_plus(dossier, dits):
    """Le montant demandé et l'état bornent une proposition : les changer numérote la case."""
    lue = volet().version
    jouer(csv_de(ligne(**dits)), ecrit=True)
    assert volet().version == lue + 1


def test_une_aide_votee_s_ecrit_avec_son_acte_et_engage_l_enveloppe(dossier):
    enveloppe = Enveloppe(appel=dossier.appel, financeur=volet().financeur, montant=Decimal("10000.00"))
    ouvrir(enveloppe, par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Enveloppe ouverte")
    vote = ligne(etat="Votée", vote="7000", vote_le="14/03/2026", decision="EJ 2103456789")
    rapport = jouer(csv_de(vote), ecrit=True)
    assert rapport.est_ecrit, rapport.lignes
    assert (volet().etat, volet().vote, volet().votee_le) == ("votee", Decimal("7000.00"), date(2026, 3, 14))
    acte = Attribution.objects.get(demande=volet()).deliberation
    assert (acte.numero, acte.le) == ("EJ 2103456789", date(2026, 3, 14))
    enveloppe.refresh_from_db()
    assert enveloppe.engage == Decimal("7000.00")


@pytest.mark.parametrize(
    ("dits", "phrase"),
    [
        ({"vote": "7000", "vote_le": "14/03/2026"}, "la référence de la décision manque"),
        ({"vote": "7000", "decision": "EJ 1"}, "la date de la décision EJ 1 manque"),
        ({"vote_le": "14/03/2026", "decision": "EJ 1"}, "sans montant voté"),
        ({"vote": "7000", "vote_le": "14/03/2027", "decision": "EJ 1"}, "n'est pas encore passé"),
        ({"vote": "7000", "vote_le": "14/03/2024", "decision": "EJ 1"}, "pas encore déposé"),
        ({"vote": "9000", "vote_le": "14/03/2026", "decision": "EJ 1"}, "dépasse la demande"),
    ],
)
def test_une_aide_votee_qui_ne_tient_pas_est_refusee(dossier, dits, phrase):
    lu = seule(jouer(csv_de(ligne(etat="Votée", **dits)), ecrit=True))
    assert (lu.issue, phrase in lu.phrase) == ("refusee", True), lu.phrase
    dossier.refresh_from_db()
    assert dossier.numero_dauphin == ""


def test_un_refus_porte_son_motif(dossier):
    dits = {"etat": "Rejetée", "vote_le": "14/03/2026", "decision": "Décision 12"}
    assert "le motif du refus manque" in seule(jouer(csv_de(ligne(**dits)))).phrase
    jouer(csv_de(ligne(**dits, motif="Action déjà menée.")), ecrit=True)
    assert (volet().etat, volet().vote) == ("refusee", Decimal("0.00"))


def test_un_etat_impossible_est_refuse_jamais_en_silence(dossier):
    Demande.objects.update(etat="recevable")
    lu = seule(jouer(csv_de(ligne(etat="Non recevable")), ecrit=True))
    assert lu.issue == "refusee"
    assert "aucun acte ne mène de l'un à l'autre" in lu.phrase
    assert volet().etat == "recevable"


def test_une_proposition_ne_se_retire_pas_par_un_import(dossier):
    """La maison sait retirer une proposition ; une extraction ne le lui fait pas faire."""
    Demande.objects.update(etat="proposee", propose=Decimal("6000.00"))
    lu = seule(jouer(csv_de(ligne(etat="Non recevable")), ecrit=True))
    assert (lu.issue, volet().etat) == ("refusee", "proposee")


@pytest.mark.parametrize(
    ("de", "vers", "oui"),
    [
        ("sollicitee", "votee", True),
        ("en_attente", "votee", True),
        ("non_recevable", "refusee", True),
        ("proposee", "prise_en_charge", False),
        ("proposee", "non_recevable", False),
        ("votee", "refusee", False),
        ("ecartee", "votee", False),
        ("abandonnee", "votee", False),
    ],
)
def test_un_etat_se_reprend_si_les_actes_y_menent_sans_retour(de, vers, oui):
    assert mene_a(de, vers) is oui


def test_la_maison_plus_avancee_garde_son_etat(dossier):
    Demande.objects.update(etat="proposee", propose=Decimal("6000.00"))
    lu = seule(jouer(csv_de(ligne(etat="Prise en charge", demande="7000")), ecrit=True))
    assert lu.issue == "importee"
    assert "gardé : un montant est déjà proposé" in lu.phrase
    assert (volet().etat, volet().demande) == ("proposee", Decimal("8000.00"))


def test_un_dossier_pas_encore_recevable_n_avance_pas(dossier):
    Dossier.objects.update(etat="depose")
    lu = seule(jouer(csv_de(ligne(etat="Recevable"))))
    assert lu.issue == "refusee"
    assert "Déclarez-le d'abord recevable" in lu.phrase


def test_deux_montants_votes_differents_ne_s_ecrasent_pas(dossier):
    vote = {"etat": "Votée", "vote": "7000", "vote_le": "14/03/2026", "decision": "EJ 1"}
    jouer(csv_de(ligne(**vote)), ecrit=True)
    lu = seule(jouer(csv_de(ligne(**vote | {"vote": "6000"})), ecrit=True))
    assert "7 000,00 € votés ici, 6 000,00 € là-bas" in lu.phrase.replace("\u00a0", " ").replace(
        "\u202f", " "
    )
    assert volet().vote == Decimal("7000.00")


# ------------------------------------------------------------------ Tout, rien, ou les autres ; deux fois


def _paquet(mauvaises):
    """Deux bonnes lignes, et des mauvaises au milieu."""
    bonne = s.dossier(
        "26-0050", appel="aap-2026", porteur=s.organisme("Le Club", "005432018"), intitule="Club"
    )
    reprendre(bonne, etat="recevable", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    autre = ligne(numero="DA07654321", siret="00543201800025", intitule="Club")
    return csv_de(ligne(), *mauvaises, autre)


MAUVAISES = (ligne(siret="1,2E+13"), ligne(numero="rien"), ligne(exercice="MMXXVI"))


def test_trois_mauvaises_lignes_se_disent_et_rien_ne_s_ecrit(dossier):
    rapport = jouer(_paquet(MAUVAISES), ecrit=True)
    assert [x.rang for x in rapport.bloquantes] == [3, 4, 5]
    assert not rapport.est_ecrit
    assert not Dossier.objects.exclude(numero_dauphin="").exists()


def test_les_autres_lignes_s_importent_si_on_le_demande(dossier):
    rapport = jouer(_paquet(MAUVAISES), ecrit=True, les_autres=True)
    assert rapport.est_ecrit
    assert rapport.comptes == {"importee": 2, "refusee": 3}
    assert Dossier.objects.exclude(numero_dauphin="").count() == 2


def test_reimporter_le_meme_fichier_n_ecrit_rien(dossier):
    fichier = csv_de(ligne(etat="Recevable", demande="7500"))
    jouer(fichier, ecrit=True)
    evenements = Evenement.objects.count()
    Demande.objects.update(demande=Decimal("7600.00"))
    assert seule(jouer(fichier, ecrit=True)).issue == "deja"
    assert volet().demande == Decimal("7600.00")
    assert Evenement.objects.count() == evenements
    assert seule(jouer(csv_de(ligne(etat="Recevable", demande="7600")), ecrit=True)).issue == "a_jour"


def test_sans_la_memoire_des_lignes_le_second_import_ecraserait_garde_levee(dossier, monkeypatch):
    from ensemblier.echanges.importer.rapprochement import Rapprochement

    fichier = csv_de(ligne(demande="7500"))
    jouer(fichier, ecrit=True)
    Demande.objects.update(demande=Decimal("7600.00"))
    monkeypatch.setattr(Rapprochement, "_deja_reprises", lambda self, lignes: set())
    monkeypatch.setattr(module.LigneReprise.objects, "create", lambda **_: None)
    jouer(fichier, ecrit=True)
    assert volet().demande == Decimal("7500.00")


def test_un_lot_coute_autant_a_deux_et_a_douze_lignes(dossier):
    """Le rapprochement ne lit rien par ligne : ses requêtes sont celles du lot."""

    def compter(combien):
        inconnues = [
            ligne(numero=f"DA0900{n:04d}", intitule=f"Action {n}", siret="00543201800025")
            for n in range(combien)
        ]
        with CaptureQueriesContext(connection) as requetes:
            jouer(csv_de(*inconnues))
        return len(requetes)

    assert compter(2) == compter(12)


# ------------------------------------------------------------------ Qui importe ; la console


def test_un_financeur_n_importe_que_sa_ligne(dossier):
    assert [e.code for e in extractions_de(f.territoire(), f.acteur("chloe"))] == ["dauphin", "gispro"]
    assert extractions_de(f.territoire(), f.acteur("denise")) == []
    lecture = lire(csv_de(ligne()), f.territoire().pack().extractions)
    with pytest.raises(RoleInsuffisant):
        importer(lecture, territoire=f.territoire(), par=f.acteur("denise"), le=LE)


def test_la_console_essaie_puis_applique(dossier, tmp_path, capsys):
    fichier = tmp_path / "extraction.csv"
    fichier.write_bytes(csv_de(ligne()))
    assert main(["importer", "dauphin", str(fichier)]) == 0
    assert "Rien n'est écrit" in capsys.readouterr().out
    assert main(["importer", "dauphin", str(fichier), "--appliquer", "--json"]) == 0
    dit = json.loads(capsys.readouterr().out)
    assert (dit["ecrit"], dit["comptes"], dit["lignes"][0]["dossier"]) == (True, {"importee": 1}, "26-0041")
    fichier.write_bytes(csv_de(ligne(siret="1E+13")))
    assert main(["importer", "dauphin", str(fichier), "--appliquer"]) == 1
    assert main(["importer", "dauphin", str(tmp_path / "absent.csv")]) == 1
    with pytest.raises(SystemExit) as mal_ecrite:
        main(["importer", "excel", str(fichier)])
    assert mal_ecrite.value.code == 2
