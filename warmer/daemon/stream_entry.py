"""From the fields of a stream's entry to what it asks for. Pure; refuses what is malformed.

Version 1: `v` is 1, `urls`, `prefixes` and `tags` are JSON arrays of text, `all` is 0 or 1,
`why` a word, `at` unix seconds. A field of another name is left alone: senders may add some.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from warmer.daemon.requests import Body, Items, RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 1_000_000
"""Of all values together, as for a webhook's body."""
_VERSION = b"1"
_SHOWN = 200


def body_of(fields: Mapping[bytes, bytes]) -> Body:
    """What the entry asks for; raises RequestError with the field and what is wrong."""
    size = sum(map(len, fields.values()))
    if size > MAX_BYTES:
        raise RequestError(f"{size} bytes; expected {MAX_BYTES} at most")
    version = fields.get(b"v")
    if version != _VERSION:
        raise RequestError(f"v: {_shown(version)}; expected 1")
    why = fields.get(b"why", b"").decode("utf-8", "replace")
    try:
        return msgspec.convert(
            {
                "urls": _items(fields, "urls"),
                "prefixes": _items(fields, "prefixes"),
                "tags": _items(fields, "tags"),
                "all": _switch(fields.get(b"all", b"0")),
                "why": why,
                "at": _moment(fields.get(b"at", b"0")),
            },
            type=Body,
        )
    except msgspec.ValidationError as error:
        raise RequestError(f"not a request to warm: {error}") from None


def _items(fields: Mapping[bytes, bytes], name: str) -> list[str]:
    try:
        return msgspec.json.decode(fields.get(name.encode(), b"[]"), type=Items)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestError(f"{name}: {error}; expected a JSON array of text") from None


def _switch(value: bytes) -> bool:
    if value not in (b"0", b"1"):
        raise RequestError(f"all: {_shown(value)}; expected 0 or 1")
    return value == b"1"


def _moment(value: bytes) -> float:
    try:
        moment = float(value)
    except ValueError:
        moment = math.nan
    if not math.isfinite(moment):
        raise RequestError(f"at: {_shown(value)}; expected unix seconds")
    return moment


def _shown(value: bytes | None) -> str:
    return "missing" if value is None else ascii(value[:_SHOWN].decode("utf-8", "replace"))
