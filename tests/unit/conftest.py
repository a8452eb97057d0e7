"""What several tests of pure parts start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "warmer.db")
    yield opened
    opened.close()
