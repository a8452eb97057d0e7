from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from warmer.daemon.lock import SiteLock
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0

HOLD = """
import sys, time
from pathlib import Path
from warmer.daemon.lock import SiteLock
lock = SiteLock(Path(sys.argv[1]), "shop", now=float(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""


def refusal(store: Path, *, now: float) -> str:
    with pytest.raises(ConfigError) as refused:
        SiteLock(store, "shop", now=now)
    return str(refused.value)


def test_a_second_daemon_is_told_which_process_has_the_site(tmp_path: Path) -> None:
    store = tmp_path / "warmer.db"
    lock = SiteLock(store, "shop", now=NOW)
    lock.beat(now=NOW + 60)
    assert refusal(store, now=NOW + 62) == (
        f"site shop has a daemon already: process {os.getpid()} on {socket.gethostname()},"
        " heartbeat 2 s ago; expected one a site, so stop that one first"
    )
    lock.release()
    SiteLock(store, "shop", now=NOW + 63).release()


def test_sites_of_one_store_have_a_lock_each(tmp_path: Path) -> None:
    locks = [SiteLock(tmp_path / "warmer.db", name, now=NOW) for name in ("shop", "a/b", "..", "ü")]
    assert len({lock._path for lock in locks}) == 4
    assert {lock._path.parent for lock in locks} == {tmp_path}
    for lock in locks:
        lock.release()


def test_the_lock_of_a_killed_daemon_is_free_however_fresh_its_heartbeat(tmp_path: Path) -> None:
    store = tmp_path / "warmer.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, store, str(NOW)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert f"process {process.pid} on" in refusal(store, now=NOW)
        os.kill(process.pid, signal.SIGKILL)
    SiteLock(store, "shop", now=NOW).release()


def test_a_fresh_heartbeat_of_another_machine_keeps_the_site_and_an_old_one_does_not(
    tmp_path: Path,
) -> None:
    store = tmp_path / "warmer.db"
    SiteLock(store, "shop", now=NOW).release()
    (path,) = tmp_path.iterdir()
    path.write_text(json.dumps({"process": 7, "host": "elsewhere.example", "at": NOW}))
    assert "process 7 on elsewhere.example, heartbeat 20 s ago" in refusal(store, now=NOW + 20)
    SiteLock(store, "shop", now=NOW + 40).release()


def test_a_heartbeat_that_cannot_be_read_does_not_keep_a_site(tmp_path: Path) -> None:
    store = tmp_path / "warmer.db"
    SiteLock(store, "shop", now=NOW).release()
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"\xff{")
    SiteLock(store, "shop", now=NOW).release()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refusal(tmp_path / "file" / "warmer.db", now=NOW)
    assert "\n" not in message
    assert message.endswith("expected a writable directory")
