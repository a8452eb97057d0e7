"""Links that discovery leaves alone: what changes something when fetched, and static files. Pure.

A crawler that follows every link has logged people out and deleted pages before.
Rather a page too few: what is left out can still be named in a list.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from scrapy.linkextractors import IGNORED_EXTENSIONS

STATIC_EXTENSIONS = frozenset(IGNORED_EXTENSIONS) | frozenset(
    [
        "js",
        "mjs",
        "map",
        "woff",
        "woff2",
        "ttf",
        "otf",
        "eot",
        "avif",
        "wasm",
        "webmanifest",
        "gz",
        "bz2",
        "xz",
        "zst",
    ]
)

# Whole segments of a path, and a file's name without extension.
_SEGMENTS = (
    r"(?:wp-|site-?)?admin(?:istrator|istration)?",
    r"wp-(?:login|json|cron)",
    r"xmlrpc",
    r"(?:.*[-_])?(?:log|sign)[-_]?(?:out|off)(?:[-_].*)?",
    r"(?:delete|remove|destroy|unsubscribe)(?:[-_].*)?",
    r".*[-_](?:delete|remove|destroy)",
    r"(?:.*[-_])?add[-_]?to[-_]?(?:cart|basket|bag|wishlist|compare)(?:[-_].*)?",
    r"(?:cart|basket|wishlist|compare)(?=/(?:add|remove|update|delete|clear)(?:[/.]|$))",
    r"(?:edit|cancel|confirm|approve|publish|vote|checkout|password[-_]reset)",
)
_PATH = re.compile(rf"/(?:{'|'.join(_SEGMENTS)})(?:\.\w{{1,5}})?(?:/|$)", re.IGNORECASE)
# Names of query parameters that ask for an action.
_QUERY = re.compile(
    r"(?:^|&)(?:action|do|cmd|task|delete|remove|remove_item|removed_item|logout|signout"
    r"|add[-_]to[-_](?:cart|wishlist)|add|vote|replytocom|_wpnonce|csrf\w*|token)(?:=|&|$)",
    re.IGNORECASE,
)


def reason_to_leave(url: str) -> str | None:
    """`action` or `static-file` for a URL that must not, or need not, be fetched; else None."""
    parts = urlsplit(url)
    if _PATH.search(parts.path) or _QUERY.search(parts.query):
        return "action"
    name, dot, extension = parts.path.rpartition("/")[2].rpartition(".")
    return "static-file" if name and dot and extension.lower() in STATIC_EXTENSIONS else None
