"""What asks for warming: URLs, prefixes, tags, or the whole plan. Pure: parsed, checked, not run.

Comes from outside (webhook, stream, command line), so everything is bounded, and a URL
of another host is refused: the daemon cannot be used to fetch other machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from warmer.errors import WarmerError
from warmer.plan import Normaliser, Rejection

if TYPE_CHECKING:
    from collections.abc import Collection

    from warmer.model import Trigger

MAX_ITEMS = 10_000
_Text = Annotated[str, Meta(max_length=8192)]
Items = Annotated[list[_Text], Meta(max_length=MAX_ITEMS)]


class RequestError(WarmerError):
    """A request to warm that is refused, with the reason in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmRequest:
    """One accepted request; URLs are normalised and of the site, the rest as it was given.

    `everything` asks for the whole plan. `why` is a word of the sender's, for people.
    """

    trigger: Trigger
    urls: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    everything: bool = False
    why: str = ""


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """What a request says, bounded and not yet checked against a site.

    `at` is when the sender's page changed, in unix seconds, 0 if it does not say; `id`
    names the delivery, so that one that comes twice is one request.
    """

    urls: Items = []
    prefixes: Items = []
    tags: Items = []
    all: bool = False
    why: Annotated[str, Meta(max_length=200)] = ""
    at: float = 0.0
    id: Annotated[str, Meta(max_length=200)] = ""


def parse_body(body: bytes) -> Body:
    """What a JSON request says; raises RequestError if it is none."""
    try:
        return msgspec.json.decode(body, type=Body)
    except msgspec.MsgspecError as error:
        raise RequestError(f"not a request to warm: {error}") from None


def checked(
    body: Body, *, trigger: Trigger, normalise: Normaliser, tags: Collection[str]
) -> WarmRequest:
    """A request of this site; raises RequestError for what the site does not have."""
    unknown = sorted(set(body.tags) - set(tags))
    if unknown:
        raise RequestError(f'tag "{unknown[0]}" is not in the configuration')
    if not (body.urls or body.prefixes or body.tags or body.all):
        raise RequestError("names nothing; expected urls, prefixes, tags or all")
    return WarmRequest(
        trigger=trigger,
        urls=tuple(dict.fromkeys(_own(url, normalise) for url in body.urls)),
        prefixes=tuple(dict.fromkeys(_own(url, normalise) for url in body.prefixes)),
        tags=tuple(dict.fromkeys(body.tags)),
        everything=body.all,
        why=body.why,
    )


def _own(url: str, normalise: Normaliser) -> str:
    normal = normalise(url)
    if isinstance(normal, Rejection):
        raise RequestError(f'"{url[:200]}" is not a URL of this site: {normal.reason}')
    return normal
