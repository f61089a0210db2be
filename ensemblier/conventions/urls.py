from django.urls import path, re_path

from ensemblier.conventions.views import avenants, suites

_N = "suites/<str:numero>"

urlpatterns = [
    path("suites/lots/", suites.lot, name="suites_lot"),
    path(f"{_N}/notifier/<int:demande>/", suites.notifier, name="suite_notifier"),
    path(f"{_N}/notifier/<int:demande>/apercu/", suites.apercu, name="suite_apercu"),
    path(f"{_N}/lettre/<int:demande>/", suites.lettre, name="suite_lettre"),
    re_path(
        r"^suites/(?P<numero>[^/]+)/convention/(?P<demande>\d+)/(?P<exemplaire>projet|porteur|signe)/$",
        suites.convention,
        name="suite_convention",
    ),
    path(f"{_N}/signer/<int:demande>/", suites.signer, name="suite_signer"),
    path(f"{_N}/renoncer/<int:demande>/", avenants.renoncer, name="suite_renoncer"),
    path(f"{_N}/renoncer/<int:demande>/reprendre/", avenants.reprendre, name="suite_renoncer_reprendre"),
    path(
        f"{_N}/renoncer/<int:demande>/lettre/", avenants.lettre_de_l_organisme, name="suite_renoncer_lettre"
    ),
    path(f"{_N}/avenant/<int:demande>/notifier/", avenants.notifier, name="suite_avenant_notifier"),
    path(f"{_N}/avenant/<int:demande>/apercu/", avenants.apercu, name="suite_avenant_apercu"),
    path(f"{_N}/avenants/<int:avenant>/signer/", avenants.signer, name="suite_avenant_signer"),
    re_path(
        r"^suites/(?P<numero>[^/]+)/avenants/(?P<avenant>\d+)/(?P<exemplaire>lettre|projet|porteur|signe)/$",
        avenants.document,
        name="suite_avenant_document",
    ),
    path(f"{_N}/preparer/<int:tranche>/", suites.preparer, name="suite_preparer"),
    path(f"{_N}/certifier/<int:versement>/", suites.certifier, name="suite_certifier"),
    path(f"{_N}/annuler/<int:versement>/", suites.annuler, name="suite_annuler"),
]
