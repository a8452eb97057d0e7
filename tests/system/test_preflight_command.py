"""`warmer preflight` as a command: what it takes and refuses, how it ends, what it writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.servers.process import HOST, free_port
from tests.system.command import warmer
from tests.system.launch_site import BASE_URL, Front, Launch, grades, reason

if TYPE_CHECKING:
    from pathlib import Path


def test_checks_are_switched_off_with_a_reason(launch: Launch) -> None:
    found = launch.look(Front(hsts=""), extra='off = { hsts = "after the launch" }')
    assert (found.code, grades(found)) == (0, {})
    assert reason(found, "hsts") == "off: after the launch"


def test_an_unknown_check_is_refused_with_the_nearest_known_one(launch: Launch) -> None:
    found = launch.look(Front(), extra='off = { host-heder = "behind a proxy" }')
    assert (found.code, found.stderr) == (
        2,
        'warmer: shop.toml: preflight.off.host-heder: unknown check; did you mean "host-header"?\n',
    )


def test_an_origin_that_does_not_answer_ends_with_3(tmp_path: Path) -> None:
    node = f"{HOST}:{free_port()}"
    found = warmer(tmp_path, "preflight", "--base-url", BASE_URL, "--connect-to", node)
    assert (found.code, found.stdout) == (3, "")
    assert found.stderr.startswith(f"warmer: origin {BASE_URL} by way of {node}: connect: ")


def test_without_a_site_it_is_a_usage_error(tmp_path: Path) -> None:
    found = warmer(tmp_path, "preflight", "--cache", "redis://127.0.0.1/0")
    assert (found.code, found.stdout) == (2, "")


def test_a_report_of_another_kind_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    found = warmer(tmp_path, "preflight", "--base-url", BASE_URL, "--report", "p.jsonl")
    assert (found.code, "expected .json or .xml" in found.stderr) == (2, True)


def test_junit_and_the_quiet_command_tell_what_failed(launch: Launch, tmp_path: Path) -> None:
    found = launch.look(Front(hsts="", compression=""), "-q", "--report", "p.xml")
    assert (found.code, found.stdout) == (1, "")
    assert found.stderr.startswith("FAIL     hsts ")
    assert len(found.stderr.splitlines()) == 1
    suite = ET.parse(tmp_path / "p.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("22", "1", "8")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == [
        f"hsts [{BASE_URL}/]"
    ]


INSIDE_DEBUG = {"check": "debug", "grade": "fail", "where": "DEBUG", "reason": "True", "cure": "no"}


def told_inside(path: Path, *checks: dict[str, str]) -> str:
    """A file as `manage.py warmer_preflight --json` prints it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = {"schema": "warmer.preflight/1", "base_url": BASE_URL, "at": now, "checks": checks}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path.name


def test_what_was_told_inside_joins_the_table_and_the_exit_code(
    launch: Launch, tmp_path: Path
) -> None:
    name = told_inside(tmp_path / "inside.json", INSIDE_DEBUG)
    found = launch.look(Front(), "--inside", name)
    assert (found.code, grades(found)) == (1, {"debug": "fail"})
    names = [each["check"] for each in found.report["checks"]]
    assert names.index("sitemap") + 1 == names.index("inside-report")
    assert names.index("debug") + 1 == names.index("cache-reachable")
    assert "FAIL     debug              DEBUG: True. Cure: no" in found.stdout


def test_a_check_told_inside_is_switched_off_like_the_others(
    launch: Launch, tmp_path: Path
) -> None:
    name = told_inside(tmp_path / "inside.json", INSIDE_DEBUG)
    found = launch.look(Front(), "--inside", name, extra='off = { debug = "a rehearsal" }')
    assert (found.code, grades(found)) == (0, {})
    assert reason(found, "debug") == "off: a rehearsal"


def test_what_was_told_inside_may_come_by_a_pipe(tmp_path: Path) -> None:
    node = f"{HOST}:{free_port()}"
    arguments = ("preflight", "--base-url", BASE_URL, "--connect-to", node, "--inside", "-")
    refused = warmer(tmp_path, *arguments, stdin="")
    assert (refused.code, "standard input: empty" in refused.stderr) == (2, True)
    name = told_inside(tmp_path / "inside.json", INSIDE_DEBUG)
    found = warmer(tmp_path, *arguments, stdin=(tmp_path / name).read_text(encoding="utf-8"))
    assert (found.code, "origin" in found.stderr) == (3, True)
