"""The nouns of the project as frozen values; standard library only, no I/O.

Those that each request makes anew are named tuples: a frozen dataclass of as many fields
takes four times as long to make.

The words are those of docs/architecture.md; a word means one thing everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Trigger(StrEnum):
    """Why a run happens now."""

    MANUAL = "manual"
    SCHEDULE = "schedule"
    INVALIDATION = "invalidation"
    EXPIRY = "expiry"
    DEPLOY = "deploy"


class RunStatus(StrEnum):
    """Where a run stands; a run found RUNNING without its process was killed."""

    RUNNING = "running"
    FINISHED = "finished"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"


class Verdict(StrEnum):
    """What is known about one target at the end of a run."""

    WARM = "warm"
    UNCACHEABLE = "uncacheable"
    FAILED = "failed"
    UNVERIFIED = "unverified"


class RunKind(StrEnum):
    """What a run does with its targets."""

    CRAWL = "crawl"
    VERIFY = "verify"
    REPLAY = "replay"


class Pass(StrEnum):
    """Which fetch of a target an outcome belongs to."""

    WARM = "warm"
    PROBE = "probe"


class EvidenceKind(StrEnum):
    """What a verdict rests on; strongest first."""

    KEY = "key"
    RESPONSE = "response"
    PROBE = "probe"
    TIMING = "timing"


class CacheState(StrEnum):
    """What the headers of one response say about the cache that answered."""

    HIT = "hit"
    MISS = "miss"
    STALE = "stale"
    BYPASS = "bypass"
    UNKNOWN = "unknown"


class KeyState(StrEnum):
    """What a cache server says about the entry of one target."""

    PRESENT = "present"
    ABSENT = "absent"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL, or a path, with a weight, as a source gives it.

    `weight` is in the source's own unit (hits, views, priority), 0 or more. `headers` are
    those it was asked for with, where these select the cache entry (names in lower case);
    without any, the candidate is one of every variant of the site.
    """

    url: str
    weight: float = 1.0
    headers: tuple[tuple[str, str], ...] = ()


class Target(NamedTuple):
    """One cache entry we want hot: a candidate under a variant.

    `rank` is 1 for the most popular target and identifies the target in its run.
    `weight` is the normalised popularity (the sources' weights, each source
    summing up to its configured weight); `traffic` is the part of it that was
    observed (logs, analytics), None if no source observed any.
    """

    rank: int
    url: str
    variant: str
    weight: float = 0.0
    traffic: float | None = None


@dataclass(frozen=True, slots=True)
class ResponseEvidence:
    """What one response says about caching; `header` names the proof, "" if none.

    `age_s` and `ttl_s` are seconds, None when the response does not tell.
    `stored` is True when a cache says that it kept this response (RFC 9211).
    """

    state: CacheState
    header: str = ""
    detail: str = ""
    age_s: float | None = None
    ttl_s: float | None = None
    stored: bool = False


class Outcome(NamedTuple):
    """What one fetch of one target yielded; in the order of the store's columns.

    `status` is None and `error` names the reason when no response came whole.
    Times are milliseconds; `body_bytes` counts what came over the wire.
    `final_url` differs from the target's URL after redirects within the site.
    `connect_ms` is 0 where a kept connection was used; `in_flight` counts the requests
    on the wire when this one ended, itself included; `waited_ms` is the time between the
    scheduled start and the sending, None where nothing was scheduled.
    """

    rank: int
    fetch: Pass
    status: int | None
    error: str | None = None
    detail: str = ""
    total_ms: float | None = None
    first_byte_ms: float | None = None
    body_bytes: int | None = None
    attempts: int = 1
    final_url: str = ""
    state: CacheState = CacheState.UNKNOWN
    state_header: str = ""
    age_s: float | None = None
    ttl_s: float | None = None
    stored: bool = False
    obstacle: str | None = None
    language: str | None = None
    csrf: bool = False
    at: float = 0.0
    connect_ms: float | None = None
    sent_bytes: int | None = None
    in_flight: int | None = None
    waited_ms: float | None = None


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """Is the entry of this URL, asked for with these headers, in the cache?

    `headers` are what a visitor sends (names in any case). `language` is the
    response's Content-Language where a response was seen, else None.
    """

    url: str
    headers: Mapping[str, str]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """A cache server's answer to a KeyQuestion.

    `ttl_s` is the remaining time of the entry that expires first, None when
    nothing expires or nothing is there. `key` is the page entry's key.
    """

    state: KeyState
    key: str = ""
    ttl_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it rests on; `reason` is None for WARM only."""

    verdict: Verdict
    reason: str | None = None
    detail: str = ""
    ttl_s: float | None = None
    evidence: tuple[EvidenceKind, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitMove:
    """How many requests may be in flight from `at_s` seconds into the run on, and why.

    A limit of 0 is a pause.
    """

    at_s: float
    limit: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as the store knows it; times are aware UTC."""

    id: str
    site: str
    trigger: Trigger
    status: RunStatus
    started_at: datetime
    duration_s: float | None
    note: str = ""
    base_url: str = ""
    observed_traffic: float | None = None
    kind: RunKind = RunKind.CRAWL
