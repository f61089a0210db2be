"""Le récit d'un appel : des cas, un calendrier, des auteurs ; les actes sont ceux de la maison."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.models import Organisme, Utilisateur
from ensemblier.demonstration import fiches, textes
from ensemblier.demonstration.organismes import feuille_blanche
from ensemblier.demonstration.personnes import ETOILE
from ensemblier.dossiers import actes as dossiers
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.regles import Fiche
from ensemblier.territoires.models import Quartier, Territoire

PARIS = ZoneInfo("Europe/Paris")
PIECES = ("lettre", "cerfa", "statuts", "dirigeants", "recepisse", "rib")
ORDRE = (
    "brouillon", "depose", "recevable", "propose", "programme", "vote", "notifie", "signe", "acompte",
    "bilan", "valide", "solde",
)  # fmt: skip
AGENTS = {
    "ETAT": "chloe", "REGION": "regis", "DEPARTEMENT": "diane", "CAF": "camille", "LENS": "farid",
    "LIEVIN": "lucie",
}  # fmt: skip


@dataclass(slots=True)
class Cas:
    """Un dossier du récit : jusqu'où il va ; `issue` dit comment il s'arrête autrement.

    `co_porteur` : l'Étoile filante y mène sa part ; « confirme », ou « attendu » tant qu'elle n'a rien dit.
    """

    organisme: str
    modele: int
    quartier: str
    jusqu_a: str
    plan: fiches.Plan
    issue: str = ""
    total: int = 100
    qpv: int = 72
    co_porteur: str = ""
    dossier: Dossier = field(init=False)

    def atteint(self, etape: str) -> bool:
        return ORDRE.index(self.jusqu_a) >= ORDRE.index(etape)


@dataclass(slots=True)
class Recit:
    """Un appel, son calendrier (un jour par étape), ses auteurs."""

    appel: Appel
    territoire: Territoire
    comptes: dict[str, Utilisateur]
    organismes: dict[str, Organisme]
    jours: dict[str, date]
    est_multifinanceur: bool
    cas: list[Cas]

    def le(self, etape: str, heure: int = 10) -> datetime:
        return datetime.combine(self.jours[etape], time(heure), PARIS)

    def acteur(self, cle: str, etape: str) -> Acteur:
        return acteur_de(self.comptes[cle], self.territoire, le=self.jours[etape])

    def porteur(self, cas: Cas, etape: str) -> Acteur:
        return self.acteur("david" if cas.organisme == ETOILE else "amina", etape)

    def agent(self, financeur: str, etape: str) -> Acteur:
        """Qui écrit la ligne de ce financeur ; le chargé de mission tient celle de l'agglomération."""
        return self.acteur(AGENTS.get(financeur, "benoit"), etape)

    def a(self, etape: str) -> list[Cas]:
        return [cas for cas in self.cas if cas.atteint(etape)]


def ecrire_les_brouillons(recit: Recit) -> None:
    """Chaque brouillon naît d'une fiche ; un seul reste entamé, sans pièce ni description."""
    quartiers = {q.code: q for q in recit.territoire.quartiers.prefetch_related("communes")}
    for rang, cas in enumerate(recit.cas):
        par = recit.porteur(cas, "brouillon")
        cas.dossier = dossiers.creer(
            appel=recit.appel, organisme=recit.organismes[cas.organisme], par=par, le=recit.le("brouillon"),
            fiche=_fiche(recit, cas, quartiers[cas.quartier], rang),
        )  # fmt: skip
        if cas.issue != "entame":
            _completer(recit, cas, par)
        if cas.co_porteur:
            _porter_a_deux(recit, cas, par)


def _fiche(recit: Recit, cas: Cas, quartier: Quartier, rang: int) -> Fiche:
    modele = textes.MODELES[cas.modele]
    if not recit.est_multifinanceur:
        return fiches.fiche_ami(
            modele, quartier, cas.plan, total=cas.total, qpv=cas.qpv, a_plusieurs=bool(cas.co_porteur)
        )
    return fiches.fiche_aap(
        modele, quartier, cas.plan, total=cas.total, qpv=cas.qpv,
        rang=recit.appel.exercice % 100 * 100 + rang, contact_le=recit.jours["brouillon"].isoformat(),
    )  # fmt: skip


def _completer(recit: Recit, cas: Cas, par: Acteur) -> None:
    dossier, le = cas.dossier, recit.le("brouillon", 21)
    siens = roles(par, dossier)
    debut = recit.jours["brouillon"] + timedelta(days=90)
    dossiers.enregistrer_etape(
        dossier, par=par, roles=siens, le=le,
        champs={
            "resume": textes.MODELES[cas.modele].resume, "description": textes.PRECISIONS[cas.modele % 3],
            "partenaires": textes.PARTENAIRES, "du": debut, "au": debut + timedelta(days=200),
        },
    )  # fmt: skip
    manquante = "rib" if cas.issue == "a_completer" else ""
    for code in PIECES:
        if code == manquante or recit.appel.regles().piece(code) is None:
            continue
        feuille = SimpleUploadedFile(f"{code}.pdf", feuille_blanche(f"{code} (fictif)"), "application/pdf")
        dossiers.joindre_piece(dossier, code=code, fichier=feuille, par=par, roles=siens, le=le)


def _porter_a_deux(recit: Recit, cas: Cas, par: Acteur) -> None:
    """L'Étoile filante est nommée, la question lui part ; David confirme, ou tarde (R29)."""
    etoile = recit.organismes[ETOILE]
    nomme = dossiers.ajouter_co_porteur(
        cas.dossier, nom=etoile.nom, numero=etoile.siren, role=textes.PART_DU_CO_PORTEUR,
        courriel=etoile.courriel, fonction="président", par=par, roles=roles(par, cas.dossier),
        le=recit.le("brouillon", 22),
    )  # fmt: skip
    if cas.co_porteur == "confirme":
        le = recit.le("brouillon", 22) + timedelta(hours=14)
        dossiers.repondre_en_co_porteur(
            nomme, confirme=True, motif="", teneur=nomme.teneur(), par=recit.acteur("david", "brouillon"),
            le=le,
        )  # fmt: skip


def deposer(recit: Recit) -> None:
    for cas in recit.a("depose"):
        par = recit.porteur(cas, "depose")
        dossiers.deposer(
            cas.dossier, cle=f"demonstration-{cas.dossier.numero}", attestations=("cer", "attestation"),
            par=par, roles=roles(par, cas.dossier), le=recit.le("depose"),
        )  # fmt: skip
        cas.dossier.refresh_from_db()
