"""The units of configs/ under a real systemd: started, fed, reloaded, starved, stopped, timed.

Collected where a systemd can be booted (conftest.py). Drop-ins make the program visible, and
waits short; all else is as a person installs it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import systemd
from tests.servers.misbehaviour import page
from tests.servers.process import free_port
from tests.system.command import warmer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.rogue import Rogue
    from tests.servers.systemd import Machine

CONFIGS = Path(__file__).parents[2] / "configs"
DAEMON = "warmer-daemon.service"
RUN = "warmer.service"
TIMER = "warmer.timer"
SITE = "/etc/warmer/shop.toml"
TOKEN = "a token"
PATHS = [f"/p/{number}/" for number in range(1, 4)]
# The units hide homes and /tmp, where the program may be.
VISIBLE = f"""
[Service]
ProtectHome=tmpfs
BindReadOnlyPaths={systemd.needed_paths()} {sys.prefix}:/opt/warmer
StandardOutput=append:{systemd.LOG}
StandardError=append:{systemd.LOG}
"""
IMPATIENT = "WatchdogSec=2\nRestartSec=100ms\n"
EVERY_SECOND = """
[Timer]
OnCalendar=
OnCalendar=*:*:*
RandomizedDelaySec=0
AccuracySec=1ms
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def toml(rogue: Rogue, port: int) -> str:
    for path in PATHS:
        rogue.on(path, page(headers={"Age": "1", "Cache-Control": "max-age=60"}))
    return f"""
    name = "shop"
    base_url = "{rogue.url}"
    source = [{{ path = "/etc/warmer/urls.txt" }}]
    daemon = {{ listen = "127.0.0.1:{port}", token_env = "WARMER_TOKEN" }}
    store = {{ path = "/var/lib/warmer/shop.db" }}
    crawl = {{ retries = 0, user_agent = "first" }}
    """


@pytest.fixture
def machine(tmp_path: Path, toml: str) -> Iterator[Machine]:
    units = {name: (CONFIGS / name).read_text(encoding="utf-8") for name in (DAEMON, RUN, TIMER)}
    units |= {
        f"{DAEMON}.d/here.conf": VISIBLE + IMPATIENT,
        f"{RUN}.d/here.conf": VISIBLE,
        f"{TIMER}.d/often.conf": EVERY_SECOND,
    }
    files = {
        SITE: toml,
        "/etc/warmer/urls.txt": "\n".join(PATHS),
        "/etc/warmer/secrets": f"WARMER_TOKEN={TOKEN}\n",
    }
    with systemd.booted(tmp_path, units, files) as found:
        yield found


@pytest.fixture
def running(machine: Machine) -> Machine:
    """With the daemon's unit started."""
    machine.systemctl("start", DAEMON)
    return machine


def trigger(directory: Path, port: int, path: str) -> None:
    done = warmer(directory, "trigger", "--daemon", f"http://127.0.0.1:{port}", path)
    assert (done.code, done.stderr) == (0, "")


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMER_TOKEN", TOKEN)


def test_the_daemon_is_active_when_it_has_said_so_and_warms_what_it_is_told(
    running: Machine, rogue: Rogue, port: int, tmp_path: Path
) -> None:
    assert running.show(DAEMON, "ActiveState") == "active"
    assert running.show(DAEMON, "StatusText") == "keeping shop warm"
    user = running.run("stat", "--format=%U", f"/proc/{running.show(DAEMON, 'MainPID')}")
    assert user.stdout != "root\n"
    trigger(tmp_path, port, "/p/1/")
    running.until(lambda: "1 of 1 targets warm" in running.log(), "it warms nothing")
    assert rogue.count("/p/1/") >= 1


def test_a_daemon_that_does_not_get_ready_is_never_active_nor_started_again(
    machine: Machine,
) -> None:
    machine.write(SITE, 'nam = "shop"')
    started = machine.run("systemctl", "start", DAEMON)
    assert started.returncode == 1
    assert machine.show(DAEMON, "ExecMainStatus") == "2"
    assert machine.show(DAEMON, "ActiveState") == "failed"
    assert machine.show(DAEMON, "NRestarts") == "0"
    assert 'nam: unknown key; did you mean "name"?' in machine.log()


def test_a_reload_takes_a_right_file_and_outlives_a_wrong_one(
    running: Machine, rogue: Rogue, toml: str, port: int, tmp_path: Path
) -> None:
    running.write(SITE, toml.replace('"first"', '"second"'))
    running.systemctl("reload", DAEMON)
    running.write(SITE, toml.replace("user_agent", "user_agnt"))
    running.systemctl("reload", DAEMON)
    running.until(lambda: "not reloaded: " in running.log(), "the wrong file is not said")
    assert running.show(DAEMON, "ActiveState") == "active"
    trigger(tmp_path, port, "/p/1/")
    running.until(lambda: "targets warm" in running.log(), "it warms nothing")
    assert {each.headers["user-agent"] for each in rogue.requests()} == {"second"}


def test_a_daemon_that_hangs_starves_its_watchdog_and_is_started_again(running: Machine) -> None:
    hung = running.show(DAEMON, "MainPID")
    running.run("kill", "-STOP", hung)
    running.until(lambda: running.show(DAEMON, "NRestarts") == "1", "it is left hanging")
    running.until(lambda: running.show(DAEMON, "ActiveState") == "active", "it does not come back")
    assert running.show(DAEMON, "MainPID") != hung
    assert "was killed" not in running.log()


def test_kill_9_is_answered_by_a_start_and_what_was_accepted_is_done_then(
    running: Machine, rogue: Rogue, port: int, tmp_path: Path
) -> None:
    with rogue.hold("/p/1/") as held:
        trigger(tmp_path, port, "/p/1/")
        held.wait_until_arrived()
        running.run("kill", "-KILL", running.show(DAEMON, "MainPID"))
        running.until(lambda: "was killed; what it left is done" in running.log(), "no new start")
    running.until(lambda: "1 of 1 targets warm" in running.log(), "the trigger is lost")


def test_a_stop_lets_the_page_on_the_wire_come_to_its_end(
    running: Machine, rogue: Rogue, port: int, tmp_path: Path
) -> None:
    with rogue.hold("/p/1/") as held:
        trigger(tmp_path, port, "/p/1/")
        held.wait_until_arrived()
        running.systemctl("stop", "--no-block", DAEMON)
        running.until(lambda: running.show(DAEMON, "StatusText") == "draining", "no stop")
        assert running.show(DAEMON, "ActiveState") == "deactivating"
    running.until(lambda: running.show(DAEMON, "ActiveState") == "inactive", "it never ends")
    assert running.show(DAEMON, "Result") == "success"
    assert "stopped: what waits is done after the next start" in running.log()


def test_the_timer_starts_a_run_and_another(machine: Machine, rogue: Rogue) -> None:
    machine.systemctl("start", TIMER)
    machine.until(lambda: rogue.count("/p/1/") >= 2, "the timer starts nothing")
    machine.systemctl("stop", TIMER)
    machine.until(lambda: machine.show(RUN, "ActiveState") == "inactive", "the run does not end")
    assert machine.show(RUN, "Result") == "success"
    report = json.loads(machine.read("/var/lib/warmer/shop.json"))
    assert (report["run"]["status"], report["counts"]["warm"]) == ("finished", 3)
