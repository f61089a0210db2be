"""Ce que la programmation ne garde qu'un temps : les tableaux reçus et les longs PDF faits pour une personne.

Les procès-verbaux, les annexes et les actes signés n'en sont pas : le registre et les décisions les citent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from ensemblier.programmation.models import CaseRelue, Edition, Retour
from ensemblier.registre.fichiers import effacer
from ensemblier.territoires.models import Territoire


def effacer_les_fichiers_de_travail(*, le: datetime) -> int:
    """Efface les contenus dont le territoire n'a plus l'usage (pack, `[conservation]`) ; rend leur nombre.

    Un tableau relu perd aussi ses cases ; qui l'a déposé, quand, son empreinte et son application restent.
    """
    combien = 0
    for territoire in Territoire.objects.all():
        regle = territoire.pack().conservation
        combien += _effacer_les_retours(territoire, le - timedelta(days=regle.recus_jours), le)
        anciennes = Edition.objects.filter(
            appel__territoire=territoire, fichier__efface_le=None,
            faite_le__lt=le - timedelta(days=regle.editions_jours),
        )  # fmt: skip
        combien += effacer(list(anciennes.values_list("fichier", flat=True)), le=le)
    return combien


def _effacer_les_retours(territoire: Territoire, avant: datetime, le: datetime) -> int:
    """Ceux dont le dernier usage (reçu, essayé, appliqué) est passé ; chacun dans sa transaction."""
    anciens = (
        Retour.objects.filter(appel__territoire=territoire, fichier__efface_le=None, recu_le__lt=avant)
        .exclude(essaye_le__gte=avant)
        .exclude(applique_le__gte=avant)
    )
    combien = 0
    for cle in list(anciens.values_list("pk", flat=True)):
        with transaction.atomic():
            tenu = anciens.select_for_update(of=("self",)).filter(pk=cle).first()
            if tenu is not None:
                CaseRelue.objects.filter(retour=tenu).delete()
                combien += effacer([tenu.fichier_id], le=le)
    return combien
