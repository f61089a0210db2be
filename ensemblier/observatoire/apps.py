from django.apps import AppConfig


class ObservatoireConfig(AppConfig):
    name = "ensemblier.observatoire"
    label = "observatoire"
