"""L'accusé de réception (CRPA R112-5, B13) : son contenu est du JSON haché, écrit avec le dépôt."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import Any

from ensemblier.dossiers.depots import depots_ailleurs
from ensemblier.dossiers.fiche import CERFA, se_remplit_ici
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.calendrier import a_paris, en_francais, rejet_implicite
from ensemblier.noyau.packs import Appel, JalonEcrit
from ensemblier.noyau.regles import Fiche
from ensemblier.registre.actes import canonique

RECOURS = (
    "Une décision de rejet, écrite ou née du silence, se conteste dans les deux mois : "
    "devant le service, par un recours gracieux, ou devant le tribunal administratif."
)


def empreinte(contenu: Any) -> str:
    """Le SHA-256 du JSON canonique."""
    return hashlib.sha256(canonique(contenu).encode()).hexdigest()


def plateforme_de(reglement: Appel) -> str:
    """La plateforme dont l'appel demande le numéro (R35) ; vide quand le dossier d'ici suffit (P35)."""
    return next((r.plateforme for r in reglement.regles if r.genre == "numero"), "")


def manquantes(dossier: Dossier, reglement: Appel, jointes: set[str]) -> list[str]:
    """Les pièces demandées à ce porteur et non jointes, hors déclarations."""
    tenues = jointes | ({CERFA} if se_remplit_ici(reglement) else set())
    return [
        p.libelle
        for p in reglement.pieces_pour(dossier.organisme.type)
        if not p.declaration and p.code not in tenues
    ]


def contenu_de(
    lues: Reponses, *, reglement: Appel, fiche: Fiche, signataire: str, depose_le: datetime
) -> dict[str, Any]:
    """Tout ce que dit l'accusé, en valeurs simples ; `signataire` : nom et fonction."""
    dossier = lues.dossier
    territoire = dossier.territoire
    pieces = [
        {"code": p.code, "nom": p.fichier.nom, "empreinte": p.fichier.empreinte} for p in lues.pieces.values()
    ]
    saisis = [
        {"financeur": d.financeur.nom, "dispositif": d.dispositif.nom, "demande": f"{d.demande:f}"}
        for d in lues.demandes
        if d.etat != "abandonnee"
    ]
    ailleurs = [
        {"ou": d.ou, "quoi": d.quoi, "reference": d.reference, "le": d.le}
        for d in depots_ailleurs(lues, reglement)
    ]
    decision = next((j for j in reglement.jalons if j.nature in ("decision", "comite")), None)
    rejet = rejet_implicite(depose_le)
    contenu = {
        "numero": dossier.numero,
        "intitule": dossier.intitule,
        "organisme": dossier.organisme.nom,
        "siren": dossier.organisme.siren,
        "appel": dossier.appel.titre,
        "recu_le": a_paris(depose_le).isoformat(),
        "signataire": signataire,
        "service": {
            "nom": territoire.service, "epci": territoire.nom, "adresse": territoire.adresse,
            "courriel": territoire.courriel, "telephone": territoire.telephone,
        },
        "financeurs_saisis": saisis,
        "pieces": pieces,
        "manquantes": manquantes(dossier, reglement, {p["code"] for p in pieces}),
        "rejet_implicite": rejet,
        "recours": RECOURS,
        "decision_prevue": decision_prevue(decision),
        "ailleurs": ailleurs,
        "attestations": lues.attestations,
        "reglement": reglement.empreinte(),
        "fiche": empreinte(fiche.en_json()),
    }  # fmt: skip
    simple: dict[str, Any] = json.loads(canonique(contenu))
    return simple


def decision_prevue(decision: JalonEcrit | None) -> str:
    """Quand la décision est prévue, comme l'appel l'écrit ; sans ses mots, le dernier jour de la phase."""
    if decision is None or decision.texte:
        return decision.texte if decision else ""
    jour = decision.fin or decision.debut
    return f"au plus tard le {en_francais(jour, 'lettre')}" if jour else ""


def jour_et_heure(recu_le: str) -> str:
    """« mardi 20 mai 2025 à 10:00:00 » : l'heure du serveur, à Paris, à la seconde."""
    local = a_paris(datetime.fromisoformat(recu_le))
    return f"{en_francais(local.date(), 'lettre')} à {local:%H:%M:%S}"


def pour_lecture(dossier: Dossier) -> dict[str, Any]:
    """Le contenu figé, prêt à écrire : dates relues, phrase du silence (B14), empreinte."""
    contenu = dict(dossier.accuse_contenu or {})
    contenu["recu"] = jour_et_heure(contenu["recu_le"])
    rejet = date.fromisoformat(contenu["rejet_implicite"]) if contenu["rejet_implicite"] else None
    contenu["rejet"] = en_francais(rejet, "lettre").partition(" ")[2] if rejet else ""
    contenu["empreinte"] = dossier.accuse_empreinte
    return contenu
