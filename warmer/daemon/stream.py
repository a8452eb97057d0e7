"""Takes triggers from a Redis stream, one consumer group a site; loses none that it can see.

An entry is acknowledged after the run that served it, for the store may be on a disk that
dies with the machine. What Redis lost of the stream itself is answered with a trigger for
the whole plan. An outage is waited out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from warmer.caches.address import parse
from warmer.caches.redis_errors import explain
from warmer.daemon.backoff import Backoff
from warmer.daemon.health import Health
from warmer.daemon.reception import Delivery, names_something, part_for
from warmer.daemon.requests import RequestError, WarmRequest, checked
from warmer.daemon.stream_entry import body_of
from warmer.daemon.stream_group import BATCH, GroupGoneError, StreamGroup
from warmer.daemon.stream_position import NONE, Position, loss, parse_id
from warmer.errors import WarmerError
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.daemon.reception import Reception
    from warmer.daemon.stream_group import Entry
    from warmer.daemon.stream_position import EntryId, StreamLook

MAX_UNFINISHED = 50_000
"""So many entries may wait for their runs; the others stay in Redis."""
_MAX_FOREIGN = 100
_log = logging.getLogger(__name__)


class StreamIntake:
    """One site's reader of one stream; `health` says whether it reads at this moment."""

    def __init__(
        self, reception: Reception, url: str, key: str, *, backoff: Backoff | None = None
    ) -> None:
        """Raises ConfigError for a URL that is none, or names what has no streams."""
        site = reception.site
        self._reception = reception
        self._address = parse(url)
        self._key = key
        self._group = StreamGroup(self._address, key, site.name)
        stream = f"{self._address} {key}"
        self._position = Position(reception.queue.path, site.name, stream)
        self._backoff = backoff or Backoff()
        self._seen: EntryId = NONE
        self._lost: str | None = None
        self._unfinished: dict[int, bytes] = {}
        self._finished: list[bytes] = []
        self._to_acknowledge = asyncio.Event()
        self._room = asyncio.Event()
        self._trouble: str | None = "not connected yet"
        self._is_told = False
        self._foreign: set[str] = set()
        site.on_finished(self._on_finished)

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            while True:
                self._trouble = await self._attend()
                if not self._is_told:
                    _log.warning("%s; it is tried again until it works", self._trouble)
                self._is_told = True
                await asyncio.sleep(self._backoff.pause_s(time.monotonic()))
        finally:
            await self._group.close()

    def health(self) -> Health:
        waiting = f"{len(self._unfinished)} entries wait for their run"
        name = f"stream of {self._reception.site.name}"
        return Health(name, self._trouble is None, self._trouble or waiting)

    async def _attend(self) -> str:
        """Read until something breaks off; returns what did."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._acknowledge())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await done.pop()
        except (RedisError, OSError) as error:
            return str(explain(error, self._address)).replace("cache ", "stream ", 1)
        except WarmerError as error:
            return str(error)
        finally:
            await _end(tasks)
        raise AssertionError("reading ends by an error alone")

    async def _read(self) -> None:
        await self._join()
        await self._take_over()
        while True:
            try:
                # Alone first: what it shows is on disk before reading on hides it.
                self._account(await self._group.look())
                look, entries = await self._group.read()
            except GroupGoneError:
                await self._join()
                continue
            self._account(look)
            await self._take(entries)
            if self._trouble is not None:
                self._works()
            while len(self._unfinished) >= MAX_UNFINISHED:
                self._room.clear()
                await self._room.wait()
            if not entries:
                await self._group.wait(self._seen)

    def _works(self) -> None:
        """Not before a read was whole: a server that only lets us in is of no use."""
        self._backoff.connected(time.monotonic())
        if self._is_told:
            _log.warning("stream %s: read again", self._address)
        self._trouble, self._is_told = None, False

    async def _join(self) -> None:
        """Have a group, from the first entry on; if there was one once, entries were lost."""
        before = self._position.read()
        is_there, first = await self._group.first()
        if not is_there:
            if before is not None:
                self._warm_everything("it was deleted or flushed, with what was not read yet")
            await self._group.create()
        if is_there and before is not None:
            self._seen = before
            return
        # What was trimmed before we ever looked was never for us.
        self._seen = NONE if is_there else first
        self._position.write(self._seen)

    async def _take_over(self) -> None:
        """What was delivered once, to whomever, and not acknowledged."""
        cursor = b"0-0"
        while True:
            cursor, entries, trimmed = await self._group.claim(cursor)
            if trimmed:
                self._warm_everything("entries were trimmed from it before they were done")
            await self._take(entries)
            if cursor == b"0-0":
                return

    def _account(self, look: StreamLook) -> None:
        """Answer for what is lost; `_lost` outlives a store that cannot be written now."""
        self._lost = self._lost or loss(look, self._seen)
        if self._lost is not None:
            self._warm_everything(self._lost)
            self._lost = None
            self._seen = look.last
            self._position.write(self._seen)
        self._seen = max(self._seen, look.delivered)

    async def _take(self, entries: Sequence[Entry]) -> None:
        """Keep what the entries ask for; set aside what is malformed."""
        kept: list[tuple[bytes, Delivery]] = []
        malformed: list[tuple[Entry, str]] = []
        for entry_id, fields in entries:
            try:
                delivery = self._delivery(entry_id, fields)
            except RequestError as error:
                malformed.append(((entry_id, fields), str(error)))
                continue
            if delivery is None:
                self._finished.append(entry_id)
            else:
                kept.append((entry_id, delivery))
        if kept:
            self._keep(kept)
        self._to_acknowledge.set()
        last = max((parse_id(entry_id) for entry_id, _ in entries), default=NONE)
        if last > self._seen:
            self._seen = last
            self._position.write(last)
        for entry, why in malformed:
            _log.warning("stream %s: entry %s set aside: %s", self._address, entry[0].decode(), why)
            await self._group.set_aside(entry, why)

    def _keep(self, kept: Sequence[tuple[bytes, Delivery]]) -> None:
        numbers = self._reception.keep([delivery for _, delivery in kept])
        waiting = set(self._reception.queue.unfinished(numbers))
        for number, (entry_id, _) in zip(numbers, kept, strict=True):
            if number in waiting:
                self._unfinished[number] = entry_id
            else:
                # Done by a run whose acknowledgement never arrived.
                self._finished.append(entry_id)

    def _delivery(self, entry_id: bytes, fields: Mapping[bytes, bytes]) -> Delivery | None:
        """None for what is another site's, or names only what this site does not know."""
        body = body_of(fields)
        if not names_something(body):
            raise RequestError("names nothing; expected urls, prefixes, tags or all")
        site = self._reception.site
        part = part_for(body, site.normalise, site.tags)
        if len(part.urls) < len(body.urls):
            self._tell_foreign(next(url for url in body.urls if url not in part.urls))
        if not names_something(part):
            return None
        request = checked(
            part, trigger=Trigger.INVALIDATION, normalise=site.normalise, tags=site.tags
        )
        return Delivery(request, f"stream:{entry_id.decode()}", body.at)

    def _tell_foreign(self, url: str) -> None:
        """Once a host: it may be another site's, or this one's that nobody named."""
        host = url.split("/")[2] if url.count("/") > 1 else url
        if host not in self._foreign and len(self._foreign) < _MAX_FOREIGN:
            self._foreign.add(host)
            _log.warning(
                "stream %s: URLs of %r are not of site %s; if they are, name the host in"
                " plan.aliases",
                self._address, host[:100], self._reception.site.name,
            )  # fmt: skip

    def _warm_everything(self, why: str) -> None:
        _log.warning("stream %s: %s; warming the whole plan", self._address, why)
        request = WarmRequest(trigger=Trigger.INVALIDATION, everything=True, why=f"stream: {why}")
        self._reception.keep([Delivery(request, None)])

    def _on_finished(self, numbers: Sequence[int]) -> None:
        done = (self._unfinished.pop(number, None) for number in numbers)
        self._finished += [entry_id for entry_id in done if entry_id is not None]
        self._room.set()
        self._to_acknowledge.set()

    async def _acknowledge(self) -> None:
        while True:
            await self._to_acknowledge.wait()
            self._to_acknowledge.clear()
            while self._finished:
                part = self._finished[:BATCH]
                await self._group.acknowledge(part)
                del self._finished[: len(part)]


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until they have ended: redis-py loses a cancellation that comes as it connects."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=0.1)
        # An error that came together with the one that is told is told by that.
        for task in ended:
            _ = task.cancelled() or task.exception()
