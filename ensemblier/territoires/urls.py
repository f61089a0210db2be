from django.urls import path

from ensemblier.territoires import views

urlpatterns = [
    path("quartiers/", views.quartiers, name="quartiers"),
    path("quartiers/adresse/", views.adresse, name="quartiers_adresse"),
    path("quartiers/communes/<str:code>/", views.commune, name="quartiers_commune"),
    path("quartiers/<str:code>/", views.quartier, name="quartier"),
]
