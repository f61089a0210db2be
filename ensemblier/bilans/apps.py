from django.apps import AppConfig


class BilansConfig(AppConfig):
    name = "ensemblier.bilans"
    label = "bilans"
