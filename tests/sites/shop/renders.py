"""Counts renders: a line in a file for each, written by the body of the view.

A response from a cache writes none, whichever cache it was. Lines are appended whole
(O_APPEND, far below a page), so that several processes can share the file.
"""

from __future__ import annotations

import functools
import json
import os
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


def counted(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Count each call of this view; belongs directly above the view, below any cache."""

    @functools.wraps(view)
    def counting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        record = {
            "target": request.get_full_path(),
            "method": request.method,
            "scheme": request.scheme,
            "host": request.get_host(),
            "language": request.headers.get("Accept-Language", ""),
            "encoding": request.headers.get("Accept-Encoding", ""),
            "agent": request.headers.get("User-Agent", ""),
        }
        with os.fdopen(
            os.open(settings.RENDER_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "wb"
        ) as log:
            log.write(json.dumps(record).encode() + b"\n")
        return view(request, *args, **kwargs)

    return counting


def so_far(target: str) -> int:
    """How often this path and query was rendered, the present call included."""
    lines = settings.RENDER_LOG.read_bytes().splitlines()
    return sum(json.loads(line)["target"] == target for line in lines)
