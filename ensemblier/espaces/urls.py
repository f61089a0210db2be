"""Les bureaux de chacun : un fichier par rôle, ses adresses avec lui."""

from ensemblier.espaces import porteur, suite, suites

urlpatterns = [*porteur.urlpatterns, *suites.urlpatterns, *suite.urlpatterns]
