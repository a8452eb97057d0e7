"""Which of a site's servers a request goes to, and which are down. Pure: the clock is an argument.

Knows addresses as `--connect-to` has them, and sends nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from warmer.model import Target

DOWN_AFTER = 3
"""So many requests in a row that found nobody to talk to, and a server is taken for down."""
DOWN_S = 10.0
"""So long it is left alone then, before a request looks whether it is back."""


class Servers:
    """The servers of one site during a run; which of them answer is told by who asks them."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = tuple(addresses)
        self._in_vain = dict.fromkeys(self.addresses, 0)
        self._down_until = dict.fromkeys(self.addresses, float("-inf"))
        self._why: dict[str, str] = {}

    def from_number(self, number: int, now: float) -> list[str]:
        """All, beginning with this one and round; those that are down come last."""
        start = number % len(self.addresses)
        turn = self.addresses[start:] + self.addresses[:start]
        return sorted(turn, key=lambda address: self._down_until[address] > now)

    def down(self, address: str, now: float) -> str | None:
        """Why a server is left alone; None where it is not.

        Where all of them are down none is, so that a site that is gone ends the run, by its
        abort rule, and does not fail target by target in silence.
        """
        if any(until <= now for until in self._down_until.values()):
            return self._why[address] if self._down_until[address] > now else None
        return None

    def answered(self, address: str) -> None:
        """A server answered, whatever it said."""
        self._in_vain[address] = 0

    def unreachable(self, address: str, why: str, now: float) -> None:
        """Nobody could be talked to there; nothing was sent."""
        self._why[address] = why
        self._in_vain[address] += 1
        if self._in_vain[address] >= DOWN_AFTER:
            self._down_until[address] = now + DOWN_S

    def warnings(self) -> Iterator[str]:
        """A line for each server that was down at some time."""
        for address, until in self._down_until.items():
            if until > float("-inf"):
                yield f"server {address} could not be reached for a time: {self._why[address]}"


class Route(Protocol):
    """Which servers may have a target."""

    @property
    def servers(self) -> Servers: ...

    def order(self, target: Target, now: float) -> Sequence[str]:
        """The first that can be reached gets it; one at least."""
        ...


@dataclass(frozen=True, slots=True)
class Spread:
    """Any server will do: each gets its share, and that of others that are down.

    `shift` has a later fetch of a target go to another server than the first one did, for
    what the first one keeps for itself shows there.
    """

    servers: Servers
    shift: int = 0

    def order(self, target: Target, now: float) -> Sequence[str]:
        return self.servers.from_number(target.rank + self.shift, now)


@dataclass(frozen=True, slots=True)
class InTurn:
    """Each fetch goes to the next server, also of the same target."""

    servers: Servers
    _number: Iterator[int] = field(default_factory=itertools.count)

    def order(self, target: Target, now: float) -> Sequence[str]:  # noqa: ARG002 -- the interface
        return self.servers.from_number(next(self._number), now)


@dataclass(frozen=True, slots=True)
class Clone:
    """Each variant has its own server, and no other will do."""

    servers: Servers
    server_of: Mapping[str, str]

    def order(self, target: Target, now: float) -> Sequence[str]:  # noqa: ARG002 -- the interface
        return (self.server_of[target.variant],)
