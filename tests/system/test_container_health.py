"""The HEALTHCHECK of the Dockerfile, beside a first process as a container has one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from tests.system.command import PROGRAM, environment
from tests.system.daemon_process import Place

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
AS_ROOT = [] if os.geteuid() == 0 else ["--map-root-user"]
# Numbers of processes, and port 8089, of its own.
CONTAINER = [
    "unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--net", *AS_ROOT,
    "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
]  # fmt: skip
VARIABLES = environment() | {"PATH": f"{PROGRAM.parent}:/usr/sbin:/usr/bin:/sbin:/bin"}


def command() -> list[str]:
    (found,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE)
    words: list[str] = json.loads(found)
    return words


def exit_code(within: list[str]) -> int:
    return subprocess.run(
        [*within, *command()], env=VARIABLES, stderr=subprocess.DEVNULL, check=False, timeout=60
    ).returncode


def test_a_daemon_is_healthy_while_it_answers(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write('base_url = "https://shop.internal"\n')
    with place.daemon(within=CONTAINER) as daemon:
        inner = int(
            Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text()
        )
        beside = ["nsenter", "--all", f"--target={inner}"]
        assert exit_code(beside) == 0
        os.kill(inner, signal.SIGSTOP)
        assert exit_code(beside) == 1


def test_a_container_that_runs_once_is_healthy() -> None:
    assert exit_code(CONTAINER) == 0
