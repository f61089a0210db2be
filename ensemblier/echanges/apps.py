from django.apps import AppConfig


class EchangesConfig(AppConfig):
    name = "ensemblier.echanges"
    label = "echanges"
