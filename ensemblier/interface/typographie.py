"""Les espaces insécables du français : jamais « : », « ? » ni « » » seuls en tête de ligne."""

from __future__ import annotations

import re

_INTACTS = re.compile(r"<!--.*?-->|<(textarea|script|style|pre)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_ESPACES = re.compile(r" (?=[:;?!»%€](?:\W|$))|(?<=«) (?=\S)")


def insecables(page: str) -> str:
    """Lie la ponctuation double à son mot, dans le texte d'une page HTML et nulle part ailleurs.

    Les balises, donc les valeurs des champs, et le contenu des zones de saisie ressortent tels quels : ce
    qu'une personne a écrit se renvoie au caractère près.
    """
    intacts = [zone.span() for zone in _INTACTS.finditer(page)]
    rendu, fin, rang = [], 0, 0
    for espace in _ESPACES.finditer(page):
        ici = espace.start()
        while rang < len(intacts) and intacts[rang][1] <= ici:
            rang += 1
        dans_une_balise = page.rfind("<", 0, ici) > page.rfind(">", 0, ici)
        if dans_une_balise or (rang < len(intacts) and intacts[rang][0] <= ici):
            continue
        rendu.append(page[fin:ici])
        fin = ici + 1
    return "\u00a0".join((*rendu, page[fin:]))
