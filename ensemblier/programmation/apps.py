from django.apps import AppConfig


class ProgrammationConfig(AppConfig):
    name = "ensemblier.programmation"
    label = "programmation"
