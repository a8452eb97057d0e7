"""`manage.py warmer_preflight` beside real mail, Celery and caches; its options and its forms."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.component.django_releases import RUNNABLE, installed_django
from tests.servers.mail import running_mail
from tests.servers.process import HOST
from tests.sites.launch.evening import CORE, Evening, with_daemon
from tests.sites.newsroom.driver import ROOT
from warmer.preflight.inside import inside
from warmer.preflight.result import Grade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiosmtpd.controller import Controller

    from tests.servers.stores import MemcachedServer, RedisServer

LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.fixture
def smtp() -> Iterator[Controller]:
    with running_mail() as server:
        yield server


@pytest.fixture
def evening(tmp_path: Path, redis_server: RedisServer, smtp: Controller) -> Evening:
    caches = {"default": {"BACKEND": CORE, "LOCATION": redis_server.database(1)}}
    settings = {"CACHES": caches, "EMAIL_HOST": smtp.hostname, "EMAIL_PORT": smtp.port}
    found = Evening(tmp_path / "site", settings | with_daemon(redis_server))
    found.build()
    return found


# Mail


def test_a_mail_is_sent_to_whom_the_command_names(evening: Evening, smtp: Controller) -> None:
    said = evening.say("--mail-to", "ops@example.test")
    (mail,) = smtp.handler.mails
    assert said.code == 0
    assert said.reasons("mail") == ["took a mail to ops@example.test; see that it arrives"]
    assert (mail["From"], mail["To"]) == ("shop@example.test", "ops@example.test")


def test_without_an_address_the_server_is_only_greeted(evening: Evening, smtp: Controller) -> None:
    said = evening.say()
    assert smtp.handler.mails == []
    assert said.reasons("mail") == ["answers; no mail was sent, for no --mail-to names who gets it"]


def test_a_refused_mail_is_a_failure_with_the_servers_words(evening: Evening) -> None:
    said = evening.say("--mail-to", "refused@example.test")
    assert (said.code, said.grades()) == (1, {"mail": "fail"})
    assert "no such box" in said.reasons("mail")[0]


# What hangs


def test_a_server_that_says_nothing_costs_the_limit_and_fails(evening: Evening) -> None:
    with socket.create_server((HOST, 0)) as silent:
        said = evening.say("--limit", "1", EMAIL_PORT=silent.getsockname()[1])
    assert (said.code, said.grades()) == (1, {"mail": "fail"})
    assert said.reasons("mail") == ["no answer within 1 s"]


# Celery


@pytest.fixture
def broker(redis_server: RedisServer) -> dict[str, str]:
    return {"LAUNCH_BROKER": redis_server.database(3)}


@pytest.fixture
def worker(evening: Evening, broker: dict[str, str]) -> Iterator[None]:
    """A Celery worker of the site, that has said that it is ready."""
    command = [sys.executable, "-m", "celery", "-A", "tests.sites.launch.tasks", "worker"]
    process = subprocess.Popen(
        [*command, "--pool", "solo", "--hostname", "evening@here", "--loglevel", "INFO"],
        env={**evening.environment(), **broker},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert any(" ready." in line for line in process.stderr)
        yield
        process.terminate()
        process.stderr.read()


@pytest.mark.usefixtures("worker")
def test_a_worker_that_answers_is_named(evening: Evening, broker: dict[str, str]) -> None:
    said = evening.say(environment=broker)
    assert (said.code, said.grades()) == (0, {})
    assert said.reasons("celery") == ["1 answer: evening@here"]


def test_celery_without_a_worker_fails(evening: Evening, broker: dict[str, str]) -> None:
    said = evening.say(environment=broker)
    assert (said.code, said.grades()) == (1, {"celery": "fail"})
    assert said.reasons("celery") == ["no worker answers within 3 s: tasks wait"]


def test_celery_without_a_broker_fails(evening: Evening) -> None:
    said = evening.say(environment={"LAUNCH_BROKER": f"redis://:hunter2@{HOST}:1/0"})
    assert (said.code, said.grades()) == (1, {"celery": "fail"})
    assert said.reasons("celery")[0].startswith("the broker does not answer: OperationalError: ")
    assert "hunter2" not in said.stdout + said.stderr


def test_tasks_that_run_within_requests_are_warned_of(
    evening: Evening, broker: dict[str, str]
) -> None:
    said = evening.say(environment={**broker, "LAUNCH_EAGER": "1"})
    assert (said.code, said.grades()) == (0, {"celery": "warn"})


# Keys


def test_keys_that_are_as_the_file_pins_them_are_in_order(evening: Evening) -> None:
    path = evening.home / "site.toml"
    path.write_text(evening.site_file())
    said = evening.say("--site", str(path))
    assert (said.code, said.grades()) == (0, {})
    assert said.reasons("cache-keys") == ["page keys are as it pins them"]


def test_keys_that_an_upgrade_of_django_or_a_setting_changed_are_found(evening: Evening) -> None:
    path = evening.home / "site.toml"
    path.write_text(evening.site_file().replace('hash = "marker"', 'hash = "legacy"'))
    said = evening.say("--site", str(path), USE_TZ=True, TIME_ZONE="Europe/Berlin")
    assert said.code == 1
    assert said.grades() == {"cache-keys": "fail"}
    (reason,) = said.reasons("cache-keys")
    assert reason == (
        "keys.time_zone is 'America/Chicago' there, and 'Europe/Berlin' here;"
        " keys.hash is 'legacy' there, and 'marker' here"
    )


def test_a_file_that_is_not_there_is_a_failure(evening: Evening) -> None:
    said = evening.say("--site", "nowhere.toml")
    assert (said.code, said.grades()) == (1, {"cache-keys": "fail"})


# Caches


def test_memcached_is_asked_in_a_round_trip(
    evening: Evening, memcached_server: MemcachedServer
) -> None:
    backend = "django.core.cache.backends.memcached.PyMemcacheCache"
    caches = {"default": {"BACKEND": backend, "LOCATION": memcached_server.node}}
    said = evening.say(CACHES=caches)
    assert (said.code, said.grades()) == (0, {}), said.stdout
    assert said.reasons("cache-round-trip") == ["set, read, expired"]


def test_a_cache_that_refuses_writes_is_found(evening: Evening, redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.acl_setuser("reader", enabled=True, nopass=True, keys="*", commands=["+@read"])
    location = redis_server.database(1).replace("//", "//reader:x@")
    said = evening.say(CACHES={"default": {"BACKEND": CORE, "LOCATION": location}})
    assert said.code == 1
    assert said.grades()["cache-round-trip"] == "fail"
    assert "NoPermissionError" in said.reasons("cache-round-trip")[0]


# Triggers


def test_a_daemon_that_reads_the_stream_is_named(evening: Evening) -> None:
    assert evening.say().reasons("triggers") == ["read by warmer:evening"]


# Forms and options


def test_checks_are_switched_off_with_a_reason(evening: Evening) -> None:
    off = {"mail": "this site sends none", "security.W004": "the proxy sends it"}
    said = evening.say(
        EMAIL_PORT=1,
        SECURE_HSTS_SECONDS=0,
        WARMER={**evening.settings["WARMER"], "preflight_off": off},
    )
    assert (said.code, said.grades()) == (0, {})
    assert said.reasons("mail") == ["off: this site sends none"]
    assert said.reasons("system-checks") == ["off: the proxy sends it"]


def test_an_unknown_check_that_is_switched_off_is_named(evening: Evening) -> None:
    warmer = {**evening.settings["WARMER"], "preflight_off": {"mial": "none"}}
    said = evening.say(WARMER=warmer)
    assert said.code == 1
    assert said.reasons("system-checks") == [
        'WARMER["preflight_off"]["mial"]: unknown check; did you mean "mail"?'
    ]


def test_what_django_was_told_to_silence_is_shown_as_such(evening: Evening) -> None:
    said = evening.say(SECURE_HSTS_SECONDS=0, SILENCED_SYSTEM_CHECKS=["security.W004"])
    assert (said.code, said.grades()) == (0, {})
    (reason,) = said.reasons("system-checks")
    assert reason.startswith("silenced by SILENCED_SYSTEM_CHECKS: You have not set a value")


def test_people_get_lines_and_the_number_of_failures(evening: Evening) -> None:
    done = evening.lines(DEBUG=True)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "FAIL     debug              DEBUG: True: errors show settings and code, and each" in (
        done.stdout
    )
    assert lines[-1] == "26 checks: 19 ok, 1 warn, 1 fail, 5 skipped"
    assert done.stderr.splitlines()[-1] == "CommandError: 1 of 26 checks failed"


def test_a_pipeline_gets_junit(evening: Evening) -> None:
    done = evening.lines("--junit", DEBUG=True)
    suite = ET.fromstring(done.stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("26", "1")


def test_warmer_takes_in_what_the_command_printed(evening: Evening, tmp_path: Path) -> None:
    said = evening.say(DEBUG=True)
    path = tmp_path / "inside.json"
    path.write_text(said.stdout)
    about, *told = inside(path, "https://www.example.test", datetime.now(UTC))
    assert (about.check, about.grade) == ("inside-report", Grade.OK)
    assert [(each.check, each.grade, each.reason) for each in told] == [
        (each["check"], each["grade"], each["reason"]) for each in said.checks
    ]


def test_no_secret_is_in_what_is_said(evening: Evening) -> None:
    location = f"redis://user:hunter2@{HOST}:1/0"
    said = evening.say(
        SECRET_KEY="django-insecure-hunter2",
        CACHES={"default": {"BACKEND": CORE, "LOCATION": location}},
        EMAIL_HOST_PASSWORD="hunter2",
    )
    assert said.code == 1
    assert "hunter2" not in said.stdout


@pytest.mark.parametrize(
    ("version", "python"), [pytest.param(*each.values[:2], id=each.id) for each in RUNNABLE]
)
def test_every_django_that_runs_here_passes_when_it_is_healthy(
    evening: Evening, tmp_path: Path, environments: Path, version: str, python: str
) -> None:
    packages = installed_django(version, python, environments)
    other = Evening(tmp_path / "other", evening.settings, python=python, path=(packages,))
    other.build()
    said = other.say()
    assert (said.code, said.grades()) == (0, {}), said.stdout
    assert json.loads(said.stdout)["grade"] == "ok"
