"""Fixtures for tests of what the newsroom's saves send: its process, and the daemon's stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sites.newsroom.driver import Newsroom, Shell
from warmer.daemon.stream_entry import body_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.stores import RedisServer

BASE = "https://news.example.test"
Entry = dict[str, Any]


@pytest.fixture
def newsroom(tmp_path: Path, redis_server: RedisServer) -> Iterator[Newsroom]:
    warmer = {"stream": redis_server.database(5), "base_url": BASE}
    room = Newsroom(tmp_path, {"WARMER": warmer}).migrate()
    yield room
    room.close()


@pytest.fixture(scope="module")
def _shared(
    tmp_path_factory: pytest.TempPathFactory, _redis_process: RedisServer
) -> Iterator[Shell]:
    warmer = {"stream": _redis_process.database(5), "base_url": BASE}
    room = Newsroom(tmp_path_factory.mktemp("newsroom"), {"WARMER": warmer}).migrate()
    yield room.shell()
    room.close()


@pytest.fixture
def shell(_shared: Shell, redis_server: RedisServer) -> Shell:  # noqa: ARG001 -- emptied by it
    """One process for all tests that leave it as it was; its tables are empty."""
    _shared("""
        from django.apps import apps
        models = [Outbox, *apps.get_app_config("newsroom").get_models(include_auto_created=True)]
        for database in ("default", "archive"):
            with transaction.atomic(using=database):
                for model in models:
                    model._base_manager.using(database).all()._raw_delete(database)
    """)
    return _shared


@pytest.fixture
def stream(redis_server: RedisServer) -> Stream:
    return Stream(redis_server)


class Stream:
    """What was sent since one last looked."""

    def __init__(self, server: RedisServer) -> None:
        self._client: Any = server.client(5)
        self._last = "-"

    def new(self) -> list[Entry]:
        found = self._client.xrange("warmer:triggers", self._last)
        if found:
            self._last = "(" + found[-1][0].decode()
        return [_entry(fields) for _, fields in found]


def _entry(fields: dict[bytes, bytes]) -> Entry:
    # Whatever the site sends, the daemon must take.
    body_of(fields)
    text = {name.decode(): value.decode() for name, value in fields.items()}
    lists = {name: json.loads(text[name]) for name in ("urls", "tags")}
    return {**text, **lists, "at": float(text["at"])}
