"""One site while the daemon runs: triggers in, debounced, one run at a time, triggers done.

A trigger stays in the queue until a run has done what it names; a run that fails or is
stopped leaves it there. Pages that were named go before the whole plan, and interrupt it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from warmer.config import InvalidationConfig
from warmer.daemon.alarm import LONGEST_SLEEP_S, Alarm
from warmer.daemon.backlog import Backlog
from warmer.daemon.debounce import EVERYTHING, Item, Scope
from warmer.daemon.expiring import Expiring
from warmer.daemon.items import items_of, normalised_tags
from warmer.daemon.plan_work import PlanWork
from warmer.daemon.pulse import Pulse
from warmer.daemon.retry import Retry
from warmer.daemon.routine import Routine
from warmer.daemon.runner import Ended, How, Runner
from warmer.daemon.site_name import site_name
from warmer.daemon.status import SiteStatus, State
from warmer.errors import ConfigError, StoreError, WarmerError
from warmer.model import Trigger
from warmer.plan import Normaliser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from warmer.daemon.clock import Clock
    from warmer.daemon.debounce import Batch
    from warmer.daemon.queue import TriggerQueue
    from warmer.daemon.requests import WarmRequest
    from warmer.run.request import Resolved

_STUCK_S = 3 * LONGEST_SLEEP_S
SLICE_S = 1.0
"""So long the whole plan goes on before pages that were named interrupt it again."""
_REFRESHED = frozenset({Trigger.INVALIDATION, Trigger.EXPIRY})
_log = logging.getLogger(__name__)


class SiteService:
    """The service of one site; raises ConfigError for a site that no daemon can keep warm."""

    def __init__(self, resolved: Resolved, queue: TriggerQueue, clock: Clock) -> None:
        site = resolved.site
        self.name = site_name(site)
        self.normalise = Normaliser(site.base_url, site.plan)
        self.tags: Mapping[str, tuple[str, ...]] = normalised_tags(site.tags, self.normalise)
        self._queue = queue
        self._clock = clock
        self._pulse = Pulse(self.name, clock)
        self._runner = Runner(resolved, self.name, clock, self._pulse)
        invalidation = site.invalidation or InvalidationConfig()
        self._backlog = Backlog(
            queue,
            self.name,
            clock,
            debounce_s=invalidation.debounce_s,
            max_wait_s=invalidation.max_wait_s,
        )
        self._routine = Routine(queue, self.name, clock, self.wake)
        self._plan: PlanWork | None = None
        self._pages_retry = Retry()
        self._plan_retry = Retry()
        self._expiring = Expiring(self._runner.pages, self.name, clock)
        self._trouble: str | None = None
        self._alarm = Alarm()
        self._is_stopping = False
        self._turned_at = clock.now()

    # For intakes and the API

    def wake(self) -> None:
        """Something was accepted."""
        self._alarm.wake()

    def on_finished(self, callback: Callable[[Sequence[int]], None]) -> None:
        """Have the numbers of triggers told when it stands on disk that they are done."""
        self._backlog.on_finished(callback)

    def status(self, *, expiring: int = 100) -> SiteStatus:
        """As of now; raises StoreError."""
        now, unix = self._clock.now(), self._clock.unix()
        pending, oldest_at = self._queue.backlog(self.name)
        retry = self._pages_retry if self._pages_retry.failure else self._plan_retry
        idle = State.WAITING if pending or self._plan else State.IDLE
        return SiteStatus(
            name=self.name,
            state=State.RUNNING if self._runner.run_id else idle,
            run_id=self._runner.run_id,
            pending=pending,
            oldest_age_s=None if oldest_at is None else max(0.0, unix - oldest_at),
            last_run=self._runner.last,
            failure=retry.failure,
            retry_in_s=max(0.0, retry.not_before - now) if retry.failure else None,
            next_scheduled_s=self._routine.next_s(),
            will_expire=tuple(
                (url, at - unix)
                for url, at in self._runner.pages.will_expire(self.name, limit=expiring)
            ),
        )

    # For the daemon

    async def run(self) -> None:
        """Until `stop`, and until the run under way has ended; survives what the disk refuses."""
        runner = self._runner
        is_known = runner.pages.are_known(self.name)
        self._routine.start(runner.resolved.site, runner.last_whole_at(), is_known=is_known)
        try:
            while not self._is_stopping:
                await self._turn()
        finally:
            self._routine.stop()
            if self._plan is not None:
                self._plan.cancel()
            self._runner.close()

    def stop(self) -> None:
        """Begin nothing more; what is on the wire comes to its end."""
        self._is_stopping = True
        self._runner.halt()
        self.wake()

    def reload(self, resolved: Resolved) -> None:
        """From the next run on with this; raises ConfigError, and stays as it was."""
        site = resolved.site
        if site_name(site) != self.name or resolved.store_path != self._runner.resolved.store_path:
            raise ConfigError(
                f"{resolved.place}: name and store.path cannot change while the daemon runs;"
                " restart it"
            )
        normalise = Normaliser(site.base_url, site.plan)
        tags = normalised_tags(site.tags, normalise)
        self._routine.replace(site.schedule)
        self.normalise, self.tags = normalise, tags
        self._runner.resolved = resolved
        invalidation = site.invalidation or InvalidationConfig()
        self._backlog.debounce_s = invalidation.debounce_s
        self._backlog.debounce.max_wait_s = invalidation.max_wait_s
        self.wake()

    @property
    def drain_s(self) -> float:
        return self._runner.resolved.site.daemon.drain_s

    @property
    def keep_days(self) -> float:
        return self._runner.resolved.site.daemon.keep_days

    def look_at_the_clock(self) -> None:
        """Somebody may have set it."""
        self._routine.look_at_the_clock()

    def is_stuck(self) -> bool:
        """Whether it does not get on, so that only a restart helps."""
        if self._runner.run_id is not None:
            return self._pulse.is_stuck(self._runner.resolved.site.crawl)
        return self._clock.now() - self._turned_at > _STUCK_S

    # One turn after the other

    async def _turn(self) -> None:
        self._read()
        now = self._clock.now()
        plan, debounce = self._plan, self._backlog.debounce
        batch = debounce.take_pages(now) if now >= self._pages_retry.not_before else None
        if batch is not None:
            await self._warm_pages(batch)
        elif plan is not None and plan.is_gathered:
            await self._warm_plan(plan)
        elif plan is None and now >= self._plan_retry.not_before:
            whole = debounce.take_everything(now)
            if whole is not None:
                _log.info("%s: the plan is gathered (%s)", self.name, whole.trigger)
                self._plan = PlanWork(self._runner, whole, refresh=self._is_refreshed(whole))
            await self._alarm.sleep(0 if whole else self._until_something_is_due(now))
        else:
            gathering = [] if plan is None else plan.pending()
            await self._alarm.sleep(self._until_something_is_due(now), *gathering)

    def _read(self) -> None:
        """What is new on disk; what the disk refuses now is read in another turn."""
        self._turned_at = self._clock.now()
        try:
            self._backlog.write_down()
            if self._backlog.read(self._items):
                self._pages_retry.at_once()
                self._plan_retry.at_once()
            if self._runner.resolved.site.expiry.enabled:
                self._expiring.read(self._backlog.debounce)
        except StoreError as error:
            if str(error) != self._trouble:
                _log.error("%s: %s; it is tried again", self.name, error)
            self._trouble = str(error)
        else:
            self._trouble = None

    def _items(self, request: WarmRequest) -> list[Item]:
        items = items_of(request, self.tags)
        urls = [item for item in items if item.scope is Scope.URL]
        has_prefix = any(item.scope is Scope.PREFIX for item in items)
        if has_prefix and not self._runner.pages.are_known(self.name):
            return [*urls, EVERYTHING]  # nobody knows yet what is under it
        return items

    async def _warm_pages(self, batch: Batch) -> None:
        try:
            pages = self._runner.pages.named(self.name, batch.items)
            ended = await self._runner.warm_pages(
                pages, batch.trigger, refresh=self._is_refreshed(batch)
            )
        except WarmerError as error:
            ended = Ended(None, How.FAILED, str(error))
        if ended.how is How.DONE:
            self._expiring.ended(batch)
        self._end(batch, ended, self._pages_retry)

    async def _warm_plan(self, plan: PlanWork) -> None:
        """Until it is done, or pages are due that were named: then it goes on after these."""
        running = asyncio.create_task(plan.run())
        slice_ends = self._clock.now() + SLICE_S
        while not running.done():
            self._read()
            now, due = self._clock.now(), self._backlog.debounce.next_page()
            if due is not None:
                due = max(due, slice_ends, self._pages_retry.not_before)
            if self._is_stopping or (due is not None and due <= now):
                self._runner.halt()
                break
            await self._alarm.sleep(LONGEST_SLEEP_S if due is None else due - now, running)
        ended = await running
        if ended.how is How.STOPPED and not self._is_stopping and plan.run_id is not None:
            _log.info("%s: run %s waits for pages that were named", self.name, plan.run_id)
            return
        self._plan = None
        self._end(plan.batch, ended, self._plan_retry)

    def _end(self, batch: Batch, ended: Ended, retry: Retry) -> None:
        what = f"run {ended.run_id}" if ended.run_id else "no run"
        why = f"{self.name}: {what} ({batch.trigger}, {len(batch.items)} named)"
        if ended.how is How.DONE:
            retry.succeeded()
            self._backlog.done(batch, ended.run_id)
            _log.info("%s: %s", why, ended.note)
            return
        self._backlog.debounce.put_back(batch)
        if ended.how is How.FAILED:
            pause_s = retry.failed(ended.note, self._clock.now())
            _log.warning("%s failed, tried again in %.0f s: %s", why, pause_s, ended.note)

    def _until_something_is_due(self, now: float) -> float:
        debounce = self._backlog.debounce
        dues = [now + LONGEST_SLEEP_S]
        if (page := debounce.next_page()) is not None:
            dues.append(max(page, self._pages_retry.not_before))
        if (whole := debounce.next_everything()) is not None and self._plan is None:
            dues.append(max(whole, self._plan_retry.not_before))
        if (expiring := self._expiring.next_due) is not None:
            dues.append(expiring)
        return max(0.0, min(dues) - now)

    def _is_refreshed(self, batch: Batch) -> bool:
        can = self._runner.resolved.site.crawl.refresh_secret is not None
        return can and not batch.kinds.isdisjoint(_REFRESHED)
