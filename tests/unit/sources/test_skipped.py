from __future__ import annotations

from warmer.sources.skipped import Skipped


def test_reasons_are_counted_and_keep_the_place_where_they_were_first_met() -> None:
    skipped = Skipped()
    skipped.note("not-a-url", place="urls.txt:17")
    skipped.note("not-a-url", place="urls.txt:20")
    skipped.note("status", 5)
    assert skipped.as_dict() == {"status": 5, "not-a-url": 2}
    assert skipped.places() == {"not-a-url": "urls.txt:17"}
    assert skipped.has_place("not-a-url")
    assert not skipped.has_place("status")
    assert skipped.total == 7
    assert skipped.sentence() == "5 status, 2 not-a-url (first: urls.txt:17)"


def test_nothing_skipped_leaves_no_trace() -> None:
    skipped = Skipped()
    skipped.note("status", 0, place="a.log:1")
    assert skipped.as_dict() == {}
    assert skipped.places() == {}
    assert skipped.sentence() == ""
