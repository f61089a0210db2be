"""Un serveur de courriels en panne."""

from django.core.mail.backends.base import BaseEmailBackend


class EnPanne(BaseEmailBackend):
    def send_messages(self, messages):
        raise OSError("serveur en panne")
