"""The tables and the chart of the HTML report; each is empty where there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import Pass
from warmer.report.aggregate import COLUMNS, cells_of
from warmer.report.limit import limit_line
from warmer.report.limit_chart import limit_chart
from warmer.report.markup import Markup, element, joined, link, table
from warmer.report.sentences import canary_looks
from warmer.report.wording import counted, milliseconds, percent, quantity
from warmer.report.writes import pages_after_writes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.report.aggregate import AggregateRow
    from warmer.report.summary import Report
    from warmer.report.tally import Latency

_LABELS_MOST = 100


def latencies(report: Report) -> Markup:
    """Cold and hot, by percentile."""

    def row(name: str, found: Latency) -> tuple[str, ...]:
        times = (found.p50, found.p90, found.p95, found.p99, found.max)
        return (name, *(milliseconds(time) for time in times), f"{found.count:,}")

    if not report.cold.count and not report.hot.count:
        return Markup()
    load = "" if report.in_flight is None else f", at up to {report.in_flight} in flight"
    head = ("", "50 %", "90 %", "95 %", "99 %", "max", "fetches")
    rows = [row("cold", report.cold), row("hot", report.hot)]
    return joined((element("h2", f"Latency in ms{load}"), table(head, rows, numbers=range(1, 7))))


def limit(report: Report) -> Markup:
    """How many requests were allowed at once, drawn."""
    if not report.limit:
        return Markup()
    return joined(
        (
            element("h2", "Requests allowed in flight, over time"),
            limit_chart(report.limit, report.run.duration_s),
            element("p", limit_line(report.limit, report.run.duration_s), class_="quiet"),
        )
    )


def slowest(report: Report) -> Markup:
    """The slowest warm fetches."""
    if not report.slowest:
        return Markup()
    rows = [
        (
            milliseconds(each.total_ms),
            "failed" if each.status is None else str(each.status),
            each.variant,
            link(each.url),
        )
        for each in report.slowest
    ]
    found = table(("ms", "status", "variant", "URL"), rows, numbers=[0])
    return joined((element("h2", "Slowest fetches"), found))


def caches(report: Report) -> Markup:
    """What each cache server counted, in the whole run and by pass."""
    if not report.caches:
        return Markup()
    rows = [_cache(cache, name, counts) for cache in report.caches for name, counts in _told(cache)]
    head = ("server", "kind", "", "hits", "misses", "hit ratio", "evictions")
    found = table(head, rows, numbers=range(3, 7))
    told = canary_looks(report)
    line = element("p", told, class_="quiet") if told else Markup()
    return joined((element("h2", "Cache servers, all clients together"), found, line))


def _told(cache: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    passes = [(f"{name} pass", cache.get(f"{name}_pass")) for name in Pass]
    counted_by_pass = [(name, counts) for name, counts in passes if isinstance(counts, dict)]
    return [("whole run", cache), *counted_by_pass]


def _cache(cache: Mapping[str, object], name: str, counts: Mapping[str, object]) -> tuple[str, ...]:
    ratio = counts.get("hit_ratio")
    return (
        str(cache.get("node")),
        str(cache.get("kind")),
        name,
        quantity(counts.get("hits")),
        quantity(counts.get("misses")),
        percent(ratio) if isinstance(ratio, int | float) else "-",
        quantity(counts.get("evictions")),
    )


def writes(report: Report) -> Markup:
    """What the saves of a replay did to their pages."""
    if not report.writes:
        return Markup()
    failed = sum(1 for each in report.writes if each["error"] is not None)
    rows = [
        (
            page.path,
            f"{page.asked:,}",
            f"{page.missed:,}",
            _seconds(page.mean_s),
            _seconds(page.longest_s),
        )
        for page in pages_after_writes(report.writes)
    ]
    head = ("page", "asked for", "not from a cache", "cold for, mean", "cold for, longest")
    title = f"{counted(len(report.writes), 'save')}, {failed:,} failed; pages after them"
    found = table(head, rows, numbers=range(1, 5))
    return joined((element("h2", title), found))


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def aggregate(rows: Sequence[AggregateRow]) -> Markup:
    """The Aggregate Report, folded up."""
    if not rows:
        return Markup()
    *labels, total = rows
    shown = [*labels[:_LABELS_MOST], total]
    more = (
        f", the first {_LABELS_MOST} of {len(labels)} labels" if len(shown) <= len(labels) else ""
    )
    found = table(COLUMNS, [(row.label, *cells_of(row)) for row in shown], numbers=range(1, 13))
    return element("details", element("summary", f"Aggregate Report{more}"), found)
