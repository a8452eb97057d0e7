"""Every check from inside, in order, each with a limit: what hangs is a finding, too."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from django.db import connections

from warmer.contrib.django.preflight.asked import words_of
from warmer.contrib.django.preflight.clocks import clock
from warmer.contrib.django.preflight.error_pages import error_pages
from warmer.contrib.django.preflight.files import media, static_files
from warmer.contrib.django.preflight.in_caches import cache_backend, cache_round_trip
from warmer.contrib.django.preflight.in_databases import connections_kept, database, migrations
from warmer.contrib.django.preflight.in_settings import (
    allowed_hosts,
    debug,
    secret_key,
    session_engine,
    site_domain,
    system_checks,
    template_loader,
    time_zone,
)
from warmer.contrib.django.preflight.keys import cache_keys
from warmer.contrib.django.preflight.log_records import error_reporting, logging_
from warmer.contrib.django.preflight.outgoing import celery, mail
from warmer.contrib.django.preflight.triggers import triggers
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from warmer.contrib.django.preflight.asked import Asked

    Check = Callable[[Asked], Iterator[Result]]

CHECKS: dict[str, Check] = {
    "system-checks": system_checks,
    "debug": debug,
    "secret-key": secret_key,
    "allowed-hosts": allowed_hosts,
    "time-zone": time_zone,
    "site-domain": site_domain,
    "error-pages": error_pages,
    "template-loader": template_loader,
    "session-engine": session_engine,
    "database": database,
    "migrations": migrations,
    "connections-kept": connections_kept,
    "clock": clock,
    "cache-backend": cache_backend,
    "cache-round-trip": cache_round_trip,
    "cache-keys": cache_keys,
    "triggers": triggers,
    "media": media,
    "static-files": static_files,
    "logging": logging_,
    "error-reporting": error_reporting,
    "mail": mail,
    "celery": celery,
}
"""By their names in `warmer.preflight.result.INSIDE`."""


def results(asked: Asked, off: Mapping[str, str], *, limit_s: float) -> Iterator[Result]:
    """One result or more a check; `off` switches off checks, or ids of system checks."""
    for name, check in CHECKS.items():
        if name in off:
            yield Result(name, Grade.SKIPPED, "", f"off: {off[name]}")
            continue
        for result in within(name, _closing(check), asked, limit_s):
            if name == "system-checks" and result.where in off:
                reason = f"off: {off[result.where]}"
                yield Result(name, Grade.SKIPPED, result.where, reason)
            else:
                yield result


def _closing(check: Check) -> Check:
    """The check, and after it an end to the connections of its thread."""

    def made(asked: Asked) -> Iterator[Result]:
        try:
            yield from check(asked)
        finally:
            connections.close_all()

    return made


def within(name: str, check: Check, asked: Asked, limit_s: float) -> list[Result]:
    """What a check says; one that raises, or says nothing in time, has failed."""
    said: list[Result] = []
    fault: list[str] = []

    def make() -> None:
        try:
            said.extend(check(asked))
        except Exception as error:  # noqa: BLE001 -- anything of the site's may break in there
            fault.append(f"could not be made: {words_of(error)}")

    # A daemon: what hangs for ever must not keep the command from ending.
    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        fault = [f"no answer within {limit_s:g} s"]
    faults = [Result(name, Grade.FAIL, "", each, "mend what it names") for each in fault]
    return [*said, *faults]
