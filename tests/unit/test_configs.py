"""The examples of configs/ are what a person copies, so each is loaded, checked and run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.process import require
from tests.unit.command_shape import mistake_in
from tests.unit.markdown import calls
from warmer.caches.address import parse
from warmer.run.reach import reach
from warmer.run.request import Request, resolve

CONFIGS = Path(__file__).parents[2] / "configs"
SITES = sorted(CONFIGS.glob("*.toml"))
EVERY_SITE = pytest.mark.parametrize("path", SITES, ids=lambda path: path.name)
WARMER = Path(sys.executable).with_name("warmer")
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
PROGRAMS = r"/opt/warmer/bin/warmer |/srv/shop/venv/bin/python "


def environment_of(text: str) -> dict[str, str]:
    return dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "user:secret")


def load(path: Path) -> None:
    site = resolve(Request(config=path), environment_of(path.read_text(encoding="utf-8"))).site
    assert site.source
    assert site.thresholds.all
    for cache in site.cache:
        parse(cache.url)
    reach(site, site.base_url)


@EVERY_SITE
def test_every_site_loads(path: Path) -> None:
    load(path)


@EVERY_SITE
def test_every_line_that_is_commented_out_may_be_taken_in(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    taken_in = tmp_path / path.name
    taken_in.write_text(re.sub(r"(?m)^# ([a-z_]+ = )", r"\1", text), encoding="utf-8")
    load(taken_in)


@EVERY_SITE
def test_every_secret_comes_from_the_environment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for value in re.findall(r"(?:secret|auth) = \"(.*)\"|://[^/@\"]*:([^/@\"]*)@", text):
        assert "".join(value).startswith("${")


def test_every_command_in_a_comment_or_unit_parses() -> None:
    found = 0
    for path in sorted(CONFIGS.iterdir()):
        for line in path.read_text(encoding="utf-8").splitlines():
            command = re.match(
                r"#   (warmer .*?)(?:   .*)?$|ExecStart=(.*)|\*/15 \S+ \S+ \S+ \S+ \S+ (.*)", line
            )
            for arguments in calls("".join(filter(None, command.groups()))) if command else ():
                assert mistake_in(arguments) == "", f"{path.name}: {line}"
                found += 1
    assert found >= 8


def test_the_job_for_kubernetes_calls_warmer_as_it_is() -> None:
    text = (CONFIGS / "kubernetes-job.yaml").read_text(encoding="utf-8")
    (arguments,) = re.findall(r"^ +args: \[(.*)\]$", text, re.MULTILINE)
    assert mistake_in([word.strip().strip('"') for word in arguments.split(",")]) == ""


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    analyze = require("systemd-analyze", package="systemd")
    names = sorted(path.name for path in CONFIGS.iterdir() if path.suffix in (".service", ".timer"))
    assert len(names) == 5
    for name in names:
        text = (CONFIGS / name).read_text(encoding="utf-8")
        # systemd looks whether the program is there; here it is elsewhere.
        assert name.endswith(".timer") or re.search(PROGRAMS, text)
        (tmp_path / name).write_text(re.sub(PROGRAMS, f"{WARMER} ", text))
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(tmp_path / name for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )
    # What it says of units of this machine is not about ours.
    ours = [line for line in done.stderr.splitlines() if "warmer" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_timer_fires_as_often_as_the_cron_line() -> None:
    timer = (CONFIGS / "warmer.timer").read_text(encoding="utf-8")
    cron = (CONFIGS / "warmer.cron").read_text(encoding="utf-8")
    assert "\nOnCalendar=*:0/15\n" in timer
    assert "\n*/15 * * * * warmer " in cron


def test_shellcheck_has_nothing_to_say_of_the_hook() -> None:
    done = subprocess.run([SHELLCHECK, CONFIGS / "pre-launch.sh"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
