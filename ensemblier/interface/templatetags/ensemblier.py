"""Balises et filtres des écrans (`ecrans.md` §5). Les objets sont lus par leur forme.

Filtres : `euros`, `euros_ronds`, `nombre`, `pourcent[:seuil]`, `taux`, `date_longue`, `date_courte`,
`echeance`, `heure`, `heure_serveur`, `telephone`, `siret`, `poids`, `duree`, `dans`, `limite`,
`jours_passes`, `accord:"dossier,dossiers"`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.forms import widgets as w
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.safestring import SafeString

from ensemblier.interface import constats as mise_en_constat
from ensemblier.interface import dessins, formats, presentation, tableaux
from ensemblier.interface.champs import lectures
from ensemblier.interface.icones import ICONES, dessin
from ensemblier.interface.lecture import lire, part, texte
from ensemblier.interface.pages import Page

register = template.Library()
DOSSIER = "interface/composants"

for _nom in (
    "euros",
    "euros_ronds",
    "nombre",
    "pourcent",
    "taux",
    "date_longue",
    "date_courte",
    "echeance",
    "heure",
    "heure_serveur",
    "telephone",
    "siret",
    "poids",
    "duree",
    "dans",
    "limite",
):
    register.filter(_nom, getattr(formats, _nom))


@register.filter
def accord(nombre: int, formes: str) -> str:
    """`{{ 12|accord:"dossier,dossiers" }}` → « 12 dossiers » ; le pluriel en -s est supposé s'il manque."""
    singulier, _, pluriel = formes.partition(",")
    return formats.accord(nombre, singulier, pluriel)


def composant(gabarit: str) -> Callable[..., Any]:
    """Déclare une balise rendue par `interface/<gabarit>.html`."""
    return register.inclusion_tag(f"interface/{gabarit}.html")


# --- structure de la page ---------------------------------------------------------------------------


@register.simple_block_tag(end_name="fincapturer")
def capturer(content: SafeString) -> SafeString:
    """`{% capturer as nom %}…{% fincapturer %}` : rend une fois, sert deux fois (titre et H1)."""
    return content


@register.simple_block_tag(end_name="finalerte")
def alerte(content: str, ton: str = "information", titre: str = "") -> SafeString:
    """`{% alerte "attention" titre="…" %}…{% finalerte %}`, ou information, erreur, reussite ; elle reste."""
    contexte = presentation.alerte(ton) | {"titre": titre, "corps": content}
    return render_to_string(f"{DOSSIER}/alerte.html", contexte)


@register.simple_block_tag(end_name="fintableau")
def tableau(content: str, legende: str, nom: str, densite: str = "", classe: str = "") -> SafeString:
    """`{% tableau legende="…" nom="dossiers" %}<thead>…{% fintableau %}` : région nommée qui défile seule.

    Convention : `<th scope="col">`, nombres en `class="nombre"`, total en `<tfoot>`, tri par lien dans
    l'en-tête avec `aria-sort` sur le `<th>`. `classe="tableau--blocs"` : une fiche par ligne sous 900 px
    (chaque `<td data-libelle="…">`).
    """
    contexte = {"legende": legende, "nom": nom, "densite": densite, "classe": classe, "corps": content}
    return render_to_string(f"{DOSSIER}/tableau.html", contexte)


@register.simple_block_tag(end_name="findialogue")
def dialogue(content: str, nom: str, titre: str) -> SafeString:
    """`{% dialogue nom="notifier" titre="…" %}…{% findialogue %}` : `<dialog id>` ouvert par un bouton
    `data-dialogue="notifier"` ; sans JavaScript le contenu est affiché dans la page (rien n'est perdu)."""
    contexte = {"nom": nom, "titre": titre, "corps": content}
    return render_to_string(f"{DOSSIER}/dialogue.html", contexte)


@composant("composants/vide")
def vide(phrase: str, lien: str = "", libelle: str = "") -> dict[str, str]:
    """`{% vide "Aucun dossier. Un appel est ouvert…" url "Voir l'appel" %}` : ce qui viendra, qui agit."""
    return {"phrase": phrase, "lien": lien, "libelle": libelle}


@composant("composants/pagination")
def pagination(
    precedent: str = "",
    suivant: str = "",
    debut: int = 0,
    fin: int = 0,
    total: int | None = None,
    nom: str = "Pages",
) -> dict[str, Any]:
    """`{% pagination precedent=url suivant=url debut=1 fin=50 total=205 %}` : des liens, rien d'autre."""
    mots = {"precedent": precedent, "suivant": suivant, "nom": nom}
    return mots | {"debut": debut, "fin": fin, "total": total}


@register.inclusion_tag(f"{DOSSIER}/pagination.html", takes_context=True)
def suivants(context: Context, page: Page, liste: str = "") -> dict[str, Any]:
    """`{% suivants page "versements" %}` : le total et la suite d'une `Page`, rien si elle tient en une.

    `liste` la nomme quand la page en montre plusieurs : son repère est alors « apres-versements ».
    """
    if page.est_la_premiere and not page.suivant:
        return {}
    nom, dits = f"apres-{liste}" if liste else "apres", context["request"].GET.copy()
    dits[nom] = page.suivant
    suite = f"?{dits.urlencode()}" if page.suivant else ""
    return {"suivant": suite, "total": page.total, "nom": f"Pages : {liste}" if liste else "Pages"}


@register.simple_tag(takes_context=True)
def icone(context: Context, nom: str, taille: int = 20, titre: str = "") -> SafeString:
    """`{% icone "respectee" 32 %}` : dessin du sprite, muet ; `titre` seulement s'il est sans mot à côté.

    Dans un PDF (`pour_pdf` au contexte) le dessin est écrit en entier : aucun fichier n'est cherché.
    """
    if nom not in ICONES:
        raise template.TemplateSyntaxError(f"Icône inconnue : « {nom} ». Connues : {', '.join(ICONES)}.")
    adresse = "" if context.get("pour_pdf") else static("interface/icones.svg")
    return dessin(nom, taille, titre, adresse)


# --- constats ---------------------------------------------------------------------------------------


def _cadre(context: Context) -> dict[str, Any]:
    return {"pour_pdf": context.get("pour_pdf", False), "pour_agent": context.get("pour_agent", False)}


@register.inclusion_tag(f"{DOSSIER}/constat.html", takes_context=True)
def constat(context: Context, c: Any, variante: str = "complet", liens: Any = None, niveau: int = 3) -> Any:
    """`{% constat c variante="complet|ligne|champ" liens=liens %}`.

    `liens` : dict chemin de la fiche → URL (ou ancre) du champ, aussi lu dans le contexte (`liens_fiche`).
    """
    adresses = liens or context.get("liens_fiche")
    return (
        _cadre(context)
        | mise_en_constat.presenter(c, variante=variante, liens=adresses)
        | {"balise": f"h{niveau}"}
    )


@register.inclusion_tag(f"{DOSSIER}/constats.html", takes_context=True)
def constats(
    context: Context,
    rapport: Any,
    liens: Any = None,
    titre: str = "Ce que dit l'appel",
    par_volet: bool = False,
) -> Any:
    """`{% constats rapport %}` : décompte, puis ce qui bloque d'abord ; respectées et sans objet repliées.

    `rapport` est un `noyau.regles.Rapport`, son dict, ou une liste de constats ; `par_volet` sépare ce qui
    est demandé une fois pour tous de ce qu'un seul financeur demande.
    """
    tous = list(rapport if isinstance(rapport, list | tuple) else lire(rapport, "constats", ()))
    ouverts, replies = mise_en_constat.ordonner(tous)
    return _cadre(context) | {
        "titre": titre,
        "decompte": mise_en_constat.decompte(tous),
        "groupes": mise_en_constat.par_volet(ouverts) if par_volet else [("", ouverts)],
        "niveau": 4 if par_volet else 3,
        "replies": [(formats.accord(len(m), fam.un, fam.plusieurs), fam, m) for fam, m in replies],
        "liens_fiche": liens or context.get("liens_fiche"),
    }


@register.simple_tag
def decompte(rapport: Any) -> str:
    """`{% decompte rapport %}` → « 1 bloque, 3 à remplir, 9 respectées »."""
    tous = list(rapport if isinstance(rapport, list | tuple) else lire(rapport, "constats", ()))
    return mise_en_constat.decompte(tous)


# --- états, argent, temps ---------------------------------------------------------------------------


@register.inclusion_tag(f"{DOSSIER}/pastille.html", takes_context=True)
def pastille(context: Context, libelle: str, ton: str = "neutre") -> dict[str, Any]:
    """`{% pastille "Incomplet" "attention" %}` : mot cerné et forme ; tons : neutre, encours, ok, non,
    attention, verifier, sans-objet."""
    return _cadre(context) | presentation.pastille(libelle, ton)


@register.inclusion_tag(f"{DOSSIER}/pastille.html", takes_context=True)
def etat(context: Context, machine: Any, etat: Any, porteur: bool = False) -> dict[str, Any]:
    """`{% etat machine dossier.etat porteur=True %}` : le mot de la `Machine`, pour le porteur ou l'agent."""
    libelle = machine.libelle(str(etat), porteur=porteur)
    return _cadre(context) | presentation.pastille(libelle, presentation.ton_de_l_etat(str(etat)))


@composant("composants/montant")
def montant(x: Any, statut: str = "", mot: bool = False, rond: bool | None = None) -> dict[str, Any]:
    """`{% montant x statut="demande|propose|vote|paye|attendu|secret" %}` : brique, montant, mot.

    Demandé : euros ronds ; proposé, voté, payé : centimes ; `rond` en décide pour une grille. None : « — ».
    """
    return presentation.montant(x, statut, rond) | {"mot_visible": mot}


@composant("composants/briques")
def briques(financements: Any, legende: str = "Plan de financement", total: Any = None) -> dict[str, Any]:
    """`{% briques financements %}` : liste de {financeur, libelle, montant, statut} ; une par brique.

    `financeur` est le code du pack (CALL, ETAT, REGION, DEPARTEMENT, COMMUNES, CAF) : il donne la couleur.
    """
    return presentation.briques(financements, total) | {"legende": legende}


@composant("composants/frise")
def frise(jalons: Any, variante: str = "horizontale", legende: str = "Calendrier") -> dict[str, Any]:
    """`{% frise jalons %}` : liste de {libelle, etat: fait|maintenant|a_venir|flou, date, phrase, legal}.

    `date` est une date, un instant, ou un texte (« sept. 2025 ») ; `variante="mini"` dans les listes.
    """
    return presentation.frise(jalons, variante) | {"legende": legende}


@composant("composants/echeancier")
def echeancier(tranches: Any, accorde: Any = None) -> dict[str, Any]:
    """`{% echeancier tranches accorde=montant %}` : liste de {rang, libelle, montant, condition,
    etat: a_venir|prete|payee, date, constats}. La somme est écrite."""
    return presentation.echeancier(tranches, accorde)


@composant("composants/calcul")
def calcul(lignes: Any, legende: str = "Le calcul, ligne à ligne", ouvert: bool = True) -> dict[str, Any]:
    """`{% calcul lignes %}` : liste de {libelle, calcul, montant}, la dernière est le résultat ;
    `ouvert=False` la replie sous « voir le calcul »."""
    return presentation.calcul(lignes) | {"legende": legende, "ouvert": ouvert}


@composant("composants/jauge")
def jauge(enveloppe: Any, variante: str = "bandeau") -> dict[str, Any]:
    """`{% jauge enveloppe %}` : {libelle, total, vote, propose, filtre}. Dépassée, elle déborde."""
    return presentation.jauge(enveloppe) | {"variante": variante}


@composant("composants/journal")
def journal(evenements: Any, empreintes: bool = True) -> dict[str, Any]:
    """`{% journal evenements %}` : liste de {le, auteur, fonction, libelle, motif, empreinte}, par jour."""
    return {"jours": presentation.journal(evenements), "empreintes": empreintes}


@composant("composants/progression")
def progression(fait: int, total: int, quoi: str) -> dict[str, Any]:
    """`{% progression 19 27 "pièces reçues" %}` : « 19 sur 27 pièces reçues », puis sa barre."""
    return {"fait": fait, "total": total, "quoi": quoi, "largeur": part(fait, total)}


@composant("composants/onglets")
def onglets(liens: Any, nom: str = "Vues") -> dict[str, Any]:
    """`{% onglets liens "Vues" %}` : {libelle, url, courant, nombre} ; des liens, pas des scripts."""
    return {"onglets": presentation.onglets(liens), "nom": nom}


@composant("composants/echanges")
def echanges(
    messages: Any, interne: bool = False, lecteurs: str = "", titre: str = "", vide: str = ""
) -> dict[str, Any]:
    """`{% echanges fil interne=False %}` : {le, auteur, fonction, texte, mien, nouveau, lecture,
    pieces[{libelle, url, taille}]}.

    Qui lit est écrit en tête : un fil du porteur et un fil interne ne se confondent pas.
    """
    return presentation.echanges(messages, interne=interne, lecteurs=lecteurs, titre=titre, vide=vide)


@composant("composants/face_a_face")
def face_a_face(nom: str, libelle: str, versions: Any) -> dict[str, Any]:
    """`{% face_a_face "resume" "L'action en bref" versions %}` : {cle, qui, quand, texte}, tout est gardé."""
    return {"nom": nom, "libelle": libelle, "versions": versions}


# --- dessins ----------------------------------------------------------------------------------------


@composant("composants/graphique")
def graphique(
    lignes: Any, titre: str, nom: str, phrase: str = "", source: str = "", url_csv: str = ""
) -> dict[str, Any]:
    """`{% graphique lignes titre="…" nom="financeurs" phrase="…" source="…" url_csv=url %}` : barres triées
    de {libelle, montant, financeur, url}, et les mêmes nombres en tableau."""
    mots = {"titre": titre, "nom": nom, "phrase": phrase, "source": source, "url_csv": url_csv}
    return dessins.graphique(lignes) | mots


@composant("composants/carte")
def carte(
    zones: Any,
    titre: str,
    nom: str,
    bornes: Any = (),
    source: str = "",
    jumelle: bool = True,
    lieux: Any = (),
) -> dict[str, Any]:
    """`{% carte zones titre="…" nom="quartiers" %}` : {nom, code, contour GeoJSON, url, classe, valeur}.

    `bornes` : (classe de 1 à 5, mots). `jumelle=False` si la page porte déjà la liste.
    `lieux` : {nom, lon, lat}.
    """
    mots = {"titre": titre, "nom": nom, "bornes": bornes, "source": source, "jumelle": jumelle}
    return dessins.carte(zones, lieux) | mots


# --- tableaux ---------------------------------------------------------------------------------------


@register.inclusion_tag(f"{DOSSIER}/tri.html", takes_context=True)
def tri(context: Context, cle: str, libelle: str, classe: str = "", defaut: bool = False) -> dict[str, Any]:
    """`{% tri "echeance" "Échéance" %}` : l'en-tête d'une colonne, dont le lien trie puis inverse le tri.

    L'adresse garde les filtres et revient à la première page ; `defaut` : le tri quand rien n'est choisi.
    """
    return tableaux.tri(context["request"].GET, cle, defaut=defaut) | {"libelle": libelle, "classe": classe}


@register.inclusion_tag(f"{DOSSIER}/choix_colonnes.html", takes_context=True)
def choix_colonnes(
    context: Context, colonnes: Any, nom: str = "colonnes", gardees: bool = False
) -> dict[str, Any]:
    """`{% choix_colonnes colonnes %}` : {cle, titre, montree} ; le choix tient dans l'adresse (`?col=…`).

    `gardees=True` : il s'envoie (`garder`, `col`) à la page, qui le garde pour la personne.
    """
    jeton = {"csrf_token": context.get("csrf_token")}
    return tableaux.choix(context["request"].GET, colonnes) | jeton | {"nom": nom, "gardees": gardees}


@register.inclusion_tag(f"{DOSSIER}/piece.html", takes_context=True)
def piece(context: Context, p: Any) -> dict[str, Any]:
    """`{% piece p %}` : {libelle, etat: manquante|envoi|recue|valide|a_remplacer|perimee|refusee, type_mime,
    taille, depose_le, depose_par, motif, url, url_ajout, facultative}."""
    return _cadre(context) | presentation.piece(p)


# --- formulaires ------------------------------------------------------------------------------------


@register.inclusion_tag(f"{DOSSIER}/champ.html", takes_context=True)
def champ(context: Context, field: BoundField, constats: Any = None, suffixe: str = "") -> dict[str, Any]:
    """`{% champ form.intitule constats=liste %}` : étiquette, aide, erreur, boîte, « facultatif ».

    La valeur tapée est gardée. `constats` s'affichent sous le champ (variante « champ »).
    """
    widget = field.field.widget
    genre = "simple"
    if isinstance(widget, w.HiddenInput):
        genre = "cache"
    elif isinstance(widget, w.CheckboxInput):
        genre = "case"
    elif isinstance(widget, w.RadioSelect | w.CheckboxSelectMultiple):
        genre = "choix"
    elif isinstance(widget, w.FileInput):
        genre = "fichier"
    elif isinstance(widget, w.MultiWidget | w.SelectDateWidget):
        genre = "groupe"
    return _cadre(context) | {
        "field": field,
        "genre": genre,
        "aide_id": f"{field.auto_id}_helptext",
        "erreur_id": f"{field.auto_id}_error",
        "suffixe": suffixe or getattr(widget, "suffixe", ""),
        "constats": constats,
        "lectures": lectures(field) if getattr(field.form, "choisit_une_lecture", False) else (),
        "maximum": getattr(field.field, "max_length", None) if isinstance(widget, w.Textarea) else None,
    }


@register.inclusion_tag(f"{DOSSIER}/formulaire.html", takes_context=True)
def formulaire(context: Context, form: BaseForm, resume: bool = True) -> dict[str, Any]:
    """`{% formulaire form %}` : résumé d'erreurs, puis les champs, par `form.groupes`.

    N'écrit ni `<form>` ni bouton : la page les porte (`<form method="post" novalidate>{% csrf_token %}`).
    """
    return _cadre(context) | {
        "form": form,
        "groupes": presentation.groupes(form),
        "resume": resume and form.is_bound and bool(form.errors),
    }


@composant("composants/bouton_de_courriel")
def bouton_de_courriel(mot: str, *adresse: object) -> dict[str, Any]:
    """`{% bouton_de_courriel "Lire" adresse_publique "/appels/" %}`, l'adresse en clair dessous."""
    return {"mot": mot, "adresse": "".join(str(morceau) for morceau in adresse)}


@composant("composants/resume_erreurs")
def resume_erreurs(form: BaseForm) -> dict[str, Any]:
    """`{% resume_erreurs form %}` : « Il y a 2 choses à corriger », chaque erreur un lien vers sa boîte."""
    return presentation.resume_erreurs(form)


@register.filter
def jours_passes(jour: date) -> int:
    """Les jours écoulés depuis une échéance, à Paris ; zéro tant qu'elle n'est pas passée."""
    return max(0, (timezone.localdate() - jour).days)


@register.filter
def lu(objet: Any, cle: str) -> Any:
    """`{{ objet|lu:"montant" }}` : clé ou attribut, vide s'il manque."""
    return lire(objet, cle, "")


@register.filter
def en_texte(objet: Any, cle: str) -> str:
    """`{{ objet|en_texte:"libelle" }}` : la valeur en texte."""
    return texte(objet, cle)
