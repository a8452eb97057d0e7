from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.profiles import USER_AGENT
from warmer.replay.header_lines import HeaderLines

BROWSER = {"Accept": "text/html", "Accept-Language": "en"}


def lines(*recorded: tuple[str, str], user_agent: str | None = None, **site: str) -> list[str]:
    found = HeaderLines(
        "run-1",
        browser=BROWSER,
        site={name.replace("_", "-"): value for name, value in site.items()},
        user_agent=user_agent,
    )
    assert found.of(recorded) is found.of(recorded)
    return found.of(recorded)


def test_what_was_recorded_is_sent_as_it_was_spelt() -> None:
    assert lines(("accept", "*/*"), ("X-Shop", "1"), ("Accept-Language", "de")) == [
        "accept: */*",
        "X-Shop: 1",
        "Accept-Language: de",
        f"User-Agent: {USER_AGENT}",
        "X-Warmer-Run: run-1",
    ]


def test_a_log_that_knows_the_agent_alone_gets_a_browsers_headers() -> None:
    assert lines(("User-Agent", "Phone/1")) == [
        "Accept: text/html",
        "Accept-Language: en",
        "User-Agent: Phone/1 (compatible; warmer/0.1.0)",
        "X-Warmer-Run: run-1",
    ]


def test_connections_and_visitors_addresses_are_not_sent_again() -> None:
    dropped = [
        *("Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect", "TE"),
        *("X-Forwarded-For", "X-Real-IP", "Forwarded"),
    ]
    found = lines(("Accept", "a"), *((name, "x") for name in dropped))
    assert [line.partition(":")[0] for line in found] == ["Accept", "User-Agent", "X-Warmer-Run"]


def test_the_sites_headers_go_over_the_recorded() -> None:
    found = lines(("accept", "a"), ("X-Forwarded-Proto", "http"), X_Forwarded_Proto="https")
    assert "X-Forwarded-Proto: https" in found
    assert "X-Forwarded-Proto: http" not in found


def test_an_agent_that_is_configured_is_sent_for_all() -> None:
    assert "User-Agent: ours" in lines(("User-Agent", "Phone/1"), user_agent="ours")
    assert "User-Agent: mine" in lines(("User-Agent", "Phone/1"), User_Agent="mine")


def test_a_header_that_came_twice_is_one_line() -> None:
    found = lines(("Accept", "a"), ("accept", "b"), ("Cookie", "a=1"), ("cookie", "b=2"))
    assert found[:2] == ["accept: a, b", "cookie: a=1; b=2"]


def test_a_value_that_would_be_another_header_is_not_sent() -> None:
    found = lines(("X-A", "1\r\nHost: evil"), ("X B", "1"), ("X-C:", "1"), ("X-D", "a\tb"))
    assert found[:1] == ["X-D: a\tb"]
    assert "evil" not in str(found)


def test_octets_beyond_ascii_are_sent_as_they_were() -> None:
    recorded = "Zürich €".encode().decode("latin-1")
    assert lines(("X-Town", recorded))[0].encode() == "X-Town: Zürich €".encode()
    assert lines(("X-Town", "Z\xfcrich"))[0] == "X-Town: Zürich"


names = st.text("aAhHoOsStTX-", min_size=1, max_size=8)


@given(st.lists(st.tuples(names, st.text("ab ;,", max_size=5)), max_size=8))
def test_whatever_was_recorded_ours_is_said_and_no_host(recorded: list[tuple[str, str]]) -> None:
    found = lines(*recorded)
    assert found.count("X-Warmer-Run: run-1") == 1
    assert sum(1 for line in found if "warmer/" in line) == 1
    assert not any(re.match("host:", line, re.IGNORECASE) for line in found)
