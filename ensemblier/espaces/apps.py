from django.apps import AppConfig


class EspacesConfig(AppConfig):
    name = "ensemblier.espaces"
    label = "espaces"
