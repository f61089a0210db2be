"""Le même dépôt envoyé plusieurs fois au même instant : un dépôt, un accusé, un courriel (T09, T13)."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import OperationalError, connection

from ensemblier.dossiers import actes
from ensemblier.dossiers.actes import commun
from ensemblier.dossiers.attestations import a_donner
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import CoPorteur, Dossier
from ensemblier.noyau.machine import EtatInterdit
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement, Lien
from tests import fabriques

CLICS = 4


def en_insistant(faire):
    """SQLite en mémoire refuse au lieu d'attendre : on recommence, comme un navigateur."""
    fin = time.monotonic() + 30
    try:
        while True:
            try:
                return faire()
            except OperationalError:
                if time.monotonic() > fin:
                    raise
                time.sleep(0.03)
    finally:
        connection.close()


def depots():
    courriels = Courriel.objects.filter(cle__startswith="accuse:")
    return Evenement.objects.filter(acte="deposer").count(), courriels.count()


def test_quatre_clics_au_meme_instant_deposent_une_fois(base_partagee):
    dossier = fabriques.dossier()
    par, le = fabriques.acteur("amina"), fabriques.DEPOTS["ami-2025"]
    siens = roles(par, dossier)
    cases = [d.code for d in a_donner(dossier.appel.regles(), dossier.organisme)]
    depart = Barrier(CLICS)

    def cliquer(rang):
        depart.wait(timeout=20)
        heure = le + timedelta(milliseconds=rang)
        depose = en_insistant(
            lambda: actes.deposer(dossier, cle="k" * 32, attestations=cases, par=par, roles=siens, le=heure)
        )
        return depose.accuse_empreinte

    with ThreadPoolExecutor(CLICS) as fils:
        accuses = set(fils.map(cliquer, range(CLICS)))
    assert len(accuses) == 1
    assert depots() == (1, 1)


def _saisir_sur_une_page_perimee():
    """La page montrait un brouillon ; entre-temps le dossier est déposé, puis la saisie arrive."""
    dossier = fabriques.dossier()
    fabriques.deposer(dossier)
    assert dossier.etat == "brouillon"
    par = fabriques.acteur("amina")
    try:
        actes.enregistrer_etape(
            dossier, champs={"intitule": "Trop tard"}, par=par, roles=roles(par, dossier),
            le=fabriques.DEPOTS["ami-2025"],
        )  # fmt: skip
    finally:
        relu = Dossier.objects.get(pk=dossier.pk)
        le_contenu_est_celui_de_la_preuve = relu.intitule == relu.fiche_figee["action"]["intitule"]
    return le_contenu_est_celui_de_la_preuve


@pytest.mark.django_db
def test_une_saisie_qui_croise_le_depot_est_refusee():  # T13
    with pytest.raises(EtatInterdit):
        _saisir_sur_une_page_perimee()
    relu = Dossier.objects.get()
    assert relu.intitule == relu.fiche_figee["action"]["intitule"]


@pytest.mark.django_db
def test_une_saisie_qui_croise_le_depot_est_refusee_garde_levee(monkeypatch):
    """Sans relire l'état sous le verrou, la saisie passe : le contenu n'est plus celui de la preuve."""
    monkeypatch.setattr(commun, "tenir", lambda dossier: dossier)
    assert _saisir_sur_une_page_perimee() is False


def _nommer(dossier, role="Anime les mercredis"):
    par = fabriques.acteur("amina")
    return actes.ajouter_co_porteur(
        dossier, nom="Club des Amis du terril", numero=fabriques.SIREN_DU_CLUB, role=role,
        courriel="bureau@terril.example", par=par, roles=roles(par, dossier), le=fabriques.DEPOTS["ami-2025"],
    )  # fmt: skip


def test_un_role_change_pendant_la_confirmation_n_est_jamais_confirme(base_partagee):
    """Quel que soit l'ordre, le club ne se retrouve pas engagé sur une part qu'il n'a pas lue."""
    dossier, david = fabriques.dossier(), fabriques.acteur("david")
    nomme = _nommer(dossier)
    lue, depart = nomme.teneur(), Barrier(2)

    def confirmer():
        depart.wait(timeout=20)
        with suppress(ActeBloque):
            en_insistant(
                lambda: actes.repondre_en_co_porteur(
                    nomme, confirme=True, motif="", teneur=lue, par=david, le=fabriques.DEPOTS["ami-2025"]
                )
            )

    def changer():
        depart.wait(timeout=20)
        en_insistant(lambda: _nommer(dossier, role="Anime, et paie la salle"))

    with ThreadPoolExecutor(2) as fils:
        for geste in [fils.submit(confirmer), fils.submit(changer)]:
            geste.result()
    relu = dossier.co_porteurs.get()
    assert (relu.role, relu.confirme, relu.repondu_le) == ("Anime, et paie la salle", None, None)


@pytest.mark.django_db
def test_une_part_non_lue_serait_confirmee_garde_levee(monkeypatch):
    dossier, david = fabriques.dossier(), fabriques.acteur("david")
    _nommer(dossier, role="Anime, et paie la salle")
    monkeypatch.setattr(CoPorteur, "teneur", lambda self: "la même")
    nomme = dossier.co_porteurs.get()
    assert actes.repondre_en_co_porteur(
        nomme, confirme=True, motif="", teneur="la même", par=david, le=fabriques.DEPOTS["ami-2025"]
    ).confirme


def test_quatre_clics_sur_le_lien_ne_declinent_qu_une_fois(base_partagee):
    nomme = _nommer(fabriques.dossier())
    lien, depart = Lien.objects.get(objet=nomme.designation()), Barrier(CLICS)

    def decliner(rang):
        depart.wait(timeout=20)
        try:
            en_insistant(
                lambda: actes.decliner_par_lien(lien, motif=f"Non {rang}", le=fabriques.DEPOTS["ami-2025"])
            )
        except ActeBloque:
            return 0
        return 1

    with ThreadPoolExecutor(CLICS) as fils:
        assert sum(fils.map(decliner, range(CLICS))) == 1
    assert Evenement.objects.filter(acte="decliner_co_porteur").count() == 1


def _ensemble(*gestes):
    """Chaque geste dans son fil, tous au même départ ; rend ce que chacun a rendu, ou son refus."""
    depart = Barrier(len(gestes))

    def faire(geste):
        depart.wait(timeout=20)
        try:
            return en_insistant(geste)
        except (ActeBloque, EtatInterdit) as refus:
            return refus

    with ThreadPoolExecutor(len(gestes)) as fils:
        return list(fils.map(faire, gestes))


def _confirmer(nomme, david):
    return lambda: actes.repondre_en_co_porteur(
        nomme, confirme=True, motif="", teneur=nomme.teneur(), par=david, le=fabriques.DEPOTS["ami-2025"]
    )


def _actes_du_registre(dossier):
    return list(
        Evenement.objects.filter(chaine__racine=dossier.racine())
        .order_by("rang")
        .values_list("acte", flat=True)
    )


def _annonces():
    return Courriel.objects.filter(sujet__contains="confirme", destinataire="amina@maison.example").count()


def test_quatre_confirmations_au_meme_instant_n_en_font_qu_une(base_partagee):
    dossier, david = fabriques.dossier(), fabriques.acteur("david")
    nomme = _nommer(dossier)
    rendues = _ensemble(*[_confirmer(nomme, david)] * CLICS)
    assert [r.confirme for r in rendues] == [True] * CLICS
    assert _actes_du_registre(dossier).count("confirmer_co_porteur") == 1
    assert _annonces() == 1


@pytest.mark.django_db
def test_deux_confirmations_s_inscriraient_garde_levee(monkeypatch):
    """Sans relire la réponse sous le verrou, la seconde s'inscrit aussi."""
    dossier, david = fabriques.dossier(), fabriques.acteur("david")
    nomme = _nommer(dossier)
    perimee = CoPorteur.objects.get(pk=nomme.pk)

    class Perimes:
        filter = staticmethod(lambda **_: Perimes)
        first = staticmethod(lambda: copy(perimee))

    monkeypatch.setattr(CoPorteur.objects, "de", lambda *_: Perimes)
    for _ in range(2):
        _confirmer(nomme, david)()
    assert _actes_du_registre(dossier).count("confirmer_co_porteur") == 2


def test_confirmer_pendant_que_le_porteur_retire_ne_laisse_aucun_engagement(base_partagee):
    """Confirmé puis retiré, ou retiré puis refusé : jamais une ligne, ni un droit de lire, qui survive."""
    dossier, david, amina = fabriques.dossier(), fabriques.acteur("david"), fabriques.acteur("amina")
    siens, le = roles(amina, dossier), fabriques.DEPOTS["ami-2025"]
    for tour in range(3):
        nomme = _nommer(dossier, role=f"Anime {tour}")
        reponse, _ = _ensemble(
            _confirmer(nomme, david),
            lambda nomme=nomme: actes.retirer_co_porteur(dossier, nomme, par=amina, roles=siens, le=le),
        )
        assert not dossier.co_porteurs.exists()
        assert not Dossier.objects.visibles_par(david).exists()
        fin = [a for a in _actes_du_registre(dossier) if a.endswith("er_co_porteur")]
        assert fin[-1] == "retirer_co_porteur"
        if isinstance(reponse, ActeBloque):
            assert "retiré de ce dossier" in str(reponse)
            assert fin[-2] != "confirmer_co_porteur"
        assert not Lien.objects.filter(objet=nomme.designation(), revoque_le=None, utilise_le=None).exists()


def test_confirmer_pendant_le_depot_se_lit_dans_la_preuve_ou_vient_apres(base_partagee):
    """La fiche figée dit ce qui était vrai au rang du dépôt, ni plus ni moins."""
    dossier, david, amina = fabriques.dossier(), fabriques.acteur("david"), fabriques.acteur("amina")
    nomme, le = _nommer(dossier), fabriques.DEPOTS["ami-2025"]
    cases = [d.code for d in a_donner(dossier.appel.regles(), dossier.organisme)]
    siens = roles(amina, dossier)
    _ensemble(
        _confirmer(nomme, david),
        lambda: actes.deposer(dossier, cle="d" * 32, attestations=cases, par=amina, roles=siens, le=le),
    )
    relu, ecrits = Dossier.objects.get(), _actes_du_registre(dossier)
    assert relu.co_porteurs.get().confirme
    avant = ecrits.index("confirmer_co_porteur") < ecrits.index("deposer")
    (fige,) = relu.fiche_figee["action"]["co_porteurs"]
    assert bool(fige.get("confirme")) == avant


def test_confirmer_pendant_que_le_dossier_se_retire(base_partagee):
    dossier = fabriques.deposer(_avec_club())
    david, amina = fabriques.acteur("david"), fabriques.acteur("amina")
    nomme, siens = dossier.co_porteurs.get(), roles(amina, dossier)
    reponse, _ = _ensemble(
        _confirmer(nomme, david),
        lambda: actes.retirer(
            dossier, motif="Plus de salle", par=amina, roles=siens, le=fabriques.DEPOTS["ami-2025"]
        ),
    )
    ecrits = _actes_du_registre(dossier)
    refusee = isinstance(reponse, EtatInterdit)
    assert refusee == ("confirmer_co_porteur" not in ecrits)
    if not refusee:
        assert ecrits.index("confirmer_co_porteur") < ecrits.index("retirer")


def _avec_club():
    dossier = fabriques.dossier()
    _nommer(dossier)
    return dossier
