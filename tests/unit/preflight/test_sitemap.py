from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.fetch import Fetch, FetchError
from warmer.model import Candidate
from warmer.preflight.result import Grade
from warmer.preflight.sitemap import Sample, judge_sample

PLACE = "https://www.example.com/sitemap.xml"


@given(st.integers(1, 20), st.integers(0, 60), st.integers())
def test_a_sample_is_of_its_size_and_of_what_was_there(size: int, count: int, seed: int) -> None:
    sample = Sample(size, Random(seed))
    for number in range(count):
        sample.take(Candidate(f"/{number}"))
    assert (sample.seen, len(sample.urls)) == (count, min(size, count))
    assert len(set(sample.urls)) == len(sample.urls)
    assert set(sample.urls) <= {f"/{number}" for number in range(count)}


def test_the_last_urls_have_the_same_chance_as_the_first() -> None:
    taken = dict.fromkeys(range(10), 0)
    for seed in range(1_000):
        sample = Sample(2, Random(seed))
        for number in taken:
            sample.take(Candidate(str(number)))
        for url in sample.urls:
            taken[int(url)] += 1
    assert all(150 <= times <= 250 for times in taken.values()), taken


def test_pages_that_do_not_answer_200_are_named_up_to_three() -> None:
    answers: dict[str, Fetch | FetchError] = {
        f"/{number}": Fetch(status=status) for number, status in enumerate((200, 301, 404, 500))
    }
    found = judge_sample(PLACE, 9, {**answers, "/4": FetchError("timeout", "30 s")})
    assert (found.grade, found.reason) == (
        Grade.FAIL,
        "5 of 9 URLs asked for, 4 without 200: /1: 301, /2: 404, /3: 500, and 1 more",
    )


def test_a_sample_that_answers_200_is_in_order() -> None:
    found = judge_sample(PLACE, 9, {"/1": Fetch(status=200)})
    assert (found.grade, found.reason) == (Grade.OK, "1 of 9 URLs asked for, all answer 200")
