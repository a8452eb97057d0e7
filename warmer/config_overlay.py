"""The command line as an overlay for a site's TOML document. Pure: opens nothing.

What is kept of it for `--resume` holds no secret: values that may be one are marked
as not kept, and a resumed run asks for them again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from warmer.config import SourceKind
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.config_file import Document

NOT_KEPT = "(given on the command line, not kept)"
_KINDS = frozenset(get_args(SourceKind))
_RATE = re.compile(r"(?P<count>[0-9]+(?:\.[0-9]+)?)(?:/(?P<unit>s|m|h))?")
_PER_S = {"s": 1, "m": 60, "h": 3600, None: 1}
_HARMLESS = frozenset(
    {"accept", "accept-encoding", "accept-language", "user-agent", "x-forwarded-proto"}
)
_PARAMETER = re.compile(r"([?&])(?!(?:db|ca_file|placement)=)[^&]+")


def source(text: str) -> Document:
    """A `[[source]]` from `path`, `glob`, `URL`, `-` or `kind:value`."""
    kind, colon, value = text.partition(":")
    if not colon or kind not in _KINDS:
        return {"url": text} if _is_url(text) else {"path": text}
    if kind == "popularity":
        url, _, key = value.partition("#")
        return {"kind": kind, "url": url, "key": key}
    if kind in ("discover", "robots"):
        return {"kind": kind, "url": value} if value else {"kind": kind}
    return {"kind": kind, "url": value} if _is_url(value) else {"kind": kind, "path": value}


def header(text: str) -> tuple[str, str]:
    """Name and value of `Name: value`."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ConfigError(
            "--header: no name and value with a colon between them;"
            ' expected "Name: value", such as "Accept-Language: de"'
        )
    return name.strip(), value.strip()


def rate_per_s(text: str) -> float:
    """Requests a second from `5`, `5/s`, `300/m` or `1000/h`."""
    match = _RATE.fullmatch(text.strip())
    rate = float(match["count"]) / _PER_S[match["unit"]] if match else 0.0
    if rate <= 0:
        raise ConfigError(f'--rate "{text}": expected requests a second, such as 5/s or 300/m')
    return rate


def concurrency(text: str) -> str | int:
    """`auto` or a whole number from 1."""
    if text == "auto":
        return text
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise ConfigError(f'--concurrency "{text}": expected auto or a whole number from 1')
    return int(text)


def overrides(
    *,
    sources: Sequence[str] = (),
    base_url: str | None = None,
    connect_to: str | Sequence[str] | None = None,
    distribute: str | None = None,
    cache: Sequence[str] = (),
    headers: Sequence[str] = (),
    top: int | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    alias: Sequence[str] = (),
    log_format: str | None = None,
    workers: str | None = None,
    rate: str | None = None,
    threshold: Sequence[str] = (),
    passes: int | None = None,
    until_stable: bool = False,
) -> Document:
    """Only what was given; lists replace the file's, headers go over the file's."""
    plan = _given(top=top, include=list(include), exclude=list(exclude), aliases=list(alias))
    crawl = _given(
        concurrency=None if workers is None else concurrency(workers),
        rate=None if rate is None else rate_per_s(rate),
        distribute=distribute,
        passes=passes,
        until_stable=True if until_stable else None,
    )
    found = [source(text) for text in sources]
    if log_format is not None and not found:
        raise ConfigError("--log-format: given without a SOURCE; expected the log beside it")
    if log_format is not None:
        found = [each | {"format": log_format} for each in found]
    return _given(
        source=found,
        base_url=base_url,
        connect_to=_one_or_several(connect_to),
        cache=[{"url": url} for url in cache],
        headers=dict(header(text) for text in headers),
        plan=plan,
        crawl=crawl,
        thresholds=_given(all=list(threshold)),
    )


def kept(document: Document) -> Document:
    """The overlay as it may be stored: without header values and passwords."""
    safe = dict(document)
    if "headers" in safe:
        safe["headers"] = {
            name: value if name.lower() in _HARMLESS else NOT_KEPT
            for name, value in safe["headers"].items()
        }
    for table in ("cache", "source"):
        if table in safe:
            safe[table] = [_without_secrets(each) for each in safe[table]]
    return safe


def check_kept(document: Document) -> None:
    """Raise ConfigError where a resumed run lacks what was not kept; it reads no source."""
    for name, value in document.get("headers", {}).items():
        if value == NOT_KEPT:
            raise ConfigError(f'header "{name}": its value was not kept; give --header again')
    for each in document.get("cache", ()):
        if NOT_KEPT in each.get("url", ""):
            raise ConfigError("cache: its password was not kept; give --cache again")


def _without_secrets(table: Document) -> Document:
    places = {key: _without_login(table[key]) for key in ("url", "path") if key in table}
    return table | places


def _without_login(url: str) -> str:
    """All that could be a login or a token goes; the URL need not be one.

    Up to the last `@`, for a password may hold one, or a `/`, without being escaped.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    login, at, place = rest.rpartition("@")
    if "?" in login:
        return f"{scheme}{separator}{NOT_KEPT}"  # of login or of parameter, who knows
    if at:
        rest = f"{NOT_KEPT}@{place}"
    return scheme + separator + _PARAMETER.sub(rf"\1{NOT_KEPT}", rest)


def _one_or_several(places: str | Sequence[str] | None) -> str | list[str] | None:
    if places is None or isinstance(places, str):
        return places
    return places[0] if len(places) == 1 else list(places)


def _given(**values: Any) -> Document:  # noqa: ANN401 -- any TOML value
    return {name: value for name, value in values.items() if value not in (None, [], {})}


def _is_url(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))
