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
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise ConfigError(f"run {run_id} is under way in another process") from None

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
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _path(store: Path, run_id: str) -> Path:
    return store.with_name(f"{store.name}.{run_id}.lock")
