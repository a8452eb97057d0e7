"""When a page is warmed again before its entry expires. Pure: times come in, a time goes out.

Without refresh in place a fetch finds the old entry, and lengthens nothing: such a page
is warmed as soon as its entry has gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from warmer.config import ExpiryConfig

GONE_S = 1.0
"""Caches count whole seconds: an entry is gone for certain so long after its time."""


def refresh_at(url: str, at: float, ttl_s: float, *, config: ExpiryConfig, in_place: bool) -> float:
    """When to warm a page whose entry, seen at `at`, had `ttl_s` seconds left; unix seconds.

    In place: between `margin` and `margin + spread` before it expires, each page at a
    moment of its own, the same one every time, and never in the first half of what is
    left. Otherwise as soon as it has expired.
    """
    if not in_place:
        return at + ttl_s + GONE_S
    margin_s = max(config.margin_s, config.margin_ratio * ttl_s)
    early_s = margin_s + config.spread_ratio * ttl_s * _share(url)
    return at + max(ttl_s - early_s, ttl_s / 2)


def _share(url: str) -> float:
    """0 to 1, spread evenly over URLs."""
    return crc32(url.encode()) / 0xFFFFFFFF
