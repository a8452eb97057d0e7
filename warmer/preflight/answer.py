"""What came of one request, and what a check says of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.crawl.fetch import Fetch, FetchError
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = Fetch | FetchError


def of_answer(
    check: str, where: str, answer: Answer, judge: Callable[[str, Fetch], Result]
) -> Result:
    """What `judge` says of a response; skipped with the reason where there was none."""
    if isinstance(answer, FetchError):
        return Result(check, Grade.SKIPPED, where, f"no answer: {answer.reason}: {answer.detail}")
    return judge(where, answer)
