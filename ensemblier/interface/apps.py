"""L'application Django de la pièce `interface`."""

from django.apps import AppConfig


class InterfaceConfig(AppConfig):
    name = "ensemblier.interface"
    label = "interface"
    verbose_name = "Interface"
