from django.urls import path

from ensemblier.observatoire import mentions, views

urlpatterns = [
    path("accessibilite/", mentions.accessibilite, name="accessibilite"),
    path("contact/", mentions.contact, name="contact"),
    path("donnees-personnelles/", mentions.donnees_personnelles, name="donnees_personnelles"),
    path("", views.accueil, name="accueil"),
    path("observatoire/", views.observatoire, name="observatoire"),
    path("observatoire/actions/", views.actions, name="observatoire_actions"),
]
