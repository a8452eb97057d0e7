"""Visitors of a page at a fixed rate: `python -m bench.visits NODE HOST PATH RATE`, until SIGTERM.

An open model: visits start when they are due, however slow the answers are, each over a
connection of its own, and latency counts from when it was due until the last byte. A
line for each: due (monotonic seconds), latency in ms, status (0: no answer). They come
from other machines in life, so here they are served by the scheduler first, where allowed.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import sys
import threading
import time

WAITING = 64
"""Visits that can be under way at once; later ones wait, and their latency shows it."""
TIMEOUT_S = 30.0


def main(node: str, host: str, path: str, rate: float) -> None:
    """Ask, and write a line for each answer, until told to end."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    address, _, port = node.rpartition(":")
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: visitor\r\nConnection: close\r\n\r\n"
    ).encode()
    due_times: queue.SimpleQueue[float | None] = queue.SimpleQueue()

    def visit_when_due() -> None:
        while (due := due_times.get()) is not None:
            status = _visit((address, int(port)), request)
            print(f"{due:.6f} {(time.monotonic() - due) * 1000:.3f} {status}")

    visitors = [threading.Thread(target=visit_when_due) for _ in range(WAITING)]
    for each in visitors:
        each.start()
    due = time.monotonic()
    while not is_over.is_set():
        time.sleep(max(0.0, due - time.monotonic()))
        due_times.put(due)
        due += 1 / rate
    for _ in visitors:
        due_times.put(None)
    for each in visitors:
        each.join()


def _visit(address: tuple[str, int], request: bytes) -> int:
    """The status of the answer, read to its end."""
    try:
        with socket.create_connection(address, timeout=TIMEOUT_S) as connection:
            connection.sendall(request)
            answer = connection.recv(65536)
            status = int(answer[9:12] or b"0")
            while answer:
                answer = connection.recv(65536)
            return status
    except OSError:
        return 0


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
