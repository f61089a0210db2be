"""La galerie des composants : en démonstration et en développement seulement."""

from django.urls import path

from . import views

urlpatterns = [
    path("galerie/", views.galerie, name="galerie"),
    path("galerie/dense/", views.galerie, {"densite": "dense"}, name="galerie_dense"),
]
