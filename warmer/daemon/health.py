"""What a part of the daemon says of itself, and what the daemon asks of every intake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a part does its work at this moment; `detail` is one line for people."""

    name: str
    ok: bool
    detail: str


class Intake(Protocol):
    """A way by which triggers come in; takes up again by itself what breaks off."""

    async def run(self) -> None:
        """Take triggers in until cancelled."""
        ...

    def health(self) -> Health: ...
