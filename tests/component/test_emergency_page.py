"""Every command of the emergency plan is one that works: nobody finds out at night that it does not."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.process import HOST
from tests.sites.launch.evening import CORE, Evening
from tests.unit.command_shape import mistake_in
from tests.unit.markdown import code_blocks

if TYPE_CHECKING:
    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "emergency.md").read_text(encoding="utf-8")
SCRIPTS = {"./roll-back"}
"""Of the project that launches, as the hooks of configs/ have them."""


def commands() -> list[list[str]]:
    """Each line of each block, also of those within a list."""
    blocks = code_blocks("\n".join(line.removeprefix("   ") for line in TEXT.splitlines()), "")
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def those_of(program: str) -> list[list[str]]:
    return [arguments for name, *arguments in commands() if name == program]


def test_every_command_is_of_a_program_that_a_test_here_knows() -> None:
    known = {"warmer", "redis-cli", "python", "systemctl", "journalctl", *SCRIPTS}
    assert {name for name, *_ in commands()} == known


def test_every_call_of_warmer_is_one_that_it_takes() -> None:
    found = those_of("warmer")
    assert len(found) >= 12
    assert [mistake_in(arguments) for arguments in found] == [""] * len(found)


def test_redis_takes_every_command(start_redis: StartRedis) -> None:
    redis = start_redis()
    for host, address, *arguments in those_of("redis-cli"):
        assert (host, address) == ("-h", "10.0.0.20")
        done = subprocess.run(
            ["redis-cli", "-h", HOST, "-p", str(redis.server.port), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        assert not done.stdout.startswith(("ERR", "(error)", "WRONG", "NOPERM")), arguments


def test_a_redis_that_the_plan_has_locked_is_flushed_no_more(start_redis: StartRedis) -> None:
    redis = start_redis()
    (locked,) = [line[2:] for line in those_of("redis-cli") if "ACL" in line]
    answers = [
        subprocess.run(
            ["redis-cli", "-h", HOST, "-p", str(redis.server.port), *arguments],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        for arguments in (locked, ["SET", "page", "1"], ["FLUSHALL"])
    ]
    assert answers[:2] == ["OK", "OK"]
    assert answers[2].startswith("NOPERM")


def test_the_units_are_those_of_the_examples() -> None:
    units = {line[-1] for line in those_of("systemctl")} | {
        line[line.index("-u") + 1] for line in those_of("journalctl")
    }
    assert units == {"warmer-daemon"}
    assert (ROOT / "configs" / "warmer-daemon.service").is_file()


def test_the_scripts_of_the_project_are_those_of_the_hooks() -> None:
    pipeline = (ROOT / "configs" / "gitlab-ci.yml").read_text(encoding="utf-8")
    assert all(script in pipeline for script in SCRIPTS)


@pytest.mark.parametrize("arguments", those_of("python"), ids=lambda each: each[1])
def test_the_site_takes_every_command_of_its_own(
    arguments: list[str], tmp_path: Path, redis_server: RedisServer
) -> None:
    caches = {"default": {"BACKEND": CORE, "LOCATION": redis_server.database(1)}}
    site = Evening(tmp_path / "site", {"CACHES": caches})
    site.build()
    program, command, *rest = arguments
    assert program == "manage.py"
    done = site.run(command, *rest)
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)
