from __future__ import annotations

import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.plan import Ranked
from warmer.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@pytest.fixture
def staging() -> Iterator[Staging]:
    opened = Staging()
    yield opened
    opened.close()


def take(
    staging: Staging,
    number: int,
    weights: Sequence[tuple[str, float]],
    *,
    share: float = 1.0,
    observed: bool = False,
) -> None:
    for url, weight in weights:
        staging.add(number, url, weight)
    total = sum(weight for _, weight in weights)
    staging.end_source(number, total=total, share=share, observed=observed)


def test_the_heaviest_comes_first_and_repeated_urls_add_up(staging: Staging) -> None:
    take(staging, 0, [("/a", 1.0), ("/b", 1.0), ("/c", 2.0), ("/a", 4.0)])
    assert list(staging.ranked()) == [
        Ranked("/a", 0.625, None),
        Ranked("/c", 0.25, None),
        Ranked("/b", 0.125, None),
    ]


def test_equals_keep_the_order_in_which_they_came(staging: Staging) -> None:
    urls = [f"/{name}" for name in "qwertyuiopasdfgh"]
    take(staging, 0, [(url, 1.0) for url in urls])
    assert [each.url for each in staging.ranked()] == urls


def test_each_source_is_normalised_before_it_is_weighted(staging: Staging) -> None:
    # A log of a million hits must not drown a list of two pages that a person wrote.
    take(staging, 0, [("/log", 7e6), ("/both", 1e6)], share=1.0, observed=True)
    take(staging, 1, [("/list", 1.0), ("/both", 1.0)], share=4.0)
    assert list(staging.ranked()) == [
        Ranked("/both", 2.125, 0.125),
        Ranked("/list", 2.0, None),
        Ranked("/log", 0.875, 0.875),
    ]


def test_only_observed_sources_count_as_traffic(staging: Staging) -> None:
    take(staging, 0, [("/a", 1.0)], share=3.0)
    take(staging, 1, [("/a", 3.0), ("/b", 1.0)], share=1.0, observed=True)
    take(staging, 2, [("/a", 1.0), ("/c", 1.0)], share=2.0, observed=True)
    assert {each.url: each.traffic for each in staging.ranked()} == {
        "/a": 1.75,
        "/b": 0.25,
        "/c": 1.0,
    }


def test_weights_that_were_filtered_out_stay_in_the_total(staging: Staging) -> None:
    staging.add(0, "/kept", 1.0)
    staging.end_source(0, total=4.0, share=1.0, observed=True)
    assert list(staging.ranked()) == [Ranked("/kept", 0.25, 0.25)]


def test_a_source_without_any_weight_keeps_its_urls(staging: Staging) -> None:
    take(staging, 0, [("/a", 0.0), ("/b", 0.0)])
    assert list(staging.ranked()) == [Ranked("/a", 0.0, None), Ranked("/b", 0.0, None)]
    assert staging.count() == 2


def test_nothing_is_ranked_where_nothing_was_added(staging: Staging) -> None:
    take(staging, 0, [])
    assert (staging.count(), list(staging.ranked())) == (0, [])


SOURCES = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 100))),
        st.integers(1, 10),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@given(SOURCES)
def test_weights_are_the_sums_that_a_dictionary_gives(
    sources: list[tuple[list[tuple[str, int]], int, bool]],
) -> None:
    staging = Staging()
    weights: dict[str, float] = {}
    traffic: dict[str, float] = {}
    for number, (rows, share, observed) in enumerate(sources):
        take(staging, number, rows, share=share, observed=observed)
        total = sum(weight for _, weight in rows)
        for url, weight in rows:
            part = weight * share / total if total else 0.0
            weights[url] = weights.get(url, 0.0) + part
            if observed:
                traffic[url] = traffic.get(url, 0.0) + part
    found = list(staging.ranked())
    staging.close()
    assert approx({each.url: each.weight for each in found}) == weights
    assert approx({e.url: e.traffic for e in found if e.traffic is not None}) == traffic
    assert [each.weight for each in found] == sorted((e.weight for e in found), reverse=True)


def approx(values: Mapping[str, float]) -> object:
    return pytest.approx(dict(values), abs=1e-9)


def test_a_large_plan_is_ranked_without_being_held(staging: Staging) -> None:
    tracemalloc.start()
    for number in range(200_000):
        staging.add(0, f"https://www.example.com/products/{number % 150_000}", 1.0)
    staging.end_source(0, total=200_000.0, share=1.0, observed=True)
    count = sum(1 for _ in staging.ranked())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 150_000
    assert peak_bytes < 2_000_000


FILL_THE_TEMPORARY_DIRECTORY = """
import resource, sys
from warmer.errors import StoreError
from warmer.staging import Staging
adding, ranking = (int(limit) for limit in sys.argv[1:])
staging = Staging()
try:
    resource.setrlimit(resource.RLIMIT_FSIZE, (adding, -1))
    for number in range(100_000):
        staging.add(0, f"https://www.example.com/a-rather-long-path/{number:0200}", 1.0)
    staging.end_source(0, total=1.0, share=1.0, observed=False)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ranking, -1))
    for each in staging.ranked():
        pass
except StoreError as error:
    print(error)
    staging.close()
"""


@pytest.mark.parametrize(
    ("adding", "ranking"),
    [
        pytest.param(10_000_000, -1, id="while-it-is-read"),
        pytest.param(-1, 10_000_000, id="while-it-is-ranked"),
    ],
)
def test_a_full_temporary_directory_is_one_line(adding: int, ranking: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_TEMPORARY_DIRECTORY, str(adding), str(ranking)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout in {
        f"the plan cannot be kept in the temporary directory: {found};"
        " set TMPDIR to one with more room\n"
        for found in ("database or disk is full", "disk I/O error")
    }
