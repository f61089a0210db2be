"""Les filtres de la liste de travail, déclarés une fois : le mot, les choix, la condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from ensemblier.dossiers.etats import ABANDONNEE, BROUILLON, DECISIONS, DOSSIER, RECEVABLE
from ensemblier.dossiers.horloge import PROCHE, rejet_passe, rejet_proche
from ensemblier.dossiers.models import Ciblage, CommuneVisee, ContactCommune, Demande, Dossier, Message, Piece
from ensemblier.espaces.lecteur import Lecteur
from ensemblier.instruction.attentes import FERMES
from ensemblier.instruction.models import Avis
from ensemblier.interface.formats import ordre
from ensemblier.territoires.models import Commune, Financeur, Quartier, Thematique

RIEN = Q(pk__in=[])
AU_PLUS = 80
"""Ce qu'un filtre lit d'une valeur de l'adresse."""

MOTS = "q"
Choix = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Filtre:
    """`nom` est sa clé dans l'adresse ; une valeur inconnue ne trouve rien."""

    nom: str
    libelle: str
    choix: Callable[[Lecteur], Choix]
    condition: Callable[[str, Lecteur], Q]


def _cle(lieu: QuerySet, valeur: str, lecteur: Lecteur) -> QuerySet:
    """La clé que ce code nomme dans le territoire, lue d'abord : les liens se lisent alors par leur index."""
    return lieu.filter(territoire=lecteur.territoire, code=valeur).order_by().values("pk")[:1]


def _sollicite(valeur: str, lecteur: Lecteur) -> Q:
    financeur = _cle(Financeur.objects.all(), valeur, lecteur)
    return Q(pk__in=Demande.objects.filter(financeur=financeur).exclude(etat=ABANDONNEE).values("dossier"))


def _thematique(valeur: str, lecteur: Lecteur) -> Q:
    cle = _cle(Thematique.objects.all(), valeur, lecteur)
    return Q(pk__in=Dossier.thematiques.through.objects.filter(thematique=cle).values("dossier"))


def _quartier(valeur: str, lecteur: Lecteur) -> Q:
    ciblages = Ciblage.objects.filter(quartier=_cle(Quartier.objects.all(), valeur, lecteur))
    return Q(pk__in=ciblages.order_by().values("dossier"))


def _commune(valeur: str, lecteur: Lecteur) -> Q:
    cle = _cle(Commune.objects.all(), valeur, lecteur)
    return Q(Exists(CommuneVisee.objects.filter(dossier=OuterRef("pk"), commune=cle)))


ECHEANCES = (
    ("retard", "En retard"),
    ("7-jours", "Sous 7 jours"),
    ("30-jours", "Sous 30 jours"),
)


def _echeance(valeur: str, lecteur: Lecteur) -> Q:
    if valeur == "retard":
        return lecteur.en_retard
    jours = {"7-jours": 7, "30-jours": 30}.get(valeur)
    return lecteur.echeant(lecteur.jour, lecteur.jour + timedelta(days=jours)) if jours else RIEN


def _message(_: Lecteur) -> Q:
    return Q(pk__in=Message.objects.a_lire_par(Message.Cote.SERVICE).order_by().values("dossier"))


def _avis_manquant(_: Lecteur) -> Q:
    """Recevable, et un financeur sollicité, dont la ligne n'est pas décidée, n'a rien dit."""
    rendu = Avis.objects.filter(dossier=OuterRef("dossier"), financeur=OuterRef("financeur"))
    ouvertes = Demande.objects.filter(dossier=OuterRef("pk")).exclude(etat__in=(*DECISIONS, ABANDONNEE))
    return Q(etat=RECEVABLE) & Q(Exists(ouvertes.filter(~Exists(rendu))))


def _piece_a_remplacer(_: Lecteur) -> Q:
    a_remplacer = Piece.objects.filter(statut=Piece.Etat.A_REMPLACER, remplacee_le=None)
    return Q(pk__in=a_remplacer.order_by().values("dossier"))


def _contact(_: Lecteur) -> Q:
    muets = ContactCommune.objects.filter(confirme_le=None).order_by()
    return Q(pk__in=muets.values("dossier")) & ~Q(etat__in=FERMES)


MESSAGE = "message"
ALERTES: dict[str, tuple[str, Callable[[Lecteur], Q]]] = {
    MESSAGE: ("Message du porteur à lire", _message),
    "avis": ("Un avis manque", _avis_manquant),
    "piece": ("Pièce à remplacer", _piece_a_remplacer),
    "contact": ("Contact d'une ville à confirmer", _contact),
    "rejet": (f"Rejet implicite sous {PROCHE} jours", lambda lecteur: rejet_proche(lecteur.jour)),
    "rejet-passe": ("Rejet implicite passé", lambda lecteur: rejet_passe(lecteur.jour)),
}


def _alertes(lecteur: Lecteur) -> Choix:
    """Le fil du porteur ne se devine pas par un filtre : qui ne le lit pas n'a pas le choix « message »."""
    return tuple((code, mot) for code, (mot, _) in ALERTES.items() if code != MESSAGE or lecteur.lit_le_fil)


def _alerte(valeur: str, lecteur: Lecteur) -> Q:
    permises = dict(_alertes(lecteur))
    return ALERTES[valeur][1](lecteur) if valeur in permises else RIEN


MOI, PERSONNE = "moi", "personne"


def _suivis(lecteur: Lecteur) -> Choix:
    """Les dossiers qui me sont affectés, ceux que personne ne suit ; rien pour un partenaire."""
    miens = ((MOI, "Les miens"),) if lecteur.est_pilote else ()
    seuls = ((PERSONNE, "Non affectés"),) if lecteur.voit_le_suivi else ()
    return (*miens, *seuls)


def _suivi(valeur: str, lecteur: Lecteur) -> Q:
    if valeur not in dict(_suivis(lecteur)):
        return RIEN
    return Q(charge_de_mission=lecteur.acteur.utilisateur if valeur == MOI else None)


def _etats(_: Lecteur) -> Choix:
    return tuple((code, agent) for code, (_, agent) in DOSSIER.etats.items() if code != BROUILLON)


def _appels(lecteur: Lecteur) -> Choix:
    return tuple((code, titre) for _, code, titre, _ in lecteur.appels)


def _communes(lecteur: Lecteur) -> Choix:
    """Celles qu'un dossier peut viser : celles des quartiers, et elles seules."""
    pack = lecteur.territoire.pack()
    visees = {code for q in pack.quartiers for code in q.communes}
    return _ranger((c.code, c.nom) for c in pack.communes if c.code in visees)


def _ranger(choix) -> Choix:
    return tuple(sorted(choix, key=lambda c: ordre(c[1])))


FILTRES = (
    Filtre("appel", "Appel", _appels, lambda v, _: Q(appel__code=v)),
    Filtre("etat", "État", _etats, lambda v, _: Q(etat=v)),
    Filtre("echeance", "Échéance", lambda _: ECHEANCES, _echeance),
    Filtre("alerte", "Alerte", _alertes, _alerte),
    Filtre("suivi", "Suivi par", _suivis, _suivi),
    Filtre(
        "financeur",
        "Financeur",
        lambda lecteur: tuple((f.code, f.sigle) for f in lecteur.territoire.pack().financeurs),
        _sollicite,
    ),
    Filtre("commune", "Commune", _communes, _commune),
    Filtre(
        "quartier",
        "Quartier",
        lambda lecteur: _ranger((q.code, q.nom) for q in lecteur.territoire.pack().quartiers),
        _quartier,
    ),
    Filtre(
        "pilier",
        "Pilier",
        lambda lecteur: tuple((p.code, p.libelle) for p in lecteur.territoire.pack().piliers),
        lambda v, _: Q(pilier__code=v),
    ),
    Filtre(
        "thematique",
        "Thématique",
        lambda lecteur: _ranger((t.code, t.libelle) for t in lecteur.territoire.pack().thematiques),
        _thematique,
    ),
)
PAR_NOM = {f.nom: f for f in FILTRES}


def poses(dits: Mapping[str, str]) -> dict[str, str]:
    """Ce que l'adresse filtre, dans l'ordre des filtres ; les mots cherchés en dernier."""
    noms = (*PAR_NOM, MOTS)
    return {nom: valeur for nom in noms if (valeur := dits.get(nom, "").strip()[:AU_PLUS])}


def condition(filtres: Mapping[str, str], lecteur: Lecteur, *, sans: str = "") -> Q:
    """Toutes les conditions posées, sauf celle de `sans`."""
    total = Q()
    for nom, valeur in filtres.items():
        if nom != sans:
            total &= _mots(valeur, lecteur) if nom == MOTS else PAR_NOM[nom].condition(valeur, lecteur)
    return total


def _mots(valeur: str, lecteur: Lecteur) -> Q:
    return lecteur.recherche(valeur).condition
