from django.urls import path

from ensemblier.dossiers.views import contacts, depot, edition, lecture, messages, simulateur

urlpatterns = [
    path("appels/<slug:appel>/simulateur/", simulateur.page, name="simulateur"),
    path("simulations/<str:jeton>/", simulateur.resultat, name="simulation"),
    path("simulations/<str:jeton>/dossier/", simulateur.en_dossier, name="simulation_dossier"),
    path("dossiers/nouveau/<slug:appel>/", edition.nouveau, name="nouveau_dossier"),
    path("dossiers/<str:numero>/", lecture.page, name="dossier"),
    path("dossiers/<str:numero>/constats/", edition.constats, name="dossier_constats"),
    path("dossiers/<str:numero>/relecture/", depot.relecture, name="relecture"),
    path("dossiers/<str:numero>/accuse/", depot.accuse, name="accuse"),
    path("dossiers/<str:numero>/accuse.pdf", depot.accuse_pdf, name="accuse_pdf"),
    path("dossiers/<str:numero>/lettre.pdf", lecture.lettre, name="lettre"),
    path("messages/", messages.boite, name="messages"),
    path("dossiers/<str:numero>/messages/", messages.messages_du_dossier, name="dossier_messages"),
    path("dossiers/<str:numero>/messages/<str:cle>/", messages.fichier, name="message_fichier"),
    path("dossiers/<str:numero>/retrait/", depot.retirer, name="retrait"),
    path("dossiers/<str:numero>/historique/", lecture.historique, name="dossier_historique"),
    path("dossiers/<str:numero>/dauphin/", lecture.dauphin, name="dossier_dauphin"),
    path("dossiers/<str:numero>/depots/<int:demande>/", lecture.depot_ailleurs, name="dossier_depot"),
    path("dossiers/<str:numero>/contacts/<int:contact>/", contacts.demander, name="demander_confirmation"),
    path("dossiers/<str:numero>/joindre/<slug:code>/", lecture.joindre, name="joindre_piece"),
    path("dossiers/<str:numero>/reprendre/", lecture.reprendre, name="reprendre_pieces"),
    path("dossiers/<str:numero>/retirer/<slug:code>/", lecture.retirer_piece, name="retirer_piece"),
    path("dossiers/<str:numero>/pieces/<str:cle>/", lecture.telecharger, name="piece"),
    path("dossiers/<str:numero>/budget/tableur/", edition.tableur_du_budget, name="budget_tableur"),
    path("dossiers/<str:numero>/<slug:etape>/saisie/", edition.saisie, name="dossier_saisie"),
    path("dossiers/<str:numero>/<slug:etape>/", edition.etape, name="dossier_etape"),
]
