"""T06 : un champ que le formulaire ne déclare pas n'écrit rien, fût-il le nom exact d'une colonne."""

from __future__ import annotations

import re
from collections import Counter

from django.apps import apps
from django.db import connection, transaction
from django.forms import modelform_factory
from django.test import Client

from ensemblier.comptes.models import Utilisateur
from ensemblier.comptes.views import compte
from ensemblier.interface.formulaires import FormulaireModele
from tests.aspirateur import Formulaire, formulaires_de
from tests.attaques.conftest import formulaires_visibles

INTRUS = "987654"
"""Un texte, un entier, un montant, une case cochée : la même valeur passe partout."""
COLONNES = sorted(
    {
        nom
        for modele in apps.get_models()
        if modele.__module__.startswith("ensemblier.")
        for champ in modele._meta.get_fields()
        for nom in {champ.name, getattr(champ, "attname", champ.name)}
    }
)
_ECRIT = re.compile(r'^(INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')
_SANS_OBJET = {"registre_trace", "django_session"}


def _ecritures(client: Client, formulaire: Formulaire, intrus: dict[str, str]) -> tuple[Counter, str]:
    """Ce que l'envoi écrit (verbe, table, colonnes), et toutes les valeurs liées, puis tout est défait."""
    vues, valeurs = Counter(), []

    def guetter(execute, sql, params, many, context):
        if (trouve := _ECRIT.match(sql)) and trouve[2] not in _SANS_OBJET:
            vues[re.sub(r"%s(, %s)*", "…", sql)] += 1
            valeurs.append(str(params))
        return execute(sql, params, many, context)

    point, temoins = transaction.savepoint(), client.cookies.copy()
    with connection.execute_wrapper(guetter):
        client.post(formulaire.action, {**intrus, **formulaire.rempli()}).close()
    transaction.savepoint_rollback(point)
    client.cookies = temoins
    return vues, " ".join(valeurs)


def _intrusions(client: Client, formulaires: list[Formulaire]) -> tuple[list[str], int]:
    """Les formulaires où un intrus change ce qui s'écrit, et le nombre de ceux qui écrivent."""
    fautes, ecrivent = [], 0
    for formulaire in formulaires:
        intrus = {nom: INTRUS for nom in COLONNES if nom not in formulaire.noms}
        sans, _ = _ecritures(client, formulaire, {})
        avec, valeurs = _ecritures(client, formulaire, intrus)
        ecrivent += bool(sans)
        if sans != avec or INTRUS in valeurs:
            fautes.append(f"{formulaire.action} : {dict((avec - sans) + (sans - avec))} {INTRUS in valeurs}")
    return fautes, ecrivent


def test_un_champ_que_le_formulaire_ne_declare_pas_n_ecrit_rien(le_monde):
    vus, fautes, ecrivent = set(), [], 0
    for qui in ("amina", "benoit", "chloe", "elise", "fatou_finances"):
        client, tous = formulaires_visibles(le_monde, qui)
        neufs = [x for x in tous if x.methode == "post" and x.identite not in vus]
        vus |= {x.identite for x in neufs}
        siennes, ecrites = _intrusions(client, neufs)
        fautes += siennes
        ecrivent += ecrites
    assert not fautes, "\n".join(fautes)
    assert ecrivent >= 20, f"{ecrivent} formulaires sur {len(vus)} écrivent : l'essai ne prouve plus rien"


def test_un_formulaire_trop_large_serait_vu_garde_levee(le_monde, monkeypatch):
    client = Client()
    client.force_login(le_monde.personnes["amina"])
    formulaires = [x for x in formulaires_de(client, ["/mon-compte/"]) if "prenom" in x.noms]
    assert _intrusions(client, formulaires) == ([], 1)
    large = modelform_factory(Utilisateur, form=FormulaireModele, fields=("prenom", "nom", "password"))
    monkeypatch.setattr(compte, "CompteForm", large)
    assert _intrusions(client, formulaires)[0]
