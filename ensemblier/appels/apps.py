from django.apps import AppConfig


class AppelsConfig(AppConfig):
    name = "ensemblier.appels"
    label = "appels"
