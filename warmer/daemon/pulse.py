"""Whether a run gets on: what it tells of itself, and when it last had something to tell.

Shows nothing and judges by numbers alone: that a display was called is no progress.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmer.config import CrawlConfig
    from warmer.daemon.clock import Clock
    from warmer.report.snapshot import Snapshot

BETWEEN_PASSES_S = 900.0
"""Reading long logs, and asking caches for many keys, tell nothing while they last."""
_SPARE_S = 30.0
_log = logging.getLogger(__name__)


class Pulse:
    """The progress of one site's runs; `beat_at` is by the clock that does not jump."""

    def __init__(self, site: str, clock: Clock) -> None:
        self.beat_at = clock.now()
        self._site = site
        self._clock = clock
        self._done = 0
        self._in_pass = False

    def start(self, total: int, what: str) -> None:
        _log.debug("%s: %s %d targets", self._site, what, total)
        self._done = 0
        self._in_pass = True
        self.beat()

    def update(self, snapshot: Snapshot) -> None:
        if snapshot.done != self._done:
            self._done = snapshot.done
            self.beat()

    def note(self, line: str) -> None:
        _log.info("%s: %s", self._site, line)
        self.beat()

    def stop(self) -> None:
        self._in_pass = False
        self.beat()

    def beat(self) -> None:
        """Something was done."""
        self.beat_at = self._clock.now()

    def is_stuck(self, crawl: CrawlConfig) -> bool:
        """Whether a run has had nothing to tell for longer than one request may last."""
        patience_s = longest_request_s(crawl) if self._in_pass else BETWEEN_PASSES_S
        return self._clock.now() - self.beat_at > patience_s


def longest_request_s(crawl: CrawlConfig) -> float:
    """How long it may take, at the worst, until one more target is done."""
    one_try_s = crawl.timeout_s + max(crawl.max_retry_after_s, crawl.backoff_s * 2.0**crawl.retries)
    pace_s = 0.0 if crawl.rate is None else (crawl.retries + 1) / crawl.rate
    return one_try_s * (crawl.retries + 1) + pace_s + _SPARE_S
