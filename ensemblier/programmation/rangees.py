"""Le tableau en HTML serré : une ligne de deux mille s'écrit ici, pas dans un gabarit (architecture §7).

Tout texte passe par `escape` ; les montants n'ont pas d'unité, la légende la dit. Les cases d'une personne
sont des champs de formulaire : la page sert sans JavaScript, la grille au clavier s'y pose par-dessus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString

from ensemblier.dossiers.etats import PROGRAMMEE
from ensemblier.interface.formats import ABSENT, accord, nombre
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.colonnes import ALERTES, DEMANDE, Case
from ensemblier.programmation.groupes import Groupe
from ensemblier.programmation.lecture import COMMUNES, Cellule, Ligne, Somme


def montant(valeur: Decimal | None, *, ronds: bool) -> str:
    """« 9 000 », « 9 000,50 » ; des centimes présents restent écrits, même dans une grille ronde."""
    if valeur is None:
        return ABSENT
    return nombre(valeur, 0 if ronds and valeur == valeur.to_integral_value() else 2)


def ligne(x: Ligne, cases: Sequence[Case], *, ronds: bool) -> SafeString:
    """Une ligne du tableau, et la phrase de ses refus s'il y en a."""
    numero = escape(x.dossier.numero)
    adresse = reverse("instruction_dossier", args=[x.dossier.numero])
    porteur, intitule = escape(x.dossier.organisme.nom), escape(x.dossier.intitule)
    morceaux = [
        f'<tr data-l="{numero}"><th scope="row"><a class="ligne" href="{adresse}">{numero}</a></th>'
        f'<td class="g">{porteur}<span class="sous">{intitule}</span></td>'
    ]
    morceaux += [_case(x, case, ronds) for case in cases]
    morceaux.append("</tr>")
    if x.refus:
        phrases = escape(" ".join(x.refus))
        morceaux.append(
            f'<tr class="refus" id="refus-{x.dossier.pk}"><td colspan="{len(cases) + 2}">{numero} : {phrases}'
            "</td></tr>"
        )
    return SafeString("".join(morceaux))


def _case(x: Ligne, case: Case, ronds: bool) -> str:
    if case.champ is None:
        return _du_financeur(x, case, ronds)
    if case.cle == "ecart":
        return _ecart(x, ronds)
    valeur = case.champ.lire(x)
    if case.genre == ALERTES:
        return _alertes(x)
    if isinstance(valeur, Decimal):
        return f'<td class="n">{montant(valeur, ronds=ronds)}</td>'
    return f'<td class="{case.genre}">{escape(valeur) if valeur else ABSENT}</td>'


def _ecart(x: Ligne, ronds: bool) -> str:
    if x.ecart >= 0:
        return f'<td class="n">{montant(x.ecart, ronds=ronds)}</td>'
    dit = montant(x.depassement, ronds=ronds)
    return f'<td class="n"><span class="depasse">⬣ dépassé de {dit}</span></td>'


def _alertes(x: Ligne) -> str:
    if not x.releve.alertes:
        return f'<td class="a">{ABSENT}</td>'
    dites = "".join(f"<li>{escape(a)}</li>" for a in x.releve.alertes)
    return f'<td class="a"><ul>{dites}</ul></td>'


def _du_financeur(x: Ligne, case: Case, ronds: bool) -> str:
    cellules = x.colonnes.get(case.financeur, ())
    if not cellules:
        return f'<td class="n">{ABSENT}</td>'
    nommer = case.financeur == COMMUNES
    if case.cle.startswith(DEMANDE):
        return f'<td class="n">{"<br>".join(_demande(c, nommer, ronds) for c in cellules)}</td>'
    corps = "<br>".join(_accorde(x, c, nommer, ronds) for c in cellules)
    seule = cellules[0] if len(cellules) == 1 else None
    classes = ["n"]
    if any(c.est_mienne for c in cellules):
        classes.append("m")
    if any(c.refus for c in cellules):
        classes.append("refusee")
    if seule and not seule.mot and seule.montant is not None:
        classes.append("v" if seule.statut == "vote" else "p")
    return f'<td class="{" ".join(classes)}">{corps}</td>'


def _nom(c: Cellule, nommer: bool) -> str:
    return f"{escape(c.volet.financeur.sigle)} " if nommer else ""


def _demande(c: Cellule, nommer: bool, ronds: bool) -> str:
    return f"{_nom(c, nommer)}{montant(c.volet.demande, ronds=ronds)}"


def _accorde(x: Ligne, c: Cellule, nommer: bool, ronds: bool) -> str:
    if c.est_mienne:
        return f"{_nom(c, nommer)}{_saisie(x, c, ronds)}"
    if c.mot:
        return f"{_nom(c, nommer)}{escape(c.mot)}"
    if c.montant is None:
        return f"{_nom(c, nommer)}{c.vide}"
    if c.statut == "vote":
        dit = f"<b>{montant(c.montant, ronds=ronds)}</b>"
        return f'{_nom(c, nommer)}{dit}<span class="visually-hidden"> voté</span>'
    retenu = '<span class="visually-hidden"> retenu en séance</span>' if c.volet.etat == PROGRAMMEE else ""
    fixee = '<span class="sous">fixée</span>' if c.verrou else ""
    return f"{_nom(c, nommer)}{montant(c.montant, ronds=ronds)}{retenu}{fixee}"


def _saisie(x: Ligne, c: Cellule, ronds: bool) -> str:
    """La boîte d'une case à soi ; `data-n` est la version lue, que l'écriture redit."""
    cle = c.volet.pk
    valeur = c.saisie or ("" if c.montant is None else montant(c.montant, ronds=ronds))
    faute = f' aria-invalid="true" aria-describedby="refus-{x.dossier.pk}"' if c.refus else ""
    nom = escape(f"{c.nom}, {x.dossier.numero}")
    boite = (
        f'<input name="montant-{cle}" data-n="{c.version}" aria-label="{nom}" inputmode="decimal" '
        f'autocomplete="off" value="{escape(valeur)}"{faute}>'
    )
    if c.verrou is None:
        return boite
    coche = " checked" if c.verrou else ""
    return (
        f'{boite}<label class="verrou"><input type="checkbox" name="verrou-{cle}"{coche}> fixée'
        f'<span class="visually-hidden"> : {nom}</span></label>'
    )


def groupe(g: Groupe, cases: Sequence[Case], *, ronds: bool) -> SafeString:
    """La ligne d'un groupe : son nom, combien d'actions, ses sous-totaux dans les mêmes colonnes."""
    sommes = _sommes(g.sommes, g.cout, g.total, cases, ronds)
    combien = accord(len(g.dossiers), "action", "actions")
    nom = f'{escape(g.libelle)}<span class="sous">{combien}</span>'
    return SafeString(
        f'<tr class="groupe" data-g="{escape(g.libelle)}"><td></td>'
        f'<th scope="rowgroup" class="g">{nom}</th>{sommes}</tr>'
    )


def pied(
    sommes: dict[str, Somme], nombre_de: int, cout: Decimal, cases: Sequence[Case], *, ronds: bool
) -> SafeString:
    """Les totaux de toute la liste filtrée, alignés sur les colonnes."""
    total = sum((s.attribue for s in sommes.values()), ZERO)
    corps = _sommes(sommes, cout, total, cases, ronds)
    return SafeString(
        f'<tr><th scope="row">Total</th><td class="g">{accord(nombre_de, "dossier", "dossiers")}</td>'
        f"{corps}</tr>"
    )


def _sommes(
    sommes: dict[str, Somme], cout: Decimal, total: Decimal, cases: Sequence[Case], ronds: bool
) -> str:
    seules = {"cout": cout, "total": total, "ecart": cout - total}
    return "".join(_somme(case, sommes, seules, ronds) for case in cases)


def _somme(case: Case, sommes: dict[str, Somme], seules: dict[str, Decimal], ronds: bool) -> str:
    if case.champ is not None:
        dit = montant(seules[case.cle], ronds=ronds) if case.cle in seules else ""
        return f'<td class="{case.genre}">{dit}</td>'
    lue = sommes.get(case.financeur, Somme())
    if case.cle.startswith(DEMANDE):
        return f'<td class="n">{montant(lue.demande, ronds=ronds)}</td>'
    en_partie = lue.vote and lue.vote != lue.attribue
    vote = f'<span class="sous">voté {montant(lue.vote, ronds=ronds)}</span>' if en_partie else ""
    return f'<td class="n">{montant(lue.attribue, ronds=ronds)}{vote}</td>'


def corps(
    lignes: Sequence[Ligne], cases: Sequence[Case], groupes: Sequence[Groupe], *, ronds: bool
) -> Iterator[SafeString]:
    """Les lignes d'une page, précédées de leur groupe là où il commence."""
    debuts = {g.dossiers[0]: g for g in groupes}
    for x in lignes:
        if x.dossier.pk in debuts:
            yield groupe(debuts[x.dossier.pk], cases, ronds=ronds)
        yield ligne(x, cases, ronds=ronds)
