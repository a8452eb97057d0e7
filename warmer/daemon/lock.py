"""One daemon a site: a file beside the store that only it has locked, with its heartbeat.

The kernel drops the lock with the process, however that ends. Where a lock does not reach,
as between machines that share a directory, the heartbeat in the file tells.
"""

from __future__ import annotations

import fcntl
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from warmer.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

BEAT_S = 5.0
"""How often a heartbeat is due."""
_DEAD_S = 6 * BEAT_S


class Beat(msgspec.Struct, frozen=True):
    """Who holds a site, and when that was last said; unix seconds."""

    process: int
    host: str
    at: float


class SiteLock:
    """Held while a daemon runs a site; raises ConfigError while another one does."""

    def __init__(self, store: Path, site: str, *, now: float) -> None:
        self._path = store.with_name(f"{store.name}.{quote(site, safe='')}.daemon")
        try:
            store.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            msg = f"{self._path}: cannot be made: {error.strerror}; expected a writable directory"
            raise ConfigError(msg) from None
        try:
            self._take(site, now)
        except BaseException:
            os.close(self._descriptor)
            raise

    def _take(self, site: str, now: float) -> None:
        is_locked = False
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_locked = True
        last = _read(self._descriptor)
        elsewhere = last is not None and last.host != socket.gethostname()
        if is_locked or (elsewhere and last is not None and now - last.at < _DEAD_S):
            raise ConfigError(_refusal(site, last, now))
        self.beat(now=now)

    def beat(self, *, now: float) -> None:
        """Say that this daemon lives; `now` is unix seconds. Raises StoreError."""
        beat = Beat(os.getpid(), socket.gethostname(), now)
        line = msgspec.json.encode(beat) + b"\n"
        try:
            os.pwrite(self._descriptor, line, 0)
            os.ftruncate(self._descriptor, len(line))
        except OSError as error:
            msg = f"{self._path}: no heartbeat can be written: {error.strerror}"
            raise StoreError(msg) from error

    def release(self) -> None:
        """Give the site up. The file stays: another daemon may have it open already."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _read(descriptor: int) -> Beat | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, 1000, 0), type=Beat)
    except msgspec.MsgspecError:
        return None


def _refusal(site: str, last: Beat | None, now: float) -> str:
    if last is None:
        return f"site {site} has a daemon already; expected one a site, so stop that one first"
    return (
        f"site {site} has a daemon already: process {last.process} on {last.host}, heartbeat"
        f" {max(0.0, now - last.at):.0f} s ago; expected one a site, so stop that one first"
    )
