from django.apps import AppConfig


class DemonstrationConfig(AppConfig):
    name = "ensemblier.demonstration"
    label = "demonstration"
