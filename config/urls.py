"""Toutes les adresses : une par page, en français (écrans §2)."""

from django.urls import include, path

from config import vues

urlpatterns = [
    path("sante/", vues.sante, name="sante"),
    path("", include("ensemblier.appels.urls")),
    path("", include("ensemblier.bilans.urls")),
    path("", include("ensemblier.comptes.urls")),
    path("", include("ensemblier.conventions.urls")),
    # Avant les dossiers, dont la dernière adresse prendrait « corrections » pour une étape.
    path("", include("ensemblier.instruction.urls")),
    path("", include("ensemblier.demonstration.urls")),
    path("", include("ensemblier.dossiers.urls")),
    path("", include("ensemblier.espaces.urls")),
    path("", include("ensemblier.interface.urls")),
    path("", include("ensemblier.observatoire.urls")),
    path("", include("ensemblier.echanges.urls")),
    path("", include("ensemblier.programmation.urls")),
    path("", include("ensemblier.registre.urls")),
    path("", include("ensemblier.territoires.urls")),
]
