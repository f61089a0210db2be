"""Un dossier à chaque étape de chaque appel, et de quoi travailler ce jour sur les éditions ouvertes."""

from __future__ import annotations

from datetime import date, timedelta

from ensemblier.appels.models import Appel
from ensemblier.comptes.models import Organisme, Utilisateur
from ensemblier.demonstration import decisions, recit, suites
from ensemblier.demonstration.fiches import Plan
from ensemblier.demonstration.personnes import ETOILE, JARDINS, LECTURES
from ensemblier.demonstration.recit import Cas, Recit
from ensemblier.programmation import actes as programmation
from ensemblier.territoires.models import Territoire

AMI_JOURS = {
    "brouillon": date(2025, 4, 14), "depose": date(2025, 5, 20), "recevable": date(2025, 6, 5),
    "propose": date(2025, 6, 16), "programme": date(2025, 7, 1), "vote": date(2025, 9, 18),
    "notifie": date(2025, 9, 25), "signe": date(2025, 10, 6), "acompte": date(2025, 10, 20),
    "bilan": date(2026, 4, 13), "valide": date(2026, 5, 4), "solde": date(2026, 5, 18),
}  # fmt: skip
AAP_JOURS = {
    "brouillon": date(2025, 10, 21), "depose": date(2025, 11, 5), "recevable": date(2025, 11, 12),
    "propose": date(2025, 11, 20), "programme": date(2025, 12, 2), "vote": date(2026, 2, 12),
    "notifie": date(2026, 2, 20), "signe": date(2026, 3, 2), "acompte": date(2026, 3, 16),
    "bilan": date(2026, 9, 14), "valide": date(2026, 9, 28), "solde": date(2026, 10, 12),
}  # fmt: skip
GRANDE, CITE, CALONNE, CITE_2 = "QN06225M", "QN06224M", "QN06228M", "QN06226M"


def _ami(call: int) -> Plan:
    return Plan(achats=call, services=call // 2, personnel=call // 2, demandes=(("CALL", call),))


def _aap(call: int, etat: int, ville: str, part: int, **autres: int) -> Plan:
    """`autres` : ce qui est demandé à un financeur de plus, par son code en minuscules (`region=3000`)."""
    plus = ((code.upper(), montant) for code, montant in autres.items())
    demandes = (("CALL", call), ("ETAT", etat), (ville, part), *plus)
    total = sum(montant for _, montant in demandes)
    return Plan(achats=total // 2, services=total // 4, personnel=total // 2, demandes=demandes)


def cas_de_l_ami() -> list[Cas]:
    """Quinze dossiers de l'AMI, du brouillon à peine entamé au reversement."""
    return [
        Cas(JARDINS, 3, CITE, "brouillon", _ami(6000), issue="entame"),
        Cas(JARDINS, 15, CITE, "depose", _ami(7500)),
        Cas(JARDINS, 11, CITE, "depose", _ami(4200), issue="a_completer"),
        Cas(ETOILE, 9, CALONNE, "depose", _ami(9800), issue="irrecevable"),
        Cas(ETOILE, 13, CITE_2, "depose", _ami(5200), issue="retire"),
        Cas(LECTURES, 1, CALONNE, "recevable", _ami(8000)),
        Cas(JARDINS, 0, GRANDE, "propose", _ami(9000)),
        Cas(LECTURES, 12, CALONNE, "propose", _ami(6400), issue="attente"),
        Cas(ETOILE, 10, CITE_2, "vote", _ami(7000), issue="refus"),
        Cas(JARDINS, 2, CITE, "programme", _ami(11000)),
        Cas(JARDINS, 4, GRANDE, "vote", _ami(12000)),
        Cas(JARDINS, 5, CITE, "notifie", _ami(13500)),
        Cas(LECTURES, 6, CALONNE, "signe", _ami(12600)),
        Cas(JARDINS, 7, GRANDE, "acompte", _ami(14000), co_porteur="confirme"),
        Cas(JARDINS, 8, CITE, "bilan", _ami(15000)),
        Cas(JARDINS, 14, GRANDE, "solde", _ami(12000)),
        Cas(LECTURES, 16, CALONNE, "valide", _ami(12000), issue="a_reverser"),
    ]


def cas_de_l_aap() -> list[Cas]:
    """Quatorze dossiers de l'AAP, à trois ou quatre financeurs."""
    return [
        Cas(JARDINS, 0, CITE, "brouillon", _aap(5000, 4000, "LENS", 2000), issue="entame"),
        Cas(LECTURES, 1, CALONNE, "depose", _aap(3500, 3000, "LIEVIN", 1500)),
        Cas(JARDINS, 2, CITE_2, "depose", _aap(4000, 3500, "LENS", 2000), issue="a_completer"),
        Cas(ETOILE, 9, CALONNE, "depose", _aap(3000, 2500, "LIEVIN", 1000), issue="irrecevable"),
        Cas(ETOILE, 10, CITE_2, "depose", _aap(2500, 2500, "LENS", 1000), issue="retire"),
        Cas(JARDINS, 3, GRANDE, "recevable", _aap(6000, 5000, "LENS", 2500)),
        Cas(JARDINS, 4, CITE, "propose", _aap(5500, 4500, "LENS", 2000, region=3000)),
        Cas(LECTURES, 12, CALONNE, "propose", _aap(4500, 3500, "LIEVIN", 1500), issue="attente"),
        Cas(ETOILE, 13, CITE_2, "vote", _aap(3000, 3000, "LENS", 1000), issue="refus"),
        Cas(JARDINS, 15, CITE, "programme", _aap(9000, 4000, "LENS", 2000, region=2500)),
        Cas(JARDINS, 6, GRANDE, "vote", _aap(8000, 6000, "LENS", 2000)),
        Cas(LECTURES, 5, CALONNE, "notifie", _aap(11000, 8000, "LIEVIN", 3000)),
        Cas(JARDINS, 7, CITE, "signe", _aap(12500, 9000, "LENS", 3000)),
        Cas(JARDINS, 8, CITE_2, "acompte", _aap(12000, 7000, "LENS", 3000)),
        Cas(JARDINS, 14, CITE, "bilan", _aap(9500, 6500, "LENS", 2500)),
        Cas(LECTURES, 16, CALONNE, "solde", _aap(12000, 9000, "LIEVIN", 3000)),
    ]


def jouer(
    appel: Appel,
    territoire: Territoire,
    comptes: dict[str, Utilisateur],
    organismes: dict[str, Organisme],
) -> None:
    """Joue l'appel entier, à ses dates de 2025 et 2026."""
    multi = appel.type == "AAP"
    un = Recit(
        appel, territoire, comptes, organismes, AAP_JOURS if multi else AMI_JOURS, multi,
        cas_de_l_aap() if multi else cas_de_l_ami(),
    )  # fmt: skip
    _ouvrir_les_enveloppes(un)
    recit.ecrire_les_brouillons(un)
    recit.deposer(un)
    decisions.juger_la_recevabilite(un)
    decisions.instruire_et_proposer(un)
    if multi:
        decisions.tenir_la_seance(un, type_="comite_de_pilotage", titre="Comité de pilotage du 2 décembre")
    else:
        decisions.tenir_la_seance(un, type_="jury", titre="Jury du 1er juillet 2025")
    decisions.voter(un, numero=f"{un.jours['vote'].year}-{118 if not multi else 14}")
    suites.jouer(un)


def _ouvrir_les_enveloppes(un: Recit) -> None:
    """Assez de crédits pour le récit, avec un reste qui se voit."""
    totaux: dict[str, int] = {}
    for cas in un.cas:
        for code, montant in cas.plan.demandes:
            totaux[code] = totaux.get(code, 0) + montant
    financeurs = {f.code: f for f in un.territoire.financeurs.filter(code__in=totaux)}
    for code, total in totaux.items():
        programmation.ouvrir_enveloppe(
            un.appel, financeurs[code], montant=total + 20000, par=un.agent(code, "brouillon"),
            le=un.le("brouillon", 8),
        )  # fmt: skip


def occuper_le_jour(
    appel: Appel,
    territoire: Territoire,
    comptes: dict[str, Utilisateur],
    organismes: dict[str, Organisme],
    *,
    jour: date,
) -> None:
    """Sur une édition ouverte : un brouillon à finir, un dossier à vérifier, une séance à venir."""
    jours = dict.fromkeys(recit.ORDRE, jour)
    jours |= {"brouillon": jour - timedelta(days=5), "depose": jour - timedelta(days=3)}
    jours |= {"recevable": jour - timedelta(days=1), "propose": jour - timedelta(days=1)}
    jours["programme"] = jour + timedelta(days=8)
    multi = appel.type == "AAP"
    plans = (
        [
            _aap(4000, 3000, "LENS", 1500),
            _aap(6000, 4500, "LENS", 2000, departement=2500, caf=1500),
            _aap(12000, 6000, "LENS", 3000),
        ]
        if multi
        else [_ami(6500), _ami(9000), _ami(12000)]
    )
    cas = [
        Cas(JARDINS, 15, CITE, "brouillon", plans[2], co_porteur="" if multi else "attendu"),
        Cas(JARDINS, 3, GRANDE, "depose", plans[0], co_porteur="" if multi else "confirme"),
        Cas(LECTURES, 1, CITE_2, "propose", plans[1]),
        Cas(JARDINS, 12, CITE, "propose", plans[1]),
    ]
    un = Recit(appel, territoire, comptes, organismes, jours, multi, cas)
    _ouvrir_les_enveloppes(un)
    recit.ecrire_les_brouillons(un)
    recit.deposer(un)
    decisions.juger_la_recevabilite(un)
    decisions.instruire_et_proposer(un)
    type_, titre = (
        ("comite_des_financeurs", "Comité des financeurs") if multi else ("jury", "Jury de sélection")
    )
    decisions.convoquer(un, type_=type_, titre=titre, cas=un.a("propose"))
