from __future__ import annotations

from dataclasses import dataclass

import pytest

from warmer.config import CrawlConfig
from warmer.daemon.clock import Clock
from warmer.daemon.pulse import BETWEEN_PASSES_S, Pulse, longest_request_s
from warmer.report.snapshot import Snapshot

CRAWL = CrawlConfig(timeout_s=10, retries=1, max_retry_after_s=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedClock(Clock):
    """A clock that a test moves."""

    at: list[float]

    def now(self) -> float:
        return self.at[0]


def moved() -> tuple[MovedClock, Pulse]:
    clock = MovedClock(at=[0.0])
    return clock, Pulse("shop", clock)


def snapshot(done: int) -> Snapshot:
    return Snapshot(
        done=done,
        total=10,
        in_flight=1,
        limit=1,
        hits=0,
        misses=0,
        failed=0,
        rate_per_s=0.0,
        slowest_ms=0.0,
        slowest_url="",
    )


def test_a_pass_that_is_shown_and_does_nothing_is_stuck() -> None:
    clock, pulse = moved()
    pulse.start(10, "warm")
    for second in range(90):
        clock.at[0] = second
        pulse.update(snapshot(0))
        assert not pulse.is_stuck(CRAWL)
    clock.at[0] = 91
    assert pulse.is_stuck(CRAWL)


def test_each_target_that_is_done_is_a_sign_of_life() -> None:
    clock, pulse = moved()
    pulse.start(10, "warm")
    for done in range(10):
        clock.at[0] = 80.0 * done
        pulse.update(snapshot(done))
    assert not pulse.is_stuck(CRAWL)


def test_between_passes_there_is_more_patience() -> None:
    clock, pulse = moved()
    pulse.start(10, "warm")
    pulse.stop()
    clock.at[0] = BETWEEN_PASSES_S
    assert not pulse.is_stuck(CRAWL)
    clock.at[0] = BETWEEN_PASSES_S + 1
    assert pulse.is_stuck(CRAWL)


@pytest.mark.parametrize(
    ("crawl", "seconds"),
    [
        (CRAWL, 2 * (10 + 20) + 30),
        (CrawlConfig(timeout_s=10, retries=0, max_retry_after_s=0, rate=0.01), 10.5 + 100 + 30),
        (CrawlConfig(timeout_s=1, retries=9, max_retry_after_s=0, backoff_s=1), 10 * 513 + 30),
    ],
)
def test_patience_is_as_long_as_the_longest_request(crawl: CrawlConfig, seconds: float) -> None:
    assert longest_request_s(crawl) == seconds
