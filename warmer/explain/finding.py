"""One finding, and what it asks for. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What a finding asks for."""

    NOTE = "note"  # as it should be, or as it is
    LOOK = "look"  # see that it is meant so
    MEND = "mend"  # why visitors wait, or get what is not theirs


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; `cure` is "" where nothing is to be done."""

    level: Level
    about: str
    text: str
    cure: str = ""
