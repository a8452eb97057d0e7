"""Whether a run has a living process: a file beside the store that only it has locked.

The kernel drops the lock with the process, however that ends; a process number alone
would lie about zombies and about numbers that were given out again.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from warmer.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class RunLock:
    """Held from the start of a run to its end, by one process at a time."""

    def __init__(self, store: Path, run_id: str) -> None:
        self._path = _path(store, run_id)
        while (descriptor := _locked(self._path)) is not None:
            # Whoever had it before may have taken the file away after we opened it.
            if _is_at(self._path, descriptor):
                self._descriptor = descriptor
                return
            os.close(descriptor)
        raise ConfigError(f"run {run_id} is under way in another process")

    def release(self) -> None:
        """Give the run up, and take the file away."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def is_held(store: Path, run_id: str) -> bool:
    """Whether a living process has the run."""
    try:
        descriptor = os.open(_path(store, run_id), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock; None while a process has the run."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    while not _lock(descriptor, fcntl.LOCK_EX):
        # Somebody who only looks, as `is_held` does, is gone in a moment.
        if not _lock(descriptor, fcntl.LOCK_SH):
            os.close(descriptor)
            return None
    return descriptor


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _path(store: Path, run_id: str) -> Path:
    return store.with_name(f"{store.name}.{run_id}.lock")
