"""JUnit XML: the gate of a run as test cases, streamed from the store.

What fails here is what makes the exit code fail, so that a build has one gate:
a run that did not finish is an error, a threshold that fails or has no data is a
failure. A target that is not warm is `skipped`, with its reason; how many of
those are too many is what thresholds are for. Attributes are those that Jenkins,
GitLab and Maven Surefire agree on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from warmer.model import RunStatus, Verdict
from warmer.report.row import cold_ms, judgement_of
from warmer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from warmer.report.summary import Report
    from warmer.store_results import TargetResult


def junit_parts(report: Report, results: Iterable[TargetResult]) -> Iterator[str]:
    """The document in parts: the run, each threshold, the warm targets, each of the rest."""
    counts = report.counts
    not_warm = counts.planned - counts.warm
    broken = [result for result in report.thresholds if result.get("verdict") != "pass"]
    unfinished = report.run.status is not RunStatus.FINISHED
    tests = 1 + len(report.thresholds) + (1 if counts.warm else 0) + not_warm
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<testsuite name="warmer" tests="{tests}" failures="{len(broken)}"'
        f' errors="{1 if unfinished else 0}" skipped="{not_warm}"'
        f' time="{report.run.duration_s or 0:.3f}"'
        f' timestamp="{report.run.started_at:%Y-%m-%dT%H:%M:%S}">\n'
    )
    yield _run_case(report)
    for result in report.thresholds:
        yield _threshold_case(result)
    if counts.warm:
        yield _case("warm", f"{counts.warm} of {counts.planned} targets are warm", None, "")
    for result_of_target in results:
        yield _target_case(result_of_target)
    yield "</testsuite>\n"


def _run_case(report: Report) -> str:
    run = report.run
    what = ""
    if run.status is not RunStatus.FINISHED:
        what = _child("error", run.status, run.note or f"the run was {run.status}")
    return _case("run", f"run {run.id} of {run.site} finishes", run.duration_s, what)


def _threshold_case(result: Mapping[str, object]) -> str:
    verdict = result.get("verdict")
    what = ""
    if verdict != "pass":
        value = result.get("value")
        found = "no data" if value is None else f"the value is {value}"
        what = _child("failure", str(verdict), f"{result.get('expr')}: {found}")
    return _case("threshold", str(result.get("expr")), None, what)


def _target_case(result: TargetResult) -> str:
    judgement = judgement_of(result)
    if judgement.verdict is Verdict.WARM:
        return ""
    why = ": ".join(part for part in (judgement.reason, judgement.detail) if part)
    taken = cold_ms(result)
    return _case(
        str(judgement.verdict),
        f"{result.target.url} [{result.target.variant}]",
        None if taken is None else taken / 1000,
        _child("skipped", judgement.reason or "", f"{judgement.verdict}: {why}"),
    )


def _case(group: str, name: str, seconds: float | None, inside: str) -> str:
    return (
        f'  <testcase classname="warmer.{group}" name={_quoted(name)}'
        f' time="{seconds or 0:.3f}">{inside}</testcase>\n'
    )


def _child(element: str, kind: str, message: str) -> str:
    return f"<{element} type={_quoted(kind)} message={_quoted(message)}/>"


def _quoted(text: str) -> str:
    r"""An attribute value; characters that XML 1.0 cannot hold are written as \x1b."""
    return quoteattr(visible(text))
