"""The pure parts of the checklist from inside: clocks, pinned keys, handlers, words of errors."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from warmer.contrib.django.preflight.asked import Asked, words_of
from warmer.contrib.django.preflight.clocks import judged
from warmer.contrib.django.preflight.keys import compared
from warmer.contrib.django.preflight.log_records import handlers_of
from warmer.contrib.django.preflight.run import within
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

CACHE = {"url": "redis://10.0.0.20:6379/1", "keys": {"prefix": "shop", "hash": "marker"}}
MADE: dict[str, Any] = {"base_url": "https://www.example.com", "cache": [CACHE]}
BASE_URL = "https://www.example.com"


# Clocks: asked between 100 and 102, a server says …


@pytest.mark.parametrize(
    ("told", "grade", "reason"),
    [
        (101.0, Grade.OK, "differs by less than 5 s"),
        (95.1, Grade.OK, "differs by less than 5 s"),
        (106.9, Grade.OK, "differs by less than 5 s"),
        (94.0, Grade.WARN, "6 s behind this machine's"),
        (132.0, Grade.WARN, "30 s ahead of this machine's"),
        (162.0, Grade.FAIL, "60 s ahead of this machine's"),
        (-3500.0, Grade.FAIL, "3600 s behind this machine's"),
    ],
)
def test_a_clock_is_judged_by_how_far_it_is_off_for_certain(
    told: float, grade: Grade, reason: str
) -> None:
    found = judged("redis", told, began=100.0, ended=102.0)
    assert (found.grade, found.reason) == (grade, reason)


# Keys


def test_what_the_file_leaves_open_is_not_compared() -> None:
    pinned = {**MADE, "cache": [{**CACHE, "keys": {"prefix": "shop"}}]}
    found = compared("site.toml", pinned, MADE, base_url=BASE_URL)
    assert (found.grade, found.reason) == (Grade.OK, "page keys are as it pins them")


@pytest.mark.parametrize(
    ("pinned", "reason"),
    [
        (
            {**MADE, "cache": [{**CACHE, "keys": {"prefix": "store", "hash": "marker"}}]},
            "keys.prefix is 'store' there, and 'shop' here",
        ),
        (
            {**MADE, "base_url": "https://example.com"},
            "base_url is https://example.com there, and https://www.example.com here",
        ),
        (
            {**MADE, "cache": [{**CACHE, "url": "redis://10.0.0.21:6379/1"}]},
            "redis://10.0.0.20:6379/1 is not among its caches",
        ),
    ],
)
def test_what_differs_is_named_with_both_values(pinned: dict[str, Any], reason: str) -> None:
    found = compared("site.toml", pinned, MADE, base_url=BASE_URL)
    assert (found.grade, found.reason) == (Grade.FAIL, reason)


def test_a_login_in_the_file_makes_no_other_cache_of_it() -> None:
    pinned = {**MADE, "cache": [{**CACHE, "url": "redis://:${SECRET}@10.0.0.20:6379/1"}]}
    assert compared("site.toml", pinned, MADE, base_url=BASE_URL).grade is Grade.OK


def test_a_host_that_the_settings_only_guess_is_not_compared() -> None:
    pinned = {**MADE, "base_url": "https://example.com"}
    assert compared("site.toml", pinned, MADE, base_url="").grade is Grade.OK


def test_a_file_that_pins_nothing_is_nothing_to_compare_with() -> None:
    found = compared("site.toml", {"cache": [{"url": CACHE["url"]}]}, MADE, base_url="")
    assert (found.grade, found.reason) == (Grade.SKIPPED, "it pins no keys of these caches")


# Logs


@pytest.fixture
def family() -> tuple[logging.Logger, logging.Logger]:
    """A logger and its parent, each with a handler, in a tree of their own."""
    manager = logging.Manager(logging.RootLogger(logging.WARNING))
    parent, child = manager.getLogger("shop"), manager.getLogger("shop.views")
    for logger in (parent, child):
        logger.addHandler(logging.NullHandler())
    return parent, child


def test_handlers_are_those_of_the_logger_and_of_what_it_propagates_to(
    family: tuple[logging.Logger, logging.Logger],
) -> None:
    parent, child = family
    assert list(handlers_of(child)) == [*child.handlers, *parent.handlers]


def test_a_logger_that_propagates_nothing_has_its_own_handlers(
    family: tuple[logging.Logger, logging.Logger],
) -> None:
    _, child = family
    child.propagate = False
    assert list(handlers_of(child)) == child.handlers


def test_a_logger_or_handler_that_takes_no_errors_is_left_out(
    family: tuple[logging.Logger, logging.Logger],
) -> None:
    parent, child = family
    child.handlers[0].setLevel(logging.CRITICAL)
    assert list(handlers_of(child)) == parent.handlers
    child.setLevel(logging.CRITICAL)
    assert list(handlers_of(child)) == []
    parent.disabled = True
    assert list(handlers_of(parent)) == []


# What a check may do


def test_words_of_an_error_are_one_line_without_a_login() -> None:
    error = OSError("redis://web:hunter2@10.0.0.20/1\n  does not answer")
    assert words_of(error) == "OSError: redis://***@10.0.0.20/1 does not answer"
    assert words_of(TimeoutError()) == "TimeoutError"
    assert len(words_of(OSError("x" * 1000))) == 300


def test_a_check_that_breaks_has_failed_and_keeps_what_it_said() -> None:
    said = Result("media", Grade.OK, "", "fine")

    def breaking(_asked: Asked) -> Iterator[Result]:
        yield said
        raise LookupError("nothing there")

    assert within("media", breaking, Asked(token="1"), 10) == [
        said,
        Result(
            "media", Grade.FAIL, "", "could not be made: LookupError: nothing there",
            "mend what it names",
        ),
    ]  # fmt: skip


def test_a_check_that_hangs_has_failed_when_its_time_is_over() -> None:
    release = threading.Event()

    def hanging(_asked: Asked) -> Iterator[Result]:
        release.wait()
        yield Result("media", Grade.OK, "", "at last")

    found = within("media", hanging, Asked(token="1"), 0.01)
    release.set()
    assert [(each.grade, each.reason) for each in found] == [
        (Grade.FAIL, "no answer within 0.01 s")
    ]
