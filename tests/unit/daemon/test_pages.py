from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import fetch, page
from warmer.daemon.pages import Pages
from warmer.model import Judgement, Verdict
from warmer.store_results import TargetResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = "https://www.example.com"
WARM_60 = Judgement(Verdict.WARM, ttl_s=60.0)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    opened = Pages(tmp_path / "warmer.db")
    yield opened
    opened.close()


def planned(**weights: float) -> list[TargetResult]:
    return [
        TargetResult(page(rank, f"/{name}", weight=weight), None, None, None)
        for rank, (name, weight) in enumerate(weights.items(), 1)
    ]


def seen(name: str, judgement: Judgement | None, *, at: float = 0.0) -> TargetResult:
    return TargetResult(page(1, f"/{name}"), fetch(1, 5.0, at=at), None, judgement)


def ten_before(_url: str, at: float, ttl_s: float) -> float:
    return at + ttl_s - 10


def test_the_pages_of_a_plan_are_known_by_their_weight_and_found_by_prefix(pages: Pages) -> None:
    assert not pages.are_known("shop")
    pages.learn_plan("shop", planned(a=3.0, ab=2.0, b=1.0))
    assert pages.are_known("shop")
    assert not pages.are_known("blog")
    assert pages.weights("shop", [f"{SITE}/b", f"{SITE}/new", f"{SITE}/a"]) == [
        (f"{SITE}/b", 1.0),
        (f"{SITE}/new", 0.0),
        (f"{SITE}/a", 3.0),
    ]
    assert list(pages.under("shop", f"{SITE}/a")) == [(f"{SITE}/a", 3.0), (f"{SITE}/ab", 2.0)]
    assert list(pages.under("shop", f"{SITE}/%")) == []
    assert list(pages.under("blog", SITE)) == []


@pytest.mark.parametrize("count", [999, 1000, 1001, 2500])
def test_a_long_prefix_is_read_page_by_page_and_loses_nothing(pages: Pages, count: int) -> None:
    pages.learn_plan("shop", planned(**{f"p{n:05}": 1.0 for n in range(count)}))
    found = [url for url, _ in pages.under("shop", f"{SITE}/p")]
    assert found == [f"{SITE}/p{n:05}" for n in range(count)]


def test_the_variants_of_a_page_are_one_page_with_their_weights_together(pages: Pages) -> None:
    pages.learn_plan("shop", [*planned(a=3.0), *planned(a=2.0), *planned(b=1.0)])
    assert pages.weights("shop", [f"{SITE}/a"]) == [(f"{SITE}/a", 5.0)]


def test_a_page_that_is_not_planned_any_more_goes_and_the_others_keep_their_times(
    pages: Pages,
) -> None:
    pages.learn_plan("shop", planned(a=3.0, b=1.0))
    pages.learn("shop", [seen("a", WARM_60), seen("b", WARM_60)], ten_before, since=0)
    pages.learn_plan("shop", planned(a=4.0, c=1.0))
    assert pages.will_expire("shop", limit=9) == [(f"{SITE}/a", 60.0)]
    assert [url for url, _ in pages.under("shop", SITE)] == [f"{SITE}/a", f"{SITE}/c"]


def test_the_first_variant_to_expire_speaks_for_its_page(pages: Pages) -> None:
    pages.learn_plan("shop", planned(a=3.0))
    results = [seen("a", WARM_60, at=100), seen("a", WARM_60, at=90)]
    pages.learn("shop", results, ten_before, since=0)
    assert pages.will_expire("shop", limit=9) == [(f"{SITE}/a", 150.0)]
    assert pages.next_refresh("shop") == 140.0


def test_what_is_due_comes_most_popular_first(pages: Pages) -> None:
    pages.learn_plan("shop", planned(a=1.0, b=3.0, c=2.0))
    results = [seen("a", WARM_60), seen("b", WARM_60, at=50), seen("c", WARM_60)]
    pages.learn("shop", results, ten_before, since=0)
    assert pages.due("shop", now=49, limit=9) == []
    assert pages.due("shop", now=50, limit=9) == [f"{SITE}/c", f"{SITE}/a"]
    assert pages.due("shop", now=100, limit=2) == [f"{SITE}/b", f"{SITE}/c"]


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(Verdict.WARM),
        Judgement(Verdict.FAILED, "timeout", ttl_s=5.0),
        Judgement(Verdict.UNCACHEABLE, "private"),
    ],
)
def test_what_does_not_expire_or_is_not_warm_is_not_due(pages: Pages, judgement: Judgement) -> None:
    pages.learn_plan("shop", planned(a=1.0))
    pages.learn("shop", [seen("a", WARM_60)], ten_before, since=0)
    pages.learn("shop", [seen("a", judgement)], ten_before, since=0)
    assert pages.next_refresh("shop") is None
    assert pages.will_expire("shop", limit=9) == []


def test_a_page_that_was_not_judged_keeps_its_time(pages: Pages) -> None:
    pages.learn_plan("shop", planned(a=1.0))
    pages.learn("shop", [seen("a", WARM_60)], ten_before, since=0)
    pages.learn("shop", [seen("a", None)], ten_before, since=0)
    assert pages.next_refresh("shop") == 50.0


def test_what_was_warm_without_a_fetch_counts_from_the_start_of_its_run(pages: Pages) -> None:
    pages.learn_plan("shop", planned(a=1.0))
    unfetched = TargetResult(page(1, "/a"), None, None, WARM_60)
    pages.learn("shop", [unfetched], ten_before, since=1000)
    assert pages.will_expire("shop", limit=9) == [(f"{SITE}/a", 1060.0)]


def test_a_page_outside_of_the_plan_is_not_kept_warm(pages: Pages) -> None:
    pages.learn_plan("shop", planned(a=1.0))
    pages.learn("shop", [seen("new", WARM_60)], ten_before, since=0)
    assert pages.will_expire("shop", limit=9) == []
