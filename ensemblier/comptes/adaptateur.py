"""allauth parle par nos courriels et nos pages."""

from allauth.account.adapter import DefaultAccountAdapter


class AdaptateurDeCompte(DefaultAccountAdapter):
    """Les règles du compte propres à la maison."""
