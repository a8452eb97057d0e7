"""Errors of the API as JSON (RFC 9457): a title, a status, and one line on what to do."""

from __future__ import annotations

import http
import logging
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from warmer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class _Problem(web.HTTPException):
    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None) -> None:
        self.status_code = status
        super().__init__(headers=headers, text=_text(status, detail), content_type=MEDIA_TYPE)


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None
) -> web.HTTPException:
    """An answer to raise; `detail` is one line, without secrets."""
    return _Problem(status, detail, headers)


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered as a problem; what we did not foresee is logged."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.content_type == MEDIA_TYPE or error.status < 400:
            raise
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        detail = f"{request.method} {request.path[:200]}: {error.reason}; see /openapi.json"
        raise problem(error.status, detail, headers=allowed) from None
    except StoreError as error:
        raise problem(503, str(error), headers={"Retry-After": "5"}) from None
    except Exception:  # noqa: BLE001 -- logged whole, and said
        _log.exception("%s %s failed", request.method, request.path)
        raise problem(500, "an error of the daemon; its log has more") from None


def _text(status: int, detail: str) -> str:
    title = http.HTTPStatus(status).phrase
    return msgspec.json.encode({"title": title, "status": status, "detail": detail}).decode()
