"""What is too hot besides a slow page: counters, numbers, exit statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from warmer.caches.server import Reading
from warmer.config import CacheConfig, GuardConfig, SiteConfig
from warmer.errors import ConfigError
from warmer.run.load_signals import CacheSignal, CommandSignal, beyond, excesses, load_signals

if TYPE_CHECKING:
    from pathlib import Path

ALL = GuardConfig(evictions_per_s=10.0, memory_ratio=0.9, cpu_ratio=0.5)


def reading(**values: Any) -> Reading:
    given: dict[str, Any] = {
        "node": "127.0.0.1:6379", "kind": "redis", "identity": "a", "hits": 0, "misses": 0,
        "evictions": 0, "connections": 0, "resets": 0, "flushes": 0, "used_bytes": 100,
        "max_bytes": 1000, "policy": "allkeys-lru", "cpu_s": 0.0,
    }  # fmt: skip
    return Reading(**given | values)


def test_each_counter_has_its_own_limit() -> None:
    hot = reading(evictions=100, used_bytes=950, cpu_s=1.5)
    assert list(excesses(reading(), hot, 2.0, ALL)) == [
        "127.0.0.1:6379 evicts 50 entries a second",
        "127.0.0.1:6379 has 95% of its memory in use",
        "127.0.0.1:6379 takes 0.75 s of processor time a second",
    ]


def test_what_is_at_its_limit_is_not_beyond_it() -> None:
    even = reading(evictions=20, used_bytes=900, cpu_s=1.0)
    assert list(excesses(reading(), even, 2.0, ALL)) == []


def test_nothing_is_judged_that_nobody_asked_for() -> None:
    hot = reading(evictions=10**6, used_bytes=1000, cpu_s=1e6)
    assert list(excesses(reading(), hot, 1.0, GuardConfig())) == []


def test_a_server_that_restarted_in_between_has_evicted_nothing() -> None:
    restarted = reading(identity="b", evictions=100, cpu_s=9.0)
    assert list(excesses(reading(), restarted, 1.0, ALL)) == []


def test_without_a_memory_limit_there_is_no_share_of_it() -> None:
    assert list(excesses(reading(), reading(max_bytes=None), 1.0, ALL)) == []


@pytest.mark.parametrize(
    ("text", "max_value", "why"),
    [
        ("3.5 2.1 1.0 2/345 678", 4.0, ""),
        ("4.25 2.1", 4.0, "4.25, more than 4"),
        ("load: 1e2\n", 99.5, "1e2, more than 99.5"),
        ("fine", 4.0, "no number came, and guard.max_value needs one"),
        ("99", None, ""),
    ],
)
def test_the_first_number_is_what_counts(text: str, max_value: float | None, why: str) -> None:
    assert beyond(text, max_value) == why


async def test_a_command_tells_by_its_exit_status_or_by_a_number() -> None:
    assert await CommandSignal("true", None).read() == ""
    assert await CommandSignal("exit 3", None).read() == "guard.command ended with 3"
    assert await CommandSignal("echo 5", 4.0).read() == "guard.command: 5, more than 4"
    assert await CommandSignal("echo 4", 4.0).read() == ""


async def test_a_command_that_is_not_there_is_a_mistake_in_the_configuration() -> None:
    with pytest.raises(ConfigError) as refused:
        await CommandSignal("no-such-command-anywhere -u user:password", None).read()
    assert str(refused.value) == (
        "guard.command: the shell cannot run it (exit status 127);"
        " expected a command that is there and may be run"
    )


async def test_nothing_that_a_command_has_started_outlives_it(tmp_path: Path) -> None:
    late = tmp_path / "late"
    left_behind = f"(sleep 0.2; touch {late}) >/dev/null & true"
    assert await CommandSignal(left_behind, None).read() == ""
    assert await CommandSignal("sleep 0.4", None).read() == ""
    assert not late.exists()


async def test_a_command_that_does_not_stop_to_talk_is_held_and_fills_no_memory() -> None:
    talks = CommandSignal("echo 1; head -c 100000000 /dev/zero", 4.0, timeout_s=0.5)
    assert await talks.read() == "guard.command gave no answer within 0.5 s"


async def test_what_a_command_leaves_in_the_background_is_not_waited_for() -> None:
    left = CommandSignal("setsid sleep 10 & echo 5", 4.0)
    assert await left.read() == "guard.command: 5, more than 4"


def test_signals_are_those_that_are_asked_for() -> None:
    site = SiteConfig(cache=(CacheConfig(url="redis://127.0.0.1:6379/1"),))
    assert load_signals(site) == []
    asked = replace(site, guard=GuardConfig(memory_ratio=0.9, command="true"))
    assert [type(each) for each in load_signals(asked)] == [CacheSignal, CommandSignal]
