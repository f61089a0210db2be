"""Les personnes de la démonstration, toutes fictives, et ce qu'elles sont pour la maison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ensemblier.comptes.actes import creer_compte, declarer_interet
from ensemblier.comptes.droits import systeme
from ensemblier.comptes.models import Habilitation, Organisme, Rattachement, Utilisateur
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ouvrir
from ensemblier.territoires.models import Territoire

MOT_DE_PASSE = "ensemblier-en-demonstration"
DEPUIS = date(2019, 1, 1)


@dataclass(frozen=True, slots=True)
class Personne:
    """Une personne ; `role` est la ligne montrée par `ensemblier demo`."""

    cle: str
    prenom: str
    nom: str
    courriel: str
    role: str
    fonction: str
    habilitations: tuple[tuple[Role, str, str], ...] = ()
    rattachements: tuple[tuple[Role, str], ...] = ()
    postes: tuple[str, ...] = ()


JARDINS, ETOILE, LECTURES = "Les Jardins du Onze", "L'Étoile filante", "Lire à Calonne"

PERSONNES = (
    Personne(
        "amina", "Amina", "Belloir", "amina@jardins-du-onze.example", "porteuse, signataire", "présidente",
        rattachements=((Role.SIGNATAIRE, JARDINS), (Role.SIGNATAIRE, LECTURES)),
    ),
    Personne(
        "karim", "Karim", "Delvaux", "karim@jardins-du-onze.example", "porteur, rédacteur", "bénévole",
        rattachements=((Role.REDACTEUR, JARDINS),),
    ),
    Personne(
        "benoit", "Benoît", "Caudrelier", "benoit@call.example", "chargé de mission",
        "chargé de mission politique de la ville", habilitations=((Role.INSTRUCTEUR, "", ""),),
        postes=("mission-emploi-culture", "mission-sante-habitat"),
    ),
    Personne(
        "rose", "Rose", "Wattrelot", "rose@call.example", "responsable du territoire",
        "responsable du développement social",
        habilitations=((Role.RESPONSABLE, "", ""), (Role.INSTRUCTEUR, "", "")),
    ),
    Personne(
        "chloe", "Chloé", "Marquant", "chloe@etat.example", "financeur : État", "déléguée du préfet",
        habilitations=((Role.AGENT_FINANCEUR, "ETAT", ""),),
    ),
    Personne(
        "regis", "Régis", "Hennebelle", "regis@region.example", "financeur : Région", "chargé de mission",
        habilitations=((Role.AGENT_FINANCEUR, "REGION", ""),),
    ),
    Personne(
        "diane", "Diane", "Lefrancq", "diane@departement.example", "financeur : Département",
        "référente politique de la ville", habilitations=((Role.AGENT_FINANCEUR, "DEPARTEMENT", ""),),
    ),
    Personne(
        "camille", "Camille", "Vasseux", "camille@caf.example", "financeur : CAF", "conseillère technique",
        habilitations=((Role.AGENT_FINANCEUR, "CAF", ""),),
    ),
    Personne(
        "elise", "Élise", "Tancré", "elise@call.example", "élue, jury",
        "conseillère communautaire", habilitations=((Role.JURY, "", ""),),
    ),
    Personne(
        "henri", "Henri", "Obled", "henri@call.example", "élu, jury, déporté sur un dossier",
        "conseiller communautaire", habilitations=((Role.JURY, "", ""),),
    ),
    Personne(
        "farid", "Farid", "Quéant", "farid@lens.example", "référent de la ville de Lens",
        "référent politique de la ville, Lens",
        habilitations=((Role.REFERENT_COMMUNAL, "", "LENS"), (Role.AGENT_FINANCEUR, "LENS", "")),
    ),
    Personne(
        "lucie", "Lucie", "Sauvage", "lucie@lievin.example", "référente de la ville de Liévin",
        "référente politique de la ville, Liévin",
        habilitations=((Role.REFERENT_COMMUNAL, "", "LIEVIN"), (Role.AGENT_FINANCEUR, "LIEVIN", "")),
    ),
    Personne(
        "fatou", "Fatou", "Derycke", "fatou@call.example", "finances, prépare les versements",
        "gestionnaire comptable", habilitations=((Role.FINANCES, "", ""),),
    ),
    Personne(
        "gerard", "Gérard", "Plancq", "gerard@call.example", "finances, certifie les versements",
        "responsable comptable", habilitations=((Role.FINANCES, "", ""),),
    ),
    Personne(
        "odile", "Odile", "Bracq", "odile@call.example", "auditrice, lecture seule", "contrôle interne",
        habilitations=((Role.AUDITEUR, "", ""),),
    ),
    Personne(
        "david", "David", "Outrebon", "david@etoile-filante.example", "porteur d'une autre association",
        "président", rattachements=((Role.SIGNATAIRE, ETOILE),),
    ),
)  # fmt: skip


def creer_personnes(
    territoire: Territoire, organismes: dict[str, Organisme], *, le: datetime
) -> dict[str, Utilisateur]:
    """Crée les comptes, leurs rattachements et habilitations ; rend les comptes par clé."""
    par = systeme(territoire.code)
    financeurs = {f.code: f for f in territoire.financeurs.all()}
    communes = {c.code: c for c in territoire.communes.all()}
    comptes = {}
    for personne in PERSONNES:
        compte = creer_compte(
            courriel=personne.courriel, mot_de_passe=MOT_DE_PASSE, prenom=personne.prenom, nom=personne.nom
        )
        for role, organisme in personne.rattachements:
            Rattachement.objects.create(
                utilisateur=compte, organisme=organismes[organisme], qualite=role, fonction=personne.fonction,
                du=DEPUIS,
            )  # fmt: skip
        for role, financeur, commune in personne.habilitations:
            habilitation = Habilitation(
                utilisateur=compte, territoire=territoire, qualite=role, fonction=personne.fonction,
                financeur=financeurs.get(financeur), commune=communes.get(commune), du=DEPUIS,
                postes=list(personne.postes),
            )  # fmt: skip
            ouvrir(habilitation, par=par, le=le, libelle="Habilitation donnée", public=False)
        comptes[personne.cle] = compte
    declarer_interet(
        organismes[LECTURES], utilisateur=comptes["henri"], nature="trésorier", par=par,
        roles={Role.RESPONSABLE}, le=le,
    )  # fmt: skip
    return comptes


def annonces() -> list[dict[str, str]]:
    """Ce que `ensemblier demo` montre : nom, rôle, courriel, mot de passe."""
    return [
        {
            "nom": f"{p.prenom} {p.nom}",
            "role": p.role,
            "courriel": p.courriel,
            "mot_de_passe": MOT_DE_PASSE,
        }
        for p in PERSONNES
    ]
