"""What several tests of components start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.intake_site import HeldSite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> HeldSite:
    """A site with an empty queue, at `w.db`, whose runs end when the test says so."""
    return HeldSite(tmp_path / "w.db")
