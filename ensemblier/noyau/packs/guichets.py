"""Les guichets d'un appel : ce qui se dépose ailleurs qu'ici, chez qui, quand (R55, R61, R62, R65)."""

from __future__ import annotations

from typing import Final, Literal

from ensemblier.noyau.packs.regle import Phrase, Source
from ensemblier.noyau.packs.territoire import Lien, Slug
from ensemblier.noyau.strict import Modele

NUMERO: Final = "numero"
VOLET: Final = "volet"
PIECE: Final = "piece"
DEPOT: Final = "depot"
SELECTION: Final = "selection"


class Guichet(Modele):
    """Un endroit où déposer, ce qu'on y fait (à l'infinitif), et les financeurs qui l'attendent.

    `genre` dit où se garde la référence : « numero », celui du dossier sur la plateforme, dû par tous ;
    « volet », une par demande faite à `financeurs` ; « piece », un courrier joint ici.
    `quand` : avec le dépôt, ou après la sélection (R55).
    """

    code: Slug
    nom: Phrase
    genre: Literal["numero", "volet", "piece"]
    financeurs: tuple[str, ...] = ()
    piece: Slug | None = None
    quand: Literal["depot", "selection"] = DEPOT
    quoi: Phrase
    lien: Lien | None = None
    source: Source
