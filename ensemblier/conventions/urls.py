from django.urls import path, re_path

from ensemblier.conventions import views

_N = "suites/<str:numero>"

urlpatterns = [
    path("suites/lots/", views.lot, name="suites_lot"),
    path(f"{_N}/notifier/<int:demande>/", views.notifier, name="suite_notifier"),
    path(f"{_N}/notifier/<int:demande>/apercu/", views.apercu, name="suite_apercu"),
    path(f"{_N}/lettre/<int:demande>/", views.lettre, name="suite_lettre"),
    re_path(
        r"^suites/(?P<numero>[^/]+)/convention/(?P<demande>\d+)/(?P<exemplaire>projet|porteur|signe)/$",
        views.convention,
        name="suite_convention",
    ),
    path(f"{_N}/signer/<int:demande>/", views.signer, name="suite_signer"),
    path(f"{_N}/preparer/<int:tranche>/", views.preparer, name="suite_preparer"),
    path(f"{_N}/certifier/<int:versement>/", views.certifier, name="suite_certifier"),
    path(f"{_N}/annuler/<int:versement>/", views.annuler, name="suite_annuler"),
]
