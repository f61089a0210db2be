from allauth.account import views as allauth
from django.urls import path, re_path

from ensemblier.comptes.views import budgets, compte, courriels, mandats, moyens, organisme

urlpatterns = [
    path("connexion/", allauth.login, name="account_login"),
    path("deconnexion/", allauth.logout, name="account_logout"),
    path("inscription/", allauth.signup, name="account_signup"),
    path("inscription/courriel/", allauth.email_verification_sent, name="account_email_verification_sent"),
    re_path(
        r"^inscription/confirmer/(?P<key>[-:\w]+)/$", allauth.confirm_email, name="account_confirm_email"
    ),
    path("compte-ferme/", allauth.account_inactive, name="account_inactive"),
    path("mot-de-passe/oublie/", allauth.password_reset, name="account_reset_password"),
    path("mot-de-passe/oublie/envoye/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^mot-de-passe/nouveau/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "mot-de-passe/change/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("mon-compte/mot-de-passe/", allauth.password_change, name="account_change_password"),
    path("mon-espace/", compte.mon_espace, name="mon_espace"),
    path("mon-compte/", compte.mon_compte, name="mon_compte"),
    path("mon-compte/courriels/", courriels.mes_courriels, name="mes_courriels"),
    path("courriels/desabonnement/<str:jeton>/", courriels.desabonnement, name="desabonnement"),
    path("mon-organisme/", organisme.miens, name="mon_organisme"),
    path("mon-organisme/creer/", organisme.creer, name="organisme_creer"),
    path("mon-organisme/invitations/<int:pk>/", organisme.accepter_invitation, name="invitation_accepter"),
    path("organismes/<str:cle>/", organisme.page, name="organisme"),
    path("organismes/<str:cle>/identite/", organisme.identite, name="organisme_identite"),
    path("organismes/<str:cle>/moyens/", moyens.moyens, name="organisme_moyens"),
    path("organismes/<str:cle>/budget/<int:exercice>/", budgets.budget, name="organisme_budget"),
    path("organismes/<str:cle>/rib/", organisme.ajouter_rib, name="organisme_rib"),
    path("organismes/<str:cle>/rib/<int:pk>/fichier/", organisme.rib_fichier, name="rib_fichier"),
    path("organismes/<str:cle>/rib/<int:pk>/iban/", organisme.rib_montrer, name="rib_montrer"),
    path("organismes/<str:cle>/rib/<int:pk>/controle/", organisme.rib_verifier, name="rib_verifier"),
    path("organismes/<str:cle>/delegations/", mandats.ajouter, name="organisme_mandat"),
    path("organismes/<str:cle>/delegations/<int:pk>/fichier/", mandats.fichier, name="mandat_fichier"),
    path("organismes/<str:cle>/delegations/<int:pk>/retirer/", mandats.retirer, name="mandat_retirer"),
    path("organismes/<str:cle>/engagement/", organisme.engagement, name="organisme_engagement"),
    path("organismes/<str:cle>/personnes/", organisme.personnes, name="organisme_personnes"),
    path(
        "organismes/<str:cle>/invitations/<int:pk>/retirer/",
        organisme.retirer_invitation,
        name="invitation_retirer",
    ),
    path(
        "organismes/<str:cle>/personnes/<int:pk>/retirer/",
        organisme.retirer_personne,
        name="organisme_retirer_personne",
    ),
]
