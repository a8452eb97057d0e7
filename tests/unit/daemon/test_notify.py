from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from warmer.daemon.notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """What would be systemd's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def test_each_state_is_a_datagram(systemd: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    notifier.ready("keeping shop warm")
    notifier.feed_watchdog()
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    notifier.stopping("draining")
    said = [systemd.recv(1000).decode() for _ in range(4)]
    assert said[0] == "READY=1\nSTATUS=keeping shop warm"
    assert said[1] == "WATCHDOG=1"
    state, moment = said[2].split("\n")
    assert state == "RELOADING=1"
    assert before <= int(moment.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    assert said[3] == "STOPPING=1\nSTATUS=draining"
    notifier.close()


def test_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0warmer-test-{os.getpid()}")
        listener.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": f"@warmer-test-{os.getpid()}"})
        notifier.feed_watchdog()
        assert listener.recv(100) == b"WATCHDOG=1"
        notifier.close()


def test_without_systemd_nothing_is_said() -> None:
    notifier = Notifier({})
    notifier.ready("")
    notifier.feed_watchdog()
    notifier.close()
    assert notifier.watchdog_s is None


def test_a_systemd_that_has_gone_stops_nothing(systemd: socket.socket, tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    (tmp_path / "notify").unlink()
    notifier.feed_watchdog()
    notifier.close()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
    ],
)
def test_the_watchdog_is_fed_only_by_the_process_that_it_watches(
    environment: dict[str, str], seconds: float | None
) -> None:
    assert Notifier(environment).watchdog_s == seconds
