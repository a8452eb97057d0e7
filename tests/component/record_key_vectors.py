"""Writes what a real Django makes of requests as key vectors, for tests/unit/keys/vectors.

Run with the Python of an environment that has the Django version to record:
    python tests/component/record_key_vectors.py > tests/unit/keys/vectors/django-6.1.3.json
"""

from __future__ import annotations

import io
import itertools
import json
import sys
from typing import Any
from urllib.parse import unquote_to_bytes

import django
from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import override_settings
from django.utils import timezone, translation
from django.utils.cache import learn_cache_key

settings.configure(ALLOWED_HOSTS=["*"], USE_I18N=True, USE_TZ=True, TIME_ZONE="UTC")
django.setup()

# The URL as people write it, then what a client sends for it: scheme, Host, path, query.
URLS = [
    ("http://example.com", "http", "example.com", "/", ""),
    ("https://www.example.com/a/b.html", "https", "www.example.com", "/a/b.html", ""),
    ("https://WWW.Example.COM:443/A", "https", "www.example.com", "/A", ""),
    ("http://example.com:80/", "http", "example.com", "/", ""),
    ("http://example.com:443/", "http", "example.com:443", "/", ""),
    ("https://example.com:8443/", "https", "example.com:8443", "/", ""),
    ("https://example.com/?", "https", "example.com", "/", ""),
    ("https://example.com/?b=2&a=1&a=", "https", "example.com", "/", "b=2&a=1&a="),
    ("https://example.com/p?q=a+b%20c%2f&r=%C3%A9#top", "https", "example.com", "/p",
     "q=a+b%20c%2f&r=%C3%A9"),
    ("https://example.com/p?q=é", "https", "example.com", "/p", "q=%C3%A9"),
    ("https://example.com/p?a={b}|c^`\\'", "https", "example.com", "/p", "a={b}|c^`\\'"),
    ("https://example.com/p??x?y", "https", "example.com", "/p", "?x?y"),
    ("https://example.com/caf%C3%A9/", "https", "example.com", "/caf%C3%A9/", ""),
    ("https://example.com/café/", "https", "example.com", "/caf%C3%A9/", ""),
    ("https://example.com/caf%c3%a9/", "https", "example.com", "/caf%c3%a9/", ""),
    ("https://example.com/%7Euser/%41", "https", "example.com", "/%7Euser/%41", ""),
    ("https://example.com/a%2Fb;c=d,e", "https", "example.com", "/a%2Fb;c=d,e", ""),
    ("https://example.com/a%3Fb%23c%25d%20e", "https", "example.com", "/a%3Fb%23c%25d%20e", ""),
    ("https://example.com//a///b/", "https", "example.com", "//a///b/", ""),
    ("https://example.com/%ff/%c3%28/%E2%82", "https", "example.com", "/%ff/%c3%28/%E2%82", ""),
    ("https://example.com/50%/%zz", "https", "example.com", "/50%/%zz", ""),
    ("https://example.com/a/../b/./c", "https", "example.com", "/b/c", ""),
    ("https://example.com/a%2F..%2Fb?x=/../", "https", "example.com", "/a%2F..%2Fb", "x=/../"),
    ("https://example.com/(x)[y]'z'!*@:&=+$", "https", "example.com", "/(x)[y]'z'!*@:&=+$", ""),
    ("https://bücher.example/", "https", "xn--bcher-kva.example", "/", ""),
    ("https://straße.example/", "https", "xn--strae-oqa.example", "/", ""),
    ("http://[::1]:8000/x", "http", "[::1]:8000", "/x", ""),
]  # fmt: skip
HEADERS: list[dict[str, str]] = [
    {},
    {"Accept-Encoding": "gzip, deflate, br", "accept-language": "de-DE,de;q=0.9"},
    {"Cookie": "sessionid=abc; _ga=1", "Accept-Encoding": "gzip"},
    {"Cookie": "", "User-Agent": " a\tb "},
    {"Cookie": "naïve=ü"},
]
VARY = [None, "Accept-Encoding", "Cookie, Accept-Encoding", "accept-language,Cookie", "Host",
        "Cookie,  User-Agent ,X-Absent", "Content-Type, Cookie"]  # fmt: skip
# language ("" for USE_I18N off), time zone ("" for USE_TZ off), page prefix, prefix, version
SETTINGS = [
    ("", "", "", "", 1),
    ("en-us", "UTC", "", "", 1),
    ("pt-br", "America/Chicago", "site", "shop", 7),
    ("", "Etc/GMT+5", "a.b", "a:b", 1),
    ("zh-hans", "", "", "pre.fix", 2),
]


def environ(
    scheme: str, host: str, path: str, query: str, headers: dict[str, str]
) -> dict[str, Any]:
    """Make what a WSGI server makes of a request (PEP 3333)."""
    made: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "SERVER_NAME": "s", "SERVER_PORT": "1",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query,
        "wsgi.url_scheme": scheme, "wsgi.input": io.BytesIO(), "HTTP_HOST": host,
    }  # fmt: skip
    for name, value in headers.items():
        sent = value.strip(" \t").encode().decode("latin-1")
        made["HTTP_" + name.upper().replace("-", "_")] = sent
    return made


def vector(
    url: tuple[str, str, str, str, str],
    headers: dict[str, str],
    vary: str | None,
    chosen: tuple[str, str, str, str, int],
) -> dict[str, Any]:
    """Ask Django for the keys of one request under one configuration."""
    language, time_zone, page_prefix, prefix, version = chosen
    cache = LocMemCache("vectors", {"KEY_PREFIX": prefix, "VERSION": version})
    cache.clear()
    response = HttpResponse()
    if vary is not None:
        response["Vary"] = vary
    request = WSGIRequest(environ(*url[1:], headers))
    with (
        override_settings(USE_I18N=bool(language), USE_TZ=bool(time_zone)),
        translation.override(language or "en"),
        timezone.override(time_zone or "UTC"),
    ):
        logical = learn_cache_key(request, response, 60, page_prefix, cache)
    header_key = next(iter(cache._cache))
    return {
        "url": url[0], "headers": headers, "language": language, "time_zone": time_zone,
        "page_prefix": page_prefix, "prefix": prefix, "version": version,
        "uri": request.build_absolute_uri(),
        "header_list": cache.get(header_key.split(":", prefix.count(":") + 2)[-1]),
        "header_key": header_key,
        "page_key": cache.make_key(logical),
    }  # fmt: skip


def main() -> None:
    """Write every URL once and every set of headers with every Vary, settings taking turns."""
    # Binds the real translation functions for good, before USE_I18N is overridden.
    with translation.override("en"):
        translation.get_language()
    turns = itertools.cycle(SETTINGS)
    vectors = [vector(url, HEADERS[1], VARY[1], next(turns)) for url in URLS]
    vectors += [vector(URLS[1], headers, vary, next(turns)) for headers in HEADERS for vary in VARY]
    lines = ",\n".join(json.dumps(each) for each in vectors)
    sys.stdout.write(f'{{"django": "{django.get_version()}", "vectors": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
