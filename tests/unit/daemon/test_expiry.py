from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config import ExpiryConfig
from warmer.daemon.expiry import GONE_S, refresh_at

URL = "https://shop.test/p/1/"
CONFIG = ExpiryConfig(enabled=True)
TTLS = st.floats(0, 1e7)


@pytest.mark.parametrize(
    ("ttl_s", "earliest", "latest"),
    [
        (1000.0, 700, 900),  # a tenth before it expires, and up to a fifth earlier
        (20.0, 11, 15),  # but at least five seconds
        (8.0, 4, 4),  # and not in the first half
    ],
)
def test_a_page_is_warmed_before_its_entry_expires(
    ttl_s: float, earliest: float, latest: float
) -> None:
    at = refresh_at(URL, 0, ttl_s, config=CONFIG, in_place=True)
    assert earliest <= at <= latest


def test_without_refresh_in_place_a_page_is_warmed_as_soon_as_its_entry_has_gone() -> None:
    assert refresh_at(URL, 100, 60, config=CONFIG, in_place=False) == 160 + GONE_S


def test_pages_that_were_stored_together_are_spread_evenly() -> None:
    times = sorted(
        refresh_at(f"https://shop.test/p/{n}/", 0, 1000, config=CONFIG, in_place=True)
        for n in range(1000)
    )
    for tenth in range(10):
        low, high = 700 + 20 * tenth, 720 + 20 * tenth
        assert 60 <= sum(low <= at < high for at in times) <= 140


@given(
    st.text(max_size=50),
    st.floats(0, 2e9),
    TTLS,
    st.builds(
        ExpiryConfig,
        margin_ratio=st.floats(0, 0.5),
        margin_s=st.floats(0, 1e6),
        spread_ratio=st.floats(0, 0.5),
    ),
)
def test_it_is_never_too_late_nor_in_the_first_half_and_always_the_same(
    url: str, at: float, ttl_s: float, config: ExpiryConfig
) -> None:
    again = refresh_at(url, at, ttl_s, config=config, in_place=True)
    assert at + ttl_s / 2 <= again <= at + ttl_s
    assert again == refresh_at(url, at, ttl_s, config=config, in_place=True)
