"""What `warmer status` prints, from the daemon's own JSON. Pure; a line is for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warmer.report.visible import visible
from warmer.report.wording import counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_EXPIRING_SHOWN = 5


def status_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """Each site with what runs, what waits and what goes cold; then what does not work."""
    for site in status["sites"]:
        yield visible(_state(site))
        yield from (f"  {visible(line)}" for line in _details(site))
    for intake in status["intakes"]:
        if not intake["ok"]:
            yield visible(f"{intake['name']}: NOT WORKING: {intake['detail']}")


def _state(site: Mapping[str, Any]) -> str:
    waiting = ""
    if site["pending"]:
        age = site.get("oldest_age_s")
        since = "" if age is None else f", the oldest for {duration(age)}"
        waiting = f"; {counted(site['pending'], 'trigger')} waiting{since}"
    run = f" {site['run_id']}" if site.get("run_id") else ""
    return f"{site['name']}: {site['state']}{run}{waiting}"


def _details(site: Mapping[str, Any]) -> Iterator[str]:
    if last := site.get("last_run"):
        took = "" if last["duration_s"] is None else f" in {duration(last['duration_s'])}"
        yield f"last run {last['id']}: {last['status']}{took} ({last['trigger']})"
    if site.get("failure"):
        again = site.get("retry_in_s")
        when = "" if again is None else f"; tried again in {duration(again)}"
        yield f"last failure: {site['failure']}{when}"
    if site.get("next_scheduled_s") is not None:
        yield f"next scheduled run in {duration(max(0.0, site['next_scheduled_s']))}"
    yield from _expiring(site.get("will_expire") or [])


def _expiring(pages: Sequence[tuple[str, float]]) -> Iterator[str]:
    for url, seconds in pages[:_EXPIRING_SHOWN]:
        when = f"goes cold in {duration(seconds)}" if seconds > 0 else "is cold"
        yield f"{when}: {url}"
    if len(pages) > _EXPIRING_SHOWN:
        yield f"and {len(pages) - _EXPIRING_SHOWN} more; --json has them"
