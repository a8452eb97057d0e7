"""The page of a 500 wants to know who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse

from tests.sites.launch.urls import urlpatterns

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["urlpatterns"]


def handler500(_request: HttpRequest) -> HttpResponse:
    from django.contrib.sessions.models import Session

    return HttpResponse(f"{Session.objects.count()} people saw this", status=500)
