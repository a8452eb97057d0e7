from __future__ import annotations

from warmer.daemon.retry import Retry


def test_pauses_double_up_to_a_minute() -> None:
    retry = Retry()
    assert [retry.failed("down", 0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (retry.not_before, retry.failure) == (60, "down")


def test_after_a_success_they_begin_anew() -> None:
    retry = Retry()
    retry.failed("down", 0)
    retry.failed("down", 1)
    retry.succeeded()
    assert (retry.not_before, retry.failure) == (0, None)
    assert retry.failed("down", 5) == 1


def test_whoever_asks_is_tried_at_once_and_a_failure_then_waits_longer_still() -> None:
    retry = Retry()
    retry.failed("down", 0)
    retry.failed("down", 1)
    retry.at_once()
    assert (retry.not_before, retry.failure) == (0, "down")
    assert retry.failed("down", 2) == 4
