from django.urls import path

from ensemblier.echanges import views
from ensemblier.interface.exports import CSV, XLSX

urlpatterns = [
    path("depots/", views.tableau, name="depots"),
    path("depots/liste.csv", views.exporter, {"format": CSV}, name="depots_csv"),
    path("depots/liste.xlsx", views.exporter, {"format": XLSX}, name="depots_xlsx"),
]
