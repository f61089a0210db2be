"""`ensemblier courriels` : ce que la boîte d'envoi attend, ce qu'elle a abandonné et pourquoi."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime


def executer(args: argparse.Namespace) -> int:
    """Sortie 1 si des courriels sont abandonnés : une minuterie du système peut en prévenir l'exploitant."""
    from ensemblier.registre.courriels import relancer
    from ensemblier.registre.models import Courriel

    le = datetime.now(UTC)
    relances = relancer(le=le) if args.relancer else 0
    abandonnes = [
        {
            "courriel": c.pk, "a": c.destinataire, "sujet": c.sujet, "ecrit_le": c.cree_le.isoformat(),
            "essais": c.tentatives, "cause": c.erreur,
        }
        for c in Courriel.objects.abandonnes()
    ]  # fmt: skip
    bilan = {
        "prets": Courriel.objects.a_envoyer(le).count(),
        "en_attente": Courriel.objects.filter(envoye_le=None, abandonne_le=None, est_differe=False).count(),
        "pour_le_recapitulatif": Courriel.objects.a_recapituler().count(),
        "relances": relances,
        "abandonnes": abandonnes,
    }
    if args.json:
        print(json.dumps(bilan, ensure_ascii=False, indent=2))
    else:
        print(
            f"En attente : {bilan['en_attente']}, dont {bilan['prets']} à envoyer maintenant. Pour le "
            f"récapitulatif : {bilan['pour_le_recapitulatif']}. Relancés : {relances}. "
            f"Abandonnés : {len(abandonnes)}."
        )
        for c in abandonnes:
            print(f"- {c['courriel']} à {c['a']} : « {c['sujet']} », {c['essais']} essais. {c['cause']}")
    return 1 if abandonnes else 0
