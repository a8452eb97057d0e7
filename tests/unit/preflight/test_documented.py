"""docs/preflight.md has every check, in the order of the report, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.markdown import cells, section, spans
from warmer.preflight.result import CACHES, INSIDE, OUTSIDE

PAGE = (Path(__file__).parents[3] / "docs" / "preflight.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "checks"),
    [("## From outside", OUTSIDE), ("## The caches", CACHES), ("## From inside", INSIDE)],
)
def test_every_check_has_its_row(heading: str, checks: tuple[str, ...]) -> None:
    assert tuple(spans(row[0])[0] for row in cells(section(PAGE, heading))) == checks
