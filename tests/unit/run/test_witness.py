"""Which pages bear witness, and how often each is asked for."""

from __future__ import annotations

import pytest

from warmer.model import Target
from warmer.run.witness import asked, chosen
from warmer.store_results import TargetResult


def results(count: int) -> list[TargetResult]:
    return [
        TargetResult(Target(rank, f"https://www.example.com/{rank}", "default"), None, None, None)
        for rank in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    ("pages", "ranks"),
    [
        (0, []),
        (1, [1]),
        (3, [1, 2, 3]),
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (20, [1, 3, 6, 8, 11, 13, 16, 18]),
        (5_000, [1, 126, 251, 376, 501, 626, 751, 876]),
    ],
)
def test_pages_come_from_all_over_the_popular_ones(pages: int, ranks: list[int]) -> None:
    assert [result.target.rank for result in chosen(results(pages))] == ranks


@pytest.mark.parametrize(("pages", "times"), [(1, 8), (3, 8), (4, 6), (5, 4), (8, 3)])
def test_no_more_than_24_fetches_are_made(pages: int, times: int) -> None:
    ranks = [target.rank for target in asked(results(pages))]
    assert ranks == [rank for rank in range(1, pages + 1) for _ in range(times)]


def test_nobody_is_asked_for_nothing() -> None:
    assert asked([]) == []
