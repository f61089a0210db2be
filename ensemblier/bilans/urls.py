from django.urls import path, re_path

from ensemblier.bilans import views

_N = "suites/<str:numero>"

urlpatterns = [
    path(f"{_N}/bilan/", views.bilan, name="suite_bilan"),
    path(f"{_N}/bilan/calcul/", views.calculer, name="suite_bilan_calcul"),
    path(f"{_N}/bilan/lecture/", views.lecture, name="suite_bilan_lecture"),
    path(f"{_N}/payer/<int:versement>/", views.payer, name="suite_payer"),
    path(f"{_N}/constater/<int:tranche>/", views.constater, name="suite_constater"),
    path(f"{_N}/reclamer/<int:demande>/", views.reclamer, name="suite_reclamer"),
    re_path(
        r"^suites/(?P<numero>[^/]+)/reversement/(?P<demande>\d+)/(?P<faire>observer|decider|abandonner|encaisser)/$",
        views.reversement,
        name="suite_reversement",
    ),
]
