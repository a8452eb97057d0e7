"""The results of several servers as one report: what they have alike once, the rest of each. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.crawl.fetch import FetchError

REACHABLE = "server-reachable"


def reached(where: str) -> Result:
    """Somebody answers there."""
    return Result(REACHABLE, Grade.OK, where, "answers")


def unreached(where: str, error: FetchError) -> Result:
    """Nobody answers there, though others do."""
    found = "gives no answer" if error.sent else "cannot be reached"
    cure = "look into its log" if error.sent else "start it"
    return Result(
        REACHABLE,
        Grade.FAIL,
        where,
        f"{found}: {error.reason}: {error.detail}",
        f"{cure}, or take it out of connect_to",
    )


def merged(of_servers: Mapping[str, Sequence[Result]]) -> list[Result]:
    """One result a check where all servers say the same, or all is well; else one for each way.

    Where two servers differ, `where` ends with those that a result is of.
    """
    checks = dict.fromkeys(each.check for each in chain.from_iterable(of_servers.values()))
    return [result for check in checks for result in _of_check(check, of_servers)]


def _of_check(check: str, of_servers: Mapping[str, Sequence[Result]]) -> list[Result]:
    alike: dict[tuple[str, ...], list[tuple[str, Result]]] = {}
    for server, results in of_servers.items():
        for result in results:
            if result.check == check:
                alike.setdefault(_said(result), []).append((server, result))
    if len(alike) == 1:
        ((_, first), *_others) = next(iter(alike.values()))
        return [first]
    return [
        replace(first, where=f"{first.where} at {', '.join([server, *(s for s, _ in others)])}")
        for (server, first), *others in alike.values()
    ]


def _said(result: Result) -> tuple[str, ...]:
    """What two results must have alike; of what needs no cure the grade is enough."""
    if result.grade in (Grade.OK, Grade.SKIPPED):
        return (result.grade,)
    return result.grade, result.reason, result.cure
