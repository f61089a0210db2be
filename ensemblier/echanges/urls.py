from django.urls import path

from ensemblier.echanges.views import depots, imports, remises
from ensemblier.interface.exports import CSV, XLSX

urlpatterns = [
    path("depots/", depots.tableau, name="depots"),
    path("depots/liste.csv", depots.exporter, {"format": CSV}, name="depots_csv"),
    path("depots/liste.xlsx", depots.exporter, {"format": XLSX}, name="depots_xlsx"),
    path("imports/", imports.liste, name="imports"),
    path("imports/<int:importation>/", imports.page, name="importation"),
    path("remises/", remises.liste, name="remises"),
    path("remises/<str:financeur>/", remises.remettre, name="remise"),
]
