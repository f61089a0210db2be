from django.urls import path

from ensemblier.appels import views

urlpatterns = [
    path("appels/", views.liste, name="appels"),
    path("appels/agenda.ics", views.agenda_de_tous, name="appels_agenda"),
    path("appels/flux.atom", views.flux, name="appels_flux"),
    path("appels/<slug:code>.ics", views.agenda, name="appel_agenda"),
    path("appels/<slug:code>/", views.page, name="appel"),
    path("appels/<slug:code>/regles/", views.regles, name="appel_regles"),
]
