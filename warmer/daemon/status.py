"""What a site's service says of itself: frozen, and taken at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmer.model import RunRecord


class State(StrEnum):
    """`waiting`: something is to be done, and is not yet due, or is tried again later."""

    IDLE = "idle"
    WAITING = "waiting"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """One site as of now; durations in seconds from now, None where there is none.

    `pending` counts the triggers that no run has done, `oldest_age_s` is how long the
    first of them has waited. `retry_in_s` and `failure` tell of the last run if it
    failed. `will_expire` are the pages that go cold first, negative when they have.
    """

    name: str
    state: State
    run_id: str | None
    pending: int
    oldest_age_s: float | None
    last_run: RunRecord | None
    failure: str | None
    retry_in_s: float | None
    next_scheduled_s: float | None
    will_expire: tuple[tuple[str, float], ...]
