"""Run a program to its end on a core of its own, and know what it cost.

Costs are the kernel's account of the process and the children it waited for. Peak
memory is that of its largest process, and never below that of this one, from which
it was forked: so nothing large is imported here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ERROR_LINES = 20
FIRST_CORE = "0"
LIMIT_S = 3600.0


class BenchError(Exception):
    """A program that was to be measured failed, or is not installed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """User and system time, time on the wall, the largest process's peak memory."""

    cpu_s: float
    wall_s: float
    peak_rss_mb: float


def keep_servers_off() -> None:
    """Leave the first core to what is measured; this process and its servers take the others."""
    cores = _cores()
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[1:])


def all_cores() -> str:
    """For `measure`: where nothing is kept apart, because the machine is shared in life too."""
    return ",".join(map(str, _cores()))


@contextlib.contextmanager
def servers_on_all_cores() -> Iterator[None]:
    """Undo `keep_servers_off` for a while; servers started meanwhile stay on all cores."""
    cores = _cores()
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(
    command: Sequence[str],
    *,
    directory: Path,
    cores: str = FIRST_CORE,
    limit_s: float = LIMIT_S,
) -> Cost:
    """Run `command` in `directory`, its output in files there.

    Raises BenchError if it fails, or has not ended after `limit_s`.
    """
    program = Path(command[0]).name
    errors = directory / f"{program}.err"
    with (directory / f"{program}.out").open("wb") as out, errors.open("wb") as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [*_on(cores), *command],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=_plain_environment(),
        )
        with _ended(process), _killed_after(process, limit_s):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - began
    if process.returncode != 0:
        tail = errors.read_text(errors="replace").splitlines()[-ERROR_LINES:]
        raise BenchError(f"{' '.join(command)} ended with {process.returncode}\n" + "\n".join(tail))
    # Linux counts in KiB, macOS in bytes.
    unit = 1_000_000 if sys.platform == "darwin" else 1_000_000 / 1024
    return Cost(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / unit)


def warmer(*arguments: str) -> list[str]:
    """The installed command line of this interpreter's environment."""
    return [str(Path(sys.executable).with_name("warmer")), *arguments]


def version_of(*command: str) -> str:
    """The second word of what `--version` prints, or of the line that names the version."""
    try:
        done = subprocess.run([*command], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"{command[0]} cannot be run: {error}; install it") from None
    return (done.stdout or done.stderr).split()[1]


def _cores() -> list[int]:
    if not hasattr(os, "sched_setaffinity"):
        return []
    return list(range(os.cpu_count() or 1))


def _on(cores: str) -> list[str]:
    taskset = shutil.which("taskset")
    return [taskset, "-c", cores] if taskset and len(_cores()) > 1 else []


def _plain_environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    }
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens meanwhile (Ctrl-C), the child does not outlive it."""
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise


@contextlib.contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
