"""Le monde attaqué, et une base qui refuse ce que PostgreSQL refuserait."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.db.models.signals import pre_save
from django.test import Client

from tests import monde
from tests.acces import TABLE
from tests.aspirateur import Formulaire, formulaires_de
from tests.monde import ACTEURS
from tests.test_acces import _adresse, adresses

PUBLIQUES = ("galerie", "account_re", "account_e", "account_i", "account_co")


@pytest.fixture
def le_monde(db, settings):
    settings.DEMONSTRATION = True
    return monde.creer()


class RefuseParPostgresql(Exception):
    """SQLite garde un octet nul et un texte trop long ; la base de production, non."""


def _sans_octet_nul(execute, sql, params, many, context):
    for valeur in () if many or not params else params:
        if isinstance(valeur, str) and "\0" in valeur:
            raise RefuseParPostgresql(f"octet nul dans : {sql[:120]}")
    return execute(sql, params, many, context)


def _sans_debordement(sender, instance, **options):
    for champ in sender._meta.concrete_fields:
        valeur, limite = getattr(instance, champ.attname), getattr(champ, "max_length", None)
        if limite and isinstance(valeur, str) and len(valeur) > limite:
            raise RefuseParPostgresql(f"{sender.__name__}.{champ.name} : {len(valeur)} > {limite}")


@pytest.fixture
def comme_postgresql(monkeypatch):
    """Une ligne écrite seule ou en lot : `bulk_create` n'annonce pas ses lignes, il est donc suivi à part."""
    ecrire_en_lot = QuerySet.bulk_create

    def bulk_create(self, objs, *reste, **options):
        lignes = list(objs)
        for ligne in lignes:
            _sans_debordement(self.model, ligne)
        return ecrire_en_lot(self, lignes, *reste, **options)

    monkeypatch.setattr(QuerySet, "bulk_create", bulk_create)
    pre_save.connect(_sans_debordement)
    with connection.execute_wrapper(_sans_octet_nul):
        yield
    pre_save.disconnect(_sans_debordement)


def ouvertes_a(le_monde: monde.Monde, qui: str) -> list[str]:
    """Les pages que la table des accès ouvre à cette personne."""
    rang = list(ACTEURS).index(qui)
    noms = [nom for nom in adresses() if TABLE[nom][0][rang] == "o" and not nom.startswith(PUBLIQUES)]
    return [_adresse(nom, le_monde) for nom in noms]


def formulaires_visibles(le_monde: monde.Monde, qui: str) -> tuple[Client, list[Formulaire]]:
    """Le navigateur de cette personne, et les formulaires des pages qui lui sont ouvertes."""
    client = Client()
    client.force_login(le_monde.personnes[qui])
    return client, formulaires_de(client, ouvertes_a(le_monde, qui))
