from django.urls import path

from ensemblier.programmation.views import (
    cahier,
    cases,
    convocations,
    decisions,
    deliberations,
    editions,
    enveloppes,
    optimum,
    scenarios,
    seances,
    tableau,
)

SEANCE = "programmation/seances/<int:pk>"
ACTE = "programmation/deliberations/<int:pk>"
SCENARIO = "programmation/scenarios/<int:scenario>"

urlpatterns = [
    path("programmation/", tableau.appels, name="programmation"),
    path("programmation/seances/", seances.liste, name="seances"),
    path("programmation/seances/nouvelle/<slug:appel>/", convocations.convoquer, name="seance_nouvelle"),
    path(f"{SEANCE}/", seances.seance, name="seance"),
    path(f"{SEANCE}/ouvrir/", seances.ouvrir, name="seance_ouvrir"),
    path(f"{SEANCE}/annuler/", convocations.annuler, name="seance_annuler"),
    path(f"{SEANCE}/deplacer/", convocations.deplacer, name="seance_deplacer"),
    path(f"{SEANCE}/inscrire/", convocations.inscrire, name="seance_inscrire"),
    path(f"{SEANCE}/dossier/", editions.demander_le_dossier, name="seance_dossier_demander"),
    path(f"{SEANCE}/dossier.pdf", cahier.dossier_de_seance, name="seance_dossier"),
    path(f"{SEANCE}/ecran/", cahier.ecran, name="seance_ecran"),
    path(f"{SEANCE}/convocation.pdf", convocations.convocation, name="seance_convocation"),
    path(f"{SEANCE}/seance.ics", convocations.en_agenda, name="seance_agenda"),
    path(f"{SEANCE}/clore/", seances.clore, name="seance_clore"),
    path(f"{SEANCE}/presences/<int:participant>/", seances.pointer, name="seance_pointer"),
    path(f"{SEANCE}/proces-verbal.pdf", seances.proces_verbal, name="proces_verbal"),
    path(f"{SEANCE}/deport/<str:numero>/", seances.deport, name="seance_deport"),
    path(f"{SEANCE}/noter/<str:numero>/", seances.noter, name="seance_noter"),
    path(f"{SEANCE}/decider/<str:numero>/", decisions.decider, name="seance_decider"),
    path(f"{SEANCE}/decider/<str:numero>/amender/", decisions.amender, name="seance_amender"),
    path(f"{SEANCE}/decider/<str:numero>/taux/", decisions.taux, name="seance_taux"),
    path(f"{SEANCE}/decider/<str:numero>/criteres/<slug:code>/", decisions.critere, name="seance_critere"),
    path("programmation/deliberations/", deliberations.liste, name="deliberations"),
    path(
        "programmation/deliberations/nouvelle/<slug:appel>/<str:financeur>/",
        deliberations.nouvelle,
        name="deliberation_nouvelle",
    ),
    path(f"{ACTE}/", deliberations.page, name="deliberation"),
    path(f"{ACTE}/joindre/", deliberations.joindre, name="deliberation_joindre"),
    path(f"{ACTE}/annexer/", deliberations.produire_l_annexe, name="deliberation_annexer"),
    path(f"{ACTE}/<str:lequel>", deliberations.fichier, name="deliberation_fichier"),
    path("programmation/editions/<int:pk>.pdf", editions.edition, name="edition"),
    path("programmation/<slug:appel>/attente/", convocations.attente, name="liste_d_attente"),
    path("programmation/<slug:appel>/fiches-action/", editions.page, name="fiches_action"),
    path(
        "programmation/<slug:appel>/fiches-action/<str:numero>.pdf", editions.une_fiche, name="fiche_action"
    ),
    path(f"{SCENARIO}/", scenarios.scenario, name="scenario"),
    path(f"{SCENARIO}/partager/", scenarios.partager, name="scenario_partager"),
    path(f"{SCENARIO}/rendre-prive/", scenarios.rendre_prive, name="scenario_rendre_prive"),
    path(f"{SCENARIO}/retenir/", scenarios.retenir, name="scenario_retenir"),
    path(f"{SCENARIO}/colonne/", optimum.colonne, name="scenario_colonne"),
    path("programmation/<slug:appel>/proposer/", optimum.proposer, name="programmation_proposer"),
    path("programmation/<slug:appel>/scenarios/", scenarios.liste, name="scenarios"),
    path("programmation/<slug:appel>/scenarios/comparer/", scenarios.comparaison, name="scenarios_comparer"),
    path("programmation/<slug:appel>/", tableau.tableau, name="programmation_appel"),
    path("programmation/<slug:appel>/lignes/", tableau.lignes, name="programmation_lignes"),
    path("programmation/<slug:appel>/fiches.css", tableau.fiches, name="programmation_fiches"),
    path("programmation/<slug:appel>/cases/", cases.cases, name="programmation_cases"),
    path("programmation/<slug:appel>/sonde/", cases.sonde, name="programmation_sonde"),
    path("programmation/<slug:appel>/enveloppes/", enveloppes.enveloppes, name="enveloppes"),
]
