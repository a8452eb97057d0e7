"""The hooks of configs/ hang a launch on warmer: each is run as its runner would run it.

What they call of a project's own (deploy-new, on-new, move-traffic, roll-back) notes that it
was called. A runner stops at the first step that fails, and then runs what is there for that.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.system.command import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
CONFIGS = Path(__file__).parents[2] / "configs"
WARM = "pre-launch: warm; traffic may move"
LIST = '[[source]]\npath = "-"\nkind = "list"\n'
FILE = '[[source]]\npath = "urls.txt"\nkind = "list"\n'
PAGES = "/0.html\n/1.html\n/2.html\n"
OFF = '[preflight.off]\nhttps-redirect = "a test by http"\nhost-header = "a server of files"\n'
PASSES = '[thresholds]\nall = ["failed_ratio==0"]\n'
FAILS = '[thresholds]\nall = ["hit_ratio>=0.95"]\n'


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the interface
        """No line a request among the test's output."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """A server of three files, which caches nothing; its base URL."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for number in range(3):
        (pages / f"{number}.html").write_text("<title>page</title>")
    handler = functools.partial(QuietHandler, directory=str(pages))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", **more}


def site(directory: Path, text: str, name: str = "site.toml") -> str:
    (directory / name).write_text(text, encoding="utf-8")
    return name


def told_inside(grade: str) -> str:
    """What `manage.py warmer_preflight --json` prints."""
    check = {"check": "debug", "grade": grade, "where": "DEBUG", "reason": "as it is"}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"schema": "warmer.preflight/1", "at": now, "checks": [check]})


# A plain shell


def hook(directory: Path, *arguments: str, stdin: str = "", **more: str) -> tuple[int, str]:
    """Run pre-launch.sh with the installed warmer; its exit code and its own last line."""
    done = subprocess.run(
        [CONFIGS / "pre-launch.sh", *arguments],
        cwd=directory,
        env=environment(**more),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (line,) = re.findall(r"^pre-launch: .*", done.stdout + done.stderr, re.MULTILINE)
    return done.returncode, line


def test_the_hook_lets_a_launch_through_when_the_thresholds_are_met(
    tmp_path: Path, origin: str
) -> None:
    path = site(tmp_path, f'base_url = "{origin}"\n{LIST}{PASSES}{OFF}')
    assert hook(tmp_path, path, "--top", "2", stdin=PAGES) == (0, WARM)
    for name in ("preflight.json", "preflight.xml", "warm.json", "warm.xml"):
        assert (tmp_path / name).exists()


def test_the_hook_says_no_when_a_threshold_is_not_met(tmp_path: Path, origin: str) -> None:
    path = site(tmp_path, f'base_url = "{origin}"\n{LIST}{FAILS}{OFF}')
    code, line = hook(tmp_path, path, stdin=PAGES)
    assert code == 1
    assert line.startswith("pre-launch: NO: a threshold is not met.")


def test_the_hook_warms_nothing_when_the_checklist_fails(tmp_path: Path, origin: str) -> None:
    path = site(tmp_path, f'base_url = "{origin}"\n{LIST}{PASSES}')
    code, line = hook(tmp_path, path, stdin=PAGES)
    assert code == 1
    assert line.startswith("pre-launch: NO: the checklist has failures, and nothing was warmed.")
    assert not (tmp_path / "warm.json").exists()
    assert not (tmp_path / "warmer.db").exists()


def test_the_hook_takes_in_what_was_told_inside(tmp_path: Path, origin: str) -> None:
    path = site(tmp_path, f'base_url = "{origin}"\n{LIST}{PASSES}{OFF}')
    (tmp_path / "inside.json").write_text(told_inside("fail"))
    code, line = hook(tmp_path, path, stdin=PAGES, INSIDE="inside.json")
    assert (code, "the checklist has failures" in line) == (1, True)
    (tmp_path / "inside.json").write_text(told_inside("ok"))
    assert hook(tmp_path, path, stdin=PAGES, INSIDE="inside.json") == (0, WARM)


def test_the_hook_says_no_to_a_wrong_configuration(tmp_path: Path) -> None:
    code, line = hook(tmp_path, site(tmp_path, "base_ur = 1\n"))
    assert code == 2
    assert line.startswith("pre-launch: NO: nothing was tried")


def test_the_hook_says_no_when_the_machine_does_not_answer(tmp_path: Path) -> None:
    path = site(tmp_path, f'base_url = "http://127.0.0.1:1"\n{LIST}{OFF}')
    code, line = hook(tmp_path, path, stdin=PAGES)
    assert (code, line) == (
        3,
        "pre-launch: NO: the new machine does not answer. Look there first.",
    )


def test_the_hook_says_no_when_the_cache_does_not_answer(tmp_path: Path, origin: str) -> None:
    cache = '[[cache]]\nurl = "redis://127.0.0.1:1/0"\n'
    off = f'{OFF}cache-reachable = "seen by the crawl as well"\n'
    path = site(tmp_path, f'base_url = "{origin}"\n{LIST}{cache}{off}')
    code, line = hook(tmp_path, path, stdin=PAGES)
    assert code == 3
    assert line.startswith("pre-launch: NO: the new machine or its cache does not answer")


def test_the_hook_wants_a_site(tmp_path: Path) -> None:
    code, line = hook(tmp_path)
    assert (code, line) == (
        2,
        "pre-launch: expected SITE.toml, and perhaps options of warmer crawl",
    )


# Pipelines: each step is a script of shell; what is there for a failure comes apart


def of_gitlab() -> tuple[list[str], list[str]]:
    pipeline: dict[str, Any] = yaml.safe_load((CONFIGS / "gitlab-ci.yml").read_text())
    jobs = [job for job in pipeline.values() if isinstance(job, dict) and "script" in job]
    jobs.sort(key=lambda job: pipeline["stages"].index(job["stage"]))
    normal = ["\n".join(job["script"]) for job in jobs if "when" not in job]
    return normal, [
        line for job in jobs if job.get("when") == "on_failure" for line in job["script"]
    ]


def of_github() -> tuple[list[str], list[str]]:
    pipeline = yaml.safe_load((CONFIGS / "github-actions.yml").read_text())
    steps = [step for step in pipeline["jobs"]["launch"]["steps"] if "run" in step]
    failed = [step["run"] for step in steps if "failure()" in step.get("if", "")]
    return [step["run"] for step in steps if "if" not in step], failed


def of_jenkins() -> tuple[list[str], list[str]]:
    stages, _, post = (CONFIGS / "Jenkinsfile").read_text().partition("    post {")
    return re.findall(r"sh '(.*)'", stages), re.findall(r"sh '(.*)'", post)


PIPELINES = {"gitlab": of_gitlab, "github": of_github, "jenkins": of_jenkins}
EVERY_PIPELINE = pytest.mark.parametrize("steps", PIPELINES.values(), ids=PIPELINES)


@EVERY_PIPELINE
def test_shellcheck_has_nothing_to_say_of_any_step(steps: Any) -> None:
    for script in [step for part in steps() for step in part]:
        done = subprocess.run(
            [SHELLCHECK, "--shell=sh", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with the scripts that a project has of its own."""
    for name in ("deploy-new", "move-traffic", "roll-back"):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\necho {name} >>called\n")
        script.chmod(0o755)
    (tmp_path / "urls.txt").write_text(PAGES)
    return tmp_path


def on_new(project: Path, grade: str, code: int) -> None:
    """What runs commands on the new machine: there, it prints its list and ends so."""
    (project / "told").write_text(told_inside(grade))
    script = project / "on-new"
    script.write_text(f"#!/bin/sh\ncat told\nexit {code}\n")
    script.chmod(0o755)


def launch(project: Path, steps: Callable[[], tuple[list[str], list[str]]]) -> list[str]:
    """Run a pipeline; which of the project's scripts it called."""
    normal, failed = steps()
    assert all(_passes(project, script) for script in normal) or all(
        _passes(project, script) for script in failed
    )
    return (project / "called").read_text().split()


def _passes(project: Path, script: str) -> bool:
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=project,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0


@EVERY_PIPELINE
def test_traffic_moves_when_all_is_well(project: Path, origin: str, steps: Any) -> None:
    on_new(project, "ok", 0)
    site(project, f'base_url = "{origin}"\n{FILE}{PASSES}{OFF}', "cutover.toml")
    assert launch(project, steps) == ["deploy-new", "move-traffic"]


@EVERY_PIPELINE
def test_the_old_site_stays_when_the_cache_is_cold(project: Path, origin: str, steps: Any) -> None:
    on_new(project, "ok", 0)
    site(project, f'base_url = "{origin}"\n{FILE}{FAILS}{OFF}', "cutover.toml")
    assert launch(project, steps) == ["deploy-new", "roll-back"]


@EVERY_PIPELINE
def test_the_old_site_stays_when_the_application_says_no(
    project: Path, origin: str, steps: Any
) -> None:
    on_new(project, "fail", 1)
    site(project, f'base_url = "{origin}"\n{FILE}{PASSES}{OFF}', "cutover.toml")
    assert launch(project, steps) == ["deploy-new", "roll-back"]
    assert json.loads((project / "preflight.json").read_text())["grade"] == "fail"
    assert not (project / "warm.json").exists()


@EVERY_PIPELINE
def test_the_old_site_stays_when_the_application_says_nothing(
    project: Path, origin: str, steps: Any
) -> None:
    on_new(project, "ok", 1)
    (project / "told").write_text("")
    site(project, f'base_url = "{origin}"\n{FILE}{PASSES}{OFF}', "cutover.toml")
    assert launch(project, steps) == ["deploy-new", "roll-back"]
