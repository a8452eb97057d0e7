"""The report as one HTML file for people: no script, no request, nothing but itself.

What a person asks first comes first: does the gate open, what is cold, what to do about
it. Its Content-Security-Policy allows its own style sheet alone; where a server's policy
forbids that one too, as Jenkins' does, the page is plain and whole.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from warmer.model import RunStatus
from warmer.report.cures import cure_of
from warmer.report.html_tables import aggregate, caches, latencies, limit, slowest, writes
from warmer.report.markup import Markup, element, joined, link, table
from warmer.report.sentences import evidence, headline, hit_ratios, warnings_of
from warmer.report.wording import counted, duration, milliseconds, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmer.report.aggregate import AggregateRow
    from warmer.report.summary import Report
    from warmer.report.tally import Reason

_PROBLEMS_MOST = 200
_VERDICTS = {"pass": ("pass", "good"), "fail": ("fail", "bad"), "no_data": ("no data", "bad")}


def html_parts(report: Report, rows: Sequence[AggregateRow]) -> Iterator[str]:
    """The document in parts; `rows` are those of the Aggregate Report."""
    style = (resources.files("warmer.report") / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    title, tone = _gate(report)
    yield '<!DOCTYPE html>\n<html lang="en">\n'
    yield element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        # Without it browsers ask the server for one.
        element("link", rel="icon", href="data:,"),
        element("title", f"{report.run.site}: {title}"),
        element("style", Markup(style)),
    )
    yield "\n<body>\n"
    for section in (
        _header(report, title, tone),
        _figures(report),
        _warnings(report),
        _thresholds(report),
        _reasons(report),
        latencies(report),
        limit(report),
        slowest(report),
        writes(report),
        caches(report),
        aggregate(rows),
        _footer(report),
    ):
        if section:
            yield f"{section}\n"
    yield "</body>\n</html>\n"


def _gate(report: Report) -> tuple[str, str]:
    """Whether the gate opens, in words, and the tone to say it in."""
    run, results = report.run, report.thresholds
    broken = [each for each in results if each.get("verdict") != "pass"]
    if run.status is not RunStatus.FINISHED:
        return f"the run was {run.status}", "bad"
    if broken:
        return f"no: {len(broken)} of {counted(len(results), 'threshold')} not met", "bad"
    if results:
        return f"yes: {counted(len(results), 'threshold')} met", "good"
    whole = report.counts.planned and report.counts.warm == report.counts.planned
    return "no threshold was set", "good" if whole else "doubt"


def _header(report: Report, title: str, tone: str) -> Markup:
    run = report.run
    took = "" if run.duration_s is None else f", took {duration(run.duration_s)}"
    return element(
        "header",
        element("h1", title[0].upper() + title[1:]),
        element("p", headline(report)),
        element(
            "p",
            f"{run.site}, {run.kind} of {run.started_at:%Y-%m-%d %H:%M:%S} UTC{took}",
            class_="quiet",
        ),
        class_=tone,
    )


def _figures(report: Report) -> Markup:
    counts = report.counts
    figures = [
        ("hit ratio", "-" if report.hit_ratio is None else percent(report.hit_ratio)),
        ("planned", f"{counts.planned:,}"),
        ("warm", f"{counts.warm:,}"),
        ("uncacheable", f"{counts.uncacheable:,}"),
        ("failed", f"{counts.failed:,}"),
        ("unverified", f"{counts.unverified:,}"),
        ("cold, 95 %", _ms(report.cold.p95)),
        ("hot, 95 %", _ms(report.hot.p95)),
    ]
    told = [
        f"Hit ratio: {hit_ratios(report)}" if hit_ratios(report) else "",
        f"Evidence: {evidence(report)}" if evidence(report) else "",
        f"The first warm entry expires in {duration(report.min_ttl_s)}"
        if report.min_ttl_s is not None
        else "",
        f"{counted(report.redirects, 'target')} redirected" if report.redirects else "",
        "Left out of the sources: "
        + ", ".join(f"{count:,} {reason}" for reason, count in report.skipped.items())
        if report.skipped
        else "",
    ]
    return joined(
        (
            element(
                "dl",
                *(
                    element("div", element("dt", name), element("dd", value))
                    for name, value in figures
                ),
            ),
            *(element("p", line) for line in told if line),
        )
    )


def _warnings(report: Report) -> Markup:
    found = warnings_of(report)
    if not found:
        return Markup()
    listed = element("ul", *(element("li", warning, class_="bad") for warning in found))
    return joined((element("h2", "Warnings"), listed))


def _thresholds(report: Report) -> Markup:
    rows = []
    for result in report.thresholds:
        word, tone = _VERDICTS.get(str(result.get("verdict")), _VERDICTS["no_data"])
        value = result.get("value")
        shown = f"{value:.6g}" if isinstance(value, int | float) else "not measured"
        rows.append((element("strong", word, class_=tone), str(result.get("expr")), shown))
    if not rows:
        return Markup()
    found = table(("", "condition", "value"), rows, numbers=[2])
    return joined((element("h2", "Thresholds"), found))


def _reasons(report: Report) -> Markup:
    if not report.reasons:
        return Markup()
    listed = report.problems[:_PROBLEMS_MOST]
    rows = [
        (each.verdict, each.reason or "", each.variant, link(each.url), each.detail)
        for each in listed
    ]
    total = len(report.problems) + report.problems_omitted
    title = f"The {len(listed):,} most popular of {counted(total, 'target')} that are not warm"
    return joined(
        (
            element("h2", "Not warm, and what to do"),
            *(_reason(reason) for reason in report.reasons),
            element(
                "details",
                element("summary", title),
                table(("verdict", "reason", "variant", "URL", "what was found"), rows, numbers=[]),
            ),
        )
    )


def _reason(reason: Reason) -> Markup:
    cure = cure_of(reason.reason)
    name = reason.reason or "no reason given"
    return element(
        "section",
        element("h3", f"{reason.count:,} {reason.verdict}: {name}"),
        element("p", "Such as ", link(reason.example)),
        element("p", reason.detail) if reason.detail else Markup(),
        element("p", element("strong", "Cure: "), cure) if cure else Markup(),
        class_="reason",
    )


def _footer(report: Report) -> Markup:
    run = report.run
    return element(
        "footer",
        element("p", f"Run {run.id}, by {run.trigger}, {run.status}. ", link(run.base_url)),
        class_="quiet",
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{milliseconds(value)} ms"
