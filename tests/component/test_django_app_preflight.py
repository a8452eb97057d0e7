"""`manage.py warmer_preflight` of a healthy site, and with each fault switched on, one at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.mail import running_mail
from tests.servers.process import HOST
from tests.sites.launch.evening import BASE_URL, CORE, Evening, with_daemon
from warmer.contrib.django.preflight.run import CHECKS
from warmer.preflight.result import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiosmtpd.controller import Controller

    from tests.servers.stores import RedisServer

LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STOCK = "tests.sites.launch."


@pytest.fixture(scope="module")
def smtp() -> Iterator[Controller]:
    """A mail server that delivers to its own list."""
    with running_mail() as server:
        yield server


@pytest.fixture(scope="module")
def _healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the site, made once; nothing listens where its settings point."""
    home = tmp_path_factory.mktemp("evening") / "site"
    Evening(home, {"CACHES": LOCMEM}).build()
    return home


@pytest.fixture
def evening(_healthy: Path, tmp_path: Path, redis_server: RedisServer, smtp: Controller) -> Evening:
    shutil.copytree(_healthy, tmp_path / "site")
    caches = {"default": {"BACKEND": CORE, "LOCATION": redis_server.database(1)}}
    settings = {"CACHES": caches, "EMAIL_HOST": smtp.hostname, "EMAIL_PORT": smtp.port}
    return Evening(tmp_path / "site", settings | with_daemon(redis_server))


def test_the_names_of_the_checks_are_those_of_the_report() -> None:
    assert tuple(CHECKS) == INSIDE


def test_a_healthy_site_gives_no_false_alarm(evening: Evening) -> None:
    said = evening.say()
    assert (said.code, said.grades()) == (0, {}), said.stdout
    assert sorted(said.grades("skipped")) == [
        "cache-keys",
        "celery",
        "connections-kept",
        "site-domain",
    ]
    assert said.reasons("system-checks") == ["finds nothing"]
    assert said.reasons("cache-round-trip") == ["set, read, 60 s to live, removed"]
    assert said.reasons("error-pages") == [
        "a page of its own, without context and database",
        "404 with a page of its own",
    ]
    assert said.reasons("static-files") == ["1 files are there"]
    assert said.reasons("clock") == ["differs by less than 5 s"]


def test_a_site_that_is_named_well_is_in_order(evening: Evening) -> None:
    said = evening.say(**with_site("www.example.test")(evening))
    assert (said.code, said.grades()) == (0, {}), said.stdout
    assert said.reasons("site-domain") == ["www.example.test"]


def test_nothing_is_left_behind(evening: Evening, redis_server: RedisServer) -> None:
    assert evening.say().code == 0
    assert list((evening.home / "media").iterdir()) == []
    assert [key for key in redis_server.client(1).keys("*") if b"preflight-" in key] == []


def test_standard_output_is_the_report_alone_whatever_handlers_print(evening: Evening) -> None:
    said = evening.say()
    assert json.loads(said.stdout)["schema"] == "warmer.preflight/1"
    assert json.loads(said.stdout)["base_url"] == "https://www.example.test"
    assert "A test record of warmer_preflight" in said.stderr
    assert "A test record of warmer_preflight" in (evening.home / "errors.log").read_text()


def with_template(name: str, text: str) -> Callable[[Evening], dict[str, Any]]:
    def change(evening: Evening) -> dict[str, Any]:
        (evening.home / "templates" / name).write_text(text)
        return {}

    return change


def without_file(name: str) -> Callable[[Evening], dict[str, Any]]:
    def change(evening: Evening) -> dict[str, Any]:
        path = evening.home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        return {}

    return change


def with_log(**logging: Any) -> dict[str, Any]:
    return {"LOGGING": {"version": 1, "disable_existing_loggers": False, **logging}}


WITH_SITES = {
    "INSTALLED_APPS": [
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.staticfiles",
        "warmer.contrib.django",
    ],
    "SITE_ID": 1,
}


def with_site(domain: str) -> Callable[[Evening], dict[str, Any]]:
    def change(evening: Evening) -> dict[str, Any]:
        evening.manage("migrate", "-v0", **WITH_SITES)
        code = "from django.contrib.sites.models import Site; Site.objects.update(domain={!r})"
        evening.manage("shell", "-c", code.format(domain), **WITH_SITES)
        return WITH_SITES

    return change


def with_stream_of_another_name(evening: Evening) -> dict[str, Any]:
    return {"WARMER": {**evening.settings["WARMER"], "key": "other:triggers"}}


def with_a_change_that_waits(evening: Evening) -> dict[str, Any]:
    code = """
import uuid
from warmer.contrib.django.models import Outbox
Outbox.objects.create(batch=uuid.uuid4(), urls="[]", gone="[]", tags="[]", why="save", at=0)
"""
    evening.manage("shell", "-c", code)
    return {}


def with_served_database(evening: Evening) -> dict[str, Any]:
    """PostgreSQL beside the one that is there, at a place where nobody answers."""
    own = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(evening.home / "db.sqlite3")}
    served = {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "HOST": HOST, "PORT": 1}
    return {"DATABASES": {"default": own, "orders": served}}


Change = dict[str, Any] | Callable[["Evening"], dict[str, Any]]
MORE_STATIC = "assets/later.css"


def with_new_asset(evening: Evening) -> dict[str, Any]:
    (evening.home / MORE_STATIC).write_text("a { color: red }")
    return {}


FAULTS: dict[str, tuple[Change, dict[str, str]]] = {
    "debug": ({"DEBUG": True}, {"system-checks": "warn", "debug": "fail"}),
    "short key": ({"SECRET_KEY": "abc"}, {"system-checks": "warn", "secret-key": "fail"}),
    "key of startproject": (
        {"SECRET_KEY": "django-insecure-" + "k7!qx9z-w3v_u1t" * 4},
        {"system-checks": "warn", "secret-key": "fail"},
    ),
    "key of few characters": (
        {"SECRET_KEY": "ab" * 30},
        {"system-checks": "warn", "secret-key": "fail"},
    ),
    "every host": ({"ALLOWED_HOSTS": ["*"]}, {"allowed-hosts": "fail"}),
    "no host": (
        {"ALLOWED_HOSTS": []},
        {"system-checks": "warn", "allowed-hosts": "fail", "error-pages": "warn"},
    ),
    "another host": (
        {"ALLOWED_HOSTS": ["shop.example.test"]},
        {"allowed-hosts": "fail", "error-pages": "warn"},
    ),
    "no HSTS": ({"SECURE_HSTS_SECONDS": 0}, {"system-checks": "warn"}),
    "an error of the system checks": (
        {"WARMER": {"steam": "redis://127.0.0.1/5"}},
        {"system-checks": "fail"},
    ),
    "no zone": ({"USE_TZ": False}, {"time-zone": "warn"}),
    "no page of 500": (without_file("templates/500.html"), {"error-pages": "warn"}),
    "no page of 404": (without_file("templates/404.html"), {"error-pages": "warn"}),
    "broken page of 500": (
        with_template("500.html", "{% extends 'gone.html' %}"),
        {"error-pages": "fail"},
    ),
    "broken page of 404": (
        with_template("404.html", "{% include gone %}{% load nothing %}"),
        {"error-pages": "fail"},
    ),
    "pages of errors that say 200": (
        {"ROOT_URLCONF": f"{STOCK}urls_catching_all"},
        {"error-pages": "fail"},
    ),
    "a page of 500 that asks the database": (
        {"ROOT_URLCONF": f"{STOCK}urls_asking_the_database"},
        {"error-pages": "warn"},
    ),
    "uncached templates": (
        {
            "TEMPLATES": [
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "OPTIONS": {"loaders": ["django.template.loaders.app_directories.Loader"]},
                }
            ]
        },
        {"template-loader": "warn", "error-pages": "warn"},
    ),
    "sessions in the database": (
        {"SESSION_ENGINE": "django.contrib.sessions.backends.db"},
        {"session-engine": "warn"},
    ),
    "everything in each process": (
        {"CACHES": LOCMEM},
        {"cache-backend": "fail", "session-engine": "fail"},
    ),
    "pages in files": (
        {
            "CACHES": {
                **LOCMEM,
                "default": {
                    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
                    "LOCATION": "@HOME@/cache",
                },
            }
        },
        {"cache-backend": "warn"},
    ),
    "a cache that keeps nothing": (
        {
            "CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
            "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        },
        {"cache-backend": "fail"},
    ),
    "a cache that is down": (
        {"CACHES": {"default": {"BACKEND": CORE, "LOCATION": f"redis://{HOST}:1/0"}}},
        {"cache-round-trip": "fail", "error-pages": "fail"},
    ),
    "no tables": (without_file("db.sqlite3"), {"migrations": "fail"}),
    "no database": (
        {
            "DATABASES": {
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nowhere/db.sqlite3"}
            }
        },
        {"database": "fail"},
    ),
    "a database that is down, and connections that are not kept": (
        with_served_database,
        {"database": "fail", "connections-kept": "warn"},
    ),
    "a Site of nobody": (with_site("example.com"), {"site-domain": "fail"}),
    "a Site that is not allowed": (with_site("shop.example.test"), {"site-domain": "warn"}),
    "a stream that is down": (
        {"WARMER": {"stream": f"redis://{HOST}:1/5", "base_url": BASE_URL}},
        {"triggers": "fail"},
    ),
    "a stream that nobody reads": (
        with_stream_of_another_name,
        {"triggers": "warn"},
    ),
    "changes that were not sent": (with_a_change_that_waits, {"triggers": "warn"}),
    "no place for uploads": (without_file("media"), {"media": "fail"}),
    "static files not collected": (without_file("static"), {"static-files": "fail"}),
    "a static file not collected": (with_new_asset, {"static-files": "fail"}),
    "nowhere to collect": (
        {
            "STATIC_ROOT": None,
            "STORAGES": {
                "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
                "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
            },
        },
        {"static-files": "fail"},
    ),
    "errors go nowhere": (
        {"ADMINS": [], **with_log(loggers={"django.request": {"level": "CRITICAL"}})},
        {"logging": "fail", "error-reporting": "warn"},
    ),
    "nobody is mailed": ({"ADMINS": []}, {"error-reporting": "warn"}),
    "a log that cannot be formatted": (
        with_log(
            formatters={"odd": {"format": "%(nothing)s"}},
            handlers={"odd": {"class": "logging.StreamHandler", "formatter": "odd"}},
            loggers={"django.request": {"handlers": ["odd"]}},
        ),
        {"logging": "fail"},
    ),
    "a log server that is down": (
        with_log(
            handlers={
                "far": {"class": "logging.handlers.SocketHandler", "host": HOST, "port": 1},
            },
            loggers={"django.request": {"handlers": ["far"]}},
        ),
        {"logging": "fail"},
    ),
    "a full disk under the log": (
        with_log(
            handlers={"full": {"class": "logging.FileHandler", "filename": "/dev/full"}},
            loggers={"django.request": {"handlers": ["full"]}},
        ),
        {"logging": "fail"},
    ),
    "mail to the screen": (
        {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"},
        {"mail": "fail"},
    ),
    "mail server that is down": ({"EMAIL_PORT": 1}, {"mail": "fail"}),
    "mail from localhost": ({"DEFAULT_FROM_EMAIL": "webmaster@localhost"}, {"mail": "warn"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_and_nothing_else(evening: Evening, fault: str) -> None:
    change, expected = FAULTS[fault]
    settings = change(evening) if callable(change) else change
    settings = json.loads(json.dumps(settings).replace("@HOME@", str(evening.home)))
    said = evening.say(**settings)
    assert said.grades() == expected, said.stdout + said.stderr
    assert said.code == (1 if "fail" in expected.values() else 0)
    for each in said.checks:
        assert bool(each["cure"]) == (each["grade"] in ("warn", "fail")), each
