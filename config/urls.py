"""Toutes les adresses : une par page, en français (écrans §2)."""

from django.urls import include, path

from config import vues

urlpatterns = [
    path("sante/", vues.sante, name="sante"),
    path("", include("ensemblier.interface.urls")),
]
