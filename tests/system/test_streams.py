"""Which stream gets what: results on standard output, the rest on standard error, no surprises."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.servers.misbehaviour import page
from tests.system.command import PROGRAM, environment, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue

SITE = "http://www.example.test"
ESCAPE = "\x1b"


@pytest.fixture
def address(rogue: Rogue) -> tuple[str, ...]:
    for number in range(1, 6):
        rogue.on(f"/p/{number}/", page(headers={"X-Cache": "HIT from proxy"}))
    return ("--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}")


@pytest.fixture
def urls(tmp_path: Path) -> str:
    (tmp_path / "urls.txt").write_text("".join(f"/p/{number}/\n" for number in range(1, 6)))
    return "urls.txt"


def shell(directory: Path, line: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A line of bash, in which `"$@"` is the command with its arguments."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line, "bash", str(PROGRAM), *arguments],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def on_a_terminal(directory: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code, and all that a terminal was sent."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=directory,
        env={**environment(), "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # Linux says so when the other side has closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(master)
    return process.returncode, shown.decode()


@pytest.mark.parametrize("count", [5, 20_000])
def test_a_plan_that_nobody_reads_to_its_end_ends_quietly(
    tmp_path: Path, address: tuple[str, ...], count: int
) -> None:
    (tmp_path / "urls.txt").write_text("".join(f"/p/{number}/\n" for number in range(count)))
    done = shell(tmp_path, '"$@" | head -1', "plan", "urls.txt", *address)
    assert (done.returncode, done.stdout, done.stderr) == (0, "rank\tshare\turl\tvariant\n", "")


@pytest.mark.parametrize("command", [("runs",), ("--help",), ("crawl", "--help")])
def test_a_reader_that_has_gone_is_no_failure(
    tmp_path: Path, address: tuple[str, ...], urls: str, command: tuple[str, ...]
) -> None:
    assert warmer(tmp_path, "crawl", urls, *address).code == 0
    done = shell(tmp_path, '"$@" | true', *command)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_gate_holds_where_nobody_reads_the_summary(
    tmp_path: Path, address: tuple[str, ...], urls: str
) -> None:
    arguments = ("crawl", urls, *address, "--threshold", "failed_ratio>=1")
    done = shell(tmp_path, '"$@" | true', *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_run_goes_on_where_nobody_reads_its_progress(
    tmp_path: Path, address: tuple[str, ...], urls: str, rogue: Rogue
) -> None:
    arguments = ("crawl", urls, *address, "--report", "report.json")
    done = shell(tmp_path, '"$@" 2>&1 | true', *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert {rogue.count(f"/p/{number}/") for number in range(1, 6)} == {2}
    assert "finished" in warmer(tmp_path, "runs").stdout


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed_are_no_files_of_ours(
    tmp_path: Path, address: tuple[str, ...], urls: str, closed: str
) -> None:
    done = shell(tmp_path, f'"$@" {closed}', "crawl", urls, *address, "--report", "report.json")
    assert done.returncode == 0, done.stderr
    assert "finished" in warmer(tmp_path, "runs").stdout


def test_a_full_standard_output_is_one_line(
    tmp_path: Path, address: tuple[str, ...], urls: str
) -> None:
    done = shell(tmp_path, '"$@" > /dev/full', "plan", urls, *address)
    assert (done.returncode, done.stderr) == (
        3,
        "warmer: standard output: No space left on device\n",
    )


def test_results_go_to_standard_output_and_progress_to_standard_error(
    tmp_path: Path, address: tuple[str, ...], urls: str
) -> None:
    done = warmer(tmp_path, "crawl", urls, *address)
    assert done.stdout.startswith("5 of 5 targets are warm (100 %).\n")
    assert done.stderr.startswith("warm: 5 to do\n")
    assert "to do" not in done.stdout
    assert ESCAPE not in done.stdout + done.stderr


def test_quiet_says_nothing_where_all_is_well(
    tmp_path: Path, address: tuple[str, ...], urls: str
) -> None:
    done = warmer(tmp_path, "crawl", urls, *address, "-q", "--threshold", "hit_ratio>=1")
    assert (done.code, done.stdout, done.stderr) == (0, "", "")


def test_quiet_says_which_threshold_failed(
    tmp_path: Path, address: tuple[str, ...], urls: str
) -> None:
    thresholds = ("--threshold", "hit_ratio<=0.5", "--threshold", "traffic_hit_ratio>=0.5")
    done = warmer(tmp_path, "crawl", urls, *address, "-q", *thresholds)
    assert (done.code, done.stdout, done.stderr) == (
        1,
        "",
        (
            "warmer: threshold hit_ratio<=0.5: fail, the value is 1.0\n"
            "warmer: threshold traffic_hit_ratio>=0.5: no data\n"
        ),
    )


def test_a_terminal_gets_colours_unless_they_are_not_wanted(
    tmp_path: Path, address: tuple[str, ...], urls: str
) -> None:
    code, shown = on_a_terminal(tmp_path, "crawl", urls, *address)
    assert (code, ESCAPE in shown) == (0, True), shown
    for variable in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        code, shown = on_a_terminal(tmp_path, "crawl", urls, *address, **variable)
        assert (code, ESCAPE in shown) == (0, False), shown
        assert "5 of 5 targets are warm (100 %)." in shown


COMMANDS = ("crawl", "verify", "plan", "report", "runs", "check")


def test_help_of_every_command_goes_to_standard_output(tmp_path: Path) -> None:
    whole = warmer(tmp_path, "--help")
    assert (whole.code, whole.stderr) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in whole.stdout
        for option in ("--help", "-h"):
            told = warmer(tmp_path, command, option)
            assert (told.code, told.stderr) == (0, "")
            assert told.stdout.startswith(f"Usage: warmer {command} ")
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_is_missing_is_one_line(tmp_path: Path) -> None:
    done = warmer(tmp_path)
    assert (done.code, done.stdout, done.stderr) == (
        2,
        "",
        "warmer: Missing command. See `warmer --help`.\n",
    )


def test_an_unknown_command_is_one_line(tmp_path: Path) -> None:
    done = warmer(tmp_path, "crwal")
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("warmer: No such command")
    assert done.stderr.count("\n") == 1


def test_the_version_is_told(tmp_path: Path) -> None:
    done = warmer(tmp_path, "--version")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith("warmer, version 0.")
