"""One daemon thread a process, for what a save must not wait for.

Jobs run one by one; what is still queued when the process ends is in the outbox anyway,
and gets two seconds first. Knows nothing of what the jobs do.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], object]

QUEUED_AT_MOST = 1000
DRAIN_S = 2.0
_log = logging.getLogger("warmer.django")


class Background:
    """The thread and its queue; the thread starts with the first job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget()
        # A forked worker inherits the queue but not the thread.
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._jobs: queue.Queue[Job] = queue.Queue(QUEUED_AT_MOST)
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> bool:
        """Whether there was room; the caller's row stays in the outbox if not."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="warmer", daemon=True)
                self._thread.start()
                atexit.register(self.drain, DRAIN_S)
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def drain(self, limit_s: float) -> bool:
        """Wait until nothing is queued or running, at most so long; whether that was reached."""
        jobs = self._jobs
        with jobs.all_tasks_done:
            return jobs.all_tasks_done.wait_for(lambda: not jobs.unfinished_tasks, limit_s)

    def _run(self) -> None:
        jobs = self._jobs
        while True:
            job = jobs.get()
            try:
                job()
            except Exception:  # noqa: BLE001 -- the thread outlives any job
                _log.exception("a background job failed; its trigger stays in the outbox")
            finally:
                if jobs.empty():
                    connections.close_all()  # this thread's own
                jobs.task_done()


background = Background()
