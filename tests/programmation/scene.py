"""Ce que les essais de la programmation posent : un dossier recevable, ses volets, une séance ouverte."""

from decimal import Decimal

from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction import actes as instruction
from ensemblier.programmation import actes
from ensemblier.programmation.actes import Decision, Membre
from ensemblier.programmation.calculs import Restes
from ensemblier.programmation.models import Enveloppe
from ensemblier.programmation.notes import grille_de
from tests import fabriques as f

AMI = f.instant("2025-06-12 09:00")
JURY = f.instant("2025-07-01 14:00")
SEPTEMBRE = f.instant("2025-09-18 18:00")
NOVEMBRE = f.instant("2025-11-20 09:00")
JANVIER = f.instant("2026-01-28 09:00")


def en(dossier, qui="benoit"):
    par = f.acteur(qui)
    return {"par": par, "roles": roles(par, dossier)}


def financeur(code):
    return f.territoire().financeurs.select_related("commune").get(code=code)


def volet(dossier, code="CALL"):
    return Demande.objects.select_related("dossier__appel", "financeur", "dispositif").get(
        dossier=dossier, financeur__code=code
    )


def reste(demande):
    """Ce que l'enveloppe, et la part qui paie ce volet, permettent encore."""
    return Restes(Enveloppe.objects.get(appel=demande.dossier.appel, financeur=demande.financeur)).de(demande)


def recevable(code="ami-2025", *, le=None, **chemins) -> Dossier:
    dossier = f.dossier_depose(code, **chemins)
    instruction.declarer_recevable(dossier, le=le or (AMI if code == "ami-2025" else NOVEMBRE), **en(dossier))
    return dossier


def budget(charges, demandes, **autres):
    """Les chemins d'une fiche équilibrée : l'autofinancement fait le reste."""
    reste = (
        Decimal(charges)
        - sum(Decimal(m) for m in demandes.values())
        - sum(Decimal(m) for m in autres.values())
    )
    return {
        "budget": {
            "charges": {"60": charges},
            "produits": {"74": {**demandes, **autres}, "autofinancement": str(reste)},
        },
        "demande": demandes,
    }


def club() -> Organisme:
    return f.organisme("club")


def deuxieme(code="ami-2025", *, le=None, **chemins) -> Dossier:
    """Un dossier recevable d'un autre organisme (celui de David)."""
    f.personne("david")
    return recevable(code, le=le, par="david", organisme_de="club", **chemins)


def seance(*dossiers, membres=("elise",), quorum=1, ouverte=True, le=JURY):
    par = f.acteur("benoit")
    tenue = actes.convoquer(
        dossiers[0].appel, type="jury", titre="Jury du 1er juillet", seance_le=le, quorum=quorum,
        membres=[Membre(f.personne(m), "Membre du jury") for m in membres], dossiers=dossiers, le=le,
        **en(dossiers[0]),
    )  # fmt: skip
    if ouverte:
        options = {**en(dossiers[0]), "le": le}
        actes.ouvrir_la_seance(tenue, **options)
        for participant in tenue.participants.select_related("seance", "utilisateur"):
            actes.pointer(participant, est_present=True, **options)
    assert par.nom
    return tenue


def noter(tenue, dossier, qui, valeur=3, **sauf):
    """Toute la grille d'un membre, à `valeur` sauf les critères nommés."""
    inscription = tenue.inscriptions.select_related("seance__appel", "dossier").get(dossier=dossier)
    for critere in grille_de(tenue).criteres:
        actes.noter(
            inscription, f.personne(qui), critere=critere.code, valeur=sauf.get(critere.code, valeur),
            par=f.acteur(qui), le=JURY,
        )  # fmt: skip


def proposer(dossier, montant, code="CALL", *, par="benoit", le=AMI):
    return actes.proposer(volet(dossier, code), montant=Decimal(montant), par=f.acteur(par), le=le)


def decider(tenue, dossier, decision="retenu", motif="", le=JURY):
    inscription = tenue.inscriptions.select_related("seance__appel", "dossier__appel").get(dossier=dossier)
    actes.decider(inscription, decision=decision, motif=motif, le=le, **en(dossier))


def programmer(dossier, montant, code="CALL", *, par="benoit", le=JURY):
    proposer(dossier, montant, code, par=par, le=le)
    decider(seance(dossier, le=le), dossier, le=le)


def deliberer(code, *lignes, numero="2025-118", par="benoit", le=SEPTEMBRE, annexe=False):
    """`lignes` : (dossier, montant) ou (dossier, None, motif)."""
    decisions = [
        Decision(volet(d, code), None if m is None else Decimal(m), *motif) for d, m, *motif in lignes
    ]
    return actes.enregistrer_deliberation(
        financeur(code), lignes[0][0].appel, numero=numero, votee_le=le.date(), decisions=decisions,
        par=f.acteur(par), le=le, annexe=annexe,
    )  # fmt: skip


def enveloppe(code, montant, appel_code="ami-2025", par="benoit", le=AMI):
    return actes.ouvrir_enveloppe(
        f.appel(appel_code), financeur(code), montant=Decimal(montant), par=f.acteur(par), le=le
    )
