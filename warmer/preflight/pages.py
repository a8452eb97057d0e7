"""What pages tell that should not be told, or should: errors, strange hosts, the admin. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warmer.body_codings import decoded
from warmer.crawl.redirect import REDIRECT_STATUSES, onward_url
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warmer.crawl.fetch import Fetch

_DEBUG = {
    b"DEBUG = True": "Django's debug page",
    b"DisallowedHost at ": "Django's debug page",
    b"Werkzeug Debugger": "Werkzeug's debugger",
    b"Traceback (most recent call last)": "a traceback",
}
"""What stands in pages for developers (tried with Django 5.2)."""
_STOCK_404 = (
    b"<p>The requested resource was not found on this server.</p>",  # Django without 404.html
    b"<center><h1>404 Not Found</h1></center>",  # nginx
    b"<p>The requested URL was not found on this server.</p>",  # Apache
)
_STOCK_5XX = (
    b"<h1>Server Error (500)</h1>",  # Django without 500.html
    b"<title>Internal Server Error</title>",  # gunicorn; nginx and Apache say the like in h1
    b"Internal Server Error</h1>",
    b"Bad Gateway</h1>",
    b"Service Temporarily Unavailable</h1>",
    b"Gateway Time-out</h1>",
)
_LOGIN_FORM = b'id="login-form"'
_DEBUG_CURE = "set DEBUG = False and start the application anew"


def header(fetch: Fetch, name: str) -> str | None:
    """The last value of a header, by its name in lower case; None if it is absent."""
    return next((value for each, value in reversed(fetch.headers) if each == name), None)


def is_redirect(fetch: Fetch) -> bool:
    """Whether this answer sends the visitor elsewhere."""
    return fetch.status in REDIRECT_STATUSES and header(fetch, "location") is not None


def goal_of(url: str, fetch: Fetch) -> str | None:
    """Where an answer of `url` sends the visitor; None if that is no http or https URL."""
    try:
        goal = onward_url(url, header(fetch, "location") or "")
    except ValueError:
        return None
    return goal if goal.startswith(("http://", "https://")) else None


def front_page(where: str, fetch: Fetch) -> Result:
    """`/` answers 200, perhaps after redirects within the site."""
    if fetch.status == 200:
        return Result("front-page", Grade.OK, where, "answers 200")
    reason = f"answers {fetch.status}; expected 200"
    return Result("front-page", Grade.FAIL, where, reason, "look into the application's log")


def debug_page(where: str, fetch: Fetch) -> Result:
    """A path that does not exist shows no page for developers."""
    found = _debug_marker(fetch.body)
    if found:
        return Result("debug-page", Grade.FAIL, where, f"shows {found}", _DEBUG_CURE)
    return Result("debug-page", Grade.OK, where, f"answers {fetch.status} without a debug page")


def not_found_page(where: str, fetch: Fetch) -> Result:
    """A path that does not exist answers 404 with a page of the site's own."""
    check = "not-found-page"
    if fetch.status != 404:
        return Result(
            check,
            Grade.WARN,
            where,
            f"answers {fetch.status} for a path that does not exist; expected 404",
            "answer 404: search engines and caches keep what else comes as a page",
        )
    if _debug_marker(fetch.body):
        return Result(check, Grade.SKIPPED, where, "the debug page hides it")
    if not fetch.body or any(marker in fetch.body for marker in _STOCK_404):
        return Result(
            check,
            Grade.WARN,
            where,
            "the server's stock page",
            "add a 404.html (and a 500.html) with the way back into the site",
        )
    return Result(check, Grade.OK, where, "404 with a page of its own")


def error_page(where: str, fetches: Iterable[Fetch]) -> Result:
    """What people see of a 5xx, where one was met; none is provoked."""
    check = "error-page"
    met = [fetch for fetch in fetches if fetch.status >= 500]
    if not met:
        why = "no answer was a 5xx, and none is provoked; manage.py warmer_preflight renders it"
        return Result(check, Grade.SKIPPED, where, why)
    cure = "write a 500.html, and have the proxy send one of its own for 502 to 504"
    stock = 0
    for fetch in met:
        body = decoded(fetch.body, header(fetch, "content-encoding") or "")
        if found := _debug_marker(body):
            return Result(check, Grade.FAIL, where, f"a {fetch.status} shows {found}", _DEBUG_CURE)
        stock += not body or any(marker in body for marker in _STOCK_5XX)
    if stock:
        reason = f"a {met[0].status} shows the server's stock page"
        return Result(check, Grade.WARN, where, reason, cure)
    return Result(check, Grade.OK, where, f"a {met[0].status} shows a page of its own")


def host_header(where: str, fetch: Fetch, made_up: str) -> Result:
    """A request under a made-up name is refused, or sent to the site's own name."""
    check = "host-header"
    found = _debug_marker(fetch.body)
    if found:
        reason = f"Host: {made_up} shows {found}"
        return Result(check, Grade.FAIL, where, reason, _DEBUG_CURE)
    if is_redirect(fetch):
        goal = goal_of(f"https://{made_up}/", fetch)
        if goal is not None and urlsplit(goal).hostname != made_up:
            return Result(check, Grade.OK, where, "a made-up Host is sent to another name")
    elif fetch.status >= 400:
        return Result(check, Grade.OK, where, f"a made-up Host is refused with {fetch.status}")
    return Result(
        check,
        Grade.FAIL,
        where,
        f"answers {fetch.status} to Host: {made_up}",
        "name the site's hosts in ALLOWED_HOSTS, without *, or have the proxy refuse others",
    )


def admin(where: str, fetch: Fetch) -> Result:
    """The admin is not shown to everyone; being sent to another host is a gate."""
    if fetch.status == 200 and _LOGIN_FORM in fetch.body:
        return Result(
            "admin",
            Grade.WARN,
            where,
            "its login is open to everyone",
            "allow it to known networks only, or move it to another path (preflight.admin_path)",
        )
    if fetch.status == 200:
        reason = "answers 200 without a login form"
        return Result("admin", Grade.WARN, where, reason, "see what is shown there to strangers")
    return Result("admin", Grade.OK, where, f"answers {fetch.status}")


def _debug_marker(body: bytes) -> str | None:
    return next((words for marker, words in _DEBUG.items() if marker in body), None)
