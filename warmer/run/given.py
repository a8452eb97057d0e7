"""Pages that somebody named, as a plan of their own: in the order of their popularity.

Stands where `gather` stands for the site's sources. What include and exclude say of
sources does not count here: who names a page means it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.run.gather import Gathered
from warmer.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterable


def gather_given(base_url: str, pages: Iterable[tuple[str, float]]) -> Gathered:
    """URLs of the site with their weights in its last whole plan; 0 for others.

    A URL that comes twice is one, with its weights added up.
    """
    staging = Staging()
    weight = 0.0
    for url, share in pages:
        staging.add(0, url, share)
        weight += share
    staging.end_source(0, total=1.0, share=1.0, observed=False)
    return Gathered(base_url, staging, weight=weight)
