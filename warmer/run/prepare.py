"""From a checked site to a finished run: the plan into the store, logins, caches, signals.

Opens what a run needs and closes it again; what was asked for is `request`, the run itself
is `execute`.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from warmer.errors import ConfigError, SourceError, StoreError
from warmer.model import RunKind, RunStatus, Trigger
from warmer.plan import targets
from warmer.run.cache_keys import CacheKeys
from warmer.run.execute import Execution, Mode, reopen
from warmer.run.logins import Logins, check_accounts
from warmer.run.reach import reach
from warmer.run.recorded import record_with, recorded_in, with_recorded
from warmer.run.stopping import StopSignals
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.config import SiteConfig, VariantConfig
    from warmer.errors import ExitCode
    from warmer.report.snapshot import Progress
    from warmer.report.summary import Report
    from warmer.run.gather import Gathered, Gathering
    from warmer.run.request import Resolved
    from warmer.run.stopping import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a planned run is carried out; `recorded` are variants of captures, if just planned."""

    site: SiteConfig
    mode: Mode
    refresh: bool
    progress: Progress
    recorded: tuple[VariantConfig, ...] = ()
    resumed: bool = False


def _check_way(site: SiteConfig, mode: Mode, *, refresh: bool) -> None:
    """What would end a run at once, before there is one."""
    _check_refresh(site, refresh=refresh)
    if mode is not Mode.VERIFY:
        check_accounts(site, os.environ)
    CacheKeys(site.cache, site.first_server).close()


async def run_new(
    resolved: Resolved, gathering: Gathering, mode: Mode, progress: Progress, *, refresh: bool
) -> tuple[Report, ExitCode]:
    """Plan, then run; a plan without targets raises SourceError and leaves no run."""
    site = resolved.site
    _check_way(site, mode, refresh=refresh)
    resolved = replace(resolved, record=_with_way(resolved.record, mode, refresh=refresh))
    gathered = await gathering.read_online()
    store = Store(resolved.store_path)
    try:
        run_id = plan_run(
            store, resolved, gathered, trigger=Trigger.MANUAL, whole=True, kind=_kind(mode)
        )
        for note in gathered.notes:
            progress.note(note)
        return await _run(
            store,
            run_id,
            Way(
                site=site,
                mode=mode,
                refresh=refresh,
                progress=progress,
                recorded=gathered.recorded,
            ),
            warnings=gathered.notes,
        )
    finally:
        store.close()


async def run_again(
    resolved: Resolved, run_id: str, mode: Mode, progress: Progress, *, refresh: bool
) -> tuple[Report, ExitCode]:
    """Go on with a run that was cut short: what was verified is not fetched again.

    As it was begun: what was asked for then, `mode` and `refresh` of now are added to.
    """
    store = Store(resolved.store_path)
    try:
        record = store.run_to_resume(run_id)
        begun = json.loads(store.config_of(record.id)).get("way", {})
        mode = Mode(begun.get("mode", mode)) if mode is Mode.CRAWL else mode
        refresh = refresh or bool(begun.get("refresh"))
        _check_way(resolved.site, mode, refresh=refresh)
        store.adopt_run(record.id)
        reopen(store, record.id)
        site = resolved.site
        way = Way(site=site, mode=mode, refresh=refresh, progress=progress, resumed=True)
        return await _run(store, record.id, way, warnings=())
    finally:
        store.close()


def _with_way(record: str, mode: Mode, *, refresh: bool) -> str:
    return json.dumps(json.loads(record) | {"way": {"mode": mode, "refresh": refresh}})


def _kind(mode: Mode) -> RunKind:
    return RunKind.VERIFY if mode is Mode.VERIFY else RunKind.CRAWL


def plan_run(
    store: Store,
    resolved: Resolved,
    gathered: Gathered,
    *,
    trigger: Trigger,
    whole: bool,
    kind: RunKind = RunKind.CRAWL,
) -> str:
    """Write a run and its targets; returns its id. A plan without targets raises SourceError.

    `whole` is the plan of the site's sources, which `plan.top` caps; other plans are what
    somebody named, all of it.
    """
    site = resolved.site
    reached = reach(site, gathered.base_url)
    top = reached.cap(site.plan.top) if whole else None
    found = targets(gathered.staging.ranked(), reached.variants, top)
    record = store.create_run(
        site=site.name or gathered.base_url.partition("//")[2],
        trigger=trigger,
        base_url=gathered.base_url,
        config=record_with(resolved.record, gathered.recorded),
        now=datetime.now(UTC),
        whole=whole,
        kind=kind,
    )
    skipped = gathered.skipped.as_dict()
    try:
        planned = store.add_targets(
            record.id, found, observed_traffic=gathered.observed, skipped=skipped
        )
    except StoreError as error:
        with contextlib.suppress(StoreError):
            _give_up(store, record.id, str(error))
        raise
    gathered.staging.close()
    if planned == 0:
        note = "no target: the variants' include patterns leave nothing"
        _give_up(store, record.id, note)
        raise SourceError(note)
    return record.id


def _give_up(store: Store, run_id: str, note: str) -> None:
    store.finish_run(run_id, status=RunStatus.ABORTED, duration_s=0.0, note=note, warnings=())


def _check_refresh(site: SiteConfig, *, refresh: bool) -> None:
    if refresh and site.crawl.refresh_secret is None:
        raise ConfigError(
            "--refresh needs crawl.refresh_secret, which the site's caches check; expected it in"
            ' the TOML file as "${WARMER_REFRESH_SECRET}"'
        )


async def _run(
    store: Store, run_id: str, way: Way, *, warnings: Sequence[str]
) -> tuple[Report, ExitCode]:
    keys = CacheKeys(way.site.cache, way.site.first_server)
    try:
        logins = Logins()
        if way.mode is not Mode.VERIFY:
            logins = Logins.of(way.site, store.run(run_id).base_url, os.environ)
        with StopSignals(way.progress.note) as stop:
            return await execute_run(
                store, run_id, way, keys=keys, logins=logins, stop=stop, warnings=warnings
            )
    finally:
        keys.close()


async def execute_run(
    store: Store,
    run_id: str,
    way: Way,
    *,
    keys: CacheKeys,
    logins: Logins,
    stop: Stop,
    warnings: Sequence[str],
) -> tuple[Report, ExitCode]:
    """Carry a planned run out; `keys` and `logins` may be those of runs before it."""
    recorded = way.recorded or recorded_in(store.config_of(run_id))
    site = with_recorded(way.site, recorded)
    execution = Execution(
        store=store,
        run_id=run_id,
        site=site,
        reach=reach(site, store.run(run_id).base_url),
        keys=keys,
        logins=logins,
        mode=way.mode,
        progress=way.progress,
        stop=stop,
        refresh=way.refresh,
        resumed=way.resumed,
        warnings=list(warnings),
    )
    return await execution.run()
