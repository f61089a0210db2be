"""Les travaux longs qu'une personne attend : mis en file dans l'acte, faits par le rythme, relançables.

Une pièce déclare un `Ouvrage` : un nom et une fonction `(travail, jalon)`. `config` en réunit la liste : le
registre n'en connaît aucun. Deux formes :

- un acte en lot : des lignes, une transaction par ligne, `jalon.lignes(fonction)` ; ce qui est fait ne se
  refait pas, un refus s'écrit sur sa ligne ;
- un travail d'une seule pièce : `jalon.avance(fait, total, etape)` hors de toute transaction, puis
  `jalon.conclure(…)` dans la transaction de sa dernière écriture : repris, il ne l'écrit pas deux fois.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from ensemblier.noyau.machine import Acteur, TransitionRefusee
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import LigneDeTravail, Travail

journal = logging.getLogger(__name__)

BAIL = timedelta(minutes=2)
REPRISES_MAX = 5
"""Reprises sans avancer avant d'abandonner : un travail qui tue son processus ne le tue pas sans fin."""
GARDE = timedelta(days=180)
PANNE = (
    "Une panne a arrêté ce travail. Ce qui est fait reste fait, le reste n'est pas changé. Écrivez au "
    "service, puis recommencez pour le reste."
)
PANNE_DE_LIGNE = (
    "Une panne a empêché cette ligne : rien n'y est changé. Recommencez sur ce dossier ; si cela se répète, "
    "écrivez au service."
)


@dataclass(frozen=True, slots=True)
class Ouvrage:
    """Ce qu'un genre de travail fait. `est_long` : un calcul ou un import, hors de la file des actes en lot.

    `bail` : le plus long silence entre deux jalons avant qu'un autre processus le croie mort.
    """

    nom: str
    faire: Callable[[Travail, Jalon], None]
    est_long: bool = False
    bail: timedelta = BAIL


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une ligne demandée ou rapportée ; `issue` et `phrase` : d'un compte rendu seulement."""

    libelle: str
    objet: str = ""
    adresse: str = ""
    issue: str = ""
    phrase: str = ""


class Interruption(Exception):
    """Le travail s'arrête ici, entre deux lignes, sans faute de personne."""


class Annule(Interruption):
    """La personne n'en veut plus."""


class Arret(Interruption):
    """Le processus s'arrête : un autre reprendra."""


class BailPerdu(Interruption):
    """Un autre processus tient le travail : celui-ci n'y écrit plus rien."""


@transaction.atomic
def demander(
    *,
    cle: str,
    genre: str,
    titre: str,
    par: Acteur,
    le: datetime,
    parametres: dict[str, Any] | None = None,
    lignes: Iterable[Ligne] = (),
    retour: str = "",
) -> Travail:
    """Met un travail en file, dans la transaction de l'appelant ; la même clé rend le même travail.

    `parametres` : des identifiants et des dates en texte, jamais d'objets. Lève `ActeBloque` si la clé a
    servi à quelqu'un d'autre ou à autre chose.
    """
    if par.utilisateur is None:
        raise ValueError("Un travail se demande sous un compte : personne ne lirait son résultat.")
    attendues = list(lignes)
    travail = Travail(
        cle=cle, genre=genre, titre=titre[:200], parametres=parametres or {}, territoire=par.territoire,
        demande_par=par.utilisateur, demande_par_nom=par.signature, demande_le=le, retour=retour,
        total=len(attendues) or None,
    )  # fmt: skip
    try:
        with transaction.atomic():
            travail.save(force_insert=True)
    except IntegrityError:
        connu = Travail.objects.get(cle=cle)
        if (connu.demande_par, connu.genre) != (par.utilisateur, genre):
            raise ActeBloque(
                "Ce formulaire a déjà servi pour autre chose : rien n'est lancé.",
                "Rechargez la page, puis recommencez.",
            ) from None
        return connu
    _ecrire_les_lignes(travail, attendues, le=None)
    return travail


def _ecrire_les_lignes(travail: Travail, lignes: Iterable[Ligne], *, le: datetime | None) -> None:
    LigneDeTravail.objects.bulk_create(
        [
            LigneDeTravail(
                travail=travail, rang=rang, objet=x.objet, libelle=x.libelle[:300], adresse=x.adresse,
                issue=x.issue, phrase=x.phrase, le=le,
            )
            for rang, x in enumerate(lignes, start=1)
        ],
        batch_size=500,
    )  # fmt: skip


def annuler(travail: Travail, *, par: Acteur, le: datetime) -> None:
    """Demande l'arrêt : ce qui est fait reste fait, le reste n'est pas traité. Fini, rien n'est changé."""
    en_cours = Travail.objects.filter(pk=travail.pk, fini_le=None, annule_le=None)
    libres = Q(reserve_jusqu_au=None) | Q(reserve_jusqu_au__lte=le)
    dit = {"annule_le": le, "annule_par": par.signature}
    if not en_cours.filter(libres).update(fini_le=le, **dit) and not en_cours.update(**dit):
        raise ActeBloque("Ce travail est déjà fini ou annulé : son résultat est sur sa page.")


class Jalon:
    """Ce qu'un ouvrage tient en main : dire où il en est, faire ses lignes, conclure."""

    def __init__(
        self,
        travail: Travail,
        ouvrage: Ouvrage,
        *,
        arret: Callable[[], bool],
        horloge: Callable[[], datetime],
    ) -> None:
        self._travail, self._duree = travail, ouvrage.bail
        self._arret, self._horloge = arret, horloge
        self._dernier = horloge()
        self.est_conclu = False

    @property
    def maintenant(self) -> datetime:
        """L'heure qu'il est : celle des actes du travail."""
        return self._horloge()

    def avance(self, fait: int, total: int | None = None, etape: str = "") -> None:
        """Dit où en est un travail d'une pièce ; écrit au plus une fois par seconde.

        Lève `Interruption` si la personne a annulé ou si le processus s'arrête : laissez-la passer.
        """
        maintenant = self._horloge()
        if fait != total and maintenant - self._dernier < timedelta(seconds=1):
            return
        self._dernier = maintenant
        self._continuer()
        self._tenir(fait=fait, total=total, etape=etape[:200], tentatives=0)

    def lignes(self, faire: Callable[[LigneDeTravail, datetime], str | None]) -> None:
        """Chaque ligne qui reste, dans sa transaction ; `faire(ligne, le)` rend une phrase, ou rien.

        Un refus (`ActeBloque`, `TransitionRefusee`) s'écrit sur sa ligne et n'arrête pas les autres.
        """
        restent = self._travail.lignes.filter(issue="").order_by("rang").values_list("pk", flat=True)
        for pk in list(restent):
            self._continuer()
            try:
                self._une_ligne(pk, faire)
            except ActeBloque as refus:
                self._refuser(pk, " ".join(refus.raisons))
            except TransitionRefusee as refus:
                self._refuser(pk, refus.raison)
            except (Interruption, OperationalError):
                raise
            except Exception:
                journal.exception("Travail %s, ligne %s : panne", self._travail.pk, pk)
                self._refuser(pk, PANNE_DE_LIGNE)

    @transaction.atomic
    def _une_ligne(self, pk: int, faire: Callable[[LigneDeTravail, datetime], str | None]) -> None:
        le = self._horloge()
        self._tenir(fait=F("fait") + 1, tentatives=0)
        ligne = LigneDeTravail.objects.select_for_update().get(pk=pk)
        ligne.phrase = faire(ligne, le) or ""
        ligne.issue, ligne.le = LigneDeTravail.Issue.FAIT, le
        ligne.save(update_fields=("issue", "phrase", "le"))

    @transaction.atomic
    def _refuser(self, pk: int, phrase: str) -> None:
        self._tenir(fait=F("fait") + 1, refuses=F("refuses") + 1, tentatives=0)
        LigneDeTravail.objects.filter(pk=pk).update(
            issue=LigneDeTravail.Issue.REFUSE, phrase=phrase, le=self._horloge()
        )

    @transaction.atomic
    def rapporter(self, lignes: Iterable[Ligne]) -> None:
        """Le compte rendu ligne à ligne d'un travail d'une pièce ; repris, il remplace le précédent."""
        dites = list(lignes)
        refusees = sum(x.issue == LigneDeTravail.Issue.REFUSE for x in dites)
        self._tenir(refuses=refusees)
        self._travail.lignes.all().delete()
        _ecrire_les_lignes(self._travail, dites, le=self._horloge())

    def conclure(
        self, *, phrase: str = "", adresse: str = "", resultat: dict[str, Any] | None = None
    ) -> None:
        """Finit le travail, dans la transaction de sa dernière écriture : annulé ou repris, elle est défaite.

        `phrase` : ce qu'il a donné ; `adresse` : où le lire ; `resultat` : des identifiants, pour la suite.
        """
        self._continuer()
        self._tenir(
            fini_le=self._horloge(), bail="", reserve_jusqu_au=None, etape="", phrase=phrase, adresse=adresse,
            resultat=resultat or {},
        )  # fmt: skip
        self.est_conclu = True

    def _continuer(self) -> None:
        if self._arret():
            raise Arret
        if Travail.objects.filter(pk=self._travail.pk).exclude(annule_le=None).exists():
            raise Annule

    def _tenir(self, **champs: Any) -> None:
        """Une écriture que seul le bail courant réussit ; elle le prolonge."""
        champs = {"reserve_jusqu_au": self._horloge() + self._duree} | champs
        siennes = Travail.objects.filter(pk=self._travail.pk, bail=self._travail.bail, fini_le=None)
        if not siennes.update(**champs):
            raise BailPerdu


def faire_les_travaux(
    ouvrages: Iterable[Ouvrage],
    *,
    arret: Callable[[], bool] = lambda: False,
    horloge: Callable[[], datetime] = timezone.now,
) -> int:
    """Vide la file de ces ouvrages, un travail après l'autre ; rend combien ont été pris."""
    connus, pris = {o.nom: o for o in ouvrages}, 0
    while not arret() and (travail := _reserver(connus, horloge())):
        _executer(travail, connus[travail.genre], arret, horloge)
        pris += 1
    return pris


def _reserver(ouvrages: dict[str, Ouvrage], le: datetime) -> Travail | None:
    """Une seule écriture, que deux rythmes ne gagnent pas tous les deux ; la reprise est comptée d'avance."""
    for pk, genre in list(Travail.objects.a_faire(ouvrages, le=le).values_list("pk", "genre")[:20]):
        pris = Travail.objects.a_faire(ouvrages, le=le).filter(pk=pk).order_by()
        if pris.update(
            bail=secrets.token_hex(16), reserve_jusqu_au=le + ouvrages[genre].bail,
            tentatives=F("tentatives") + 1, commence_le=Coalesce("commence_le", le),
        ):  # fmt: skip
            return Travail.objects.get(pk=pk)
    return None


def _executer(
    travail: Travail, ouvrage: Ouvrage, arret: Callable[[], bool], horloge: Callable[[], datetime]
) -> None:
    """Un refus finit le travail avec sa phrase ; une panne le relance, de plus en plus tard."""
    if travail.tentatives > REPRISES_MAX:
        _finir(travail, le=horloge(), raison=PANNE)
        return
    jalon = Jalon(travail, ouvrage, arret=arret, horloge=horloge)
    try:
        ouvrage.faire(travail, jalon)
        if not jalon.est_conclu:
            jalon.conclure()
    except Annule:
        _finir(travail, le=horloge())
    except Arret:
        _rendre(travail, tentatives=0, reserve_jusqu_au=None)
    except BailPerdu:
        journal.warning("Travail %s : le bail est passé à un autre processus", travail.pk)
    except (ActeBloque, TransitionRefusee) as refus:
        _finir(travail, le=horloge(), raison=str(refus))
    except Exception:
        journal.exception("Travail %s (%s) : panne, reprise plus tard", travail.pk, travail.genre)
        _rendre(travail, reserve_jusqu_au=horloge() + timedelta(minutes=travail.tentatives))


def _finir(travail: Travail, *, le: datetime, raison: str = "") -> None:
    _rendre(travail, fini_le=le, reserve_jusqu_au=None, etape="", raison=raison)


def _rendre(travail: Travail, **champs: Any) -> None:
    Travail.objects.filter(pk=travail.pk, bail=travail.bail, fini_le=None).update(bail="", **champs)


def oublier_les_travaux(*, le: datetime) -> int:
    """Ôte ceux finis depuis six mois : le registre garde les actes ; rend leur nombre."""
    vieux = Travail.objects.filter(fini_le__lt=le - GARDE)
    combien = vieux.count()
    vieux.delete()
    return combien
