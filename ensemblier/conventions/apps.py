from django.apps import AppConfig


class ConventionsConfig(AppConfig):
    name = "ensemblier.conventions"
    label = "conventions"
