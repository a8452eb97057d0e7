from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from warmer.config import PlanConfig
from warmer.errors import ConfigError, SourceError
from warmer.replay.header_lines import HeaderLines
from warmer.replay.options import ReplayOptions
from warmer.replay.timetable import Selection, Timetable
from warmer.replay.visitors import Visitors
from warmer.sources.capture import CapturedRequest
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.crawl.replay_job import Due

SITE = "https://www.example.com"
OURS = (("User-Agent", "Mozilla/5.0 (compatible; warmer/0.1.0)"),)
REQUESTS = [
    CapturedRequest(1.5, "GET", "/a?utm_source=x", user="1"),
    CapturedRequest(2.5, "POST", "//www.example.com/b", body=b"x=1", user="2"),
    CapturedRequest(3.5, "GET", "https://other.test/c"),
    CapturedRequest(4.5, "HEAD", "http://www.example.com/d", user="1"),
    CapturedRequest(5.5, "GET", "/e", OURS),
    CapturedRequest(6.5, "GET", "/private/f"),
]


def selected(
    skipped: Skipped, *, unsafe_methods: bool = False, plan: PlanConfig | None = None
) -> Iterator[CapturedRequest]:
    chosen = Selection(SITE, plan or PlanConfig(), skipped, unsafe_methods=unsafe_methods)
    return chosen.of(iter(REQUESTS))


def table(options: ReplayOptions, requests: list[CapturedRequest], first: int = 50) -> list[Due]:
    timetable = Timetable(
        options,
        lines=HeaderLines("r", browser={}, site={}, user_agent=None),
        visitors=Visitors(options.users),
        columns=None,
    )
    return list(itertools.islice(timetable.due(lambda: iter(requests)), first))


def test_only_safe_requests_of_the_site_are_chosen_with_their_parameters() -> None:
    skipped = Skipped()
    plan = PlanConfig(exclude=("^/private",))
    assert [each.url for each in selected(skipped, plan=plan)] == [
        f"{SITE}/a?utm_source=x",
        f"{SITE}/d",
    ]
    assert skipped.as_dict() == {
        "filtered": 1,
        "other-host": 1,
        "own-traffic": 1,
        "unsafe-method": 1,
    }
    assert skipped.places() == {"other-host": "other.test"}


def test_unsafe_methods_are_chosen_when_they_are_asked_for() -> None:
    methods = [each.method for each in selected(Skipped(), unsafe_methods=True)]
    assert methods == ["GET", "POST", "HEAD", "GET"]


def test_a_source_of_other_hosts_alone_is_an_error_that_says_what_to_do() -> None:
    skipped = Skipped()
    chosen = Selection("https://staging.test", PlanConfig(), skipped, unsafe_methods=False)
    with pytest.raises(SourceError) as error:
        list(chosen.of(iter(REQUESTS[2:3])))
    assert str(error.value) == (
        "no request to send to https://staging.test: left out: 1 other-host (first: other.test); "
        "if that is a name of this site, add --alias or plan.aliases"
    )


def test_each_request_has_its_time_its_place_and_its_visitor() -> None:
    first, second, third = table(ReplayOptions(), [REQUESTS[0], REQUESTS[1], REQUESTS[3]])
    assert [(each.due_s, each.target.rank, each.method) for each in (first, second, third)] == [
        (0.0, 1, "GET"),
        (1.0, 2, "POST"),
        (3.0, 3, "HEAD"),
    ]
    assert [each.target.variant for each in (first, second)] == ["default", "POST"]
    assert (second.body, third.body) == (b"x=1", b"")
    assert "Expect:" in second.lines
    assert first.jar is third.jar
    assert first.jar is not second.jar


def test_visitors_of_a_chosen_number_take_turns() -> None:
    found = table(ReplayOptions(users=2, rate_per_s=1.0), [REQUESTS[0]] * 4)
    jars = [each.jar for each in found]
    assert jars[0] is jars[2]
    assert jars[1] is jars[3]
    assert jars[0] is not jars[1]


def test_a_timetable_ends_in_time_however_often_it_begins_anew() -> None:
    options = ReplayOptions(rate_per_s=10.0, loop=True, for_s=0.55)
    found = table(options, [REQUESTS[0], REQUESTS[3]])
    assert [round(each.due_s, 3) for each in found] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert [each.target.rank for each in found] == [1, 2, 3, 4, 5, 6]


def test_a_visitor_whom_very_many_followed_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmer.replay.visitors.MAX_VISITORS", 2)
    visitors = Visitors()
    first = visitors.jar(CapturedRequest(None, "GET", "/", user="1"))
    second = visitors.jar(CapturedRequest(None, "GET", "/", user="2"))
    assert visitors.jar(CapturedRequest(None, "GET", "/", user="1")) is first
    visitors.jar(CapturedRequest(None, "GET", "/", user="3"))
    assert visitors.jar(CapturedRequest(None, "GET", "/", user="1")) is first
    assert visitors.jar(CapturedRequest(None, "GET", "/", user="2")) is not second


def test_a_place_for_a_column_that_nothing_fills_is_not_sent_as_it_stands() -> None:
    requests = [
        CapturedRequest(None, "GET", f"{SITE}/a"),
        CapturedRequest(None, "GET", "/$%7Bslug%7D"),
    ]
    with pytest.raises(ConfigError, match=r"^/\$\{slug\}: a place for a column; expected --data"):
        table(ReplayOptions(rate_per_s=1.0), requests)


def test_what_a_visitor_was_logged_with_is_sent_as_it_stands() -> None:
    (found,) = table(ReplayOptions(), [CapturedRequest(1.0, "GET", f"{SITE}/$%7Bslug%7D")])
    assert found.target.url == f"{SITE}/$%7Bslug%7D"
