"""Un courriel d'une seule source : le HTML des pièces, habillé, et le texte seul qui en est tiré.

Les couleurs viennent des jetons de la maison (`jetons.css`). Elles sont recopiées sur chaque balise, parce
que des messageries ôtent les feuilles de style ; la feuille, elle, ne porte que le thème sombre.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path

JETONS = Path(__file__).parent / "static" / "interface" / "jetons.css"
STYLES = {
    "body": "margin:0;padding:0;background:var(--fond);color:var(--encre);"
    "font-family:'Hanken Grotesk','Segoe UI',Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5",
    ".apercu": "display:none;max-height:0;overflow:hidden;font-size:1px;line-height:1px;color:var(--fond)",
    ".cadre": "max-width:600px;margin:0 auto;padding:16px 8px 32px;overflow-wrap:anywhere;"
    "word-break:break-word",
    ".barre": "margin:0;padding:14px 20px;background:var(--schiste);color:var(--sur-schiste);font-size:18px;"
    "font-weight:700",
    ".tas": "color:var(--lampe)",
    ".feuille": "padding:24px 20px 8px;background:var(--surface);border:1px solid var(--trait);border-top:0",
    ".pied": "padding:16px 20px 0;font-size:14px;color:var(--encre-2)",
    "p": "margin:0 0 16px",
    ".reponse": "margin:0 0 16px;font-size:20px;line-height:1.35;font-weight:700",
    "h2": "margin:24px 0 8px;font-size:16px;line-height:1.35;font-weight:700",
    "ul": "margin:0 0 16px;padding:0 0 0 20px",
    "li": "margin:0 0 8px",
    "blockquote": "margin:0 0 16px;padding:2px 0 2px 14px;border-left:3px solid var(--trait-fort);"
    "color:var(--encre)",
    "a": "color:var(--action)",
    ".bouton": "display:inline-block;padding:12px 20px;background:var(--action);color:var(--sur-action);"
    "border-radius:4px;font-weight:650;text-decoration:none",
    ".adresse": "margin:-8px 0 16px;font-size:14px;color:var(--encre-2)",
}
"""Ce que porte chaque classe, à défaut chaque balise."""

_BALISE = re.compile(r"<([a-z][a-z0-9]*)((?:\s[^<>]*)?)>")
_CLASSE = re.compile(r'class="([a-z]+)"')
_VARIABLE = re.compile(r"var\(--([a-z0-9-]+)\)")
_RUPTURE = "\u2060\u00a0" * 40
"""Après l'aperçu, de quoi empêcher la messagerie d'y coller le début du corps."""


@cache
def couleurs(theme: str = "clair") -> dict[str, str]:
    """Les jetons d'un thème, lus dans la feuille de la maison."""
    feuille = JETONS.read_text(encoding="utf-8")
    debut = {"clair": ":root {", "sombre": ':root[data-theme="sombre"] {'}[theme]
    bloc = feuille.split(debut, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9A-Fa-f]{6})", bloc))


def _peindre(declarations: str, theme: str) -> str:
    return _VARIABLE.sub(lambda nom: couleurs(theme)[nom[1]], declarations)


@cache
def feuille_sombre() -> str:
    """Les seules déclarations qui portent une couleur, au thème sombre, plus fortes que les balises."""
    regles = []
    for cible, declarations in STYLES.items():
        sombres = [f"{_peindre(d, 'sombre')}!important" for d in declarations.split(";") if "var(" in d]
        if sombres:
            regles.append(f"{cible}{{{';'.join(sombres)}}}")
    return f"@media (prefers-color-scheme:dark){{{''.join(regles)}}}"


def habiller(html: str) -> str:
    """Pose le style sur chaque balise, la feuille du thème sombre, et l'aperçu : la première phrase du corps.

    Le texte des personnes est déjà échappé par le gabarit : seul ce que nous avons écrit est une balise.
    """

    def vetir(trouvee: re.Match[str]) -> str:
        nom, attributs = trouvee.groups()
        classe = _CLASSE.search(attributs)
        style = (classe and STYLES.get(f".{classe[1]}")) or STYLES.get(nom)
        return f'<{nom}{attributs} style="{_peindre(style, "clair")}">' if style else trouvee[0]

    tete, corps = html.split("<body", 1)
    tete = tete.replace("</head>", f"<style>{feuille_sombre()}</style>\n</head>")
    apercu = f'<div class="apercu">{escape(apercu_de(html))}{_RUPTURE}</div>'
    corps = corps.replace(">", f">\n{apercu}", 1)
    return tete + _BALISE.sub(vetir, f"<body{corps}")


class _Lecteur(HTMLParser):
    """Lit un courriel bloc à bloc : (sorte, texte), plus l'adresse de son bouton."""

    BLOCS = ("p", "h1", "h2", "li", "blockquote")

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.blocs: list[tuple[str, str]] = []
        self.bouton: tuple[str, str] = ("", "")
        self._sorte, self._texte, self._lien, self._tus = "", "", "", 0
        self.feed(html)

    def handle_starttag(self, balise: str, attributs: list[tuple[str, str | None]]) -> None:
        dits = {nom: valeur or "" for nom, valeur in attributs}
        if balise in ("head", "style") or dits.get("class") in ("apercu", "barre") or self._tus:
            self._tus += balise not in ("meta", "br", "img", "link")
        elif balise in self.BLOCS:
            self._sorte, self._texte = dits.get("class") or balise, ""
        elif balise == "br":
            self._texte += "\n"
        elif balise == "a":
            self._lien = dits.get("href", "")
            if dits.get("class") == "bouton":
                self._sorte, self.bouton = "bouton", ("", self._lien)

    def handle_endtag(self, balise: str) -> None:
        if self._tus:
            self._tus -= 1
        elif balise == "a":
            self._suivre_le_lien()
        elif balise in self.BLOCS:
            if lu := _propre(self._texte):
                self.blocs.append((self._sorte, lu))
            self._sorte, self._texte = "", ""

    def _suivre_le_lien(self) -> None:
        """Un lien du corps dit son adresse ; celle du bouton est écrite dessous."""
        if self._sorte == "bouton":
            self.bouton = (_propre(self._texte), self._lien)
        elif self._lien.startswith("http") and self._lien not in self._texte:
            self._texte += f" : {self._lien}"
        self._lien = ""

    def handle_data(self, texte: str) -> None:
        if not self._tus:
            self._texte += re.sub(r"\s*\n\s*", " ", texte)


def _propre(texte: str) -> str:
    return "\n".join(" ".join(mot for mot in ligne.split(" ") if mot) for ligne in texte.split("\n")).strip()


def en_texte(html: str) -> str:
    """Le texte seul d'un courriel : les mêmes blocs dans le même ordre, l'adresse du bouton sous son mot."""
    sortie, avant = "", ""
    for sorte, texte in _Lecteur(html).blocs:
        dit = {
            "li": f"- {texte}",
            "bouton": f"{texte} :",
            "blockquote": "\n".join(f"> {ligne}".rstrip() for ligne in texte.split("\n")),
        }.get(sorte, texte)
        colle = (avant, sorte) in (("li", "li"), ("h2", "li"), ("bouton", "adresse"), ("intro", "li"))
        sortie += ("\n" if colle else "\n\n" if sortie else "") + dit
        avant = sorte
    return sortie + "\n"


def apercu_de(html: str) -> str:
    """La première phrase du corps : ce que la messagerie montre à côté du sujet."""
    return next((texte for sorte, texte in _Lecteur(html).blocs if sorte == "reponse"), "").replace("\n", " ")


def bouton_de(html: str) -> tuple[str, str]:
    """Le mot et l'adresse du bouton ; vides s'il n'y en a pas."""
    return _Lecteur(html).bouton
