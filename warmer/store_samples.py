"""Every request of a run, streamed from the store for load-test reports and comparisons.

One cursor and bare tuples: at a million requests, objects of the model would cost five
times as much. Knows no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from warmer.model import Pass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.store_file import StoreFile


class Sample(NamedTuple):
    """One request that was sent; fields as in Outcome, `fetch` is a Pass."""

    fetch: str
    url: str
    variant: str
    status: int | None
    error: str | None
    detail: str
    total_ms: float
    first_byte_ms: float | None
    body_bytes: int | None
    at: float
    connect_ms: float | None
    sent_bytes: int | None
    in_flight: int | None
    waited_ms: float | None

    @property
    def elapsed_ms(self) -> float:
        """From the scheduled start, where there was one, to the last byte."""
        return self.total_ms + (self.waited_ms or 0.0)

    @property
    def is_success(self) -> bool:
        """As load-test tools count: an answer with a status below 400."""
        return self.status is not None and self.status < 400


def samples(file: StoreFile, run: int) -> Iterator[Sample]:
    """Pass by pass, in rank order; what was refused before it was sent is no request."""
    # A query for each, for in one they would have to be sorted.
    for fetch in Pass:
        yield from map(Sample._make, file.stream(_QUERY, (run, fetch)))


_QUERY = (
    "SELECT o.fetch, t.url, t.variant, o.status, o.error, o.detail, o.total_ms,"
    " o.first_byte_ms, o.body_bytes, o.at, o.connect_ms, o.sent_bytes, o.in_flight, o.waited_ms"
    " FROM outcomes o JOIN targets t ON t.run = o.run AND t.rank = o.rank"
    " WHERE o.run = ? AND o.fetch = ? AND o.total_ms IS NOT NULL ORDER BY o.rank"
)
