from django.urls import path

from ensemblier.registre import views

urlpatterns = [
    path("travaux/", views.liste, name="travaux"),
    path("travaux/<int:travail>/", views.page, name="travail"),
    path("travaux/<int:travail>/annuler/", views.annuler, name="travail_annuler"),
]
