"""L'agent d'un financeur, le référent d'une ville s'absentent : l'avis demandé va à qui le rend déjà."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from ensemblier.comptes.actes_equipe import declarer_absence
from ensemblier.comptes.models import Absence, Habilitation, Interet
from ensemblier.dossiers.models import Dossier
from ensemblier.registre.actes import ActeBloque, ouvrir
from ensemblier.registre.models import Courriel
from tests import fabriques as f
from tests.instruction.test_avis_demandes import NOVEMBRE, demander, financeur, lens

pytestmark = pytest.mark.django_db
DU, AU = date(2025, 11, 10), date(2025, 11, 21)


@pytest.fixture(autouse=True)
def au_12_novembre():
    with time_machine.travel(f.instant("2025-11-12 12:00"), tick=True):
        yield


@pytest.fixture
def aap():
    return f.dossier_recevable(le=NOVEMBRE)


def habiliter(qui, **perimetre):
    """Une seconde personne pour cette ligne."""
    lieu, personne = f.territoire(), f.personne(qui)
    Habilitation.objects.filter(utilisateur=personne).delete()
    ouvrir(
        Habilitation(utilisateur=personne, territoire=lieu, fonction="Adjointe", **perimetre),
        par=f.systeme(lieu.code), le=f.instant("2025-01-02 09:00"), libelle="Habilitée", public=False,
    )  # fmt: skip
    return personne


@pytest.fixture
def remi():
    """Rémi rend aussi l'avis de l'État."""
    return habiliter("remi", qualite="agent_financeur", financeur=financeur("ETAT"))


def absenter(qui, remplacant):
    acteur = f.acteur(qui, le=DU)
    return declarer_absence(
        f.territoire(), de=f.personne(qui), du=DU, au=AU, remplacant=remplacant, par=acteur,
        roles={d.role for d in acteur.droits}, le=f.instant("2025-11-10 08:00"),
    )  # fmt: skip


def prevenus(dossier, ligne, **options):
    demander(dossier, ligne, **options)
    return sorted(c.destinataire.partition("@")[0] for c in Courriel.objects.filter(cle__startswith="avis:"))


def test_l_avis_demande_va_au_remplacant_et_plus_a_l_absente(aap, remi):
    f.personne("chloe")
    absenter("chloe", remi)
    assert prevenus(aap, financeur("ETAT")) == ["remi"]
    lue = f.client("remi").get(reverse("instruction")).content.decode().replace("\u00a0", " ")
    assert "Vous répondez pour Chloé Fontaine jusqu'au" in lue
    assert "les avis demandés vous sont envoyés" in lue


def test_sans_absence_ou_apres_elle_les_deux_le_recoivent(aap, remi):
    f.personne("chloe")
    absenter("chloe", remi)
    apres = f.instant("2025-11-24 09:00")
    assert prevenus(aap, financeur("ETAT"), le=apres) == ["chloe", "remi"]


def test_le_referent_d_une_ville_est_remplace_par_l_autre_referent(aap):
    f.personne("farid")
    lens_ = f.territoire().communes.get(code="LENS")
    absenter("farid", habiliter("remi", qualite="referent_communal", commune=lens_))
    assert prevenus(aap, lens()) == ["remi"]


def test_un_remplacant_qui_ne_lit_pas_ce_dossier_ne_fait_pas_taire_l_absent(aap):
    """L'agent de la ville lit les dossiers qui la visent, sauf celui d'un organisme qui le tient (B10)."""
    f.personne("farid")
    absenter("farid", habiliter("remi", qualite="agent_financeur", financeur=lens()))
    Interet.objects.create(
        utilisateur=f.personne("remi"), organisme=aap.organisme, nature="trésorier", connu_le=DU
    )
    assert prevenus(aap, lens()) == ["farid"]


def test_tous_absents_l_avis_demande_ne_se_perd_pas(aap):
    f.personne("chloe")
    absenter("chloe", None)
    assert prevenus(aap, financeur("ETAT")) == ["chloe"]


def test_remplacer_n_ouvre_aucune_ligne_aucun_dossier(aap):
    """Denise rend l'avis du Département : elle ne peut pas répondre pour l'État."""
    with pytest.raises(ActeBloque, match="Denise Lefort ne répond pas, tous ces jours, de ce dont Chloé"):
        absenter("chloe", f.personne("denise"))
    assert not Absence.objects.exists()


def test_meme_declaree_elle_n_en_ouvrirait_pas_garde_levee(aap, monkeypatch):
    monkeypatch.setattr("ensemblier.comptes.actes_equipe._rencontres", lambda *a: ())
    f.personne("chloe")
    aap.demandes.filter(financeur__code="DEPARTEMENT").delete()
    absenter("chloe", f.personne("denise"))
    assert not Dossier.objects.visibles_par(f.acteur("denise", le=DU)).exists()
    assert prevenus(aap, financeur("ETAT")) == ["chloe"], "personne d'autre n'est habilité : elle seule"


def test_un_remplacant_parti_entre_temps_ne_recoit_rien(aap, remi):
    f.personne("chloe")
    absenter("chloe", remi)
    Habilitation.objects.filter(utilisateur=remi).update(au=date(2025, 11, 11))
    assert prevenus(aap, financeur("ETAT")) == ["chloe"]


def test_un_absent_serait_prevenu_garde_levee(aap, remi, monkeypatch):
    f.personne("chloe")
    absenter("chloe", remi)
    monkeypatch.setattr("ensemblier.instruction.courriels.presents", lambda personnes, *a: personnes)
    assert prevenus(aap, financeur("ETAT")) == ["chloe", "remi"]


def test_la_page_le_propose_le_dit_et_l_annule(remi):
    client, adresse = f.client("chloe"), reverse("instruction_absence")
    assert adresse in client.get(reverse("instruction")).content.decode()
    choix = client.get(adresse).context["form"].fields["a"].choices
    assert choix == [("", "Tous mes collègues"), (str(remi.pk), "Rémi Dubois")]
    envoi = {"du": "12/11/2025", "au": "21/11/2025", "a": remi.pk}
    assert client.post(adresse, envoi).url == adresse
    assert "Rémi Dubois répond" in client.get(adresse).content.decode()
    assert "Vous êtes dit absent" in client.get(reverse("instruction")).content.decode()
    annuler = reverse("instruction_absence_annuler", args=[Absence.objects.get().pk])
    assert f.client("denise").post(annuler).status_code == 404
    assert client.post(annuler).url == adresse
    assert not Absence.objects.filter(annulee_le=None).exists()


def test_seul_a_rendre_cet_avis_la_page_le_dit():
    assert "Personne d'autre ne rend ici le même avis" in f.client("chloe").get(
        reverse("instruction_absence")
    ).content.decode().replace("&#x27;", "'")
