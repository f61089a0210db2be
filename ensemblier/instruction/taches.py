"""Les tâches de l'instruction : rappeler les avis demandés, aux jours que l'appel dit. Sûres deux fois."""

from __future__ import annotations

from datetime import datetime, timedelta

from ensemblier.comptes.droits import systeme
from ensemblier.dossiers.etats import RECEVABLE
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.instruction.actes import relancer_un_avis
from ensemblier.instruction.models import DemandeDAvis
from ensemblier.noyau.calendrier import jour_de


def rappeler_les_avis(*, le: datetime) -> int:
    """Chaque avis demandé et sans réponse, au dernier jour de rappel passé, une seule fois par rappel.

    Un rythme arrêté trois jours n'envoie qu'un rappel, le plus récent ; un rappel dont le jour précède la
    demande ne part pas. Rend le nombre d'avis rappelés.
    """
    jour, rappeles = jour_de(le), 0
    attendues = DemandeDAvis.objects.sans_reponse().filter(dossier__etat=RECEVABLE)
    liens = (
        "financeur__commune", "dossier__territoire", "dossier__organisme", "dossier__appel__reglement",
        "dossier__reglement",
    )  # fmt: skip
    for demande in attendues.select_related(*liens).order_by("pk"):
        passes = [
            jours
            for jours in reglement_de(demande.dossier).regles_d_avis.relances_jours
            if jour_de(demande.demande_le) < demande.echeance + timedelta(days=jours) <= jour
        ]
        if passes and (demande.relance is None or demande.relance < max(passes)):
            par = systeme(demande.dossier.territoire.code)
            rappeles += relancer_un_avis(demande, jours=max(passes), par=par, le=le)
    return rappeles
