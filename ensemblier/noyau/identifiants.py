"""Les numéros qu'on recopie : SIREN, SIRET, RNA, IBAN, RIB, QPV, Dauphin, téléphone (B.1, R19, R68, P18).

Chaque fonction rend un `Identifiant` ou lève `IdentifiantInvalide`, qui dit quoi, pourquoi, que faire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stdnum import iban as _iban
from stdnum import luhn
from stdnum.exceptions import ValidationError

from ensemblier.noyau.ecritures import INSECABLE

_LA_POSTE = "356000000"
_SEPARATEURS = re.compile(r"[\s\u00a0\u202f\u2009.\-\u2010\u2011\u2013]+")


class IdentifiantInvalide(ValueError):
    """Le numéro n'est pas valide ; le message est une phrase pour la personne."""


@dataclass(frozen=True, slots=True)
class Identifiant:
    """`valeur` : la forme conservée ; `affichage` : la forme lue ; `avertissement` : ce qu'il faut savoir."""

    valeur: str
    affichage: str
    avertissement: str = ""


def _nu(texte: str) -> str:
    return _SEPARATEURS.sub("", texte).upper()


def _par_groupes(texte: str, *tailles: int) -> str:
    groupes, debut = [], 0
    for taille in tailles:
        groupes.append(texte[debut : debut + taille])
        debut += taille
    if debut < len(texte):
        groupes.append(texte[debut:])
    return INSECABLE.join(groupe for groupe in groupes if groupe)


def _chiffres(texte: str, longueur: int, nom: str) -> str:
    nu = _nu(texte)
    if not re.fullmatch(r"[0-9]+", nu):
        raise IdentifiantInvalide(
            f"« {texte.strip()[:40]} » n'est pas un {nom}{INSECABLE}: un {nom} ne contient que des chiffres. "
            "Recopiez-le sans lettre."
        )
    if len(nu) != longueur:
        raise IdentifiantInvalide(
            f"Ce {nom} a {len(nu)} chiffre{'s' if len(nu) > 1 else ''}{INSECABLE}: il en faut {longueur}. "
            "Vérifiez qu'il n'en manque aucun."
        )
    return nu


def _cle_fausse(nom: str, affichage: str) -> IdentifiantInvalide:
    return IdentifiantInvalide(
        f"Le {nom} {affichage} n'est pas valide{INSECABLE}: sa clé de contrôle ne correspond pas. "
        "Vérifiez chaque chiffre sur l'avis de situation de l'Insee."
    )


def siren(texte: str) -> Identifiant:
    """Neuf chiffres et la clé de Luhn."""
    nu = _chiffres(texte, 9, "SIREN")
    affichage = _par_groupes(nu, 3, 3, 3)
    if not luhn.is_valid(nu) or not int(nu):
        raise _cle_fausse("SIREN", affichage)
    return Identifiant(nu, affichage)


def siret(texte: str) -> Identifiant:
    """Quatorze chiffres, clé de Luhn sur le tout et sur le SIREN ; La Poste a sa propre règle (S25, S26)."""
    nu = _chiffres(texte, 14, "SIRET")
    affichage = _par_groupes(nu, 3, 3, 3, 5)
    poste = nu.startswith(_LA_POSTE) and sum(map(int, nu)) % 5 == 0
    if not int(nu[:9]) or not luhn.is_valid(nu[:9]) or not (poste or luhn.is_valid(nu)):
        raise _cle_fausse("SIRET", affichage)
    return Identifiant(nu, affichage)


def rna(texte: str) -> Identifiant:
    """W, un chiffre, un chiffre ou une lettre, sept chiffres (S27) ; avertit si le SCDL refuse la lettre."""
    nu = _nu(texte)
    if not re.fullmatch(r"W[0-9][A-Z0-9][0-9]{7}", nu):
        raise IdentifiantInvalide(
            f"« {texte.strip()[:40]} » n'est pas un numéro RNA{INSECABLE}: il commence par W et compte dix "
            "caractères. Recopiez-le depuis le récépissé de la préfecture, par exemple W624001234."
        )
    avertissement = ""
    if not re.fullmatch(r"W[0-9]{9}", nu):
        avertissement = (
            "Ce numéro contient une lettre. Il est valide, mais le format public des subventions (SCDL) ne "
            "l'accepte pas. L'export laisse ce champ vide et s'appuie sur le SIRET."
        )
    return Identifiant(nu, nu, avertissement)


_LETTRES_RIB = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


def cle_rib(*, banque: str, guichet: str, compte: str) -> str:
    """97 − ((89 × banque + 15 × guichet + 3 × compte) mod 97), les lettres du compte valant leur chiffre."""
    nombre = int(compte.upper().translate(_LETTRES_RIB))
    return f"{97 - (89 * int(banque) + 15 * int(guichet) + 3 * nombre) % 97:02d}"


def _verifier_rib(nu: str) -> bool:
    return cle_rib(banque=nu[:5], guichet=nu[5:10], compte=nu[10:21]) == nu[21:]


def rib(texte: str) -> Identifiant:
    """Banque (5), guichet (5), compte (11), clé (2)."""
    nu = _nu(texte)
    if not re.fullmatch(r"[0-9]{10}[0-9A-Z]{11}[0-9]{2}", nu):
        raise IdentifiantInvalide(
            f"Ce RIB n'a pas la bonne forme{INSECABLE}: il compte 23 caractères, banque, guichet, compte "
            "et clé. Recopiez-le depuis le relevé d'identité bancaire."
        )
    if not _verifier_rib(nu):
        raise IdentifiantInvalide(
            f"Ce RIB n'est pas valide{INSECABLE}: sa clé ne correspond pas au compte. "
            "Vérifiez chaque caractère sur le relevé d'identité bancaire."
        )
    return Identifiant(nu, _par_groupes(nu, 5, 5, 11, 2))


def iban(texte: str) -> Identifiant:
    """ISO 13616, modulo 97 (S28) ; pour la France, la clé RIB aussi. Le refus ne répète jamais le numéro."""
    nu = _nu(texte)
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}", nu):
        raise IdentifiantInvalide(
            f"Cet IBAN n'a pas la bonne forme{INSECABLE}: il commence par deux lettres et deux chiffres. "
            "Recopiez-le depuis le relevé d'identité bancaire."
        )
    francais = nu.startswith("FR")
    if francais and len(nu) != 27:
        raise IdentifiantInvalide(
            f"Cet IBAN a {len(nu)} caractères{INSECABLE}: un IBAN français en a 27. "
            "Vérifiez qu'il n'en manque aucun."
        )
    try:
        _iban.validate(nu)
        conforme = not francais or _verifier_rib(nu[4:])
    except (ValidationError, ValueError):
        conforme = False
    if not conforme:
        raise IdentifiantInvalide(
            f"Cet IBAN n'est pas valide{INSECABLE}: sa clé de contrôle ne correspond pas. "
            "Vérifiez chaque caractère sur le relevé d'identité bancaire."
        )
    avertissement = (
        "" if francais else "Ce compte est tenu hors de France. Vérifiez-le avec le service des finances."
    )
    return Identifiant(nu, _par_groupes(nu, *[4] * 9), avertissement)


def masquer_iban(texte: str) -> str:
    """« FR14 •••• •••• •••• •••• •••2 606 » : le pays, la clé et les quatre derniers caractères."""
    nu = _nu(texte)
    if len(nu) <= 8:
        return "•" * len(nu)
    return _par_groupes(nu[:4] + "•" * (len(nu) - 8) + nu[-4:], *[4] * 9)


def code_qpv(texte: str) -> Identifiant:
    """Code de quartier prioritaire ; avertit pour la numérotation 2015, abolie au 1er janvier 2024 (R19)."""
    nu = _nu(texte)
    if not re.fullmatch(r"Q[NP][0-9A-Z]{6}", nu):
        raise IdentifiantInvalide(
            f"« {texte.strip()[:40]} » n'est pas un code de quartier prioritaire{INSECABLE}: il commence par "
            "QN ou QP et compte huit caractères. Choisissez le quartier dans la liste."
        )
    ancien = "Ce code date de la géographie 2015, abolie le 1er janvier 2024." if nu.startswith("QP") else ""
    return Identifiant(nu, nu, ancien)


def code_qpv_2015_vers_2024(texte: str, *, table: Mapping[str, str]) -> Identifiant:
    """Le code 2024 d'un ancien quartier, d'après la table du territoire ; avertit du contour changé."""
    ancien = code_qpv(texte).valeur
    if ancien.startswith("QN"):
        return Identifiant(ancien, ancien)
    if ancien not in table:
        raise IdentifiantInvalide(
            f"Le quartier {ancien} n'a pas de correspondance connue dans la géographie 2024. "
            "Choisissez le quartier actuel dans la liste."
        )
    nouveau = code_qpv(table[ancien]).valeur
    return Identifiant(
        nouveau,
        nouveau,
        f"{ancien} est devenu {nouveau} le 1er janvier 2024. "
        f"Son périmètre a pu changer{INSECABLE}: vérifiez-le.",
    )


def numero_dauphin(texte: str) -> Identifiant:
    """P18 : huit chiffres, avec ou sans « DA » devant, et parfois un tiret et un rang."""
    nu = re.sub(r"\s+", "", texte).upper()
    if not re.fullmatch(r"(DA)?[0-9]{8}(-[0-9]+)?", nu):
        raise IdentifiantInvalide(
            f"« {texte.strip()[:40]} » n'est pas un numéro Dauphin{INSECABLE}: il compte huit chiffres, avec "
            "ou sans DA devant. Recopiez-le depuis la demande sur Dauphin, par exemple DA01234567."
        )
    return Identifiant(nu, nu)


def telephone(texte: str) -> Identifiant:
    """R68 : `valeur` au format E.164, `affichage` par paires pour un numéro français."""
    nu = re.sub(r"[\s\u00a0\u202f\u2009.\-/()\u2010\u2011\u2013]+", "", texte.replace("(0)", ""))
    nu = re.sub(r"^00", "+", nu)
    if francais := re.fullmatch(r"(?:\+33|0)([1-9])([0-9]{8})", nu):
        local = "0" + francais[1] + francais[2]
        return Identifiant("+33" + local[1:], _par_groupes(local, 2, 2, 2, 2, 2))
    if re.fullmatch(r"\+[1-9][0-9]{7,14}", nu) and not nu.startswith("+33"):
        return Identifiant(nu, nu, "Ce numéro n'est pas un numéro de métropole. Vérifiez son indicatif.")
    raise IdentifiantInvalide(
        f"« {texte.strip()[:40]} » n'est pas un numéro de téléphone{INSECABLE}: il compte dix chiffres et "
        "commence par 0, ou par + et l'indicatif du pays. Recopiez-le en entier."
    )


def reparer_tableur(texte: str, longueur: int, *, minimum: int | None = None) -> str:
    """Répare un numéro passé par un tableur : suffixe « .0 », zéros de tête perdus (B.1).

    `minimum` : le nombre de chiffres en dessous duquel on ne devine pas (par défaut `longueur` − 4 :
    10 à 13 chiffres pour un SIRET). Lève `IdentifiantInvalide` pour la notation scientifique.
    """
    nu = re.sub(r"[\s\u00a0\u202f]+", "", texte)
    if re.fullmatch(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+", nu):
        raise IdentifiantInvalide(
            f"« {nu[:40]} » est en notation scientifique{INSECABLE}: le tableur a perdu des chiffres. "
            "Mettez la colonne au format texte et saisissez de nouveau le numéro."
        )
    nu = re.sub(r"[.,]0+$", "", nu)
    plancher = longueur - 4 if minimum is None else minimum
    if not re.fullmatch(r"[0-9]+", nu) or not plancher <= len(nu) <= longueur:
        raise IdentifiantInvalide(
            f"« {texte.strip()[:40]} » n'est pas un numéro de {longueur} chiffres. "
            "Vérifiez la cellule et mettez la colonne au format texte."
        )
    return nu.zfill(longueur)
