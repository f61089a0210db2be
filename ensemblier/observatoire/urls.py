from django.urls import path

from ensemblier.observatoire import views

urlpatterns = [
    path("", views.accueil, name="accueil"),
    path("observatoire/", views.observatoire, name="observatoire"),
    path("observatoire/actions/", views.actions, name="observatoire_actions"),
]
