"""Des intitulés et des textes plausibles, écrits par nous : aucune action réelle, aucune personne."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Modele:
    """Une action type : ce qu'on fait, pour qui, avec quel pilier et quel thème."""

    intitule: str
    pilier: str
    thematique: str
    resume: str


MODELES = (
    Modele("Cuisine partagée", "agir", "alimentation",
           "Un atelier par semaine où des habitants cuisinent ensemble des produits du marché."),
    Modele("Lire ensemble", "prevenir", "education-jeunesse",
           "Des lectures à voix haute au pied des immeubles, pour les enfants et leurs parents."),
    Modele("Remise en selle", "agir", "mobilites",
           "Apprendre ou réapprendre le vélo pour aller au travail, à l'école ou au marché."),
    Modele("Clés de chez moi", "agir", "habitat-cadre-de-vie",
           "Bien utiliser un logement rénové : chauffage, aération, petites réparations, charges."),
    Modele("Premiers pas numériques", "prevenir", "numerique",
           "Un accueil à deux pas de chez soi pour faire ses démarches en ligne sans les faire seul."),
    Modele("Santé au coin de la rue", "prevenir", "sante",
           "Un relais de santé fait par des habitants formés, qui oriente vers le bon service."),
    Modele("Chantier d'habitants", "cooperer", "habitat-cadre-de-vie",
           "Des habitants dessinent et aménagent un espace commun avec le bailleur et la ville."),
    Modele("Retour vers l'emploi après cinquante ans", "agir", "emploi-insertion",
           "Un accompagnement collectif pour des habitants de plus de cinquante ans sans emploi."),
    Modele("Garde d'enfants et formation", "agir", "emploi-insertion",
           "Une garde d'enfants souple pendant les heures de formation ou d'entretien."),
    Modele("Théâtre de quartier", "agir", "culture",
           "Une troupe d'habitants écrit et joue une pièce née des récits du quartier."),
    Modele("Sport pour toutes", "prevenir", "sport",
           "Des créneaux de sport pour les femmes, avec garde d'enfants sur place."),
    Modele("Ambassadeurs du tri", "cooperer", "habitat-cadre-de-vie",
           "Des habitants formés expliquent le tri et le compost à leurs voisins."),
    Modele("Aide aux devoirs, aide aux parents", "prevenir", "education-jeunesse",
           "Un temps pour les devoirs, un temps pour que les parents comprennent l'école."),
    Modele("Radio des cités", "agir", "culture",
           "Une radio faite par des jeunes et des anciens, qui raconte la vie des quartiers."),
    Modele("Atelier des mobilités", "cooperer", "mobilites",
           "Un garage associatif où l'on répare, prête et partage vélos et petites voitures."),
    Modele("Jardin nourricier", "agir", "alimentation",
           "Un jardin cultivé en commun, dont la récolte est partagée ou cuisinée sur place."),
    Modele("Parole d'habitants", "cooperer", "habitat-cadre-de-vie",
           "Des marches et des ateliers pour dire ce qui va et ce qui manque, puis le suivre."),
    Modele("Passerelle vers l'apprentissage", "agir", "emploi-insertion",
           "Des visites d'entreprises et un parrainage pour des jeunes sans solution."),
)  # fmt: skip

DEBUTS = (
    "Maison",
    "Collectif",
    "Atelier",
    "Compagnie",
    "Cercle",
    "Fabrique",
    "Amicale",
    "Relais",
    "Passerelle",
    "Foyer",
)
FINS = (
    "des Corons",
    "du Chevalement",
    "de la Gaillette",
    "des Deux Terrils",
    "du Grand Cavalier",
    "des Briques",
    "de la Lampe",
    "du Carreau",
    "des Berlines",
    "de la Fosse Bleue",
)

PRECISIONS = (
    "L'action part des demandes entendues pendant un porte-à-porte. Elle se tient au pied des "
    "immeubles, aux heures où les parents sont là, et se termine par une sortie décidée par le groupe.",
    "Le groupe se réunit chaque semaine. Un habitant anime avec un salarié de l'association. Chaque "
    "participant repart avec une étape de plus dans son parcours.",
    "Nous commençons par trois rencontres dans le hall des immeubles, puis un atelier par quinzaine. "
    "Les partenaires viennent à nous : le centre social, la médiathèque et le bailleur.",
)
MOBILISATION = (
    "Nous allons voir les habitants chez eux avec deux relais du quartier, nous affichons dans les "
    "halls, et le centre social nous oriente des familles. Les places sont d'abord proposées aux "
    "habitants du quartier."
)
DROIT_COMMUN = (
    "L'action complète ce que font déjà les services ordinaires : elle prépare et accompagne vers eux, "
    "sans refaire ce qu'ils proposent."
)
COMITE = (
    "Deux réunions dans l'année avec la ville, l'agglomération, l'État et deux habitants ; un compte "
    "rendu après chacune."
)
PART_DU_CO_PORTEUR = "Mène un atelier sur deux, avec son animatrice, et prête sa salle."
PARTENAIRES = "Centre social, école, bailleur, médiathèque, ville."
NUMERIQUE = (
    "L'accompagnement suit la feuille de route de l'agglomération : accueil de proximité, matériel "
    "réemployé, orientation vers les conseillers du territoire."
)
