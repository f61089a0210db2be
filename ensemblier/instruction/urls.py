from django.urls import path

from ensemblier.instruction.views import (
    completude,
    corrections,
    derogations,
    dossier,
    equipe,
    internes,
    liens,
    messages,
)

urlpatterns = [
    path("liens/<str:jeton>/", liens.lien, name="lien"),
    path("dossiers/<str:numero>/corrections/", corrections.page, name="corrections"),
    path("instruction/derogations/", derogations.page, name="instruction_derogations"),
    path("instruction/equipe/", equipe.page, name="instruction_equipe"),
    path("instruction/equipe/absence/", equipe.absence, name="instruction_absence"),
    path("instruction/equipe/absences/<int:pk>/annuler/", equipe.annuler, name="instruction_absence_annuler"),
    path("instruction/<str:numero>/suivi/", equipe.du_dossier, name="instruction_suivi"),
    path("instruction/<str:numero>/completude/", completude.page, name="instruction_completude"),
    path(
        "instruction/<str:numero>/completude/complements/", completude.demander, name="demander_complements"
    ),
    path(
        "instruction/<str:numero>/completude/prolonger/", completude.prolonger, name="prolonger_complements"
    ),
    path("instruction/<str:numero>/completude/complet/", completude.complet, name="declarer_complet"),
    path("instruction/<str:numero>/completude/recevable/", completude.recevable, name="declarer_recevable"),
    path(
        "instruction/<str:numero>/completude/irrecevable/",
        completude.irrecevable,
        name="declarer_irrecevable",
    ),
    path("instruction/<str:numero>/completude/<int:piece>/", completude.juger_piece, name="juger_piece"),
    path("instruction/<str:numero>/criteres/", dossier.criteres, name="instruction_criteres"),
    path("instruction/<str:numero>/depots/", dossier.depots, name="instruction_depots"),
    path("instruction/<str:numero>/historique/", dossier.historique, name="instruction_historique"),
    path("instruction/<str:numero>/interne/", internes.page, name="instruction_interne"),
    path("instruction/<str:numero>/messages/", messages.page, name="instruction_messages"),
    path("instruction/<str:numero>/pieces/<str:cle>/", dossier.piece, name="instruction_piece"),
]
