"""Une règle dite en une phrase : ce qu'elle compte, ce qu'elle arrête, d'où elle vient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ensemblier.interface.constats import ACTES
from ensemblier.interface.formats import euros_ronds, nombre
from ensemblier.noyau import packs
from ensemblier.noyau.regles.contexte import de

INSECABLE = "\u00a0"


def _part(r: Any) -> str:
    return (
        f"Au moins {r.seuil}{INSECABLE}% {de(r.unites)}. Calcul{INSECABLE}: {r.unites} divisés par le total, "
        "sans arrondi."
    )


def _minimum(r: Any) -> str:
    fin = " Une action expérimentale, justifiée, peut en compter moins." if r.tolerance else ""
    return f"Au moins {nombre(r.seuil)} {r.unites}.{fin}"


def _pieces(r: Any) -> str:
    if r.niveau == "indispensables":
        return "Sans ces pièces, le dossier ne peut pas être examiné."
    return "Ces pièces peuvent venir plus tard, avant la convention et le versement."


def _cumul(r: Any) -> str:
    quoi = "Tous les financements" if r.compte == "tous" else "Les aides publiques"
    seuil = f"au plus {r.seuil}{INSECABLE}%"
    return f"{quoi} du plan, divisés par le coût hors contributions volontaires{INSECABLE}: {seuil}."


_PHRASES: dict[str, Callable[[Any], str]] = {
    "part": _part,
    "minimum": _minimum,
    "coherence": lambda r: "La partie ne dépasse pas le total, et le total compte au moins une personne.",
    "presence": lambda r: r.remede,
    "choix": lambda r: r.remede,
    "contact_communal": lambda r: "Une date de contact par commune concernée, au plus tard le jour du dépôt.",
    "equilibre": lambda r: (
        "Les dépenses égalent les ressources, au centime. Le bénévolat et les dons en nature aussi (86 = 87)."
    ),
    "date_limite": lambda r: "Le dépôt arrive pendant la phase de dépôt, à l'heure du serveur.",
    "pieces": _pieces,
    "piece": lambda r: "Cette pièce est demandée avant d'aller plus loin.",
    "obligation": lambda r: "Les comptes rendus des aides déjà reçues et échus sont rendus.",
    "demande": lambda r: "Un montant est demandé à au moins un financeur.",
    "plafond": lambda r: (
        "Montant demandé au plus égal au coût hors contributions volontaires, multiplié par le taux, "
        "coupé au centime inférieur."
    ),
    "cumul": _cumul,
    "heures": lambda r: (
        f"Un nombre d'heures plus grand que zéro, par pas de {r.pas.replace('.', ',')} heure."
    ),
    "numero": lambda r: f"Le numéro donné par {r.plateforme}, par exemple {r.exemple}.",
    "siege": lambda r: "Un siège hors du territoire est admis. Il est signalé.",
    "quartiers": lambda r: "Au moins un quartier prioritaire est visé, dans ses communes.",
    "communes_hors_epci": lambda r: (
        "Une commune d'une autre intercommunalité est admise. Aucun contact n'y est demandé."
    ),
    "gestionnaire": lambda r: "Le dispositif est géré par un organisme admis.",
    "depot_propre": lambda r: "Ce financeur attend aussi un dépôt sur sa propre plateforme.",
    "vigilance": lambda r: r.remede,
    "bonification": lambda r: "Le taux du jury reste entre les deux bornes de l'appel.",
    "co_porteurs": lambda r: "Chaque co-porteur nommé confirme lui-même sa part.",
    "financeurs": lambda r: "Chaque ligne de subvention nomme son financeur.",
}


@dataclass(frozen=True, slots=True)
class RegleEnClair:
    """Une règle telle que la page la montre."""

    code: str
    titre: str
    phrase: str
    consequence: str
    bloque_le_depot: bool
    financeur: str
    source: Any
    aussi: Any
    ne_dit_pas: str
    parametres: tuple[tuple[str, str], ...]
    derogeable: bool


def en_clair(regle: Any, territoire: packs.Territoire) -> RegleEnClair:
    """Met une règle du pack en phrases ; les paramètres gardent leur question et leur réponse."""
    connus = [territoire.parametre(code) for code in regle.parametre]
    return RegleEnClair(
        code=regle.code,
        titre=regle.titre,
        phrase=_PHRASES[regle.genre](regle),
        consequence=_consequence(regle.bloque),
        bloque_le_depot=regle.bloquante,
        financeur=regle.financeur or "",
        source=regle.source,
        aussi=regle.aussi,
        ne_dit_pas=regle.le_texte_ne_dit_pas or "",
        parametres=tuple((p.code, f"{p.question} : {p.valeur}") for p in connus if p),
        derogeable=regle.derogeable,
    )


def _consequence(bloque: tuple[str, ...]) -> str:
    if not bloque:
        return "ne bloque rien, c'est signalé"
    noms = [ACTES[acte] for acte in bloque]
    return "bloque " + (noms[0] if len(noms) == 1 else f"{', '.join(noms[:-1])} et {noms[-1]}")


def regles_en_clair(
    appel: packs.Appel, territoire: packs.Territoire, financeur: str = ""
) -> list[RegleEnClair]:
    """Toutes les règles, ou celles qui lient ce financeur : les siennes et les communes."""
    return [
        en_clair(r, territoire) for r in appel.regles if not financeur or r.financeur in (None, financeur)
    ]


def combien(appel: packs.Appel) -> str:
    """Ce que l'appel dit du montant, en une phrase."""
    finance = appel.financement
    if finance.taux_base is None:
        return "Le texte ne fixe pas de taux. Le montant se discute avec chaque financeur."
    phrase = f"Jusqu'à {_pourcent(finance.taux_base)} du coût"
    if finance.taux_max and finance.taux_max > finance.taux_base:
        phrase += f"{INSECABLE}; {_pourcent(finance.taux_max)} si le jury valide une bonification"
    return phrase + "."


def _pourcent(taux: Any) -> str:
    return f"{nombre(taux * 100)}{INSECABLE}%"


def pour_qui(appel: packs.Appel) -> str:
    """Le public visé, tel que la règle de part le dit ; à défaut les quartiers prioritaires."""
    part = next((r for r in appel.regles if r.genre == "part"), None)
    if part is not None:
        return f"Au moins {part.seuil}{INSECABLE}% {de(part.unites)}."
    return "Les habitants des quartiers prioritaires."


def versements(appel: packs.Appel) -> list[str]:
    """K7 : le découpage du versement, en phrases."""
    phrases = []
    for v in appel.versements:
        qui = f"{v.financeur}{INSECABLE}: "
        phrases.append(
            f"{qui}au-delà de {euros_ronds(v.seuil)}, {_pourcent(v.part)} {v.condition_premier}, "
            f"le reste {v.condition_solde}. En dessous ou à {euros_ronds(v.seuil)} juste, "
            f"en une fois, {v.condition_unique}."
        )
    return phrases
