"""Every path is a page, and the page of a 500 says 200."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import re_path

from tests.sites.launch.urls import front

if TYPE_CHECKING:
    from django.http import HttpRequest


def handler500(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("sorry")


urlpatterns = [re_path("", front)]
