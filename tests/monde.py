"""Un petit monde complet : un dossier à chaque moment utile, et chaque sorte de personne devant lui."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from ensemblier.bilans.actes import ouvrir_bilan
from ensemblier.comptes.models import (
    Aide,
    Habilitation,
    Interet,
    Mandat,
    Organisme,
    Rattachement,
    Utilisateur,
)
from ensemblier.conventions import actes as conventions
from ensemblier.conventions.models import Convention, Tranche, Versement
from ensemblier.dossiers.actes import ecrire_message, garder_simulation
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.ecriture import poser_quartiers
from ensemblier.dossiers.models import Acces, ContactCommune, CoPorteur, Demande, Deport, Dossier
from ensemblier.programmation import actes as programmation
from ensemblier.programmation.models import (
    Attribution,
    Deliberation,
    Inscription,
    Participant,
    Scenario,
    Seance,
)
from ensemblier.registre.actes import ouvrir
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.liens import ouvrir_lien
from tests import fabriques as f
from tests import fabriques_suites as s
from tests.instantanes import recopiee

ACTEURS = {
    "anonyme": "sans compte",
    "amina": "signataire du porteur",
    "lucas": "rédacteur du porteur",
    "david": "signataire d'un autre organisme",
    "ancienne": "ancienne membre du porteur",
    "fermee": "compte désactivé",
    "benoit": "chargé de mission",
    "irene": "responsable du territoire",
    "chloe": "financeur sollicité (État)",
    "denise": "financeur non sollicité (Département)",
    "farid": "référent d'une ville de l'action (Lens)",
    "wanda": "référente d'une autre ville (Wingles)",
    "elise": "jury, admise sur le dossier",
    "henri": "jury, déporté de ce dossier",
    "fatou_finances": "finances",
    "odile": "auditrice",
    "nadia": "aide invitée sur ces dossiers",
    "victor": "signataire d'un co-porteur confirmé de ces dossiers",
    "yasmine": "agente d'une ville visée, non sollicitée (Loos-en-Gohelle)",
}


@dataclass(slots=True)
class Monde:
    """`parametres` dit, pour chaque nom de paramètre d'une adresse, l'objet de ce monde."""

    personnes: dict[str, Utilisateur]
    parametres: dict[str, object]
    brouillon: Dossier
    decide: Dossier


def _compte(nom: str) -> Utilisateur:
    return Utilisateur.objects.create_user(f"{nom}@maison.example", f.MOT_DE_PASSE, prenom=nom.title())


def _habiliter(qui: Utilisateur, qualite: str, commune: str = "") -> None:
    lieu = f.territoire()
    ville = lieu.communes.get(code=commune) if commune else None
    habilitation = Habilitation(
        utilisateur=qui, territoire=lieu, qualite=qualite, fonction=qualite, commune=ville
    )
    ouvrir(habilitation, par=f.systeme(lieu.code), le=f.OUVERTURE, libelle="Habilitation donnée")


def _personnes() -> dict[str, Utilisateur]:
    connues = ("amina", "lucas", "david", "benoit", "irene", "chloe", "denise", "farid", "elise",
               "fatou_finances", "odile", "yasmine")  # fmt: skip
    personnes = {nom: f.personne(nom) for nom in connues}
    for nom in ("ancienne", "fermee", "wanda", "henri", "nadia", "victor"):
        personnes[nom] = _compte(nom)
    porteur = f.organisme()
    for nom, fin in (("ancienne", date(2024, 12, 31)), ("fermee", None)):
        Rattachement.objects.create(
            utilisateur=personnes[nom], organisme=porteur, qualite="signataire", fonction="trésorière", au=fin
        )
    personnes["fermee"].is_active = False
    personnes["fermee"].save()
    _habiliter(personnes["wanda"], "referent_communal", "WINGLES")
    _habiliter(personnes["henri"], "jury")
    Interet.objects.create(
        utilisateur=personnes["henri"], organisme=porteur, nature="trésorier", connu_le=date(2025, 1, 1)
    )
    return personnes


@recopiee(())
def creer() -> Monde:
    """Un dossier de l'AAP décidé (État, agglomération, Lens), notifié, conventionné, versé ; un brouillon."""
    personnes = _personnes()
    decide = s.dossier("26-0041", appel="aap-2026")
    lens = decide.territoire.communes.get(code="LENS")
    cite = decide.territoire.quartiers.get(code="QN06224M")
    poser_quartiers(decide, {cite: [lens, decide.territoire.communes.get(code="LOOS-EN-GOHELLE")]})
    contact = ContactCommune.objects.create(dossier=decide, commune=lens, le=date(2025, 5, 2), mode="reunion")
    call = s.volet(decide, "12000.00")
    s.volet(decide, "4000.00", financeur="ETAT")
    s.volet(decide, "1000.00", financeur="LENS")
    s.notifier(call)
    ouvrir_bilan(decide, par=f.systeme("lens-lievin"), le=s.NOTIFIE_LE)
    s.signer(call)
    versement = conventions.preparer_versement(
        s.tranche(call), par=s.acteur("fatou_finances"), le=s.NOTIFIE_LE
    )
    _echanger(decide)
    seance, inscription = _seance(decide, personnes)
    brouillon = f.dossier("aap-2026")
    par = f.acteur("amina")
    Mandat.objects.create(
        organisme=decide.organisme, utilisateur=personnes["amina"], portee="tout", du=date(2025, 1, 1),
        fichier=conserver(f.pdf_d_essai("delegation.pdf").read(), nom="delegation.pdf",
                          type_mime="application/pdf", par=par, le=s.NOTIFIE_LE),
        ajoute_le=s.NOTIFIE_LE, ajoute_par=par.nom,
    )  # fmt: skip
    _co_porte(personnes["victor"], decide, brouillon)
    for dossier in (decide, brouillon):
        Aide.objects.create(
            organisme=dossier.organisme, objet=dossier.designation(), courriel="nadia@maison.example",
            utilisateur=personnes["nadia"], au=date(2099, 12, 31), invitee_le=s.NOTIFIE_LE,
            invitee_par="Amina", acceptee_le=s.NOTIFIE_LE,
        )  # fmt: skip
    return Monde(
        personnes,
        _parametres(decide, call, versement, seance, inscription, contact),
        brouillon,
        decide,
    )


def _echanger(dossier: Dossier) -> None:
    """Le porteur écrit, avec un fichier ; le service répond."""
    for qui, fichier in (("amina", f.pdf_d_essai("devis.pdf")), ("benoit", None)):
        par = f.acteur(qui)
        ecrire_message(
            dossier, texte=f"Message de {qui}", fichier=fichier, cle=f"monde-{qui}", par=par,
            roles=roles(par, dossier), le=s.NOTIFIE_LE,
        )  # fmt: skip


def _co_porte(victor: Utilisateur, *dossiers: Dossier) -> None:
    """L'organisme de Victor a confirmé qu'il porte ces actions."""
    ruche = Organisme(nom="La Ruche des ateliers", type="association", rna="W624008888")
    ouvrir(ruche, par=f.systeme("lens-lievin"), le=s.NOTIFIE_LE, libelle="Organisme créé")
    Rattachement.objects.create(
        utilisateur=victor, organisme=ruche, qualite="signataire", fonction="président"
    )
    for dossier in dossiers:
        CoPorteur.objects.create(
            dossier=dossier, nom=ruche.nom, numero=ruche.rna, organisme=ruche, role="Anime les ateliers",
            demande_le=s.NOTIFIE_LE, confirme=True, repondu_le=s.NOTIFIE_LE, repondu_par="Victor",
            ajoute_le=s.NOTIFIE_LE, ajoute_par="Amina",
        )  # fmt: skip


def _co_porter(dossier: Dossier) -> dict[str, object]:
    """Un co-porteur qui n'est pas dans la maison, et le jeton de son lien en cours."""
    nomme = CoPorteur.objects.create(
        dossier=dossier, nom="Amicale des voisins", numero="W624009999", role="Prête la salle",
        courriel="bureau@voisins.example", demande_le=s.NOTIFIE_LE, ajoute_le=s.NOTIFIE_LE,
        ajoute_par="Amina",
    )  # fmt: skip
    jeton = ouvrir_lien(
        acte=CoPorteur.REPONDRE, objet=nomme.designation(), teneur=nomme.teneur(), territoire="lens-lievin",
        fonction="présidente", organisation=nomme.nom, jusqu_au=timezone.localdate() + timedelta(days=30),
        le=timezone.now(),
    )[1]  # fmt: skip
    return {"co_porteur": nomme.pk, "lien_co_porteur": jeton}


def _seance(dossier: Dossier, personnes: dict[str, Utilisateur]) -> tuple[Seance, Inscription]:
    par = f.systeme("lens-lievin")
    seance = Seance(
        territoire=dossier.territoire, appel=dossier.appel, type="jury", titre="Jury", le=s.NOTIFIE_LE
    )
    ouvrir(seance, par=par, le=s.NOTIFIE_LE, libelle="Séance convoquée")
    for nom in ("elise", "henri"):
        Participant.objects.create(
            seance=seance, utilisateur=personnes[nom], fonction="élu", est_present=True
        )
        Acces.objects.create(
            dossier=dossier, utilisateur=personnes[nom], raison=f"Séance {seance.pk}", accorde_le=s.NOTIFIE_LE
        )
    Deport.objects.create(
        dossier=dossier, utilisateur=personnes["henri"], motif="trésorier", declare_le=s.NOTIFIE_LE
    )
    return seance, Inscription.objects.create(seance=seance, dossier=dossier, rang=1)


def _lien(contact: ContactCommune) -> str:
    """Le jeton d'un lien en cours, envoyé au référent de Lens."""
    return ouvrir_lien(
        acte=ContactCommune.CONFIRMER, objet=contact.designation(), teneur=contact.teneur(),
        territoire="lens-lievin", fonction="Référent politique de la ville", organisation="Ville de Lens",
        jusqu_au=timezone.localdate() + timedelta(days=30), le=timezone.now(),
    )[1]  # fmt: skip


def _scenario(dossier: Dossier) -> Scenario:
    """Partagé par Benoît : le lisent ceux qui lisent la programmation."""
    par = f.acteur("benoit")
    ouvert = programmation.ouvrir_un_scenario(dossier.appel, titre="Essai", par=par, le=s.NOTIFIE_LE)
    programmation.partager(ouvert, par=par, le=s.NOTIFIE_LE)
    return ouvert


def _parametres(
    dossier: Dossier,
    call: Demande,
    versement: Versement,
    seance: Seance,
    inscription: Inscription,
    contact: ContactCommune,
) -> dict[str, object]:
    piece = dossier.pieces.first()
    tranche = Tranche.objects.get(demande=call, rang=1)
    return {
        "numero": dossier.numero,
        "appel": dossier.appel.code,
        "simulation": garder_simulation(appel=dossier.appel, reponses={}, le=timezone.now())[1],
        "lien": _lien(contact),
        **_co_porter(dossier),
        "code": dossier.appel.code,
        "financeur": "ETAT",
        "demande": call.pk,
        "tranche": tranche.pk,
        "versement": versement.pk,
        "convention": Convention.objects.get(demande=call).pk,
        "seance": seance.pk,
        "inscription": inscription.pk,
        "participant": seance.participants.order_by("pk").first().pk,
        "contact": contact.pk,
        "piece": piece.pk,
        "deliberation": Deliberation.objects.get(financeur=call.financeur).pk,
        "attribution": Attribution.objects.get(demande=call).pk,
        "exemplaire": "projet",
        "faire": "observer",
        "cle": piece.fichier.cle,
        "etape": "publics",
        "scenario": _scenario(dossier).pk,
    }
