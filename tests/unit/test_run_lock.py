"""A run belongs to one living process; real processes, since the kernel is what decides."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from warmer.errors import ConfigError
from warmer.run_lock import RunLock, is_held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = "20260304-050607-abcd"
HOLDER = """
import sys
from pathlib import Path
from warmer.run_lock import RunLock
lock = RunLock(Path(sys.argv[1]), sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "warmer.db"


@pytest.fixture
def holder(store: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the run until it ends, or its standard input does."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store), RUN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_run_that_nobody_has_is_not_held(store: Path) -> None:
    assert not is_held(store, RUN)


def test_a_lock_is_held_until_it_is_released_and_leaves_no_file(store: Path) -> None:
    lock = RunLock(store, RUN)
    assert is_held(store, RUN)
    assert not is_held(store, "another-run")
    lock.release()
    assert not is_held(store, RUN)
    assert list(store.parent.iterdir()) == []


def test_a_run_of_another_process_is_refused(store: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.poll() is None
    assert is_held(store, RUN)
    with pytest.raises(ConfigError) as refused:
        RunLock(store, RUN)
    assert str(refused.value) == f"run {RUN} is under way in another process"
    assert is_held(store, RUN)


def test_a_second_lock_in_the_same_process_is_refused(store: Path) -> None:
    lock = RunLock(store, RUN)
    with pytest.raises(ConfigError):
        RunLock(store, RUN)
    lock.release()


def test_a_killed_process_holds_nothing_even_as_a_zombie(
    store: Path, holder: subprocess.Popen[str]
) -> None:
    holder.send_signal(signal.SIGKILL)
    # Waits until it is dead, and leaves it unburied.
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert not is_held(store, RUN)
    lock = RunLock(store, RUN)
    lock.release()
    assert list(store.parent.iterdir()) == []


def test_of_many_that_resume_at_once_exactly_one_gets_the_run(store: Path) -> None:
    barrier = threading.Barrier(8)
    won: list[RunLock] = []

    def resume() -> None:
        barrier.wait()
        with contextlib.suppress(ConfigError):
            won.append(RunLock(store, RUN))

    for _ in range(30):
        threads = [threading.Thread(target=resume) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        won.pop().release()


def test_a_lock_is_never_given_on_a_file_that_was_taken_away(store: Path) -> None:
    """Release and resume race: two would have the run, each with a file of its own."""
    holders = 0
    most = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal holders, most
        for _ in range(300):
            try:
                lock = RunLock(store, RUN)
            except ConfigError:
                continue
            with guard:
                holders += 1
                most = max(most, holders)
            with guard:
                holders -= 1
            lock.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_somebody_who_only_looks_keeps_nobody_from_resuming(store: Path) -> None:
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            is_held(store, RUN)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        for _ in range(2000):
            RunLock(store, RUN).release()
    finally:
        ended.set()
        looker.join()
