"""How a replay is to go, as the command line says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """Without `rate_per_s` in the rhythm of the recording, `speed` times as fast.

    The first `ramp_up_s` it grows from nothing to that. `for_s` ends the timetable, and
    `loop` begins it again. `users` is how many visitors there are, None: as recorded.
    """

    rate_per_s: float | None = None
    speed: float = 1.0
    ramp_up_s: float = 0.0
    for_s: float | None = None
    loop: bool = False
    users: int | None = None
    unsafe_methods: bool = False
