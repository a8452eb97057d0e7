"""Other signs than a slow page that the site is too hot: its caches, a command, a URL.

On request alone, for nobody but the site's owner knows what is too hot. A signal that gives
no answer is one of trouble, and counts as too hot.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from typing import TYPE_CHECKING

from warmer.caches.open import open_cache
from warmer.crawl.url_signal import UrlSignal
from warmer.errors import ConfigError, WarmerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.caches.server import CacheServer, Reading
    from warmer.config import GuardConfig, SiteConfig
    from warmer.crawl.watch import Signal

COMMAND_TIMEOUT_S = 5.0
_CANNOT_BE_RUN = (126, 127)
_PIPE_BYTES = 65_536
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def load_signals(site: SiteConfig) -> list[Signal]:
    """Those that the configuration asks for; ConfigError for a cache's URL that is none."""
    guard = site.guard
    signals: list[Signal] = []
    if (guard.evictions_per_s, guard.memory_ratio, guard.cpu_ratio) != (None, None, None):
        signals += [CacheSignal(open_cache(each.url), guard) for each in site.cache]
    if guard.command is not None:
        signals.append(CommandSignal(guard.command, guard.max_value))
    if guard.command_url is not None:
        signals.append(UrlSignal(guard.command_url, lambda text: beyond(text, guard.max_value)))
    return signals


def beyond(text: str, max_value: float | None) -> str:
    """What is wrong with the number in a text, "" if nothing is. Pure."""
    if max_value is None:
        return ""
    found = _NUMBER.search(text)
    if found is None:
        return "no number came, and guard.max_value needs one"
    return f"{found[0]}, more than {max_value:g}" if float(found[0]) > max_value else ""


def excesses(before: Reading, now: Reading, elapsed_s: float, guard: GuardConfig) -> Iterator[str]:
    """What is too much between two readings of one node. Pure.

    A server that restarted in between, or counts nothing of it, shows nothing.
    """
    node = now.node
    same = before.identity == now.identity and elapsed_s > 0
    evicted = (now.evictions - before.evictions) / elapsed_s if same else 0.0
    if guard.evictions_per_s is not None and evicted > guard.evictions_per_s:
        yield f"{node} evicts {evicted:.0f} entries a second"
    used = now.used_bytes / now.max_bytes if now.max_bytes else 0.0
    if guard.memory_ratio is not None and used > guard.memory_ratio:
        yield f"{node} has {used:.0%} of its memory in use"
    busy = (now.cpu_s - before.cpu_s) / elapsed_s if same else 0.0
    if guard.cpu_ratio is not None and busy > guard.cpu_ratio:
        yield f"{node} takes {busy:.2f} s of processor time a second"


class CacheSignal:
    """One cache's counters, from reading to reading, over connections of its own."""

    def __init__(self, server: CacheServer, guard: GuardConfig) -> None:
        self._server = server
        self._guard = guard
        self._known: dict[str, Reading] = {}
        self._read_at = 0.0

    async def read(self) -> str:
        try:
            found = await asyncio.to_thread(self._server.readings)
        except WarmerError as error:
            return str(error)
        now = time.monotonic()
        elapsed_s, self._read_at = now - self._read_at, now
        why = [
            excess
            for reading in found
            for excess in excesses(
                self._known.get(reading.node, reading), reading, elapsed_s, self._guard
            )
        ]
        self._known = {reading.node: reading for reading in found}
        return "; ".join(why)


class CommandSignal:
    """A shell command: its exit status, or the first number that it prints."""

    def __init__(
        self, command: str, max_value: float | None, *, timeout_s: float = COMMAND_TIMEOUT_S
    ) -> None:
        self._command = command
        self._max_value = max_value
        self._timeout_s = timeout_s

    async def read(self) -> str:
        """Raises ConfigError where the shell cannot run it."""
        # A pipe that is read once at the end: the kernel holds a command that says more than
        # fits into it, and nobody waits for what it has left running in the background.
        output, into = os.pipe()
        try:
            status = await self._run(into)
            said = _at_hand(output)
        finally:
            os.close(output)
        if status is None:
            return f"guard.command gave no answer within {self._timeout_s:g} s"
        if status in _CANNOT_BE_RUN:
            raise ConfigError(
                f"guard.command: the shell cannot run it (exit status {status});"
                " expected a command that is there and may be run"
            )
        if status:
            return f"guard.command ended with {status}"
        why = beyond(said, self._max_value)
        return why and f"guard.command: {why}"

    async def _run(self, into: int) -> int | None:
        """The exit status, None if there was none in time; closes what it writes into."""
        try:
            process = await asyncio.create_subprocess_shell(
                self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=into,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            os.close(into)
        try:
            return await asyncio.wait_for(process.wait(), self._timeout_s)
        except TimeoutError:
            return None
        finally:
            # Whatever it has started ends with it, also when the crawl ends first.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _at_hand(output: int) -> str:
    """What is in a pipe now."""
    os.set_blocking(output, False)
    try:
        return os.read(output, _PIPE_BYTES).decode(errors="replace")
    except BlockingIOError:
        return ""
