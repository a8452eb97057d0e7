"""How thresholds came out, for a person: a line each, those that were met as well. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from warmer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VERDICTS = {"pass": ("pass   ", "green"), "fail": ("FAIL   ", "bold red")}
_NO_DATA = ("NO DATA", "bold red")


def threshold_lines(results: Sequence[Mapping[str, object]]) -> Iterator[Text]:
    """Under a heading; nothing where there was no threshold. `results` as in report.json."""
    if not results:
        return
    yield Text("\nThresholds", "bold")
    for result in results:
        word, style = _VERDICTS.get(str(result.get("verdict")), _NO_DATA)
        value = result.get("value")
        # Fifteen digits: as exact as a difference of two times is.
        shown = float(f"{value:.15g}") if isinstance(value, float) else value
        found = "not measured" if value is None else f"is {shown}"
        yield Text.assemble("  ", (word, style), f"  {visible(str(result.get('expr')))}  {found}")
