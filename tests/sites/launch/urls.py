"""One page, and handlers that are wrong in some way, for ROOT_URLCONF of other modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import path

if TYPE_CHECKING:
    from django.http import HttpRequest


def front(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("welcome")


urlpatterns = [path("", front)]
