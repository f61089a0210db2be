"""Ce qu'un acteur est pour l'avis d'un financeur, et le refus qui le dit quand ce n'est pas sa ligne."""

from __future__ import annotations

from collections.abc import Iterable

from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.models import DemandeDAvis
from ensemblier.noyau.machine import Acteur, Droit, Moyen, Role, RoleInsuffisant
from ensemblier.registre.models import Lien
from ensemblier.territoires.models import Financeur

PILOTE = (Role.INSTRUCTEUR, Role.RESPONSABLE)


def exiger_role(roles: Iterable[Role], admis: Iterable[Role], libelle: str) -> None:
    """Lève `RoleInsuffisant` avec la raison, comme la table d'états le fait pour ses actes."""
    if not set(admis) & set(roles):
        qui = " ou ".join(sorted(role.libelle for role in admis))
        raise RoleInsuffisant(f"« {libelle} » : cet acte revient à : {qui}.")


def exiger_sa_ligne(acteur: Acteur | None, financeur: Financeur, libelle: str) -> None:
    """Un financeur n'écrit que sa ligne ; celle d'un autre est refusée (403)."""
    if Role.AGENT_FINANCEUR not in roles_sur_financeur(acteur, financeur):
        raise RoleInsuffisant(
            f"« {libelle} » : la ligne est celle de « {financeur.nom} », vous n'écrivez que la vôtre. "
            "Demandez-le à l'un de ses agents."
        )


def exiger_sa_commune(acteur: Acteur | None, commune: str, libelle: str) -> None:
    communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)} if acteur else set()
    if commune not in communes:
        raise RoleInsuffisant(f"« {libelle} » : cet acte revient au référent de la commune.")


def est_concerne(dossier: Dossier, financeur: Financeur) -> bool:
    """Le financeur est sollicité, ou la commune qu'il représente est touchée par l'action."""
    if dossier.demandes.filter(financeur=financeur).exists():
        return True
    return bool(financeur.commune_id) and dossier.ciblages.filter(communes=financeur.commune_id).exists()


def exiger_un_avis_attendu(
    acteur: Acteur | None, dossier: Dossier, financeur: Financeur, libelle: str
) -> None:
    """L'agent d'une ville visée mais non sollicitée lit le dossier ; il n'y a pas de ligne à remplir (§C.2).

    Son référent y donne l'avis de la commune ; l'agent aussi, si le service le demande.
    """
    communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)} if acteur else set()
    if financeur.commune is None or financeur.commune.code in communes:
        return
    sollicite = Demande.objects.filter(dossier=dossier, financeur=financeur)
    attendu = DemandeDAvis.objects.filter(dossier=dossier, financeur=financeur)
    if not (sollicite.exists() or attendu.exists()):
        raise RoleInsuffisant(
            f"« {libelle} » : {financeur.nom} n'est pas sollicitée, il n'y a pas de ligne à remplir. Le "
            "service peut lui demander un avis."
        )


def referent_par_lien(lien: Lien, commune: str) -> Acteur:
    """Qui tient un lien agit pour la fonction à qui il fut envoyé, sur cette commune, sans compte ni nom."""
    return Acteur(
        nom=lien.fonction, fonction=lien.organisation, territoire=lien.territoire, moyen=Moyen.LIEN,
        droits=(Droit(Role.REFERENT_COMMUNAL, commune=commune),),
    )  # fmt: skip
