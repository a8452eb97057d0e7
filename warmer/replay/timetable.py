"""From captured requests to what is due when: only what may be sent, to this site alone.

Left out, and counted: other hosts, our own traffic, what include and exclude take out, and
every method but GET and HEAD unless it was asked for. Redirects are not followed, for the
recording has what visitors asked for next.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import msgspec

from warmer.crawl.replay_job import Due
from warmer.errors import SourceError
from warmer.model import Target
from warmer.plan import OTHER_HOST, Filter, Normaliser, Rejection
from warmer.replay.columns import check_filled
from warmer.replay.rhythm import as_recorded, at_rate
from warmer.sources.capture import header
from warmer.sources.log_formats import is_own
from warmer.sources.log_request import LeftOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.config import PlanConfig
    from warmer.replay.columns import Columns
    from warmer.replay.header_lines import HeaderLines
    from warmer.replay.options import ReplayOptions
    from warmer.replay.visitors import Visitors
    from warmer.sources.capture import CapturedRequest
    from warmer.sources.skipped import Skipped

SAFE_METHODS = frozenset({"GET", "HEAD"})
UNSAFE_METHOD = "unsafe-method"
FILTERED = "filtered"
_METHOD = re.compile(r"[A-Z-]{1,20}")
_NO_BODY = b""


class Selection:
    """Which captured requests may be sent, and under which URL of the site."""

    def __init__(
        self, base_url: str, plan: PlanConfig, skipped: Skipped, *, unsafe_methods: bool
    ) -> None:
        # Tracking parameters are part of what visitors sent.
        self._normalise = Normaliser(base_url, msgspec.structs.replace(plan, drop_params=()))
        self._filter = Filter(plan.include, plan.exclude)
        self._skipped = skipped
        self._unsafe_methods = unsafe_methods
        self.base_url = base_url

    def of(self, requests: Iterator[CapturedRequest]) -> Iterator[CapturedRequest]:
        """Those that may be sent, with the site's URLs; SourceError if there is not one."""
        found = False
        for request in requests:
            url = self._url(request)
            if url is not None:
                found = True
                yield request._replace(url=url)
        if not found:
            left_out = self._skipped.sentence()
            hint = ""
            if self._skipped.has_place(OTHER_HOST):
                hint = "; if that is a name of this site, add --alias or plan.aliases"
            raise SourceError(
                f"no request to send to {self.base_url}"
                + (f": left out: {left_out}{hint}" if left_out else "; the source is empty")
            )

    def _url(self, request: CapturedRequest) -> str | None:
        if request.method not in SAFE_METHODS and not (
            self._unsafe_methods and _METHOD.fullmatch(request.method)
        ):
            self._skipped.note(UNSAFE_METHOD)
            return None
        if is_own(header(request, "user-agent").encode("latin-1", "replace")):
            self._skipped.note(LeftOut.OWN_TRAFFIC.value)
            return None
        url = self._normalise(request.url)
        if isinstance(url, Rejection):
            place = request.url.split("/")[2] if "//" in request.url else ""
            self._skipped.note(url.reason, place=place if url.reason == OTHER_HOST else "")
            return None
        if not self._filter.accepts(url):
            self._skipped.note(FILTERED)
            return None
        return url


class Timetable:
    """What is due, in order, and as whom; `taken` counts it."""

    def __init__(
        self,
        options: ReplayOptions,
        *,
        lines: HeaderLines,
        visitors: Visitors,
        columns: Columns | None,
    ) -> None:
        self._options = options
        self._lines = lines
        self._visitors = visitors
        self._columns = columns
        self.taken = 0

    def due(self, again: Callable[[], Iterator[CapturedRequest]]) -> Iterator[Due]:
        """`again` opens the requests, as often as the replay begins anew."""
        options = self._options
        if options.rate_per_s is not None:
            endless = _endless(again) if options.loop else again()
            timed = at_rate(endless, options.rate_per_s, ramp_up_s=options.ramp_up_s)
        else:
            timed = as_recorded(
                again, speed=options.speed, ramp_up_s=options.ramp_up_s, loop=options.loop
            )
        for due_s, request in timed:
            if options.for_s is not None and due_s >= options.for_s:
                return
            self.taken += 1
            yield self._due(due_s, request)

    def _due(self, due_s: float, request: CapturedRequest) -> Due:
        url = request.url
        if self._columns is not None:
            url = self._columns.fill(url)
        elif request.at_s is None:
            # What has a time was recorded: somebody sent it as it stands.
            check_filled(url)
        variant = "default" if request.method == "GET" else request.method
        lines = self._lines.of(request.headers)
        return Due(
            due_s,
            Target(self.taken, url, variant, 1.0, 1.0),
            request.method,
            [*lines, "Expect:"] if request.body else lines,
            _NO_BODY if request.method in SAFE_METHODS else request.body,
            self._visitors.jar(request),
        )


def _endless(again: Callable[[], Iterator[CapturedRequest]]) -> Iterator[CapturedRequest]:
    return itertools.chain.from_iterable(again() for _ in itertools.count())
