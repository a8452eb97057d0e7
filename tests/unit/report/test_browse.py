"""Requests of a run one by one: which ones, in what order, in what form."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.report.runs import SITE, fetch, finish, new_run, page, probe, shop
from tests.unit.report.samples import Terminal
from warmer.errors import ConfigError
from warmer.model import Outcome, Pass
from warmer.report.browse import Choice, browse, json_lines, print_rows

if TYPE_CHECKING:
    from warmer.store import Store


def paths(store: Store, run_id: str, **choice: Any) -> list[str]:
    """Pass and path of each row."""
    rows = browse(store.results(run_id), Choice(**choice))
    return [
        f"{row.outcome.fetch if row.outcome else '-'} {row.result.target.url.removeprefix(SITE)}"
        for row in rows
    ]


def test_all_requests_are_there_in_rank_order_and_targets_without_one(store: Store) -> None:
    assert paths(store, shop(store)) == [
        "warm /", "probe /", "warm /sale", "probe /sale", "warm /cart", "warm /old", "- /late",
    ]  # fmt: skip


def test_rows_are_chosen_by_what_is_asked_for_all_at_once(store: Store) -> None:
    run_id = shop(store)
    assert paths(store, run_id, failed=True) == ["warm /old"]
    assert paths(store, run_id, url="/s.le$") == ["warm /sale", "probe /sale"]
    assert paths(store, run_id, verdict="unverified") == ["- /late"]
    assert paths(store, run_id, variant="mobile") == []
    assert paths(store, run_id, verdict="warm", url="^https://.*/$") == ["warm /", "probe /"]
    assert paths(store, run_id, limit=2) == ["warm /", "probe /"]


def test_an_error_status_has_failed_though_its_target_may_be_warm(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_outcomes(run_id, [fetch(1, 5.0, status=404), probe(1, 5.0, status=200)])
    assert paths(store, run_id, failed=True) == ["warm /"]


def test_the_slowest_come_slowest_first_counted_from_their_scheduled_start(store: Store) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in (1, 2, 3, 4)])
    store.add_outcomes(
        run_id,
        [
            fetch(1, 100.0),
            fetch(2, 50.0, waited_ms=90.0),
            fetch(3, 120.0),
            Outcome(4, Pass.WARM, None, error="robots"),
        ],
    )
    assert paths(store, run_id, slowest=3) == ["warm /2", "warm /3", "warm /1"]
    assert paths(store, run_id, slowest=9, limit=1) == ["warm /2"]


def test_an_expression_that_is_none_is_refused(store: Store) -> None:
    with pytest.raises(ConfigError, match=r'--url "\("'):
        paths(store, shop(store), url="(")


def test_not_on_a_terminal_rows_are_tab_separated_and_empty_where_not_measured(
    store: Store,
) -> None:
    stream = io.StringIO()
    print_rows(browse(store.results(shop(store)), Choice()), stream)
    assert stream.getvalue().splitlines()[:2] == [
        "rank\tpass\tstatus\telapsed_ms\tfirst_byte_ms\tbytes\tcache\tverdict\treason\tvariant\turl",
        f"1\twarm\t200\t120.000\t\t10000\tmiss\twarm\t\tdefault\t{SITE}/",
    ]
    assert stream.getvalue().splitlines()[6:] == [
        f"4\twarm\ttimeout\t30000.000\t\t\tmiss\tfailed\ttimeout\tdefault\t{SITE}/old",
        f"5\t\t\t\t\t\t\tunverified\tnot-attempted\tdefault\t{SITE}/late",
    ]


@pytest.mark.parametrize(
    ("width", "head"),
    [
        ("120", ["pass", "status", "ms", "cache", "verdict", "variant", "url"]),
        ("95", ["pass", "status", "ms", "verdict", "variant", "url"]),
        ("70", ["pass", "status", "ms", "verdict", "url"]),
    ],
)
def test_on_a_narrow_terminal_what_tells_least_makes_room_for_the_url(
    store: Store, monkeypatch: pytest.MonkeyPatch, width: str, head: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    stream = Terminal()
    print_rows(browse(store.results(shop(store)), Choice()), stream)
    header, *rows = stream.getvalue().splitlines()
    assert header.split() == head
    assert rows[0].split()[:3] == ["warm", "200", "120.0"]
    assert rows[-1].endswith("/late")
    assert rows[-1].split()[0] == "-"


def test_a_terminal_says_so_where_no_request_is_like_that(store: Store) -> None:
    stream = Terminal()
    print_rows(browse(store.results(shop(store)), Choice(url="/none")), stream)
    assert stream.getvalue() == "No request of this run is like that.\n"


def test_a_url_moves_no_cursor_and_breaks_no_column(store: Store) -> None:
    run_id = new_run(store, [page(1, "/\x1b[2J\t\n")])
    finish(store, run_id)
    stream = io.StringIO()
    print_rows(browse(store.results(run_id), Choice()), stream)
    assert stream.getvalue().splitlines()[1].endswith(r"/\x1b[2J\x09\x0a")


def test_json_lines_have_all_that_was_measured_and_null_for_the_rest(store: Store) -> None:
    run_id = new_run(store, [page(1, "/"), page(2, "/late")])
    store.add_outcomes(run_id, [fetch(1, 120.0, waited_ms=30.0, at=1000.25, sent_bytes=300)])
    finish(store, run_id)
    first, late = map(json.loads, json_lines(browse(store.results(run_id), Choice())))
    assert first == {
        "rank": 1, "url": f"{SITE}/", "variant": "default", "verdict": "unverified",
        "reason": "not-judged", "detail": "fetched, but the run ended before it was verified",
        "ttl_s": None, "evidence": [], "pass": "warm", "at": "1970-01-01T00:16:40.250Z",
        "elapsed_ms": 150.0, "total_ms": 120.0, "waited_ms": 30.0, "connect_ms": None,
        "first_byte_ms": None, "status": 200, "error": None, "error_detail": None,
        "bytes": 10_000, "sent_bytes": 300, "attempts": 1, "in_flight": None, "age_s": None,
        "cache": "miss", "cache_header": None, "final_url": f"{SITE}/",
    }  # fmt: skip
    assert set(late) == set(first)
    assert [late["pass"], late["status"], late["elapsed_ms"]] == [None, None, None]
