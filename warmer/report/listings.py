"""Lists for `warmer plan` and `warmer runs`: aligned for a person, tab-separated for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmer.report.aligned import fitting, only, width_of
from warmer.report.terminal import columns, cut, put, show
from warmer.report.visible import visible
from warmer.report.wording import counted, duration, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from warmer.model import RunRecord, Target

_VARIANT_WIDTH = 14
_SITE_LEAST = 8
_SITE_MOST = 20
_DISPENSABLE = (2, 1, 4, 3)
"""Of `warmer runs`, columns that go where there is no room: trigger, kind, took, status."""
_RUN_COLUMNS = ("run", "site", "trigger", "status", "started_at", "duration_s", "note", "kind")


def print_plan(
    targets: Iterable[Target],
    stream: TextIO,
    *,
    total_weight: float,
    observed_traffic: float | None,
) -> None:
    """Print the plan target by target, in rank order, then a `#` line that sums it up.

    `total_weight` is of all candidates, also of those that were not planned: a
    target's share is its part of that. `observed_traffic` as in RunRecord.
    """
    line = _aligned_target if stream.isatty() else _tabbed_target
    width = columns(stream)
    planned = 0
    traffic = 0.0
    if not stream.isatty():
        put(stream, "rank\tshare\turl\tvariant\n")
    for target in targets:
        planned += 1
        traffic += target.traffic or 0.0
        share = target.weight / total_weight if total_weight > 0 else 0.0
        put(stream, line(target, share, width))
    covers = "; no traffic was observed"
    if observed_traffic:
        share = min(1.0, round(traffic / observed_traffic, 9))
        covers = f"; {percent(share)} of the observed traffic"
    put(stream, f"# {counted(planned, 'target')}{covers}\n")


def _aligned_target(target: Target, share: float, width: int) -> str:
    start = f"{target.rank:>7}  {percent(share):>7}  "
    variant = cut(target.variant, _VARIANT_WIDTH)
    return f"{start}{variant:<{_VARIANT_WIDTH}}  {cut(target.url, width - 34)}\n"


def _tabbed_target(target: Target, share: float, _width: int) -> str:
    return f"{target.rank}\t{share:.6g}\t{visible(target.url)}\t{visible(target.variant)}\n"


def print_runs(runs: Sequence[RunRecord], stream: TextIO) -> None:
    """Print one line a run, in the order given; for a person the notes come below."""
    if not stream.isatty():
        put(stream, "\t".join(_RUN_COLUMNS) + "\n")
        for run in runs:
            put(stream, "\t".join(_tabbed_run(run)) + "\n")
        return
    if not runs:
        put(stream, "No run yet; `warmer crawl` makes one.\n")
        return
    names = ("run", "kind", "trigger", "status", "took")
    rows = [[run.id, run.kind, run.trigger, run.status, _took(run)] for run in runs]
    # A run's id is what the next command needs: all else gives way to it.
    kept = fitting([names, *rows], width=columns(stream) - _SITE_LEAST, dispensable=_DISPENSABLE)
    head, *rows = only([names, *rows], kept)
    room = columns(stream) - width_of([head, *rows])
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in (head[0], "site", *head[1:]):
        table.add_column(name, no_wrap=True, justify="right" if name == "took" else "left")
    for run, (run_id, *rest) in zip(runs, rows, strict=True):
        table.add_row(run_id, cut(run.site, min(max(room, _SITE_LEAST), _SITE_MOST)), *rest)
    # A note is a sentence; beside the columns it would have one word a line.
    notes = [
        Padding(Text(f"{run.id}: {visible(run.note)}"), (0, 0, 0, 2)) for run in runs if run.note
    ]
    show(stream, Group(table, *([Text()] if notes else []), *notes))


def _took(run: RunRecord) -> str:
    return "-" if run.duration_s is None else duration(run.duration_s)


def _tabbed_run(run: RunRecord) -> tuple[str, ...]:
    took = "" if run.duration_s is None else f"{run.duration_s:.3f}"
    return (
        run.id, visible(run.site), run.trigger, run.status,
        f"{run.started_at:%Y-%m-%dT%H:%M:%SZ}", took, visible(run.note), run.kind,
    )  # fmt: skip
