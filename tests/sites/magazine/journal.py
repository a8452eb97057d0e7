"""Outermost middleware: a line in a file for each request, cached or not.

begin and end (monotonic seconds, one clock for all processes), status, whether it was
rendered, whether a visitor asked, and the path.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


class JournalMiddleware:
    """Appends whole lines (O_APPEND, far below a page), so that workers can share the file."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._file = os.open(settings.JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begin = time.monotonic()
        response = self._get_response(request)
        rendered = int(hasattr(request, "was_rendered"))
        visitor = int(request.headers.get("User-Agent") == "visitor")
        line = (
            f"{begin:.6f} {time.monotonic():.6f} {response.status_code} {rendered} {visitor} "
            f"{request.get_full_path()}\n"
        )
        os.write(self._file, line.encode())
        return response
