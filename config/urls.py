"""Toutes les adresses : une par page, en français (écrans §2)."""

from django.urls import path

from config import vues

urlpatterns = [
    path("sante/", vues.sante, name="sante"),
]
