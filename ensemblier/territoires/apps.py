from django.apps import AppConfig


class TerritoiresConfig(AppConfig):
    name = "ensemblier.territoires"
    label = "territoires"
