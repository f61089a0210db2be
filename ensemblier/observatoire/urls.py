from django.urls import path

from ensemblier.observatoire import mentions, programme, views

urlpatterns = [
    path("accessibilite/", mentions.accessibilite, name="accessibilite"),
    path("contact/", mentions.contact, name="contact"),
    path("donnees-personnelles/", mentions.donnees_personnelles, name="donnees_personnelles"),
    path("", views.accueil, name="accueil"),
    path("observatoire/", views.observatoire, name="observatoire"),
    path(
        "observatoire/programmation/<slug:appel>.pdf",
        programme.programme_pdf,
        name="observatoire_programme_pdf",
    ),
    path("observatoire/programmation/<slug:appel>/", programme.programme, name="observatoire_programme"),
    path("observatoire/actions/", views.actions, name="observatoire_actions"),
    path("observatoire/actions/<str:numero>/", views.action, name="observatoire_action"),
]
