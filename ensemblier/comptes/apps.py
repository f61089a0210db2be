from django.apps import AppConfig


class ComptesConfig(AppConfig):
    name = "ensemblier.comptes"
    label = "comptes"
