"""`warmer report` and `warmer runs` on the command line: parse, call, render, exit."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmer.cli_options import CONFIG, STORE, store_path
from warmer.cli_speech import say
from warmer.errors import ConfigError, ExitCode
from warmer.model import Verdict
from warmer.report.aggregate import aggregate, aggregate_json, print_aggregate
from warmer.report.browse import Choice, browse, json_lines, print_rows
from warmer.report.compare import compare, comparison_json, print_comparison
from warmer.report.gate import gate, gate_against
from warmer.report.labels import DEFAULT, Labels
from warmer.report.listings import print_runs
from warmer.report.screen import print_summary
from warmer.report.summary import summarise, values
from warmer.report.trend import print_trend, trend, trend_lines
from warmer.report.write import SUFFIXES, check_writable, write
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warmer.model import RunRecord
    from warmer.report.summary import Report

_PREVIOUS = "previous"
_ROWS = 50


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@CONFIG
@STORE
@click.option("--report", multiple=True, metavar="FILE", type=Path, help=" ".join(SUFFIXES))
@click.option("--threshold", multiple=True, metavar="EXPR", help="Such as hot_p95_ms.change<=1.2.")
@click.option("--aggregate", is_flag=True, help="The Aggregate Report, as JMeter has it.")
@click.option(
    "--label-by", default=DEFAULT, metavar="RULE", help="section, path, url, variant, RE."
)
@click.option("--failed", is_flag=True, help="Requests that failed.")
@click.option("--slowest", type=click.IntRange(min=1), metavar="N", help="The N slowest requests.")
@click.option("--url", metavar="RE", help="Requests whose URL matches.")
@click.option(
    "--verdict",
    type=click.Choice([str(each) for each in Verdict]),
    help="Requests of such targets.",
)
@click.option("--variant", metavar="NAME", help="Requests of one variant.")
@click.option("-n", "limit", type=click.IntRange(min=1), metavar="N", help="So many requests [50].")
@click.option("--compare", nargs=2, metavar="RUN RUN", help="What changed between two runs.")
@click.option(
    "--trend",
    is_flag=False,
    flag_value=10,
    type=click.IntRange(min=2),
    metavar="[N]",
    help="The last N runs in a row [10].",
)
@click.option("--json", "as_json", is_flag=True, help="JSON in place of a table.")
def report(run_id: str | None, config: Path | None, store: Path | None, **given: Any) -> ExitCode:
    """Render a run again: its id, the beginning of one, or `last`.

    As a summary, or as one of: --aggregate; requests, chosen by --failed, --slowest, --url,
    --verdict, --variant, -n; --compare of two runs, where `previous` is the one before; --trend.
    """
    view = _view(given)
    for path in given["report"]:
        check_writable(path)
    opened = Store.existing(store_path(config, store))
    if view == "--compare":
        if run_id is not None:
            raise ConfigError(f'"{run_id}": --compare has its runs behind it; expected no other')
        earlier, found = _two_runs(opened, *given["compare"])
        found, code = _judged(found, opened, given, earlier=earlier)
        _print_comparison(earlier, found, opened, given)
    elif view is None:
        found, code = _judged(summarise(opened, run_id or "last"), opened, given)
        print_summary(found, sys.stdout, written=given["report"])
    else:
        run, code = opened.run(run_id or "last"), ExitCode.OK
        if given["report"] or given["threshold"]:
            _, code = _judged(summarise(opened, run.id), opened, given, say_all=True)
        _print_view(view, run, opened, given)
    return code


@click.command()
@CONFIG
@STORE
@click.option(
    "-n", "limit", type=click.IntRange(min=1), default=20, metavar="N", help="So many [20]."
)
def runs(config: Path | None, store: Path | None, limit: int) -> None:
    """List the newest runs."""
    print_runs(Store.existing(store_path(config, store)).runs(limit), sys.stdout)


_OF_REQUESTS = ("failed", "slowest", "url", "verdict", "variant", "limit")


def _view(given: dict[str, Any]) -> str | None:
    """The one thing to show in place of the summary; raises ConfigError for two of them."""
    views = [f"--{name}" for name in ("aggregate", "compare", "trend") if given[name]]
    if any(given[name] for name in _OF_REQUESTS) or (given["as_json"] and not views):
        views.append("requests")
    if len(views) > 1:
        raise ConfigError(
            f"{' and '.join(views)}: expected one of --aggregate, --compare, --trend and requests"
            " chosen by --failed, --slowest, --url, --verdict, --variant or -n"
        )
    return views[0] if views else None


def _two_runs(store: Store, first: str, second: str) -> tuple[Report, Report]:
    later = summarise(store, second)
    if first != _PREVIOUS:
        return summarise(store, first), later
    before = store.runs_before(later.run.id, 1)
    if not before:
        raise ConfigError(
            f"--compare {_PREVIOUS}: no finished run of {later.run.site} comes before"
            f" {later.run.id}; `warmer runs` lists what there is"
        )
    return summarise(store, before[0].id), later


def _print_comparison(earlier: Report, later: Report, store: Store, given: dict[str, Any]) -> None:
    # Those of the run itself were measured against another one.
    thresholds = later.thresholds if given["threshold"] else ()
    found = compare(earlier, later, store, thresholds=thresholds)
    if given["as_json"]:
        _put([comparison_json(found)])
    else:
        print_comparison(found, sys.stdout)


def _print_view(view: str, run: RunRecord, store: Store, given: dict[str, Any]) -> None:
    as_json = given["as_json"]
    if view == "--aggregate":
        rows = aggregate(store.samples(run.id), Labels(given["label_by"], run.kind))
        if as_json:
            _put(aggregate_json(rows))
        else:
            print_aggregate(rows, sys.stdout)
    elif view == "--trend":
        points = trend(store, run.id, given["trend"])
        if as_json:
            _put(trend_lines(points))
        else:
            print_trend(points, sys.stdout)
    else:
        # JSON is for programs, which are to get all unless they say how much.
        limit = given["limit"] or (None if as_json or given["slowest"] else _ROWS)
        choice = Choice(**{**{name: given[name] for name in _OF_REQUESTS}, "limit": limit})
        chosen = browse(store.results(run.id), choice)
        if as_json:
            _put(json_lines(chosen))
        else:
            print_rows(chosen, sys.stdout)


def _put(parts: Iterable[bytes]) -> None:
    for part in parts:
        sys.stdout.write(part.decode())


def _judged(
    found: Report,
    store: Store,
    given: dict[str, Any],
    *,
    earlier: Report | None = None,
    say_all: bool = False,
) -> tuple[Report, ExitCode]:
    """The report with the thresholds of this command in place of the run's; files are written.

    The exit code is of these alone: those of the run have decided how that ended. What is not
    met is said on standard error, and with `say_all` what is, where no table lists them.
    """
    code = ExitCode.OK
    if given["threshold"]:
        rows = (
            gate(found, store, given["threshold"])
            if earlier is None
            else gate_against(found, values(earlier), given["threshold"])
        )
        found = dataclasses.replace(found, thresholds=tuple(rows))
        for row in rows:
            if row["verdict"] != "pass":
                code = ExitCode.THRESHOLD
            elif not say_all:
                continue
            value = row["value"]
            what = "no data" if value is None else f"{row['verdict']}, the value is {value}"
            say(f"threshold {row['expr']}: {what}")
    for path in given["report"]:
        write(found, store, path, label_by=given["label_by"])
    return found, code
