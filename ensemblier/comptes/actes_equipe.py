"""L'équipe : confier une fonction du pack à une personne (R70), dire une absence et qui répond."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from django.db import transaction

from ensemblier.comptes.equipe import PARTENAIRES, PILOTE, habilitations, remplacants
from ensemblier.comptes.models import Absence, Habilitation, Utilisateur
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller
from ensemblier.territoires.models import Territoire


@transaction.atomic
def confier_un_poste(
    territoire: Territoire,
    *,
    poste: str,
    a: Utilisateur | None,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """La personne tient la fonction, seule, à partir de maintenant ; `None` : plus personne ne la tient.

    Les dossiers déjà affectés restent à qui les suit. Lève `ActeBloque` si le pack n'a pas cette fonction,
    ou si la personne n'instruit pas.
    """
    if not {Role.RESPONSABLE, Role.SYSTEME} & set(roles):
        raise RoleInsuffisant(f"« Confier une fonction » : cet acte revient à : {Role.RESPONSABLE.libelle}.")
    fonction = territoire.pack().poste(poste)
    if fonction is None:
        raise ActeBloque(f"Le territoire n'a pas de fonction « {poste} ». Rechargez la page et choisissez.")
    verrouiller(f"comptes.Equipe:{territoire.pk}")
    lues = list(habilitations(territoire, jour_de(le)))
    choisie = next((h for h in lues if a is not None and h.utilisateur_id == a.pk), None)
    if a is not None and choisie is None:
        raise ActeBloque(f"{a.nom_complet} n'instruit pas ici. Choisissez une personne de l'équipe.")
    for tenue in (h for h in lues if poste in h.postes and h != choisie):
        consigner(
            tenue, "retirer_un_poste", par=par, le=le, libelle=f"Fonction retirée : {poste}"[:200],
            public=False, details={"poste": poste}, postes=[p for p in tenue.postes if p != poste],
        )  # fmt: skip
    if choisie is not None and poste not in choisie.postes:
        consigner(
            choisie, "confier_un_poste", par=par, le=le, libelle=f"Fonction confiée : {poste}"[:200],
            public=False, details={"poste": poste, "fonction": fonction.fonction},
            postes=[*choisie.postes, poste],
        )  # fmt: skip


@transaction.atomic
def declarer_absence(
    territoire: Territoire,
    *,
    de: Utilisateur,
    du: date,
    au: date,
    remplacant: Utilisateur | None,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Absence:
    """Du jour `du` au jour `au` compris, le remplaçant reçoit les dossiers et les courriels de la personne.

    L'agent d'un financeur ou d'une commune s'absente de même : les avis demandés ne l'attendent plus, ils
    vont à qui rend déjà le même avis. Personne ne gagne un droit.

    Chacun déclare la sienne ; le responsable, celle de tous. Lève `ActeBloque` avec chaque raison : dates,
    absence déjà dite, remplaçant qui n'en répond pas ou s'absente aussi, personne qui remplace déjà
    quelqu'un ces jours-là : une absence n'en renvoie jamais à une autre, il n'y a donc ni chaîne ni boucle.
    """
    _exiger_soi(de, par, roles, "Déclarer une absence")
    verrouiller(f"comptes.Equipe:{territoire.pk}")
    jour = jour_de(le)
    lues = habilitations(territoire, jour, (*PILOTE, *PARTENAIRES))
    sienne = next((h for h in lues if h.utilisateur_id == de.pk), None)
    if sienne is None:
        raise ActeBloque(f"{de.nom_complet} n'instruit ni ne rend d'avis ici : son absence ne change rien.")
    if raisons := [*_dates(du, au, jour), *_rencontres(territoire, de, remplacant, du, au, jour)]:
        raise ActeBloque(*raisons)
    absence = Absence.objects.create(
        utilisateur=de, territoire=territoire, remplacant=remplacant, du=du, au=au, declaree_le=le,
        declaree_par=par.signature,
    )  # fmt: skip
    _noter(sienne, "declarer_absence", "Absence déclarée", absence, par=par, le=le)
    return absence


@transaction.atomic
def annuler_absence(absence: Absence, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """La personne est là : ses dossiers et ses courriels lui reviennent dès maintenant. Sûr deux fois."""
    _exiger_soi(absence.utilisateur, par, roles, "Annuler une absence")
    verrouiller(f"comptes.Equipe:{absence.territoire_id}")
    if not Absence.objects.filter(pk=absence.pk, annulee_le=None).update(annulee_le=le):
        return
    lues = Habilitation.objects.filter(utilisateur=absence.utilisateur, territoire=absence.territoire)
    _noter(lues.order_by("pk")[0], "annuler_absence", "Absence annulée", absence, par=par, le=le)


def _exiger_soi(de: Utilisateur, par: Acteur, roles: Iterable[Role], quoi: str) -> None:
    if par.utilisateur != de.pk and Role.RESPONSABLE not in set(roles):
        raise RoleInsuffisant(
            f"« {quoi} » : cet acte revient à la personne elle-même ou à : {Role.RESPONSABLE.libelle}."
        )


def _dates(du: date, au: date, jour: date) -> Iterator[str]:
    if au < du:
        yield "La fin de l'absence précède son début. Vérifiez les deux dates."
    elif au < jour:
        yield f"Cette absence est finie depuis le {en_francais(au)} : il n'y a plus rien à remplacer."


def _rencontres(
    territoire: Territoire, de: Utilisateur, remplacant: Utilisateur | None, du: date, au: date, jour: date
) -> Iterator[str]:
    """Ce qui, ces jours-là, empêche cette absence ou ce remplaçant."""
    autres = Absence.objects.pendant(du, au).filter(territoire=territoire).select_related("utilisateur")
    for autre in autres:
        quand = f"du {en_francais(autre.du)} au {en_francais(autre.au)}"
        if autre.utilisateur_id == de.pk:
            yield f"Une absence est déjà dite {quand}. Annulez-la, puis recommencez."
        elif autre.remplacant_id == de.pk:
            qui = autre.utilisateur.nom_complet
            yield f"{de.nom_complet} remplace {qui} {quand}. Donnez d'abord un autre remplaçant à {qui}."
        elif remplacant is not None and autre.utilisateur_id == remplacant.pk:
            yield f"{remplacant.nom_complet} s'absente {quand}. Choisissez une autre personne."
    if remplacant is None:
        return
    if remplacant.pk == de.pk:
        yield "Nul ne se remplace soi-même. Choisissez une autre personne, ou toute l'équipe."
    elif any(remplacant not in remplacants(de, territoire, j) for j in {max(du, jour), max(au, jour)}):
        yield (
            f"{remplacant.nom_complet} ne répond pas, tous ces jours, de ce dont {de.nom_complet} répond "
            "ici. Choisissez une autre personne."
        )


def _noter(
    habilitation: Habilitation, acte: str, libelle: str, absence: Absence, *, par: Acteur, le: datetime
) -> None:
    consigner(
        habilitation, acte, par=par, le=le, libelle=libelle, public=False,
        details={"du": absence.du, "au": absence.au, "remplacant": absence.remplacant_id},
    )  # fmt: skip
