"""Sleep that ends early: when woken, or when a task is done."""

from __future__ import annotations

import asyncio
from typing import Any

LONGEST_SLEEP_S = 20.0
"""Whoever sleeps looks up so often, for others want to see that it lives."""


class Alarm:
    """One sleeper; who wakes it while it is awake keeps it from its next sleep."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def sleep(self, seconds: float, *tasks: asyncio.Task[Any]) -> None:
        """So long, at most LONGEST_SLEEP_S, or until one of the tasks is done."""
        waker = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait(
                [waker, *tasks],
                timeout=max(0.0, min(seconds, LONGEST_SLEEP_S)),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            waker.cancel()
            self._woken.clear()
