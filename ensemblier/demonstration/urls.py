"""La galerie des courriels : en démonstration et en développement seulement."""

from django.urls import path

from ensemblier.demonstration import views

urlpatterns = [
    path("galerie/courriels/", views.courriels, name="galerie_courriels"),
    path("galerie/courriels/<slug:code>/", views.courriel, name="galerie_courriel"),
    path("galerie/courriels/<slug:code>/texte/", views.courriel, {"seul": True}, name="galerie_texte"),
]
