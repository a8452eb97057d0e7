"""Why a response cannot be stored for the next visitor, or is not the one he asks for. Pure.

Reads a status, headers and a body that were received; never raises. It judges what caches
may do by the rules, not what one did: `cache_page` stores despite Set-Cookie when the
cookie is added outside of it, nginx with proxy_ignore_headers despite anything. So an
obstacle is the reason of a verdict only where no stronger evidence says otherwise, with one
exception: Vary on a header that is ours alone makes visitors miss the entry that we made.

Values of Set-Cookie are secrets and appear nowhere; names of cookies do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warmer.body_codings import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

_READ = frozenset({"cache-control", "vary", "set-cookie"})
_STORED = frozenset({200, 304})
"""What Django's cache middleware and every shared cache keep; other pages are no warm pages."""

_TOKEN = re.compile(rb"""\bvalue\s*=\s*["']?[A-Za-z0-9]{32}""")
_NAMES_SHOWN = 3
_CURES_OF_STATUS = {
    400: (
        "does the site know its host name (base_url, ALLOWED_HOSTS of Django), or ask for a client"
        " certificate (crawl.client_cert)?"
    ),
    401: "it asks for a login: set crawl.basic_auth, or an Authorization header",
    403: "it keeps us out: let warmer's address or user agent in, or exclude the page",
}
_OWN_CREDENTIALS = {
    # Django names it wherever it is sent, unless Cache-Control says public.
    "authorization": (
        "so only who sends our login hits: take the login away before you warm, or have the proxy"
        ' that asks for it remove the header (nginx: proxy_set_header Authorization "");'
        " if visitors send the same, make it a [[variant]]"
    ),
    "cookie": (
        "so only who sends our cookie hits, and a session's is nobody else's: warm without one;"
        " if visitors send the same, make it a header of a [[variant]]"
    ),
}


def obstacle(
    status: int, headers: Sequence[tuple[str, str]], *, own_headers: frozenset[str]
) -> tuple[str, str] | None:
    """Return reason and cure of what keeps the response from the next visitor, or None.

    Names in `headers` and `own_headers` are lower-case. `own_headers` are the request
    headers that we send and visitors do not, or not with our value. Reasons, the first
    that fits: `status`; `vary-NAME` for a NAME of `own_headers`; `no-store`; `private`;
    `vary-star`; `vary-cookie` for Set-Cookie beside Vary: Cookie, which Django refuses;
    `set-cookie`. Sources: RFC 9111, section 3; Django's UpdateCacheMiddleware.
    """
    if status not in _STORED:
        cure = _CURES_OF_STATUS.get(status, "mend the page or take it off the list")
        return "status", f"status {status}: only 200 is kept; {cure}"
    control, vary, cookies = _read(headers)
    for name in vary:
        if name in own_headers:
            return f"vary-{name}", f"Vary names {name}, {_cure_of_own(name)}"
    return _against_the_rules(control, vary, cookies)


def likely_cause(headers: Sequence[tuple[str, str]]) -> str:
    """Return what may keep a page without an obstacle out of the cache, "" if nothing.

    For the detail of a page that was then found not stored: some caches keep a page
    despite these (`cache_page(300)` despite max-age=0), so alone they prove nothing.
    """
    control, _, _ = _read(headers)
    if not control:
        return ""
    if "no-cache" in control:
        return "Cache-Control says no-cache: recent Django and most caches do not serve such a page"
    if re.search(r"\bs-maxage\s*=\s*\"?0+\b", control):
        return "Cache-Control says s-maxage=0: shared caches do not keep such a page"
    if re.search(r"\bmax-age\s*=\s*\"?0+\b", control) and "s-maxage" not in control:
        return "Cache-Control says max-age=0: Django's cache middleware does not store such a page"
    return ""


def csrf_in_body(body: bytes, content_type: str, content_encoding: str) -> bool:
    """Say whether an HTML page carries a CSRF token in a hidden input, as Django renders it.

    Stored, such a page gives one visitor's token to all. Of a body in a content coding,
    the first mebibyte is looked at; a body that cannot be decoded carries nothing.
    """
    if content_type and "html" not in content_type.lower():
        return False
    text = decoded(body, content_encoding)
    at = text.find(b"csrfmiddlewaretoken")
    while at >= 0:
        tag = text[max(0, text.rfind(b"<", max(0, at - 400), at)) : at + 400].partition(b">")[0]
        # Scripts name the field as well; only an input with a value gives a token away.
        if tag[:6].lower() == b"<input" and _TOKEN.search(tag):
            return True
        at = text.find(b"csrfmiddlewaretoken", at + 19)
    return False


def _cure_of_own(name: str) -> str:
    return _OWN_CREDENTIALS.get(name) or (
        "which visitors send with another value or not at all:"
        f" drop it from Vary, or warm with the visitors' {name}"
    )


def _read(headers: Sequence[tuple[str, str]]) -> tuple[str, list[str], list[str]]:
    """Return Cache-Control in lower case, the names of Vary, and every Set-Cookie."""
    control = ""
    vary: list[str] = []
    cookies: list[str] = []
    for name, value in headers:
        if name not in _READ:
            continue
        if name == "cache-control":
            control = f"{control}, {value.lower()}" if control else value.lower()
        elif name == "vary":
            vary += [field.strip() for field in value.lower().split(",")]
        else:
            cookies.append(value)
    return control, vary, cookies


def _against_the_rules(control: str, vary: list[str], cookies: list[str]) -> tuple[str, str] | None:
    if "no-store" in control:
        return "no-store", "Cache-Control says no-store: remove it if the page is for everyone"
    if "private" in control:
        return "private", "Cache-Control says private: remove it if the page is for everyone"
    if "*" in vary:
        return "vary-star", "Vary is *: name the request headers that the page depends on"
    if not cookies:
        return None
    if "cookie" in vary:
        return "vary-cookie", (
            f"sets {_cookie_names(cookies)} and varies on Cookie: do not touch the session"
            " or the CSRF token for anonymous visitors"
        )
    return "set-cookie", f"sets {_cookie_names(cookies)}: set no cookie for anonymous visitors"


def _cookie_names(cookies: list[str]) -> str:
    """Return the names alone; without `=` the whole is a value (RFC 6265bis, section 5.6)."""
    names = []
    for cookie in cookies[:_NAMES_SHOWN]:
        name, sign, _ = cookie.partition(";")[0].partition("=")
        name = name.strip()[:40]
        names.append(name if sign and name and name.isprintable() else "a cookie without name")
    more = len(cookies) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
