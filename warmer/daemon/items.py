"""What a request to warm stands for: its URLs, prefixes and tags as items. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.daemon.debounce import EVERYTHING, Item, Scope
from warmer.errors import ConfigError
from warmer.plan import Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.daemon.requests import WarmRequest
    from warmer.plan import Normaliser

Tags = dict[str, tuple[str, ...]]


def normalised_tags(tags: Mapping[str, tuple[str, ...]], normalise: Normaliser) -> Tags:
    """The tags with whole URLs; one that ends in `*` is a prefix. Raises ConfigError."""
    found: Tags = {}
    for name, patterns in tags.items():
        urls: list[str] = []
        for n, pattern in enumerate(patterns):
            url = normalise(pattern.removesuffix("*"))
            if isinstance(url, Rejection):
                raise ConfigError(
                    f'tags.{name}[{n}]: "{pattern}" is not of this site: {url.reason};'
                    ' expected a path such as "/news/", or "/news/*" for all that begin so'
                )
            urls.append(url + "*" if pattern.endswith("*") else url)
        found[name] = tuple(urls)
    return found


def items_of(request: WarmRequest, tags: Mapping[str, tuple[str, ...]]) -> list[Item]:
    """Each item once; a tag that is not in the configuration any more stands for nothing."""
    found = [Item(Scope.URL, url) for url in request.urls]
    found += [Item(Scope.PREFIX, url) for url in request.prefixes]
    for tag in request.tags:
        for url in tags.get(tag, ()):
            is_prefix = url.endswith("*")
            found.append(Item(Scope.PREFIX if is_prefix else Scope.URL, url.removesuffix("*")))
    if request.everything:
        found.append(EVERYTHING)
    return list(dict.fromkeys(found))
