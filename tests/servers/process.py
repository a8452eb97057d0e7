"""Start a real server as a child process, know when it answers, and stop it for certain.

Knows no particular server and never waits for a fixed time: a server is ready when
it answers, and one that ends first is reported with the end of its log.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

HOST = "127.0.0.1"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
POLL_S = 0.02
LOG_LINES = 40
ATTEMPTS = 5
"""How often a start is tried anew when the port was taken between our look and its bind."""


class ServerError(Exception):
    """A server is not installed, or did not start; `str()` holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: where it listens, what it writes, and its process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End the server now; for tests of a server that goes away."""
        _end(self.process)

    def freeze(self) -> None:
        """Stop answering but keep every connection open, as a hung machine does."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Listening:
    """What runs, by where it listens; `node` as `--connect-to` takes it."""

    server: Running

    @property
    def host(self) -> str:
        return HOST

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def node(self) -> str:
        return f"{self.host}:{self.port}"


def free_port() -> int:
    """A loopback TCP port on which nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def require(binary: str, *, package: str) -> str:
    """The path of a server's binary, or ServerError naming the apt package."""
    path = shutil.which(binary, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise ServerError(f"{binary} is not installed; run: apt-get install {package}")
    return path


@contextlib.contextmanager
def running(
    command: Callable[[int], Sequence[str]],
    *,
    directory: Path,
    answers: Callable[[int], bool],
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Running]:
    """Start `command(port)`, yield it once `answers(port)`, end it whatever happens.

    `port` pins the port, for a server that comes back where it was; otherwise a free
    one is taken. `environment` is added to ours.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "server.log"
    server = None
    for attempt in range(1, ATTEMPTS + 1):
        chosen = port if port is not None else free_port()
        server = _launch(command(chosen), chosen, log, directory, environment)
        try:
            ready = _wait(server, answers)
        except BaseException:
            _end(server.process)
            raise
        if ready:
            break
        if attempt == ATTEMPTS or "in use" not in server.log_text():
            raise ServerError(_obituary(server, command(chosen)))
    assert server is not None
    try:
        yield server
    finally:
        _end(server.process)


def accepts(port: int) -> bool:
    """Whether something accepts TCP connections on this loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def replies(port: int, question: bytes) -> bool:
    """Whether a server says anything at all to `question`."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(question)
            return connection.recv(1) != b""
    except OSError:
        return False


def _launch(
    command: Sequence[str],
    port: int,
    log: Path,
    directory: Path,
    environment: Mapping[str, str] | None,
) -> Running:
    # The kernel ends the server when the test process is killed and cannot clean up.
    guard = shutil.which("setpriv")
    prefix = [guard, "--pdeathsig", "TERM"] if guard else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    return Running(port=port, process=process, log=log)


def _wait(server: Running, answers: Callable[[int], bool]) -> bool:
    """True when the server answers, False when it ended; ServerError when it does neither."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(timeout=POLL_S)
            return False
        if answers(server.port) and server.process.poll() is None:
            return True
    raise ServerError(_obituary(server, server.process.args))


def _obituary(server: Running, command: object) -> str:
    status = server.process.poll()
    fate = "did not answer" if status is None else f"ended with status {status}"
    tail = "\n".join(server.log_text().splitlines()[-LOG_LINES:])
    return f"server {fate} on port {server.port}: {command}\n{tail}"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        # A frozen process takes SIGTERM only after it goes on.
        os.killpg(process.pid, signal.SIGCONT)
        process.terminate()
        try:
            process.wait(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
