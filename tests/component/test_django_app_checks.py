"""The app's system checks: a wrong setting is named before it costs anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sites.newsroom.driver import Newsroom, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One process for all tests, which only ask under other settings."""
    room = Newsroom(tmp_path_factory.mktemp("newsroom"), {})
    yield room.shell()
    room.close()


def findings(shell: Shell, **settings: Any) -> list[str]:
    """The checks' id and message under these settings."""
    found: list[str] = shell(f"""
        from django.test import override_settings
        from warmer.contrib.django.checks import check_settings
        with override_settings(**{settings!r}):
            found = [f'({{each.id}}) {{each.msg}}' for each in check_settings()]
        found
    """)
    return found


@pytest.mark.parametrize(
    ("warmer", "message"),
    [
        ("redis://x", "(warmer.E001) WARMER is str; expected a dict"),
        (
            {"steam": "redis://x"},
            '(warmer.E002) WARMER["steam"]: unknown key; did you mean "stream"?',
        ),
        ({"maxlen": "many"}, "expected a whole number, 0 or more"),
        ({"retry_s": 0}, "expected a number of seconds above 0"),
        ({"caches": "default"}, "expected a list of texts"),
        ({"secret": 7}, '(warmer.E003) WARMER["secret"] is int; expected text'),
        ({"stream": "redis://x", "webhook": "https://x", "secret": "s"}, "(warmer.E004)"),
        ({"stream": "http://x"}, '(warmer.E005) WARMER["stream"]: scheme "http"'),
        ({"webhook": "ftp://x", "secret": "s"}, "(warmer.E007)"),
        ({"webhook": "https://x"}, "(warmer.E008)"),
        ({"webhook": "http://10.0.0.9/", "secret": "s"}, "(warmer.W002)"),
        ({"base_url": "https://x/path"}, "(warmer.E009)"),
        ({"caches": ["other"]}, '(warmer.E010) WARMER["caches"]: no cache "other" in CACHES'),
        ({"stale": "purged"}, "(warmer.E011)"),
        ({}, "(warmer.W001) WARMER has neither stream nor webhook"),
        ({}, "(warmer.W004)"),
    ],
)
def test_a_wrong_setting_is_named_by_the_system_checks(
    shell: Shell, warmer: object, message: str
) -> None:
    assert message in "\n".join(findings(shell, WARMER=warmer))


def test_an_error_in_the_settings_stops_manage_py(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, {"WARMER": {"steam": "redis://x"}})
    done = room.manage("check")
    room.close()
    assert done.returncode == 1
    assert '(warmer.E002) WARMER["steam"]: unknown key; did you mean "stream"?' in done.stderr


@pytest.mark.parametrize(
    ("middleware", "message"),
    [
        (["UpdateCacheMiddleware", "CacheStatusMiddleware"], "(warmer.E013)"),
        (["RefreshMiddleware", "CacheStatusMiddleware"], "(warmer.W003)"),
        (["CacheStatusMiddleware"], "(warmer.E012)"),
    ],
)
def test_middleware_in_the_wrong_order_is_named(
    shell: Shell, middleware: list[str], message: str
) -> None:
    ours = "warmer.contrib.django.middleware."
    names = [
        ("django.middleware.cache." if name == "UpdateCacheMiddleware" else ours) + name
        for name in middleware
    ]
    warmer = {"stream": "redis://x", "secret": "s"}
    if message == "(warmer.E012)":
        warmer["stale"] = "refresh"
    found = findings(shell, MIDDLEWARE=names, WARMER=warmer)
    assert message in [finding.split()[0] for finding in found]
