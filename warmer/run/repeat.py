"""Whether what is not warm is fetched once more. Pure: no store, no network, no clock.

A page that is warm is never among it, nor one that its own headers keep out of caches:
another fetch of either renders it again, or asks for nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.model import Judgement

STABLE_RATIO = 0.95
"""A pass that takes more than this share of the time of the one before gains no more.

The rule by which Wikimedia warms the caches of a data centre before it takes traffic.
"""

_MAY_PASS = frozenset({"connect", "dns", "proxy", "timeout", "closed-early", "no-response"})
_ASKED_TO_WAIT = frozenset({"status-408", "status-425", "status-429"})
_NOT_IN_YET = frozenset(
    {
        (Verdict.UNVERIFIED, "not-in-cache"),
        (Verdict.UNVERIFIED, "expired"),
        (Verdict.UNVERIFIED, "contradiction"),
        (Verdict.UNVERIFIED, "stale"),
        (Verdict.UNCACHEABLE, "unknown"),
    }
)
"""Nothing forbids to store these, but they were not there: evicted, refused by a full cache,
just being refreshed."""


@dataclass(frozen=True, slots=True)
class PassEnd:
    """One pass over targets: how many are left that another may change, and its seconds."""

    left: int
    took_s: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether there is another pass, and why, in one line."""

    again: bool
    why: str


def may_change(judgement: Judgement) -> bool:
    """Whether another fetch of this target could lead to another verdict."""
    reason = judgement.reason or ""
    if judgement.verdict is Verdict.FAILED:
        return reason in _MAY_PASS or reason in _ASKED_TO_WAIT or reason.startswith("status-5")
    return (judgement.verdict, reason) in _NOT_IN_YET


def another(ended: Sequence[PassEnd], *, passes: int | None, until_stable: bool) -> Decision:
    """What follows the passes that have ended, one at least; `passes` None is no maximum.

    Two passes of different length are compared by their time alone, as the rule has it,
    so a first pass over the whole plan is rarely the one that ends it.
    """
    last = ended[-1]
    if not last.left:
        return Decision(again=False, why="nothing is left that another fetch may change")
    if passes is not None and len(ended) >= passes:
        return Decision(again=False, why=f"{len(ended)} passes were allowed")
    if len(ended) > 1:
        before = ended[-2]
        if last.left >= before.left:
            return Decision(again=False, why="the last pass changed nothing")
        if until_stable and last.took_s > STABLE_RATIO * before.took_s:
            return Decision(
                again=False,
                why=(
                    f"the last pass took {last.took_s:.1f} s, over {STABLE_RATIO:.0%} of the"
                    f" {before.took_s:.1f} s of the one before"
                ),
            )
    return Decision(again=True, why=f"{last.left} targets are not warm that may become so")
