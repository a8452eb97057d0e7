from __future__ import annotations

from warmer.model import CacheState, Outcome, Pass
from warmer.replay.writes import PageAfter, Watch, Written
from warmer.report.writes import PageAfterWrites, pages_after_writes

SITE = "https://www.example.com"


def written(*paths: str) -> Written:
    return Written("price", 3.0, 12.5, None, tuple(PageAfter(path) for path in paths))


def followed(watch: Watch, write: Written, *, began: float, taken: float) -> None:
    watch.began(write, began)
    watch.ended(write, taken)


def answer(state: CacheState, *, sent_at: float, took_ms: float = 500.0) -> Outcome:
    at = sent_at + took_ms / 1000
    return Outcome(1, Pass.WARM, 200, state=state, total_ms=took_ms, at=at)


def test_a_page_is_cold_from_the_first_visitor_who_misses_to_the_first_who_hits() -> None:
    watch, write = Watch(), written("/p/7?a=b", "/other")
    followed(watch, write, began=100.0, taken=100.75)
    watch.answered(f"{SITE}/p/7?a=b", answer(CacheState.MISS, sent_at=99.0))  # before the save
    watch.answered(f"{SITE}/p/7", answer(CacheState.HIT, sent_at=100.5))  # another page
    watch.answered(f"{SITE}/p/7?a=b", answer(CacheState.MISS, sent_at=101.0))
    watch.answered(f"{SITE}/p/7?a=b", answer(CacheState.MISS, sent_at=101.25))
    watch.answered(f"{SITE}/p/7?a=b", answer(CacheState.HIT, sent_at=102.5))
    watch.answered(f"{SITE}/p/7?a=b", answer(CacheState.MISS, sent_at=110.0))  # expired since
    assert write.as_dict()["pages"] == [
        {"path": "/p/7?a=b", "asked": 3, "missed": 2, "cold_s": 1.5},
        {"path": "/other", "asked": 0, "missed": 0, "cold_s": None},
    ]


def test_a_page_that_never_left_the_cache_was_not_cold() -> None:
    watch, write = Watch(), written("/")
    followed(watch, write, began=100.0, taken=100.5)
    watch.answered(f"{SITE}/", answer(CacheState.HIT, sent_at=101.0))
    assert write.pages == (PageAfter("/", asked=1, missed=0, cold_s=0.0),)


def test_a_page_may_be_gone_and_back_before_the_site_has_answered_the_save() -> None:
    watch, write = Watch(), written("/")
    watch.began(write, 100.0)
    watch.answered(f"{SITE}/", answer(CacheState.HIT, sent_at=100.125))  # the old page
    watch.answered(f"{SITE}/", answer(CacheState.MISS, sent_at=100.25))
    watch.answered(f"{SITE}/", answer(CacheState.HIT, sent_at=100.375))
    watch.ended(write, 101.0)
    watch.answered(f"{SITE}/", answer(CacheState.HIT, sent_at=102.0))
    assert write.pages == (PageAfter("/", asked=2, missed=1, cold_s=0.125),)


def test_a_save_that_was_refused_is_not_followed() -> None:
    watch, write = Watch(), written("/")
    write.error = "status 200: the form was not taken"
    followed(watch, write, began=100.0, taken=101.0)
    watch.answered(f"{SITE}/", answer(CacheState.MISS, sent_at=102.0))
    assert write.pages == (PageAfter("/"),)


def test_an_answer_that_tells_of_no_cache_is_none_of_a_cache() -> None:
    watch, write = Watch(), written("/")
    followed(watch, write, began=100.0, taken=100.5)
    watch.answered(f"{SITE}/", answer(CacheState.UNKNOWN, sent_at=101.0))
    watch.answered(f"{SITE}/", Outcome(1, Pass.WARM, None, error="timeout", at=101.0))
    assert write.pages == (PageAfter("/", asked=1, missed=1),)


def test_each_write_is_followed_by_itself() -> None:
    watch, first, second = Watch(), written("/"), written("/")
    followed(watch, first, began=100.0, taken=100.5)
    watch.answered(f"{SITE}/", answer(CacheState.MISS, sent_at=101.0))
    followed(watch, second, began=105.0, taken=105.5)
    watch.answered(f"{SITE}/", answer(CacheState.MISS, sent_at=106.0))
    watch.answered(f"{SITE}/", answer(CacheState.HIT, sent_at=107.0))
    assert first.pages == (PageAfter("/", asked=3, missed=2, cold_s=6.0),)
    assert second.pages == (PageAfter("/", asked=2, missed=1, cold_s=1.0),)
    assert pages_after_writes([first.as_dict(), second.as_dict()]) == [
        PageAfterWrites("/", 5, 3, 3.5, 6.0)
    ]
    assert pages_after_writes([written("/never").as_dict()]) == [
        PageAfterWrites("/never", 0, 0, None, None)
    ]
