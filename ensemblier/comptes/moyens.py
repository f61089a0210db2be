"""Les moyens d'un organisme en mots, dans l'ordre du Cerfa 12156*06 : rubriques 2, 3 et 4 (§B.2)."""

from __future__ import annotations

from decimal import Decimal

from ensemblier.comptes.models import Organisme
from ensemblier.interface.formats import nombre

Ligne = tuple[str, str]
_OUI_NON = {None: "", True: "Oui", False: "Non"}


def _compte(valeur: int | None) -> str:
    """Zéro est une réponse ; rien de dit reste vide."""
    return "" if valeur is None else nombre(valeur)


def _etp(valeur: Decimal | None) -> str:
    if valeur is None:
        return ""
    return nombre(valeur, 2).rstrip("0").rstrip(",")


def administration(o: Organisme) -> tuple[Ligne, ...]:
    """Rubrique 2."""
    return (
        ("Agréments", o.agrements),
        ("Reconnue d'utilité publique", _OUI_NON[o.est_d_utilite_publique]),
        ("Assujettie aux impôts commerciaux", _OUI_NON[o.paie_les_impots_commerciaux]),
    )


def humains(o: Organisme) -> tuple[Ligne, ...]:
    """Rubrique 4."""
    return (
        ("Bénévoles", _compte(o.benevoles)),
        ("Volontaires", _compte(o.volontaires)),
        ("Salariés", _compte(o.salaries)),
        ("Salariés, en équivalent temps plein", _etp(o.salaries_etp)),
        ("Emplois aidés", _compte(o.emplois_aides)),
        ("Adhérents", _compte(o.adherents)),
    )


def moyens_de(o: Organisme) -> tuple[Ligne, ...]:
    """Tout, les personnes d'abord."""
    return (*humains(o), *administration(o), ("Fédération, union ou réseau", o.federation))


def phrase_des_moyens(o: Organisme) -> str:
    """« Bénévoles 12, Salariés 2 (1,5 en équivalent temps plein), Adhérents 80 » ; vide si rien n'est dit."""
    dits = dict(humains(o))
    etp = dits.pop("Salariés, en équivalent temps plein")
    if etp:
        dits["Salariés"] = f"{dits['Salariés'] or 'nombre non dit'} ({etp} en équivalent temps plein)"
    return ", ".join(f"{nom.lower()} {combien}" for nom, combien in dits.items() if combien)
