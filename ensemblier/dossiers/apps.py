from django.apps import AppConfig


class DossiersConfig(AppConfig):
    name = "ensemblier.dossiers"
    label = "dossiers"
