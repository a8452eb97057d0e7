"""What a run tells of itself while it runs, to whatever shows it. Shows nothing, and loads no display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A run as of now; `limit` is how many fetches may be in flight.

    `rate_per_s` and `slowest_ms` are 0, and `slowest_url` is empty, where nothing is known.
    """

    done: int
    total: int
    in_flight: int
    limit: int
    hits: int
    misses: int
    failed: int
    rate_per_s: float
    slowest_ms: float
    slowest_url: str


class Progress(Protocol):
    """What a run tells about itself. `start` may be called again for the next pass."""

    def start(self, total: int, what: str) -> None:
        """Begin a pass over `total` targets, 0: nobody knows; `what` is a word for it, as `warm`."""
        ...

    def update(self, snapshot: Snapshot) -> None:
        """Show where it stands; ten times a second is plenty."""
        ...

    def note(self, line: str) -> None:
        """Say something that stays."""
        ...

    def stop(self) -> None:
        """End the display; without effect when it has ended."""
        ...
