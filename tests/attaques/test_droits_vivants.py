"""Un droit vaut à la requête suivante, ou ne vaut plus ; un nom très long n'arrête aucun acte."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ensemblier.comptes import droits
from ensemblier.comptes.models import Habilitation, Rattachement
from ensemblier.dossiers.models import Piece
from ensemblier.registre.models import Trace
from tests import fabriques as f
from tests.attaques.conftest import RefuseParPostgresql

HIER = timedelta(days=1)


def _pages(le_monde):
    numero = le_monde.decide.numero
    return [reverse(nom, args=[numero]) for nom in ("dossier", "instruction_dossier", "suite", "suite_bilan")]


@pytest.mark.parametrize(("qui", "modele"), [("amina", Rattachement), ("chloe", Habilitation)])
def test_un_droit_retire_en_pleine_session_ferme_la_page_suivante(le_monde, qui, modele):
    """T01 : la session reste ouverte, le dossier non."""
    client = f.client(le_monde.personnes[qui])
    ouvertes = [page for page in _pages(le_monde) if client.get(page, follow=True).status_code == 200]
    assert len(ouvertes) >= 2
    siens = modele.objects.filter(utilisateur=le_monde.personnes[qui])
    siens.update(au=timezone.localdate() - HIER)
    assert {client.get(page).status_code for page in ouvertes} <= {403, 404}
    siens.update(au=timezone.localdate())
    assert client.get(ouvertes[0], follow=True).status_code == 200


def _rib_lu_par(le_monde, qui):
    piece = le_monde.decide.pieces.get(code=Piece.RIB)
    reponse = f.client(le_monde.personnes[qui]).get(
        reverse("piece", args=[le_monde.decide.numero, piece.fichier.cle])
    )
    reponse.close()
    return reponse.status_code, Trace.objects.filter(nature="consultation", raison="RIB").count()


def test_un_agent_qui_preside_une_autre_association_laisse_sa_trace_en_lisant_un_rib(le_monde):
    """Être signataire ailleurs n'efface pas la consultation ; le porteur, lui, lit le sien sans trace."""
    assert _rib_lu_par(le_monde, "amina") == (200, 0)
    Rattachement.objects.create(
        utilisateur=le_monde.personnes["benoit"], organisme=f.organisme("club"), qualite="signataire",
        fonction="président",
    )  # fmt: skip
    assert _rib_lu_par(le_monde, "benoit") == (200, 1)


def _tres_longs():
    amina = f.personne("amina")
    amina.prenom, amina.nom = "A" * 80, "B" * 80
    amina.save()
    lien = amina.rattachements.get()
    lien.fonction = "présidente " * 10
    lien.save()
    type(lien.organisme).objects.filter(pk=lien.organisme_id).update(
        nom="Association " * 16, representant_nom=lien.utilisateur.nom_complet[:150]
    )


def test_un_nom_et_un_organisme_tres_longs_deposent_comme_les_autres(db, comme_postgresql):
    _tres_longs()
    depose = f.dossier_depose()
    assert depose.depose_par.startswith("AAAA")


def test_sans_la_coupe_postgresql_refuserait_le_depot_garde_levee(db, comme_postgresql, monkeypatch):
    monkeypatch.setattr(droits, "FONCTION_AU_PLUS", 1000)
    _tres_longs()
    with pytest.raises(RefuseParPostgresql):
        f.dossier_depose()
