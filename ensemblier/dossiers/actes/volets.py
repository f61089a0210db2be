"""Le volet d'un financeur avance par une seule porte, qui rafraîchit le résumé du dossier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import F

from ensemblier.dossiers.actes.commun import PILOTE, PORTEUR, exiger, tenir
from ensemblier.dossiers.actes.mots import indexer
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import BROUILLON, CLOS, IRRECEVABLE, RETIRE, etape
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau import identifiants
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role
from ensemblier.registre.actes import ActeBloque, Lot, avancer, consigner
from ensemblier.registre.models import Evenement

FERMES = (BROUILLON, IRRECEVABLE, RETIRE, CLOS)


@transaction.atomic
def avancer_demande(
    demande: Demande,
    acte: str,
    *,
    par: Acteur,
    le: datetime,
    motif: str = "",
    details: dict[str, Any] | None = None,
    public: bool = False,
    roles: Iterable[Role] | None = None,
    **champs: Any,
) -> Evenement:
    """Fait avancer un volet, puis rafraîchit l'étape du dossier ; les rôles viennent du volet à défaut.

    Lève `TransitionRefusee` si la table refuse ; `champs` s'enregistrent avec l'état. Le motif d'un refus
    reste sur le volet : le porteur le lit sur sa page, pas seulement dans la lettre.
    """
    siens = roles_sur_demande(par, demande) if roles is None else roles
    evenement = avancer(
        demande, acte, par=par, roles=siens, le=le, motif=motif, details=details, public=public, **champs
    )
    if acte == "refuser":
        demande.motif = motif
        demande.save(update_fields=("motif",))
    marquer_le_changement(demande, evenement)
    rafraichir_etape(demande.dossier)
    return evenement


def marquer_le_changement(demande: Demande, evenement: Evenement) -> None:
    """Numérote l'état du volet ; l'appelant tient le verrou du dossier."""
    Demande.objects.filter(pk=demande.pk).update(version=F("version") + 1, change_le=evenement.enregistre_le)
    demande.version = Demande.objects.values_list("version", flat=True).get(pk=demande.pk)
    demande.change_le = evenement.enregistre_le


def rafraichir_etape(dossier: Dossier) -> None:
    """Recalcule le résumé du dossier depuis ses volets ; l'appelant tient le verrou du dossier."""
    lu = Dossier.objects.values_list("etat", flat=True).get(pk=dossier.pk)
    volets = Demande.objects.filter(dossier=dossier).values_list("etat", flat=True)
    dossier.etape = etape(lu, volets)
    Dossier.objects.filter(pk=dossier.pk).update(etape=dossier.etape)


class VoletsTenus(Lot):
    """Des volets qui avancent ensemble : versions et étapes de leurs dossiers s'écrivent avec les actes.

    Les voisins d'un volet, ceux du même dossier, sont lus avec lui ; un volet tenu est le même objet
    partout.
    """

    RELUS = ("etat", "version", "demande", "propose", "vote")

    def __init__(self, volets: Iterable[Demande]) -> None:
        super().__init__(volets)
        self._dossiers = {v.dossier_id for v in self.objets.values()}
        self._par_dossier: dict[int, list[Demande]] = {}
        lus = Demande.objects.filter(dossier__in=self._dossiers).order_by("pk")
        for volet in lus.only("dossier", "financeur", "etat", "propose", "vote"):
            self._par_dossier.setdefault(volet.dossier_id, []).append(self.objets.get(volet.pk, volet))
        self._etapes: dict[int, str] = {}

    @cached_property
    def etats_des_dossiers(self) -> dict[int, str]:
        """L'état de chaque dossier, lu sous son verrou."""
        return dict(Dossier.objects.filter(pk__in=self._dossiers).values_list("pk", "etat"))

    def du_dossier(self, volet: Demande) -> list[Demande]:
        """Tous les volets de son dossier, lui compris, tels que le lot les laisse ; état et montants lus."""
        return self._par_dossier[volet.dossier_id]

    def avancer(self, objet: Demande, acte: str, *, par: Acteur, **dits: Any) -> Evenement:
        """L'acte, comme `avancer_demande` : un numéro de plus au volet, et l'étape de son dossier."""
        dits = {"public": False, "roles": roles_sur_demande(par, objet)} | dits
        evenement = super().avancer(objet, acte, par=par, **dits)
        self.changer(objet, version=objet.version + 1, change_le=evenement.enregistre_le)
        if acte == "refuser":
            self.changer(objet, motif=dits["motif"])
        dossier = objet.dossier
        etat = self.etats_des_dossiers[dossier.pk]
        dossier.etape = self._etapes[dossier.pk] = etape(etat, [v.etat for v in self.du_dossier(objet)])
        return evenement

    def ecrire(self) -> None:
        """Les actes en attente, puis l'étape des dossiers qu'ils touchent."""
        super().ecrire()
        for posee in set(self._etapes.values()):
            siens = [pk for pk, dite in self._etapes.items() if dite == posee]
            Dossier.objects.filter(pk__in=siens).update(etape=posee)
        self._etapes = {}


def _ouvert(dossier: Dossier, quoi: str) -> Dossier:
    tenu = tenir(dossier)
    if tenu.etat in FERMES:
        raise EtatInterdit(f"« {quoi} » : le dossier est « {tenu.etat_porteur} ».")
    return tenu


@transaction.atomic
def noter_reference_depot(
    demande: Demande, *, reference: str, le_depot: date, par: Acteur, roles: Iterable[Role], le: datetime
) -> Evenement:
    """R55, R61 : la référence du dépôt fait sur la plateforme d'un financeur, et son jour."""
    quoi = "Noter un dépôt fait ailleurs"
    exiger(roles, *PORTEUR, *PILOTE, Role.AGENT_FINANCEUR, quoi=quoi)
    _ouvert(demande.dossier, quoi)
    if not reference.strip():
        raise ActeBloque("La référence est vide. Recopiez celle que la plateforme vous a donnée.")
    if le_depot > jour_de(le):
        raise ActeBloque("La date du dépôt est dans l'avenir. Écrivez le jour où il a été fait.")
    libelle = f"Dépôt noté auprès de : {demande.financeur.nom}"
    evenement = consigner(
        demande, "noter_reference_depot", par=par, le=le, libelle=libelle[:200],
        details={"reference": reference.strip(), "le": le_depot},
        reference_depot=reference.strip()[:60], depot_le=le_depot,
    )  # fmt: skip
    indexer(demande.dossier)
    return evenement


@transaction.atomic
def noter_numero_dauphin(
    dossier: Dossier,
    *,
    numero: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    depose_le: date | None = None,
) -> Evenement:
    """R35, P18, S83 : le numéro arrive après le dépôt, avant la recevabilité."""
    quoi = "Noter le numéro Dauphin"
    exiger(roles, *PORTEUR, *PILOTE, Role.SYSTEME, quoi=quoi)
    tenu = _ouvert(dossier, quoi)
    try:
        lu = identifiants.numero_dauphin(numero).valeur
    except identifiants.IdentifiantInvalide as refus:
        raise ActeBloque(str(refus)) from refus
    dossier.numero_dauphin = lu
    dossier.depose_dauphin_le = depose_le or tenu.depose_dauphin_le
    evenement = consigner(
        dossier, "noter_numero_dauphin", par=par, le=le, libelle="Numéro Dauphin noté",
        details={"numero": lu, "depose_le": depose_le},
        numero_dauphin=lu, depose_dauphin_le=dossier.depose_dauphin_le,
    )  # fmt: skip
    indexer(dossier)
    return evenement
