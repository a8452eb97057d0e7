"""`warmer daemon` as its own process: started, heard, killed, and started again."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.system.command import PROGRAM, environment
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.requests import WarmRequest
from warmer.model import Trigger

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator, Mapping, Sequence

LIMIT_S = 60.0
_POLL_S = 0.02


@dataclass(slots=True)
class DaemonProcess:
    """A running daemon; `lines` are what it has said so far, as JSON objects."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)
    has_ended: bool = False

    def listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.heard:
                self.lines.append(json.loads(line))
                self.heard.notify_all()
        with self.heard:
            self.has_ended = True
            self.heard.notify_all()

    def messages(self) -> list[str]:
        with self.heard:
            return [line["message"] for line in self.lines]

    def says(self, text: str, times: int = 1) -> None:
        """Wait until it has said something so often."""
        with self.heard:
            self.heard.wait_for(lambda: self.has_ended or self._said(text) >= times, LIMIT_S)
            assert self._said(text) >= times, f"it never said {text!r}: {self.lines}"

    def _said(self, text: str) -> int:
        return sum(text in line["message"] for line in self.lines)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ends(self) -> int:
        """Its exit code, when it has ended."""
        return self.process.wait(LIMIT_S)


@dataclass(frozen=True, slots=True)
class Place:
    """A directory with a site's file and its store; the daemon is started in it."""

    directory: Path
    name: str = "shop"

    def write(self, toml: str) -> None:
        (self.directory / "site.toml").write_text(toml, encoding="utf-8")

    @contextlib.contextmanager
    def daemon(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
    ) -> Iterator[DaemonProcess]:
        """Started and ready; killed at the end if it still runs.

        `within` is a command that becomes the one which is its last arguments.
        """
        process = subprocess.Popen(
            [*within, PROGRAM, "daemon", "-c", "site.toml", "--log-json", *arguments],
            cwd=self.directory,
            env={**environment(), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        daemon = DaemonProcess(process)
        listener = threading.Thread(target=daemon.listen)
        listener.start()
        try:
            daemon.says("ready")
            yield daemon
        finally:
            process.kill()
            process.wait()
            listener.join()
            assert process.stderr is not None
            process.stderr.close()

    @contextlib.contextmanager
    def queue(self) -> Iterator[TriggerQueue]:
        """The queue, from another process than the daemon's."""
        opened = TriggerQueue(self.directory / "warmer.db")
        try:
            yield opened
        finally:
            opened.close()

    def save(self, *urls: str) -> int:
        """A page was saved."""
        with self.queue() as queue:
            return self.accept(queue, WarmRequest(trigger=Trigger.INVALIDATION, urls=urls))

    def accept(self, queue: TriggerQueue, request: WarmRequest) -> int:
        return queue.accept(self.name, request, now=time.time())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.directory / "warmer.db")) as db:
            return db.execute(query).fetchall()

    def waiting(self) -> int:
        """How many triggers no run has done."""
        ((count,),) = self.rows("SELECT count(*) FROM triggers WHERE finished_at IS NULL")
        return int(count)

    def all_done(self) -> None:
        """Wait until every trigger is finished."""
        self.runs_out(self.waiting, "triggers wait for ever")

    def runs_out(self, left: Callable[[], int], otherwise: str) -> None:
        """Wait until nothing is left: for as long as it gets less, as on a busy machine."""
        least, deadline = left(), time.monotonic() + LIMIT_S
        while (now := left()) > 0:
            if now < least:
                least, deadline = now, time.monotonic() + LIMIT_S
            assert time.monotonic() < deadline, f"{otherwise}: {now} left"
            time.sleep(_POLL_S)

    def until(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(_POLL_S)


def resident_mb(process: int) -> float:
    """Memory of a process, as the kernel counts it."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(process: int) -> float:
    """CPU seconds that a process has used."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
