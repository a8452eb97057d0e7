"""The summary of a run for a person: the verdict first, then what to do about it.

The same lines everywhere; bold and colour on a terminal only. Numbers for
programs are in the report files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmer.model import Pass
from warmer.report.cures import cure_of
from warmer.report.limit import limit_line
from warmer.report.sentences import canary_looks, evidence, headline, hit_ratios, warnings_of
from warmer.report.terminal import columns, cut, show
from warmer.report.threshold_lines import threshold_lines
from warmer.report.visible import visible
from warmer.report.wording import counted, duration, milliseconds, percent, quantity
from warmer.report.writes import pages_after_writes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TextIO

    from rich.console import RenderableType

    from warmer.report.summary import Report

_LOUD = "bold red"
_NODE_LEAST = 24
_BESIDE_NODE = 64


def print_summary(report: Report, stream: TextIO, *, written: Sequence[Path] = ()) -> None:
    """Print the summary; `written` are the report files, to be named at the end."""
    show(stream, Group(*_sections(report, columns(stream), written)))


def _sections(report: Report, width: int, written: Sequence[Path]) -> Iterator[RenderableType]:
    yield _verdict(report)
    yield from _warnings(report)
    yield from _counts(report, width)
    yield from _latencies(report)
    yield from _writes(report)
    yield from _caches(report, width)
    yield from _reasons(report, width)
    yield from _slowest(report, width)
    yield from threshold_lines(report.thresholds)
    if written:
        yield Text(f"\nWritten: {', '.join(visible(str(path)) for path in written)}")


def _verdict(report: Report) -> Text:
    counts = report.counts
    if not counts.planned or report.hit_ratio is None:
        return Text(headline(report), "bold red")
    colour = "green" if counts.warm == counts.planned else "yellow" if counts.warm else "red"
    return Text(headline(report), f"bold {colour}")


def _warnings(report: Report) -> Iterator[Text]:
    for warning in warnings_of(report):
        yield Text(f"WARNING: {visible(warning)}", _LOUD)


def _counts(report: Report, width: int) -> Iterator[Text]:
    counts, run = report.counts, report.run
    took = "" if run.duration_s is None else f", {duration(run.duration_s)}"
    yield Text(
        f"{counts.attempted:,} fetched, {counts.uncacheable:,} uncacheable,"
        f" {counts.failed:,} failed, {counts.unverified:,} unverified{took}"
    )
    if ratios := hit_ratios(report):
        yield Text(f"Hit ratio: {ratios}")
    if by := evidence(report):
        yield Text(f"Evidence: {by}")
    if report.min_ttl_s is not None:
        yield Text(f"The first warm entry expires in {duration(report.min_ttl_s)}")
    if report.redirect_example is not None:
        source, goal = (cut(url, max(60, width // 3)) for url in report.redirect_example)
        yield Text(f"{counted(report.redirects, 'target')} redirected, as {source} to {goal}")
    if line := limit_line(report.limit, report.run.duration_s):
        yield Text(f"Limit: {visible(line)}")
    if report.skipped:
        reasons = ", ".join(
            f"{count:,} {visible(reason)}" for reason, count in report.skipped.items()
        )
        yield Text(f"Left out of the sources: {reasons}")
    yield Text(f"Run {run.id} of {visible(run.site)}, {run.started_at:%Y-%m-%d %H:%M:%S} UTC")


def _latencies(report: Report) -> Iterator[RenderableType]:
    if not report.cold.count and not report.hot.count:
        return
    load = "" if report.in_flight is None else f", at up to {report.in_flight} in flight"
    yield Text(f"\nLatency in ms{load}", "bold")
    table = _table(
        ("", "left"), *((name, "right") for name in ("p50", "p90", "p95", "p99", "max", "fetches"))
    )
    for name, latency in (("cold", report.cold), ("hot", report.hot)):
        times = (latency.p50, latency.p90, latency.p95, latency.p99, latency.max)
        table.add_row(name, *(milliseconds(time) for time in times), f"{latency.count:,}")
    yield _indented(table)


def _writes(report: Report) -> Iterator[RenderableType]:
    """What saves did to their pages: the mean and the longest time until caches had them again."""
    if not report.writes:
        return
    failed = sum(1 for each in report.writes if each["error"] is not None)
    yield Text(
        f"\n{counted(len(report.writes), 'save')}, {failed:,} failed; pages after them", "bold"
    )
    table = _table(
        ("", "left"), *((name, "right") for name in ("asked", "missed", "cold for", "longest"))
    )
    for page in pages_after_writes(report.writes):
        table.add_row(
            visible(page.path),
            f"{page.asked:,}",
            f"{page.missed:,}",
            *("-" if each is None else f"{each:.1f} s" for each in (page.mean_s, page.longest_s)),
        )
    yield _indented(table)


def _caches(report: Report, width: int) -> Iterator[RenderableType]:
    if not report.caches:
        return
    yield Text("\nCache servers, all clients together", "bold")
    numbers = ("hits", "misses", "hit ratio", "evictions")
    table = _table(*((("", "left"),) * 3), *((name, "right") for name in numbers))
    room = max(_NODE_LEAST, width - _BESIDE_NODE)
    for cache in report.caches:
        evictions = quantity(cache.get("evictions"))
        name = (cut(str(cache.get("node")), room), visible(str(cache.get("kind"))))
        for place, (of_pass, counts) in enumerate(_passes(cache)):
            ratio = counts.get("hit_ratio")
            table.add_row(
                *(name if place == 0 else ("", "")),
                of_pass,
                quantity(counts.get("hits")),
                quantity(counts.get("misses")),
                percent(ratio) if isinstance(ratio, int | float) else "-",
                Text(evictions if place == 0 else "", "" if evictions in ("0", "-") else _LOUD),
            )
    yield _indented(table)
    if told := canary_looks(report):
        yield Padding(Text(told), (0, 0, 0, 2))


def _passes(cache: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    """What was counted in each pass, else in the whole run."""
    told: list[tuple[str, Mapping[str, object]]] = [
        (f"{name} pass", counts)
        for name in Pass
        if isinstance(counts := cache.get(f"{name}_pass"), dict)
    ]
    return told or [("", cache)]


def _reasons(report: Report, width: int) -> Iterator[RenderableType]:
    if not report.reasons:
        return
    yield Text("\nNot warm", "bold")
    for reason in report.reasons:
        name = visible(reason.reason or "no reason given")
        yield Text(f"  {reason.count:,} {reason.verdict}: {name}", "yellow")
        yield Text(f"    {cut(reason.example, width - 4)}")
        hint = cure_of(reason.reason)
        for line in (visible(reason.detail), hint and f"Cure: {hint}"):
            if line:
                yield Padding(Text(line), (0, 0, 0, 4))


def _slowest(report: Report, width: int) -> Iterator[RenderableType]:
    if not report.slowest:
        return
    yield Text("\nSlowest fetches", "bold")
    for slow in report.slowest:
        status = "failed" if slow.status is None else str(slow.status)
        start = f"  {milliseconds(slow.total_ms):>9} ms  {status:<6}  "
        yield Text(start + cut(slow.url, width - len(start)))


def _table(*names: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name, side in names:
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=True)
    return table


def _indented(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, 2))
