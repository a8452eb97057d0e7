"""Django's page keys, derived from outside Django. Pure: no Django, no network.

What `request.build_absolute_uri()`, `learn_cache_key()` and `get_cache_key()` give
for a visitor's request, from the public URL and the headers that the visitor sends.
Refuses to guess: prefix, version, language, time zone and hash variant are arguments.

Source: django/http/request.py, django/core/handlers/wsgi.py, django/utils/encoding.py
and django/utils/cache.py of Django 4.2 to 6.1.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from hashlib import md5
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class HashVariant(StrEnum):
    """How the values of the headers in Vary go into a page key.

    It changed in patch releases, and distributions backport: never take it from
    a version number.
    """

    LEGACY = "legacy"  # absent: nothing; present: the value. Django 4.2 to 5.2.18, 6.0.9
    MARKER = "marker"  # absent: "-,"; present: the value. Django 5.2.19, 6.0.10
    NETSTRING = "netstring"  # absent: "0:,"; present: "5:value,". Django 6.1.0 to 6.1.2
    NETSTRING_MARKER = "netstring-marker"  # absent: "-,"; present: "5:value,". Django 6.1.3


class PublicRequest(NamedTuple):
    """What a client sends for a URL: `path` still percent-encoded, `query` without `?`."""

    scheme: str
    host: str
    path: str
    query: str


_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Letters that IDNA 2003, hence Python's codec, maps away and browsers keep.
_IDNA_2008_ONLY = re.compile("[ßς\u200c\u200d]")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/:@&+$,\-_.!~*'()]*")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
_ESCAPE_URI_PATH_SAFE = "/:@&+$,-_.!~*'()"
_IRI_TO_URI_SAFE = "/#%[]=:;$&()+,!?*@'~"
_HEADER_SPACE = " \t"
# WSGI servers hand these on without HTTP_, so Vary never finds them.
_NEVER_HTTP_NAMES = frozenset({"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"})


def public_request(url: str) -> PublicRequest:
    """Split a URL as a browser does before it sends it.

    Lower-case punycode host, no default port, no fragment, no user, dot segments
    resolved. Raises ValueError where no client could send it.
    """
    parts = urlsplit(url)
    scheme = parts.scheme
    if scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise ValueError(f"{url!r} is not an absolute http or https URL")
    path = parts.path or "/"
    if _DOT_SEGMENT.search(path):
        path = _without_dot_segments(path)
    return PublicRequest(scheme, _host(scheme, parts.netloc), path, parts.query)


@lru_cache(maxsize=256)
def _host(scheme: str, netloc: str) -> str:
    name, colon, port = netloc.rpartition("@")[2].rpartition(":")
    if not colon or port.endswith("]"):
        name, port = netloc.rpartition("@")[2], ""
    if port:
        port = str(int(port))
    if not name.isascii():
        name = ".".join(_idna_label(label) for label in re.split("[.\u3002\uff0e\uff61]", name))
    name = name.lower()
    return name if port in {"", _DEFAULT_PORTS[scheme]} else f"{name}:{port}"


def _idna_label(label: str) -> str:
    if _IDNA_2008_ONLY.search(label):
        return "xn--" + label.lower().encode("punycode").decode("ascii")
    return label.encode("idna").decode("ascii")


def _without_dot_segments(path: str) -> str:
    """RFC 3986, section 5.2.4; `%2e` counts as a dot (WHATWG URL)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        dots = segment.lower().replace("%2e", ".")
        if dots == "..":
            kept = kept[:-1]
        elif dots != ".":
            kept.append(segment)
            continue
        if index == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def absolute_uri(request: PublicRequest) -> str:
    """Return what `request.build_absolute_uri()` gives in a Django that saw this request."""
    scheme, host, path, query = request
    if not _PLAIN_PATH.fullmatch(path):
        decoded = _repercent_broken_unicode(unquote_to_bytes(path)).decode()
        path = quote(decoded, safe=_ESCAPE_URI_PATH_SAFE)
    location = path
    if query:
        location = f"{path}?{quote(query, safe=_IRI_TO_URI_SAFE)}"
    if "/./" in path or "/../" in path:
        return quote(urljoin(f"{scheme}://{host}", "//" + location), safe=_IRI_TO_URI_SAFE)
    return f"{scheme}://{host}{location}"


def _repercent_broken_unicode(path: bytes) -> bytes:
    """`django.utils.encoding.repercent_broken_unicode`: bytes that are no UTF-8 stay quoted."""
    changed: list[bytes] = []
    while True:
        try:
            path.decode()
        except UnicodeDecodeError as error:
            broken = quote(path[error.start : error.end], safe=_IRI_TO_URI_SAFE)
            changed.append(path[: error.start] + broken.encode())
            path = path[error.end :]
        else:
            return b"".join(changed) + path


def uri_digest(uri: str) -> str:
    """Return the part of both keys that stands for the URL."""
    return md5(uri.encode("ascii"), usedforsecurity=False).hexdigest()


def request_meta(headers: Mapping[str, str], host: str) -> dict[str, bytes]:
    """Return the `HTTP_*` values that Django hashes, from headers in any case.

    Names that differ only in case are one repeated header, joined by a comma as
    WSGI servers do. Names with an underscore never reach Django.
    """
    values: dict[str, str] = {}
    for name, value in headers.items():
        if "_" in name:
            continue
        meta_name = "HTTP_" + name.upper().replace("-", "_")
        sent = value.strip(_HEADER_SPACE)
        values[meta_name] = f"{values[meta_name]},{sent}" if meta_name in values else sent
    values.setdefault("HTTP_HOST", host)
    # Sent as UTF-8, read as Latin-1 (PEP 3333), hashed as UTF-8.
    return {
        name: value.encode() if value.isascii() else value.encode().decode("latin-1").encode()
        for name, value in values.items()
        if name not in _NEVER_HTTP_NAMES
    }


def context_digest(
    header_list: Iterable[str], meta: Mapping[str, bytes], variant: HashVariant
) -> str:
    """Return the part of a page key that stands for the headers named in Vary."""
    hashed = md5(usedforsecurity=False)
    netstring = variant in _NETSTRINGS
    absent = _ABSENT[variant]
    for name in header_list:
        value = meta.get(name)
        if value is None:
            hashed.update(absent)
        else:
            hashed.update(b"%d:%b," % (len(value), value) if netstring else value)
    return hashed.hexdigest()


_NETSTRINGS = frozenset({HashVariant.NETSTRING, HashVariant.NETSTRING_MARKER})
_ABSENT = {
    HashVariant.LEGACY: b"",
    HashVariant.MARKER: b"-,",
    HashVariant.NETSTRING: b"0:,",
    HashVariant.NETSTRING_MARKER: b"-,",
}


def key_suffix(language: str, time_zone: str) -> str:
    """Return what ends both keys; an empty argument stands for USE_I18N or USE_TZ off.

    `time_zone` is Django's `get_current_timezone_name()`: the zone's name, or for a
    zone of fixed offset its abbreviation (`-05` for Etc/GMT+5). Nothing is replaced in it.
    """
    return ("." + language if language else "") + ("." + time_zone if time_zone else "")


def header_list_key(page_prefix: str, digest: str, suffix: str) -> str:
    """Return the logical key of the header list: before the cache's prefix and version."""
    return f"views.decorators.cache.cache_header.{page_prefix}.{digest}{suffix}"


def page_key(
    page_prefix: str, digest: str, context: str, suffix: str, *, method: str = "GET"
) -> str:
    """Return the logical key of the page; HEAD names what no visitor's GET is served from."""
    return f"views.decorators.cache.cache_page.{page_prefix}.{method}.{digest}.{context}{suffix}"
