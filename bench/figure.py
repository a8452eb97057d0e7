"""What one measurement found, beside what it is compared with. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `measured` and `compared` are in `unit`; less is better.

    `against` names the peer with its version, or is "goal". `goal` is the ratio
    that measured / compared should not pass, None where there is only a comparison.
    """

    what: str
    measured: float
    unit: str
    against: str
    compared: float
    goal: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """measured / compared."""
        return self.measured / self.compared

    @property
    def is_reached(self) -> bool | None:
        """None where there is no goal."""
        return None if self.goal is None else self.ratio <= self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of its own, for what has two dimensions; `data` goes to the JSON alone."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    data: dict[str, object] = field(default_factory=dict)


def against_goal(what: str, measured: float, unit: str, goal: float, note: str = "") -> Figure:
    """A figure whose goal is an amount and not a peer."""
    return Figure(
        what=what, measured=measured, unit=unit, against="goal", compared=goal, goal=1.0, note=note
    )
