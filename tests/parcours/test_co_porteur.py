"""Le co-porteur de la démonstration : il répond de « Mes dossiers », lit, et n'écrit rien."""

import re

import pytest

from tests.parcours.gestes import ecrire, presser, titre

NOMME = re.compile("Les Jardins du Onze vous nomme co-porteur")


@pytest.mark.parametrize("largeur", [1280, 375])
def test_david_confirme_lit_le_dossier_puis_ne_le_porte_plus(personne, largeur):
    david = personne("david", largeur=largeur)
    david.va("/dossiers/").lit(NOMME).suit(re.compile("Lire et répondre"))
    titre(david, "Portez-vous cette action ?").lit("Mène un atelier sur deux")
    question = david.page.url.removeprefix(david.serveur.adresse)
    presser(david, "Confirmer : nous portons cette action", lu="Vous lisez maintenant le dossier")
    david.lit("Vous lisez ce dossier en co-porteur").lit("Ce qui est demandé, et la réponse")
    david.suit(re.compile(r"2\. Action"))
    titre(david, "Action").lit("Co-porteurs")
    assert not david.page.locator("main form").count(), "rien ne s'écrit"
    ecrire(david.va(question), {"Pourquoi vous ne portez pas": "La salle ferme."})
    presser(david, "Ne plus porter", lu="Réponse notée")
    david.va("/dossiers/")
    assert not david.page.get_by_text(NOMME).count()


def test_le_jury_lit_le_co_porteur_confirme_au_critere_qu_il_prouve(personne):
    """Sur l'édition ouverte, un dossier déposé se porte à deux : Benoît lit la réponse et tranche."""
    benoit = personne("benoit").va("/instruction/?vue=tous&q=Cles+de+chez+moi&appel=ami-du-jour")
    benoit.suit(re.compile(r"^\d\d-\d{4}$")).suit("Critères")
    benoit.lit(re.compile(r"L'Étoile filante \(Mène un atelier sur deux.*confirmé le"))
