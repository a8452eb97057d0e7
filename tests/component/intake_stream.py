"""A stream of triggers that is read: entries put into it, what is not acknowledged, and waiting."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from tests.component.intake_site import LIMIT_S
from warmer.daemon.backoff import Backoff
from warmer.daemon.stream import StreamIntake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import redis

    from tests.component.intake_site import HeldSite

KEY = "warmer:triggers"


@contextlib.asynccontextmanager
async def reading(site: HeldSite, url: str) -> AsyncIterator[StreamIntake]:
    backoff = Backoff(first_s=0.01, longest_s=0.05)
    intake = StreamIntake(site.reception, url, KEY, backoff=backoff)
    task = asyncio.create_task(intake.run())
    try:
        yield intake
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 -- another process, which tells nobody
            await asyncio.sleep(0.005)


def add(client: redis.Redis, *urls: str, **fields: str) -> str:
    entry: Any = {"v": "1", "urls": json.dumps(urls), "tags": "[]", "why": "save", "at": "17.5"}
    found: Any = client.xadd(KEY, entry | fields)
    return str(found.decode())


def pending(client: redis.Redis, site: str = "shop") -> int:
    found: Any = client.xpending(KEY, f"warmer:{site}")
    return int(found["pending"])
