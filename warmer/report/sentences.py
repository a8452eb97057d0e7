"""What a report says in whole sentences, the same on screen and on a page. Pure.

Texts that others wrote are in them as they are: who shows them makes them visible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import EvidenceKind, Pass, RunKind, RunStatus
from warmer.report.wording import counted, percent

if TYPE_CHECKING:
    from warmer.model import RunRecord
    from warmer.report.summary import Report

_EVIDENCE = {
    EvidenceKind.KEY: "cache key",
    EvidenceKind.RESPONSE: "response header",
    EvidenceKind.PROBE: "probe",
    EvidenceKind.TIMING: "timing alone (weak)",
}


def headline(report: Report) -> str:
    """How many targets are warm."""
    counts = report.counts
    if not counts.planned:
        if report.run.kind is RunKind.REPLAY:
            return "No request was sent."
        return "Nothing was planned: the sources and filters left no target."
    if report.hit_ratio is None:
        return f"None of {counted(counts.planned, 'target')} was verified."
    verb = "is" if counts.planned == 1 else "are"
    if report.run.kind is RunKind.REPLAY:
        return (
            f"Caches answered {counts.warm:,} of {counted(counts.planned, 'request')} by their own"
            f" word ({percent(report.hit_ratio)})."
        )
    return (
        f"{counts.warm:,} of {counted(counts.planned, 'target')} {verb} warm"
        f" ({percent(report.hit_ratio)})."
    )


def warnings_of(report: Report) -> list[str]:
    """What makes the figures mean less than they seem to, the gravest first."""
    run = report.run
    found = []
    if run.status is RunStatus.RUNNING:
        found.append("The run is still running; this is what it has done so far")
    elif run.status is not RunStatus.FINISHED:
        why = f": {run.note}" if run.note else ""
        found.append(f"The run was {run.status}{why}{_onward(run, why)}")
    for cache in report.caches:
        if cache.get("trusted") is not True:
            name = f"{cache.get('kind')} {cache.get('node')}"
            note = cache.get("note") or "the reason is not known"
            found.append(f"the counters of {name} cannot be trusted: {note}")
    by_time = report.warm_by.get(EvidenceKind.TIMING, 0)
    if by_time:
        found.append(
            f"{counted(by_time, 'warm verdict')} by timing alone: an application that"
            " remembers its data is fast as well; name the cache with --cache"
        )
    return [*found, *report.warnings]


def _onward(run: RunRecord, why: str) -> str:
    """How the run goes on; a replay has no rest, and the note of a killed run says it already."""
    if run.kind is RunKind.REPLAY or "--resume" in why:
        return ""
    stop = "" if why.endswith(("?", ".")) else "."
    return f"{stop} `warmer crawl --resume {run.id}` goes on"


def hit_ratios(report: Report) -> str:
    """`99.4 % of all targets, 99.8 % of cacheable ones`; empty where nothing was verified."""
    return ", ".join(
        f"{percent(ratio)} of {whole}"
        for ratio, whole in (
            (report.hit_ratio, "all targets"),
            (report.cacheable_hit_ratio, "cacheable ones"),
            (report.traffic_hit_ratio, "observed traffic"),
        )
        if ratio is not None
    )


def evidence(report: Report) -> str:
    """`497 by cache key, 3 by probe`; empty where nothing is warm."""
    return ", ".join(
        f"{report.warm_by[kind]:,} by {words}"
        for kind, words in _EVIDENCE.items()
        if kind in report.warm_by
    )


def canary_looks(report: Report) -> str:
    """How much of what cache servers counted the visitor guard asked for; empty where nothing.

    How often a server counts one look depends on the site: once, twice, or never behind a proxy.
    """
    looks = {}
    for name in Pass:
        found = report.caches[0].get(f"{name}_pass") if report.caches else None
        if isinstance(found, dict) and found.get("canary_looks"):
            looks[name] = found["canary_looks"]
    if not looks:
        return ""
    told = ", ".join(f"{count:,} in the {name} pass" for name, count in looks.items())
    return f"Among them the visitor guard's looks at its page: {told}"
