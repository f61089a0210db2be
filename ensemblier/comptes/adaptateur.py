"""allauth parle par nos courriels et nos phrases."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from ensemblier.comptes import essais, suite
from ensemblier.comptes.courriels import ecrire
from ensemblier.comptes.models import Genre, Utilisateur


class AdaptateurDeCompte(DefaultAccountAdapter):
    """Les règles du compte propres à la maison : courriels en boîte d'envoi, refus en trois temps."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": (
            "L'adresse et le mot de passe ne vont pas ensemble. Vérifiez-les, "
            "ou demandez un nouveau mot de passe."
        ),
        "account_inactive": "Ce compte est fermé. Écrivez au service pour savoir pourquoi.",
        "too_many_login_attempts": (
            "Trop d'essais ont échoué. Attendez cinq minutes, puis recommencez, ou changez de mot de passe."
        ),
        "rate_limited": "Trop de demandes en peu de temps. Attendez un peu, puis recommencez.",
        "enter_current_password": "Le mot de passe actuel n'est pas le bon. Recopiez-le.",
        "invalid_password_reset": "Ce lien n'est plus valable. Demandez-en un nouveau.",
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """La page qu'on cherchait avant de se connecter, sinon l'espace de son rôle."""
        return suite.reprendre(request) or super().get_login_redirect_url(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Le compte et d'où l'on essaie : cinq erreurs d'ailleurs ne ferment pas la porte à la personne."""
        compte = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{compte}|{essais.origine(request, credentials.get('email', ''))}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        usage = essais.compter(request, credentials.get("email", ""))
        if usage is None:
            raise self.validation_error("too_many_login_attempts")
        self._login_failed_rl_usage.usage += usage.usage

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth l'appelle quand la personne reprend son compte par le lien reçu dans sa boîte."""
        courriel = credentials.get("email", "")
        essais.oublier(request, courriel)
        essais.reconnaitre(request, courriel)
        super()._delete_login_attempts_cached_email(request, **credentials)

    def post_login(self, request: HttpRequest, user: Utilisateur, **reste: Any) -> HttpResponse:
        essais.reconnaitre(request, user.courriel)
        return super().post_login(request, user, **reste)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Met le courriel dans la boîte d'envoi : il part avec les autres, et une seule fois.

        `template_prefix` vient d'allauth (« account/email/… ») ; les gabarits de ce nom sont les nôtres.
        """
        contexte = {cle: valeur for cle, valeur in context.items() if cle not in ("request", "user")}
        matiere = f"{template_prefix}|{email}|{sorted(contexte.items(), key=lambda x: x[0])}"
        sujet = render_to_string(f"{template_prefix}_subject.txt", contexte).strip()
        le = timezone.now()
        ecrire(
            Genre.COMPTE,
            cle=f"compte-{hashlib.sha256(f'{matiere}|{le:%Y%m%d%H%M%S}'.encode()).hexdigest()}",
            a=email,
            sujet=sujet,
            gabarit=f"{template_prefix}_message",
            contexte=contexte,
            le=le,
        )
