"""De l'appel au problème, et de la proposition au scénario : ce que `noyau.optimum` lit et ce qu'il rend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from ensemblier.appels.models import Appel
from ensemblier.dossiers.etats import PROGRAMMEE, RECEVABLE
from ensemblier.dossiers.fiche import fiche_de
from ensemblier.dossiers.models import Ciblage, Demande, Dossier
from ensemblier.interface.formats import accord
from ensemblier.noyau import optimum, packs
from ensemblier.noyau.montants import de_centimes, en_centimes, en_francais, pourcent
from ensemblier.programmation.actes.scenarios import Dite
from ensemblier.programmation.calculs import ZERO, Restes, attribuable_au_volet, financements
from ensemblier.programmation.models import Enveloppe, Explication, Scenario
from ensemblier.programmation.notes import notes_du_jury
from ensemblier.programmation.scenarios import montant_fixe, volets_de
from ensemblier.territoires.models import Financeur

NOUVEAUX = "nouveaux"


@dataclass(frozen=True, slots=True)
class Voeu:
    """Un souhait d'équité tel qu'une personne l'écrit : l'étiquette, un plancher en euros ou une part."""

    etiquette: str
    montant: Decimal | None = None
    part: Decimal | None = None

    def en_json(self) -> dict[str, str | None]:
        return {
            "etiquette": self.etiquette,
            "montant": None if self.montant is None else str(self.montant),
            "part": None if self.part is None else str(self.part),
        }

    @classmethod
    def de_json(cls, dit: Mapping[str, str | None]) -> Voeu:
        montant, part = dit["montant"], dit["part"]
        return cls(
            str(dit["etiquette"]), None if montant is None else Decimal(montant),
            None if part is None else Decimal(part),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reglages:
    """Ce que la personne choisit : l'objectif, la part minimale d'un dossier, la note de qui n'en a pas."""

    objectif: optimum.Objectif
    part_minimale: Decimal
    note_par_defaut: Decimal
    voeux: tuple[Voeu, ...] = ()

    def en_json(self) -> dict[str, Any]:
        return {
            "objectif": self.objectif.value,
            "part_minimale": str(self.part_minimale),
            "note_par_defaut": str(self.note_par_defaut),
            "voeux": [v.en_json() for v in self.voeux],
        }

    @classmethod
    def de_json(cls, dit: Mapping[str, Any]) -> Reglages:
        return cls(
            optimum.Objectif(dit["objectif"]), Decimal(dit["part_minimale"]), Decimal(dit["note_par_defaut"]),
            tuple(Voeu.de_json(v) for v in dit["voeux"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pose:
    """Le problème, et de quoi le relire : les volets par clé, les dossiers par numéro, ceux sans note."""

    probleme: optimum.Probleme
    volets: Mapping[str, Demande]
    dossiers: Mapping[str, Dossier]
    sans_note: int
    verrous: frozenset[str]


def etiquettes(appel: Appel) -> list[tuple[str, list[tuple[str, str]]]]:
    """Ce qu'un souhait peut viser, par groupe : code et libellé."""
    pack = appel.territoire.pack()
    visees = {code for q in pack.quartiers for code in q.communes}
    communes = sorted(pack.communes, key=_nom)
    return [
        ("Piliers", [(f"pilier:{p.code}", p.libelle) for p in pack.piliers]),
        ("Quartiers", [(f"qpv:{q.code}", q.nom) for q in sorted(pack.quartiers, key=_nom)]),
        ("Communes", [(f"commune:{c.code}", c.nom) for c in communes if c.code in visees]),
        ("Porteurs", [(NOUVEAUX, "Nouveaux porteurs")]),
    ]


def _nom(lieu: packs.Commune | packs.Quartier) -> str:
    return lieu.nom


def poser(appel: Appel, reglages: Reglages, depuis: Scenario | None = None) -> Pose:
    """Lit l'appel d'aujourd'hui ; `depuis` : le scénario dont les cases verrouillées sont gardées.

    Ce qui est voté ou retenu en séance ne bouge plus : cela sort des enveloppes et du besoin. Les plafonds
    sont ceux d'une vraie proposition (K4 à K6). Lève `EntreeInvalide`, toutes les raisons à la fois.
    """
    volets: dict[int, list[Demande]] = {}
    for v in volets_de(appel).select_related("financeur", "dispositif").order_by("financeur__rang", "pk"):
        volets.setdefault(v.dossier_id, []).append(v)
    libres = {pk for pk, siens in volets.items() if any(montant_fixe(v) is None for v in siens)}
    dossiers = Dossier.objects.avec_ses_regles().filter(pk__in=libres, etat=RECEVABLE).order_by("numero")
    lus = list(dossiers)
    notes, parts = notes_du_jury(appel), _parts(lus, appel)
    verrous, credits = _verrous(depuis), _credits(appel, volets)
    candidatures = tuple(
        _candidature(d, volets[d.pk], notes.get(d.pk), reglages, parts[d.pk], verrous, credits) for d in lus
    )
    probleme = optimum.Probleme(
        candidatures,
        tuple(_enveloppes(candidatures, volets, credits)),
        tuple(_souhaits(appel, reglages.voeux)),
        reglages.objectif,
    )
    par_cle = {str(v.pk): v for siens in volets.values() for v in siens}
    return Pose(
        probleme, par_cle, {d.numero: d for d in lus}, sum(d.pk not in notes for d in lus), frozenset(verrous)
    )


def _verrous(depuis: Scenario | None) -> dict[str, int]:
    if depuis is None:
        return {}
    fixees = depuis.propositions.filter(est_verrouillee=True).values_list("demande", "montant")
    return {str(demande): en_centimes(montant) for demande, montant in fixees}


def _candidature(
    dossier: Dossier,
    volets: list[Demande],
    note: Decimal | None,
    reglages: Reglages,
    parts: tuple[tuple[str, Fraction], ...],
    verrous: Mapping[str, int],
    credits: Mapping[int, Restes],
) -> optimum.Candidature:
    fiche = fiche_de(dossier)
    cases = []
    for v in (v for v in volets if montant_fixe(v) is None):
        v.dossier = dossier
        calcul = attribuable_au_volet(v, fiche=fiche)
        cle, plafond = str(v.pk), en_centimes(calcul.montant)
        cases.append(optimum.Case(cle, _enveloppe_de(v, credits), plafond, verrous.get(cle), calcul.limite))
    libres = {int(case.cle): ZERO for case in cases}
    fixes = {v.pk: fixe for v in volets if (fixe := montant_fixe(v)) is not None}
    acquis = sum(financements(dossier, {**fixes, **libres}, fiche=fiche).values(), ZERO)
    besoin = max(0, en_centimes(dossier.cout_total) - en_centimes(acquis))
    recevable = min(besoin, sum(case.plafond for case in cases))
    if note is None:
        note = reglages.note_par_defaut
    return optimum.Candidature(
        dossier.numero, note, tuple(cases), besoin, ceil(Fraction(reglages.part_minimale) * recevable), parts
    )


def _parts(dossiers: list[Dossier], appel: Appel) -> dict[int, tuple[tuple[str, Fraction], ...]]:
    """Ce qui revient à chaque pilier, quartier, commune : parts égales quand l'action en vise plusieurs."""
    lieux: dict[int, dict[str, set[str]]] = {d.pk: {"qpv": set(), "commune": set()} for d in dossiers}
    ciblages = Ciblage.objects.filter(dossier__in=lieux).select_related("quartier")
    for ciblage in ciblages.prefetch_related("communes"):
        lieux[ciblage.dossier_id]["qpv"].add(ciblage.quartier.code)
        lieux[ciblage.dossier_id]["commune"].update(c.code for c in ciblage.communes.all())
    connus = set(
        Demande.objects.filter(
            dossier__organisme__in=[d.organisme_id for d in dossiers],
            dossier__territoire=appel.territoire_id, vote__gt=0,
        ).exclude(dossier__appel=appel).values_list("dossier__organisme", flat=True)
    )  # fmt: skip
    return {d.pk: tuple(_parts_de(d, lieux[d.pk], d.organisme_id in connus)) for d in dossiers}


def _parts_de(
    dossier: Dossier, lieux: Mapping[str, set[str]], est_connu: bool
) -> Iterator[tuple[str, Fraction]]:
    if dossier.pilier is not None:
        yield f"pilier:{dossier.pilier.code}", Fraction(1)
    for genre, codes in lieux.items():
        for code in sorted(codes):
            yield f"{genre}:{code}", Fraction(1, len(codes))
    if not est_connu:
        yield NOUVEAUX, Fraction(1)


def _credits(appel: Appel, volets: Mapping[int, list[Demande]]) -> dict[int, Restes]:
    """Par financeur qui a dit ses crédits, ce qu'il en reste, ôté ce qu'une séance a retenu."""
    dites = Enveloppe.objects.filter(appel=appel).prefetch_related("parts__dispositif")
    credits = {e.financeur_id: Restes(e) for e in dites}
    for v in (v for siens in volets.values() for v in siens):
        if v.etat == PROGRAMMEE and v.vote is None and v.propose and v.financeur_id in credits:
            credits[v.financeur_id].prendre(v, v.propose)
    return credits


def _enveloppe_de(volet: Demande, credits: Mapping[int, Restes]) -> str:
    """L'enveloppe qui paie ce volet : celle du financeur, ou la part qu'il en a faite pour lui."""
    restes = credits.get(volet.financeur_id)
    return _code(volet.financeur.code, restes.cle(volet) if restes and restes.parts else None)


def _code(financeur: str, part: int | None) -> str:
    return financeur if part is None else f"{financeur}/{part}"


def _enveloppes(
    candidatures: Iterable[optimum.Candidature],
    volets: Mapping[int, list[Demande]],
    credits: Mapping[int, Restes],
) -> Iterator[optimum.Enveloppe]:
    """Celles qu'un dossier sollicite ; un financeur qui répartit en a une par part.

    Sans crédits dits, rien ne borne (K6).
    """
    demandes: dict[str, int] = {}
    for c in candidatures:
        for case in c.cases:
            demandes[case.enveloppe] = demandes.get(case.enveloppe, 0) + case.plafond
    financeurs = {v.financeur_id: v.financeur for siens in volets.values() for v in siens}
    for pk, financeur in sorted(financeurs.items(), key=lambda x: (x[1].rang, x[0])):
        for code, libelle, reste in _restes_du_financeur(financeur, credits.get(pk)):
            if code in demandes:
                en_tout = demandes[code] if reste is None else en_centimes(reste)
                yield optimum.Enveloppe(code, libelle, en_tout)


def _restes_du_financeur(
    financeur: Financeur, restes: Restes | None
) -> Iterator[tuple[str, str, Decimal | None]]:
    if restes is None:
        yield financeur.code, f"{financeur.sigle} (crédits non dits)", None
        return
    for cle, nom, reste in restes.par_part():
        if restes.parts:
            yield _code(financeur.code, cle), f"{financeur.sigle} ({nom})", reste
        else:
            yield financeur.code, financeur.sigle, reste


def _souhaits(appel: Appel, voeux: Iterable[Voeu]) -> Iterator[optimum.Souhait]:
    libelles = {code: mot for _, choix in etiquettes(appel) for code, mot in choix}
    for rang, voeu in enumerate(voeux, start=1):
        libelle = libelles.get(voeu.etiquette, voeu.etiquette)
        montant = 0 if voeu.montant is None else en_centimes(voeu.montant)
        if voeu.part is None:
            yield optimum.Souhait(f"s{rang}", libelle, voeu.etiquette, montant)
        else:
            yield optimum.Souhait(f"s{rang}", libelle, voeu.etiquette, part=Fraction(voeu.part))


def montants(pose: Pose, rendue: optimum.Proposition) -> list[tuple[int, Decimal, bool]]:
    """Chaque case du scénario : volet, montant, verrou gardé."""
    return [
        (int(cle), de_centimes(centimes), cle in pose.verrous)
        for cle, centimes in (rendue.montants or {}).items()
    ]


def explications(pose: Pose, rendue: optimum.Proposition, reglages: Reglages) -> Iterator[Dite]:
    """Ce que le scénario dit de lui-même : objectif, preuve, gain, puis chaque dossier et enveloppe."""
    genre = Explication.Genre
    for phrase in _bilan(pose, rendue, reglages):
        yield Dite(genre.BILAN, phrase)
    for refus in rendue.refus:
        yield Dite(genre.REFUS, refus.phrase, pose.dossiers[refus.code].pk)
    libelles = pose.probleme.libelles
    for marge in rendue.marges:
        for code, centimes in marge.gagnants:
            dit = f"{libelles[marge.enveloppe]} : {en_francais(de_centimes(centimes))} de plus."
            yield Dite(genre.MARGE, dit, pose.dossiers[code].pk)
        if not marge.gagnants:
            yield Dite(genre.MARGE, marge.phrase)


def _bilan(pose: Pose, rendue: optimum.Proposition, reglages: Reglages) -> Iterator[str]:
    servis = len(pose.dossiers) - len(rendue.refus)
    total = sum((rendue.montants or {}).values())
    yield (
        f"{en_francais(de_centimes(total))} sur {accord(servis, 'dossier')} ; "
        f"{accord(len(rendue.refus), 'dossier')} sans argent."
    )
    yield rendue.objectif
    yield _preuve(rendue)
    if (gain := rendue.gain) is None:
        yield "La liste par note, du mieux noté au moins bien noté, ne tient pas ces souhaits."
    else:
        dit = "vaut autant que" if not gain else f"vaut {pourcent(_arrondi(gain))} de plus que"
        yield f"La proposition {dit} la liste par note, sous les mêmes règles."
    au_moins = pourcent(reglages.part_minimale)
    yield f"Chaque dossier reçoit au moins {au_moins} de ce qu'il peut recevoir, ou rien."
    if pose.sans_note:
        yield (
            f"{accord(pose.sans_note, 'dossier')} sans note du jury : compté"
            f"{'s' if pose.sans_note > 1 else ''} pour {reglages.note_par_defaut:f} sur 100."
        )
    for souhait in pose.probleme.souhaits:
        yield f"Souhait tenu. {souhait.phrase}."


def _preuve(rendue: optimum.Proposition) -> str:
    if rendue.issue == "prouvee":
        return (
            "Aucune autre proposition sous ces règles ne vaut plus : c'est prouvé, à un cent millième près."
        )
    if rendue.ecart is None:
        return "Le calcul s'est arrêté avant de prouver quoi que ce soit : une meilleure existe peut-être."
    au_plus = pourcent(_arrondi(rendue.ecart))
    return f"Le calcul s'est arrêté à la limite de temps : la meilleure vaut au plus {au_plus} de plus."


def _arrondi(part: Fraction) -> Fraction:
    """Au centième de pour cent supérieur : un écart prouvé ne se dit jamais plus petit qu'il n'est."""
    return Fraction(ceil(part * 10_000), 10_000)
