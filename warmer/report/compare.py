"""Two runs side by side: which metrics moved, which targets became cold, slow or broken.

On screen and as one JSON document. Memory: the thousand most popular targets of each kind.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import msgspec
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmer.errors import ConfigError
from warmer.model import RunKind, Verdict
from warmer.report.change import changes_of, shown, shown_ratio
from warmer.report.summary import values
from warmer.report.terminal import columns, cut, show
from warmer.report.threshold_lines import threshold_lines
from warmer.report.visible import visible
from warmer.report.wording import counted, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from warmer.model import RunRecord
    from warmer.report.change import Change
    from warmer.report.summary import Report
    from warmer.store import Store
    from warmer.store_pairs import Pair

SLOWER_RATIO = 1.5
SLOWER_MS = 50.0
"""One fetch is compared with one fetch: less than this is chance."""
_LISTED = 1000
_SHOWN = 10


@dataclass(slots=True)
class Targets:
    """Targets to which one thing happened, the most popular first; `count` is of all."""

    count: int = 0
    listed: list[Pair] = field(default_factory=list)

    def add(self, pair: Pair) -> None:
        self.count += 1
        if len(self.listed) < _LISTED:
            self.listed.append(pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed from the earlier run to the later one.

    `cold` were warm and are neither warm nor failed, `failing` had not failed, `warm` were
    not. A replay asks for pages again and again: it has metrics alone.
    """

    earlier: RunRecord
    later: RunRecord
    metrics: tuple[Change, ...]
    cold: Targets = field(default_factory=Targets)
    failing: Targets = field(default_factory=Targets)
    slower: Targets = field(default_factory=Targets)
    warm: Targets = field(default_factory=Targets)
    new: Targets = field(default_factory=Targets)
    gone: int = 0
    thresholds: Sequence[Mapping[str, object]] = ()


def compare(
    earlier: Report,
    later: Report,
    store: Store,
    *,
    thresholds: Sequence[Mapping[str, object]] = (),
) -> Comparison:
    """Raises ConfigError for runs of different kinds, whose figures mean different things.

    `thresholds` are the results to be told along, as in report.json.
    """
    if earlier.run.kind is not later.run.kind:
        raise ConfigError(
            f"--compare: {earlier.run.id} is a {earlier.run.kind}, {later.run.id} a"
            f" {later.run.kind}; expected two runs of one kind, which `warmer runs` lists"
        )
    ids = (earlier.run.id, later.run.id)
    is_replay = later.run.kind is RunKind.REPLAY
    found = Comparison(
        earlier=earlier.run,
        later=later.run,
        metrics=changes_of(values(earlier), values(later)),
        gone=0 if is_replay else store.gone(*ids),
        thresholds=thresholds,
    )
    if is_replay:
        return found
    for pair in store.pairs(*ids, slower_ratio=SLOWER_RATIO, slower_ms=SLOWER_MS):
        _sort_in(pair, found)
    return found


def _sort_in(pair: Pair, found: Comparison) -> None:
    if pair.before is None:
        found.new.add(pair)
    elif pair.now == Verdict.FAILED != pair.before:
        found.failing.add(pair)
    elif pair.before == Verdict.WARM != pair.now:
        found.cold.add(pair)
    elif _is_slower(pair.cold_before_ms, pair.cold_ms) or _is_slower(
        pair.hot_before_ms, pair.hot_ms
    ):
        found.slower.add(pair)
    elif pair.now == Verdict.WARM != pair.before:
        found.warm.add(pair)


def _is_slower(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return False
    return now >= before * SLOWER_RATIO and now - before >= SLOWER_MS


def comparison_json(found: Comparison) -> bytes:
    """One document; targets at most a thousand of each kind, their counts of all."""
    document = {
        "earlier": _run(found.earlier),
        "later": _run(found.later),
        "metrics": [asdict(each) for each in found.metrics],
        **{
            name: {"count": targets.count, "targets": [each._asdict() for each in targets.listed]}
            for name, targets in (
                ("became_cold", found.cold),
                ("newly_failing", found.failing),
                ("slower", found.slower),
                ("became_warm", found.warm),
                ("new", found.new),
            )
        },
        "gone": found.gone,
        "thresholds": found.thresholds,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _run(run: RunRecord) -> dict[str, object]:
    return {"id": run.id, "site": run.site, "started_at": run.started_at, "status": run.status}


def print_comparison(found: Comparison, stream: TextIO) -> None:
    """The same lines everywhere; `WORSE` and `x` tell what colour tells on a terminal."""
    show(stream, Group(*_sections(found, columns(stream))))


def _sections(found: Comparison, width: int) -> Iterator[RenderableType]:
    worse = sum(each.is_worse for each in found.metrics)
    text = f"{counted(worse, 'metric')} worse" if worse else "No metric is worse"
    yield Text(f"{text}, from {found.earlier.id} to {found.later.id}.", _style(worse > 0))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name in ("", "before", "now", "change", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for each in found.metrics:
        table.add_row(
            each.metric,
            shown(each.metric, each.before),
            shown(each.metric, each.now),
            shown_ratio(each.ratio),
            Text("WORSE" if each.is_worse else "", "bold red"),
        )
    yield Padding(table, (0, 0, 0, 2))
    yield from _listed("Became cold", found.cold, width)
    yield from _listed("Newly failing", found.failing, width)
    yield from _listed("Slower", found.slower, width)
    others = (
        (found.warm.count, "became warm"),
        (found.new.count, "planned for the first time"),
        (found.gone, "planned no more"),
    )
    told = [f"{counted(count, 'target')} {what}" for count, what in others if count]
    if told:
        yield Text(f"\n{'; '.join(told)}")
    yield from threshold_lines(found.thresholds)


def _listed(title: str, targets: Targets, width: int) -> Iterator[Text]:
    if not targets.count:
        return
    yield Text(f"\n{title}: {counted(targets.count, 'target')}", "bold red")
    for pair in targets.listed[:_SHOWN]:
        yield Text(f"  {_what(pair)}  {cut(pair.url, max(30, width - 50))}")
    if targets.count > _SHOWN:
        yield Text(f"  and {targets.count - _SHOWN:,} more; --json lists them")


def _what(pair: Pair) -> str:
    if pair.before != pair.now:
        return f"{pair.before} -> {pair.now}{f': {visible(pair.reason)}' if pair.reason else ''}"
    for name, before, now in (
        ("cold", pair.cold_before_ms, pair.cold_ms),
        ("hot", pair.hot_before_ms, pair.hot_ms),
    ):
        if _is_slower(before, now):
            return f"{name} {milliseconds(before)} -> {milliseconds(now)} ms"
    return pair.now


def _style(is_worse: bool) -> str:  # noqa: FBT001 -- one fact, one caller
    return "bold red" if is_worse else "bold green"
