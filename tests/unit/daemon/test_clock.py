from __future__ import annotations

import time
from typing import TYPE_CHECKING

from warmer.daemon.clock import Clock

if TYPE_CHECKING:
    import pytest


def test_whoever_sets_the_machines_clock_moves_neither_waits_nor_what_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    wall = time.time()
    assert abs(clock.unix() - wall) < 1
    monkeypatch.setattr(time, "time", lambda: wall + 86400)
    assert abs(clock.unix() - wall) < 1
    assert abs(Clock().unix() - wall) > 86000
    assert clock.now() <= clock.now()
