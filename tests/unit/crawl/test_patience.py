"""When a refused page is worth a login."""

from __future__ import annotations

from warmer.crawl.role import Patience


def logins_of(patience: Patience, pages: int) -> list[int]:
    """Which of so many pages cost a login, when none of the logins opens anything."""
    found = []
    for page in range(1, pages + 1):
        if patience.refused():
            found.append(page)
            patience.in_vain()
    return found


def test_logins_in_vain_become_rare() -> None:
    assert logins_of(Patience(), 10_000) == [1, 5, 21, 85, 341, 1365, 2389, 3413, 4437, 5461, *(
        6485, 7509, 8533, 9557)]  # fmt: skip


def test_a_page_that_comes_starts_the_count_anew() -> None:
    patience = Patience()
    assert logins_of(patience, 4) == [1]
    patience.answered()
    assert logins_of(patience, 3) == []
    assert logins_of(patience, 1) == [1]


def test_a_login_that_helped_is_asked_for_at_once_the_next_time() -> None:
    patience = Patience()
    logins_of(patience, 30)
    patience.helped()
    assert patience.refused()
