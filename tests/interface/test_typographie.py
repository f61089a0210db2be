"""Les espaces insécables : posées dans le texte d'une page, jamais dans ce qu'une personne a écrit."""

import pytest
from django.conf import settings

from ensemblier.interface.typographie import insecables
from tests import fabriques as f

N = "\u00a0"
TYPOGRAPHIE = "ensemblier.interface.middleware.TypographieMiddleware"


@pytest.mark.parametrize(
    ("tape", "lu"),
    [
        ("Qui ? Moi !", f"Qui{N}? Moi{N}!"),
        ("Avant : après ; fin", f"Avant{N}: après{N}; fin"),
        ("dites « oui » ici", f"dites «{N}oui{N}» ici"),
        ("jusqu'à 80 % du coût, 12 €", f"jusqu'à 80{N}% du coût, 12{N}€"),
        ("<p>Pilier <b>un</b> : agir</p>", f"<p>Pilier <b>un</b>{N}: agir</p>"),
        ("à 21:04, http://x.example", "à 21:04, http://x.example"),
        ("un :smiley", "un :smiley"),
    ],
)
def test_la_ponctuation_double_tient_a_son_mot(tape, lu):
    assert insecables(tape) == lu


@pytest.mark.parametrize(
    "intact",
    [
        '<input value="Qui ? Moi !">',
        "<textarea name='x'>Qui ? Moi !</textarea>",
        "<script>a ? b : c</script>",
        "<pre>a : b</pre>",
        "<!-- a : b -->",
        '<a title="a : b">c</a>',
    ],
)
def test_ce_qui_est_tape_et_ce_qui_s_execute_ressortent_tels_quels(intact):
    assert insecables(intact) == intact
    assert insecables(f"{intact} : fin") == f"{intact}{N}: fin"


@pytest.mark.django_db
def test_une_page_la_porte_et_le_texte_d_une_personne_revient_au_caractere_pres(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, TYPOGRAPHIE]
    dossier = f.dossier()
    dossier.objectifs = "Qui ? Nous : « tous »."
    dossier.save(update_fields=("objectifs",))
    page = f.client("amina").get(f"/dossiers/{dossier.numero}/action/").content.decode()
    assert "Qui ? Nous : « tous »." in page, "dans la zone de saisie"
    lue = f.client("amina").get(f"/dossiers/{dossier.numero}/relecture/").content.decode()
    assert f"{N}?" in lue + page


def test_le_site_l_installe():
    from config import settings as site

    assert TYPOGRAPHIE in site.MIDDLEWARE
    assert TYPOGRAPHIE not in settings.MIDDLEWARE
