"""The HTML report: first the gate, whole in itself, and nobody's markup but its own."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from tests.unit.report.runs import SITE, WARM_BY_KEY, fetch, finish, new_run, page, shop
from warmer.model import Judgement, LimitMove, RunKind, RunStatus, Target, Verdict
from warmer.report.limit_chart import limit_chart
from warmer.report.markup import element, link
from warmer.report.summary import summarise
from warmer.report.write import write

if TYPE_CHECKING:
    from pathlib import Path

    from warmer.store import Store

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def document(store: Store, run_id: str, directory: Path) -> Any:
    path = directory / "report.html"
    write(summarise(store, run_id), store, path)
    return html.fromstring(path.read_text(encoding="utf-8"))


def texts(found: Any, path: str) -> list[str]:
    return [" ".join(" ".join(each.itertext()).split()) for each in found.xpath(path)]


def ended(store: Store, warm: int, of: int, **named: Any) -> str:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, of + 1)])
    store.add_verdicts(run_id, [(rank, WARM_BY_KEY) for rank in range(1, warm + 1)])
    store.set_threshold_results(run_id, named.pop("thresholds", []))
    finish(store, run_id, **named)
    return run_id


PASS = {"expr": "hit_ratio>=0.5", "value": 1.0, "verdict": "pass"}
NO_DATA = {"expr": "evictions==0", "value": None, "verdict": "no_data"}


@pytest.mark.parametrize(
    ("named", "warm", "gate"),
    [
        ({"thresholds": [PASS]}, 2, ("Yes: 1 threshold met", "good")),
        ({"thresholds": [PASS, NO_DATA]}, 2, ("No: 1 of 2 thresholds not met", "bad")),
        ({"thresholds": [PASS], "status": RunStatus.ABORTED}, 2, ("The run was aborted", "bad")),
        ({}, 2, ("No threshold was set", "good")),
        ({}, 1, ("No threshold was set", "doubt")),
    ],
)
def test_what_the_gate_says_comes_first(
    store: Store, tmp_path: Path, named: dict[str, Any], warm: int, gate: tuple[str, str]
) -> None:
    found = document(store, ended(store, warm, 2, **named), tmp_path)
    (header,) = found.xpath("//body/*[1]")
    assert (*texts(header, "h1"), header.get("class")) == gate


def test_a_person_finds_what_is_cold_why_and_what_to_do(store: Store, tmp_path: Path) -> None:
    found = document(store, shop(store), tmp_path)
    assert texts(found, "//header/p")[0] == "2 of 5 targets are warm (40.0 %)."
    assert texts(found, "//section") == [
        f"1 uncacheable: set-cookie Such as {SITE}/cart sets the cookie sessionid",
        (
            f"1 failed: timeout Such as {SITE}/old no answer within 30 s"
            " Cure: no answer in time: lower concurrency, or raise crawl.timeout_s"
        ),
        f"1 unverified: not-attempted Such as {SITE}/late the run ended before its turn",
    ]
    assert texts(found, "//dl/div")[:2] == ["hit ratio 40.0 %", "planned 5"]
    assert texts(found, "//h2") == [
        "Warnings", "Thresholds", "Not warm, and what to do", "Latency in ms, at up to 6 in flight",
        "Slowest fetches", "Cache servers, all clients together",
    ]  # fmt: skip
    assert texts(found, "//li") == ["/ holds a CSRF token"]
    assert "127.0.0.1:6379 redis whole run 1,900 100 95.0 % 37" in [
        " ".join(texts(row, "td")) for row in found.xpath("//tr")
    ]


def test_it_loads_nothing_runs_nothing_and_allows_its_own_style_alone(
    store: Store, tmp_path: Path
) -> None:
    found = document(store, shop(store), tmp_path)
    assert found.xpath("//script | //img | //iframe | //object | //form | //*[@style]") == []
    assert found.xpath("//link/@href") == ["data:,"]
    assert not [name for name in found.xpath("//@*") if name.attrname.startswith("on")]
    (style,) = found.xpath("//style")
    assert "url(" not in style.text
    assert "@import" not in style.text
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    (policy,) = found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def test_what_others_wrote_is_text_wherever_it_is_shown(store: Store, tmp_path: Path) -> None:
    targets = [Target(1, f"{SITE}/{HOSTILE}", HOSTILE), Target(2, "javascript:alert(3)", "default")]
    run_id = new_run(store, targets, site=HOSTILE, skipped={HOSTILE: 1})
    store.add_outcomes(run_id, [fetch(1, 5.0, status=500)])
    store.add_verdicts(run_id, [(1, Judgement(Verdict.FAILED, HOSTILE, HOSTILE))])
    store.set_cache_results(run_id, [{"node": HOSTILE, "kind": HOSTILE, "note": HOSTILE}])
    store.set_threshold_results(run_id, [{"expr": HOSTILE, "value": None, "verdict": HOSTILE}])
    store.set_limit_moves(run_id, [LimitMove(0, 2, HOSTILE), LimitMove(1, 1, HOSTILE)])
    finish(store, run_id, warnings=[HOSTILE])
    found = document(store, run_id, tmp_path)
    assert found.xpath("//script | //img") == []
    assert {name.attrname for name in found.xpath("//@*")} & {"onerror", "src"} == set()
    assert set(found.xpath("//a/@href")) == {f"{SITE}/{HOSTILE}", SITE}
    assert len([text for text in found.itertext() if HOSTILE in text]) >= 8


def test_a_run_without_anything_is_still_a_page(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [])
    finish(store, run_id)
    found = document(store, run_id, tmp_path)
    assert texts(found, "//header/p")[0].startswith("Nothing was planned")
    assert texts(found, "//h2 | //table") == []


def test_a_long_list_is_cut_and_says_so(store: Store, tmp_path: Path) -> None:
    found = document(store, ended(store, 0, 1_201), tmp_path)
    assert texts(found, "//details/summary") == [
        "The 200 most popular of 1,201 targets that are not warm"
    ]
    assert len(found.xpath("//details//tbody/tr")) == 200


def test_the_chart_steps_through_the_limits_and_marks_what_lowered_them() -> None:
    moves = [LimitMove(0, 1, "start"), LimitMove(5, 4, "faster"), LimitMove(8, 0, "status-503")]
    chart: Any = html.fromstring(limit_chart(moves, 10.0))
    (points,) = chart.xpath("//polyline/@points")
    assert points == "34.0,91.5 313.0,91.5 313.0,12.0 480.4,12.0 480.4,118.0 592.0,118.0"
    assert texts(chart, "//circle/title") == ["8.0 s: 4 to 0, status-503"]
    assert texts(chart, "//text") == ["4", "0", "0 s", "10.0 s"]


@given(st.text())
def test_any_text_comes_out_of_an_element_as_it_went_in_or_visible(text: str) -> None:
    found: Any = html.fromstring(element("p", text, title=text))
    expected = "".join(char if char.isprintable() else "?" for char in text)
    shown = found.text_content()
    assert len(found) == 0
    assert shown == found.get("title")
    if expected == text:
        assert shown == text


@given(st.text(max_size=20))
def test_only_web_addresses_can_be_clicked(scheme: str) -> None:
    found = html.fromstring(link(f"{scheme}:alert(1)"))
    assert found.get("href") is None or scheme.lower().startswith(("http://", "https://"))


def test_a_replay_shows_what_saves_did_to_their_pages(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [page(1, "/")], kind=RunKind.REPLAY)
    pages = [{"path": f"/{HOSTILE}", "asked": 12, "missed": 3, "cold_s": 0.25}]
    write_of = {"write": "article", "at_s": 1.0, "took_ms": 20.0, "error": None, "pages": pages}
    store.set_write_results(run_id, [write_of])
    finish(store, run_id)
    found = document(store, run_id, tmp_path)
    assert "1 save, 0 failed; pages after them" in texts(found, "//h2")
    assert texts(found, "//tbody/tr/td")[-5:] == [f"/{HOSTILE}", "12", "3", "0.25 s", "0.25 s"]
