"""Des agents écrivent tous à la fois dans les mêmes enveloppes : rien ne déborde, rien ne se perd.

Quatre enveloppes de l'AAP 2026, deux sous-enveloppes chacune. Chaque écrivain engage (60 %), libère (20 %) ou
vire d'une part à l'autre (20 %) des montants tirés au hasard, par les actes de la maison : verrou, version,
CHECK, événement chaîné. Toutes les 10 ms une photographie relit tout en une requête. À la fin, la base se
compare au centime à ce qui fut confirmé à chaque écrivain.

Puis, gardes levées : la ligne est lue sans verrou, hors de la transaction, et les CHECK sont retirés. Le banc
doit alors voir le dépassement ou la perte : sinon il ne prouverait rien.

Commande : python benchmarks/enveloppes.py [--base postgresql|sqlite] [--ecrivains 32] [--saisies 10000]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from liste import _construire, base_jetable

APPEL = "aap-2026"
CREDITS, PEU = Decimal("40000.00"), Decimal("4000.00")
"""Par enveloppe ; peu, gardes levées : le plafond se touche tout de suite."""
PAS_S = 0.010
PATIENCE_S = 60
GARDES = ("enveloppe_jamais_depassee", "enveloppe_repartie", "sous_enveloppe_jamais_depassee")


@dataclass
class Bilan:
    """Ce qu'un écrivain s'est vu confirmer, en centimes par sous-enveloppe."""

    engage: Counter[int] = field(default_factory=Counter)
    montant: Counter[int] = field(default_factory=Counter)
    issues: Counter[str] = field(default_factory=Counter)


def preparer(credits: Decimal) -> list[int]:
    """Repart d'enveloppes neuves : quatre financeurs, deux parts chacun ; rend les clés des parts."""
    from ensemblier.appels.models import Appel
    from ensemblier.programmation.actes import parts
    from ensemblier.programmation.models import Enveloppe, SousEnveloppe

    appel = Appel.objects.get(code=APPEL)
    cles = []
    for e in Enveloppe.objects.filter(appel=appel).select_related("financeur__commune")[:4]:
        SousEnveloppe.objects.filter(enveloppe=e).delete()
        Enveloppe.objects.filter(pk=e.pk).update(montant=credits, engage=0, reparti=0)
        e.refresh_from_db()
        du_dispositif = appel.dispositifs.filter(financeur=e.financeur).first()
        for objet in (
            parts.Objet(appel.exercice, dispositif=du_dispositif),
            parts.Objet(appel.exercice, nature="le reste"),
        ):
            part = parts.repartir(e, objet=objet, montant=credits / 2, par=agent(), le=maintenant())
            cles.append(part.pk)
    return cles


def agent() -> Any:
    from ensemblier.noyau.machine import Acteur, Droit, Moyen, Role
    from ensemblier.territoires.models import Financeur

    codes = Financeur.objects.values_list("code", flat=True)
    droits = tuple(Droit(Role.AGENT_FINANCEUR, financeur=c) for c in codes)
    return Acteur(nom="Banc", fonction="mesure", territoire="lens-lievin", moyen=Moyen.TACHE, droits=droits)


def maintenant() -> Any:
    from django.utils import timezone

    return timezone.now()


def volet_de(part: Any) -> Any:
    """Un volet que la maison range dans cette part ; il n'est pas enregistré."""
    from ensemblier.appels.models import Dispositif
    from ensemblier.dossiers.models import Demande

    if part.dispositif_id:
        return Demande(dispositif=part.dispositif)
    return Demande(dispositif=Dispositif(code="autre", credits=part.nature))


def ecrire(graine: int, cles: list[int], saisies: int, avec_gardes: bool) -> Bilan:
    """Un écrivain, dans son processus : ses saisies, ce qui lui est confirmé."""
    from django.db import OperationalError, connections

    from ensemblier.registre.actes import ActeBloque

    connections.close_all()
    if not avec_gardes and connections["default"].vendor == "sqlite":
        with connections["default"].cursor() as curseur:
            curseur.execute("PRAGMA ignore_check_constraints = ON")
    hasard, bilan, par = random.Random(graine), Bilan(), agent()
    for _ in range(saisies):
        limite = time.monotonic() + PATIENCE_S
        geste = _tirer(hasard, cles, bilan)
        while True:
            try:
                _jouer(geste, par, avec_gardes)
            except OperationalError:
                bilan.issues["reprise"] += 1
                if not avec_gardes:
                    break
                if time.monotonic() > limite:
                    raise
                time.sleep(hasard.random() / 50)
                continue
            except ActeBloque:
                bilan.issues["refusée"] += 1
                break
            _noter(geste, bilan)
            break
    connections.close_all()
    return bilan


def _tirer(hasard: random.Random, cles: list[int], bilan: Bilan) -> tuple[str, int, int, int]:
    """(geste, part, autre part de la même enveloppe, centimes)."""
    rang = hasard.randrange(len(cles))
    part, autre = cles[rang], cles[rang ^ 1]
    de = hasard.random()
    if de < 0.2:
        return "virer", part, autre, hasard.randint(1, 100_000)
    engage = bilan.engage[part]
    if de < 0.4 and engage > 0:
        return "engager", part, autre, -hasard.randint(1, min(engage, 50_000))
    return "engager", part, autre, hasard.randint(1, 60_000)


def _jouer(geste: tuple[str, int, int, int], par: Any, avec_gardes: bool) -> None:
    from django.db import transaction

    from ensemblier.programmation.actes import parts
    from ensemblier.programmation.models import SousEnveloppe
    from ensemblier.registre.actes import verrouiller

    quoi, cle, autre, centimes = geste
    montant = Decimal(centimes) / 100
    lues = SousEnveloppe.objects.select_related("enveloppe__financeur__commune", "dispositif")
    par_cle = lues.in_bulk([cle, autre])
    part, voisine = par_cle[cle], par_cle[autre]
    if quoi == "virer":
        parts.virer(part, voisine, montant=montant, motif="Banc", par=par, le=maintenant())
        return
    enveloppe = part.enveloppe
    with transaction.atomic():
        if avec_gardes:
            verrouiller(enveloppe.racine())
            parts.relire(enveloppe)
        else:
            _sans_garde(part)
        parts.engager(enveloppe, [(volet_de(part), montant)], libelle="Banc", par=par, le=maintenant())


def _sans_garde(part: Any) -> None:
    """Les actes comptent sur ce qui fut lu avant la transaction, sans verrou."""
    from ensemblier.programmation.actes import parts

    def engager_sur_la_lecture(enveloppe: Any, montants: Any) -> None:
        ((_, montant),) = montants
        if part.engage + montant > part.montant:
            raise parts.ActeBloque("dépassée")
        part.engage += montant
        part.save(update_fields=("engage",))

    parts._engager_les_parts = engager_sur_la_lecture


def _noter(geste: tuple[str, int, int, int], bilan: Bilan) -> None:
    quoi, part, autre, centimes = geste
    bilan.issues[quoi] += 1
    if quoi == "engager":
        bilan.engage[part] += centimes
    else:
        bilan.montant[part] -= centimes
        bilan.montant[autre] += centimes


def photographier(fini: Event, sortie: Any) -> None:
    """Toutes les 10 ms, en une requête : ce qui déborde à cet instant."""
    from django.db import connection, connections

    connections.close_all()
    photos = depassements = 0
    while not fini.is_set():
        debut = time.perf_counter()
        with connection.cursor() as curseur:
            curseur.execute(
                "SELECT (SELECT COUNT(*) FROM programmation_enveloppe WHERE engage > montant "
                "OR reparti > montant) "
                "+ (SELECT COUNT(*) FROM programmation_sousenveloppe WHERE engage > montant)"
            )
            depassements += bool(curseur.fetchone()[0])
        photos += 1
        time.sleep(max(0.0, PAS_S - (time.perf_counter() - debut)))
    connections.close_all()
    sortie.put((photos, depassements))


def comparer(cles: list[int], bilans: list[Bilan], credits: Decimal) -> tuple[int, int]:
    """Les centimes qui ne sont pas dans la base comme confirmés, et ceux promis au-delà d'une part."""
    from ensemblier.programmation.models import Enveloppe, SousEnveloppe

    ecart = au_dela = 0
    for part in SousEnveloppe.objects.filter(pk__in=cles):
        promis = sum(b.engage[part.pk] for b in bilans)
        ecart += abs(round(part.engage * 100) - promis)
        ecart += abs(round((part.montant - credits / 2) * 100) - sum(b.montant[part.pk] for b in bilans))
        au_dela += max(0, promis - round(part.montant * 100))
    for e in Enveloppe.objects.filter(parts__in=cles).distinct():
        ecart += abs(round((e.engage - sum(p.engage for p in e.parts.all())) * 100))
    return ecart, au_dela


def lever_les_checks() -> None:
    """PostgreSQL les retire ; SQLite les garde dans sa table, chaque écrivain les ignore (`ecrire`)."""
    from django.db import connection

    from ensemblier.programmation.models import Enveloppe, SousEnveloppe

    for modele in (Enveloppe, SousEnveloppe) if connection.vendor == "postgresql" else ():
        for contrainte in (c for c in modele._meta.constraints if c.name in GARDES):
            with connection.schema_editor() as editeur:
                editeur.remove_constraint(modele, contrainte)


def une_course(ecrivains: int, saisies: int, avec_gardes: bool) -> bool:
    from django.db import connections

    credits = CREDITS if avec_gardes else PEU
    cles = preparer(credits)
    if not avec_gardes:
        lever_les_checks()
    connections.close_all()
    fourche = multiprocessing.get_context("fork")
    fini, sortie = fourche.Event(), fourche.Queue()
    photographe = fourche.Process(target=photographier, args=(fini, sortie))
    photographe.start()
    debut = time.perf_counter()
    with fourche.Pool(ecrivains) as equipe:
        parts = [(graine, cles, saisies // ecrivains, avec_gardes) for graine in range(ecrivains)]
        bilans = equipe.starmap(ecrire, parts, chunksize=1)
    duree = time.perf_counter() - debut
    fini.set()
    photos, depassements = sortie.get()
    photographe.join()
    issues = sum((b.issues for b in bilans), Counter())
    perdu, au_dela = comparer(cles, bilans, credits)
    faites = issues["engager"] + issues["virer"]
    nom = "gardes posées" if avec_gardes else "gardes levées"
    rythme = (faites + issues["refusée"]) / duree
    print(f"{nom} : {faites} saisies faites, dont {issues['virer']} virements, {issues['refusée']} refusées,")
    print(
        f"  {issues['reprise']} reprises, {rythme:.0f} saisies/s ; {photos} photographies, {depassements} en"
    )
    print(
        f"  dépassement ; promis au-delà d'une part : {au_dela / 100:.2f} € ; perdu : {perdu / 100:.2f} €",
        flush=True,
    )
    return bool(depassements or au_dela or (perdu and avec_gardes))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--base", choices=("postgresql", "sqlite"), default="postgresql")
    arguments.add_argument("--ecrivains", type=int, default=0)
    arguments.add_argument("--saisies", type=int, default=10_000)
    dits = arguments.parse_args()
    ecrivains = dits.ecrivains or (32 if dits.base == "postgresql" else 4)
    with tempfile.TemporaryDirectory() as dossier, base_jetable(dits.base, Path(dossier) / "var"):
        import django

        django.setup()
        _construire()
        machine = f"{platform.machine()}, {os.cpu_count()} cœurs, {dits.base}"
        print(f"{machine}, {ecrivains} écrivains, charge {os.getloadavg()[0]:.1f}")
        faute = une_course(ecrivains, dits.saisies, True)
        vue = une_course(ecrivains, max(ecrivains * 20, dits.saisies // 10), False)
        from django.db import connections

        connections.close_all()
    if faute or not vue:
        raise SystemExit(
            "Une garde a cédé." if faute else "Gardes levées, le banc n'a rien vu : il ne prouve rien."
        )


if __name__ == "__main__":
    main()
