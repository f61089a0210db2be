"""Les bureaux de chacun : un fichier par rôle, ses adresses avec lui."""

from ensemblier.espaces import (
    a_instruire,
    agenda,
    avis,
    delais,
    en_lot,
    export,
    instruction,
    porteur,
    suite,
    suites,
    vues,
)

urlpatterns = [
    *porteur.urlpatterns,
    *a_instruire.urlpatterns,
    *export.urlpatterns,
    *vues.urlpatterns,
    *en_lot.urlpatterns,
    *avis.urlpatterns,
    *agenda.urlpatterns,
    *delais.urlpatterns,
    *instruction.urlpatterns,
    *suites.urlpatterns,
    *suite.urlpatterns,
]
