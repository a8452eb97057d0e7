"""What several system tests start from, and which of them this machine can run.

All, but those that boot a systemd where none boots.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.servers.process import HOST
from tests.servers.systemd import why_not
from tests.system.launch_site import Launch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import StartNginx, StartRedis, StartSite

WHY_NOT = why_not()
collect_ignore = ["test_units_under_systemd.py"] if WHY_NOT else []


def pytest_report_header() -> str | None:
    """Said with each run, so that nobody takes the units for tested."""
    return f"no systemd can be booted ({WHY_NOT}): units are not run" if WHY_NOT else None


@pytest.fixture
def launch(
    tmp_path: Path, start_site: StartSite, start_nginx: StartNginx, start_redis: StartRedis
) -> Launch:
    """A shop that is about to be launched, with a Redis that is in order."""
    redis = start_redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    return Launch(tmp_path, start_site, start_nginx, redis)


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that refuses connections, and that nobody else takes meanwhile."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield f"{HOST}:{taken.getsockname()[1]}"
