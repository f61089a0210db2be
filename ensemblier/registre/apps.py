from django.apps import AppConfig


class RegistreConfig(AppConfig):
    name = "ensemblier.registre"
    label = "registre"
