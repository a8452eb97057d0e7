"""Requests for tests of what is made of them; each is the usual one but for what is said."""

from __future__ import annotations

import io
from typing import Any

from tests.unit.report.runs import SITE
from warmer.store_samples import Sample


def sample(path: str = "/", **changed: Any) -> Sample:
    """A warm fetch that began at second 1,000 and took 100 ms."""
    usual = Sample(
        fetch="warm",
        url=SITE + path,
        variant="default",
        status=200,
        error=None,
        detail="",
        total_ms=100.0,
        first_byte_ms=80.0,
        body_bytes=10_240,
        at=1000.1,
        connect_ms=0.0,
        sent_bytes=512,
        in_flight=4,
        waited_ms=None,
    )
    return usual._replace(**changed)


class Terminal(io.StringIO):
    """Takes what a terminal of `$COLUMNS` would; what was put there is its value."""

    def isatty(self) -> bool:
        return True
