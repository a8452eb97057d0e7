"""Which sites a request of the API is for. Pure; raises RequestError for what is nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.daemon.reception import names_something, part_for
from warmer.daemon.requests import RequestError, checked
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.daemon.reception import Site
    from warmer.daemon.requests import Body, WarmRequest

_SPECIAL = {"deploy": Trigger.DEPLOY, "manual": Trigger.MANUAL}


def select(
    body: Body, sites: Sequence[Site], *, are_tags_hints: bool
) -> list[tuple[Site, WarmRequest]]:
    """The part of a request for each site that it concerns, by host and tag.

    A path is of every site. A URL of none is refused, and so is a tag of none, unless tags
    are hints: the Django app sends the names of models, known or not. Then nothing at all
    may come of a request.
    """
    if not names_something(body):
        raise RequestError("names nothing; expected urls, prefixes, tags or all")
    parts = [(site, part_for(body, site.normalise, site.tags)) for site in sites]
    known = {tag for _, part in parts for tag in part.tags}
    unknown = sorted(set(body.tags) - known)
    if unknown and not are_tags_hints:
        raise RequestError(f'tag "{unknown[0]}" is not in the configuration')
    taken = {url for _, part in parts for url in (*part.urls, *part.prefixes)}
    for url in (*body.urls, *body.prefixes):
        if url not in taken:
            names = ", ".join(site.name for site in sites)
            raise RequestError(f'"{url[:200]}" is not a URL of a site that is kept warm: {names}')
    trigger = trigger_of(body)
    return [
        (site, checked(part, trigger=trigger, normalise=site.normalise, tags=site.tags))
        for site, part in parts
        if names_something(part)
    ]


def trigger_of(body: Body) -> Trigger:
    """Why a run happens, by the sender's word; a word of its own means that pages changed."""
    return _SPECIAL.get(body.why, Trigger.INVALIDATION)
