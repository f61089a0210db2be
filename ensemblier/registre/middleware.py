"""Un refus est dit, avec sa raison, et laisse une trace."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from ensemblier.noyau.machine import TransitionRefusee
from ensemblier.registre.actes import ActeBloque, tracer


class RefusMiddleware:
    """403 avec la raison si la table ou le rôle refuse ; 409 si un fait bloque l'acte."""

    def __init__(self, suite: Callable[[HttpRequest], HttpResponse]) -> None:
        self.suite = suite

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.suite(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, TransitionRefusee):
            raisons, code = (exception.raison,), 403
        elif isinstance(exception, ActeBloque):
            raisons, code = exception.raisons, 409
        else:
            return None
        tracer(
            par=getattr(request, "acteur", None),
            nature="refus",
            chemin=request.path,
            le=timezone.now(),
            raison=" ".join(raisons),
        )
        return render(request, "403.html", {"raisons": raisons, "code": code}, status=code)
