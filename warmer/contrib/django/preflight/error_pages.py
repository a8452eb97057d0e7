"""The pages that people see when something is wrong: rendered here, by the site's own handlers.

The page of a 500 is made as Django makes it, without a context; a path that does not
exist is asked for in process, once, through the whole stack of middleware.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.db import connections
from django.test import Client, RequestFactory
from django.urls import get_resolver
from django.views.defaults import ERROR_PAGE_TEMPLATE

from warmer.contrib.django.preflight.asked import public_host, words_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

_STOCK_404 = b"<p>The requested resource was not found on this server.</p>"
_STOCK_500 = (ERROR_PAGE_TEMPLATE % {"title": "Server Error (500)", "details": ""}).encode()


class _AskedDatabaseError(Exception):
    """The page of a 500 sent a query."""


def error_pages(asked: Asked) -> Iterator[Result]:
    """The site's own pages of 500 and 404."""
    host = public_host(asked)
    if host is None:
        yield Result("error-pages", Grade.SKIPPED, "", "ALLOWED_HOSTS names no host to ask as")
        return
    yield _server_error(host)
    yield _not_found(asked, host)


def _server_error(host: str) -> Result:
    check, where = "error-pages", "500"
    cure = "write a 500.html that needs neither a context nor the database"
    request = RequestFactory().get("/", SERVER_NAME=host, secure=True)
    try:
        with _no_queries():
            response = get_resolver().resolve_error_handler(500)(request)
            if hasattr(response, "render"):
                response.render()
    except _AskedDatabaseError:
        reason = "it asks the database, which may be what is broken"
        return Result(check, Grade.WARN, where, reason, cure)
    except Exception as error:  # noqa: BLE001 -- the site's own templates and handlers
        reason = f"cannot be rendered: {words_of(error)}"
        return Result(check, Grade.FAIL, where, reason, cure)
    if response.status_code != 500:
        reason = f"handler500 answers {response.status_code}; expected 500"
        return Result(check, Grade.FAIL, where, reason, "answer with status=500")
    if response.content.strip() == _STOCK_500.strip():
        return Result(check, Grade.WARN, where, "Django's stock page", cure)
    return Result(check, Grade.OK, where, "a page of its own, without context and database")


@contextlib.contextmanager
def _no_queries() -> Iterator[None]:
    def refuse(*_: Any) -> NoReturn:  # noqa: ANN401 -- what Django hands to a wrapper
        raise _AskedDatabaseError

    with contextlib.ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(refuse))
        yield


def _not_found(asked: Asked, host: str) -> Result:
    check, where = "error-pages", f"https://{host}/{asked.name}/"
    if settings.DEBUG:
        return Result(check, Grade.SKIPPED, where, "DEBUG shows a page of its own")
    client = Client(raise_request_exception=False)
    response = client.get(f"/{asked.name}/", SERVER_NAME=host, secure=True)
    if response.status_code >= 500:
        reason = f"a path that does not exist answers {response.status_code}; expected 404"
        return Result(check, Grade.FAIL, where, reason, "look into the log; mend 404.html")
    if response.status_code != 404:
        reason = f"a path that does not exist answers {response.status_code}; expected 404"
        cure = "answer 404: search engines and caches keep what else comes as a page"
        return Result(check, Grade.WARN, where, reason, cure)
    if _STOCK_404 in response.content:
        cure = "write a 404.html with the way back into the site"
        return Result(check, Grade.WARN, where, "Django's stock page of 404", cure)
    return Result(check, Grade.OK, where, "404 with a page of its own")
