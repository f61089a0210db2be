from django.apps import AppConfig


class InstructionConfig(AppConfig):
    name = "ensemblier.instruction"
    label = "instruction"
