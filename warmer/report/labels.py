"""The labels that requests are grouped by, as load-test reports have them. Pure.

A warm fetch and a probe are never under one label: the one renders the page, the other
shows that it need not be. At most a thousand labels, for reports by URL would grow with
the plan; a plan is in rank order, so what has no label of its own is the least popular.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warmer.errors import ConfigError
from warmer.model import Pass, RunKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from warmer.store_samples import Sample

LABELS_MOST = 1000
OTHER = "(other)"
DEFAULT = "section"


def section(url: str) -> str:
    """The first directory of the path: `/blog/` for /blog/post, `/` for /about and /."""
    parts = url.partition("?")[0].split("/", 4)
    return f"/{parts[3]}/" if len(parts) > 4 else "/"


def path(url: str) -> str:
    """Without scheme, host and query."""
    rest = url.partition("?")[0].split("/", 3)
    return f"/{rest[3]}" if len(rest) > 3 else "/"


RULES: Mapping[str, Callable[[Sample], str]] = {
    "section": lambda sample: section(sample.url),
    "path": lambda sample: path(sample.url),
    "url": lambda sample: sample.url,
    "variant": lambda sample: sample.variant,
}
"""What `--label-by` takes beside a regular expression."""


class Labels:
    """Labels for the requests of one run, by a rule."""

    def __init__(self, by: str = DEFAULT, kind: RunKind = RunKind.CRAWL) -> None:
        """`by` as `--label-by` takes it; raises ConfigError."""
        self._group = _rule(by)
        # A replay has one pass, whose name would tell nothing.
        self._opening: dict[str, str] = {
            each: "" if kind is RunKind.REPLAY else f"{each} " for each in Pass
        }
        self._known: set[str] = set()

    def of(self, sample: Sample) -> str:
        label = self._opening[sample.fetch] + self._group(sample)
        if label in self._known:
            return label
        if len(self._known) == LABELS_MOST:
            return OTHER
        self._known.add(label)
        return label


def _rule(by: str) -> Callable[[Sample], str]:
    if by in RULES:
        return RULES[by]
    try:
        search = re.compile(by).search
    except re.error as error:
        raise ConfigError(f'--label-by "{by}": not a regular expression: {error}') from None
    if not re.compile(by).groups:
        raise ConfigError(
            f'--label-by "{by}": neither {", ".join(RULES)} nor a regular expression with a group;'
            r' expected for instance "^/(\w+)/", which is searched in path and query'
        )

    def by_expression(sample: Sample) -> str:
        found = search("/" + sample.url.split("/", 3)[-1])
        return OTHER if found is None else found[1] or OTHER

    return by_expression
