"""Une extraction importée n'est gardée qu'un temps : ce qu'elle a écrit est au registre de chaque dossier."""

from __future__ import annotations

from datetime import datetime, timedelta

from ensemblier.echanges.models import Importation
from ensemblier.registre.fichiers import effacer
from ensemblier.territoires.models import Territoire


def effacer_les_extractions(*, le: datetime) -> int:
    """Efface celles dont le dernier usage est passé (pack, `[conservation]`) ; rend leur nombre.

    Qui l'a déposée, quand, son empreinte, le compte de ses lignes et la date de l'import restent.
    """
    combien = 0
    for territoire in Territoire.objects.all():
        avant = le - timedelta(days=territoire.pack().conservation.recus_jours)
        anciennes = (
            Importation.objects.filter(territoire=territoire, fichier__efface_le=None, demandee_le__lt=avant)
            .exclude(essayee_le__gte=avant)
            .exclude(appliquee_le__gte=avant)
        )
        combien += effacer(list(anciennes.values_list("fichier", flat=True)), le=le)
    return combien
