"""Whether an error reaches anyone: a real record, given to each handler that would get one.

The mailing handler gets none, for it would send a mail with each call; `mail` shows that
mails arrive. What the handlers write goes where it always goes.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import RequestFactory
from django.utils.log import AdminEmailHandler

from warmer.contrib.django.preflight.asked import public_host, words_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

_LOGGER = "django.request"
"""What Django writes an error of a view to."""
_TAIL_BYTES = 65_536
_CURE = "give LOGGING a handler that writes where people look, at ERROR or below"
_SERVICES = {
    "airbrake": "Airbrake",
    "bugsnag": "Bugsnag",
    "elasticapm": "Elastic APM",
    "honeybadger": "Honeybadger",
    "newrelic": "New Relic",
    "raygun4py": "Raygun",
    "rollbar": "Rollbar",
}
"""Packages that tell a service of errors; loaded means in use."""


def handlers_of(logger: logging.Logger | None) -> Iterator[logging.Handler]:
    """Those that an ERROR of this logger is given to, as `Logger.callHandlers` finds them."""
    if logger is None or logger.disabled or not logger.isEnabledFor(logging.ERROR):
        return
    while logger is not None:
        yield from (each for each in logger.handlers if each.level <= logging.ERROR)
        logger = logger.parent if logger.propagate else None


def logging_(asked: Asked) -> Iterator[Result]:
    """A record of an error arrives at every handler that takes it, and at one at least."""
    logger = logging.getLogger(_LOGGER)
    record = _record(logger, asked)
    arrived = False
    for handler in handlers_of(logger):
        where = (
            f"{_LOGGER}: {type(handler).__name__} {getattr(handler, 'baseFilename', '')}".strip()
        )
        if isinstance(handler, AdminEmailHandler):
            if settings.ADMINS and handler.filter(record):
                arrived = True
                reason = f"mails to {len(settings.ADMINS)} of ADMINS; see mail"
                yield Result("logging", Grade.OK, where, reason)
            continue
        try:
            taken, fault = _handed_over(handler, record, asked.token)
        except Exception as error:  # noqa: BLE001 -- filters and handlers of the site
            taken, fault = True, words_of(error)
        if fault:
            yield Result("logging", Grade.FAIL, where, f"a record was lost: {fault}", _CURE)
        elif taken:
            yield Result("logging", Grade.OK, where, "a record arrived")
        arrived = arrived or taken
    if not arrived:
        reason = "an error in a view reaches no handler, and nobody"
        yield Result("logging", Grade.FAIL, _LOGGER, reason, _CURE)


def _record(logger: logging.Logger, asked: Asked) -> logging.LogRecord:
    """As Django makes them; formatters may want the request and the status."""
    request = RequestFactory().get(f"/{asked.name}/", SERVER_NAME=public_host(asked) or "localhost")
    return logger.makeRecord(
        logger.name,
        logging.ERROR,
        __file__,
        0,
        "A test record of warmer_preflight: %s",
        (asked.token,),
        None,
        extra={"status_code": 500, "request": request},
    )


def _handed_over(
    handler: logging.Handler, record: logging.LogRecord, token: str
) -> tuple[bool, str]:
    """Whether the handler took it, and what went wrong."""
    faults: list[str] = []

    def note(record: logging.LogRecord) -> None:  # noqa: ARG001 -- the interface
        error = sys.exc_info()[1]
        faults.append(words_of(error) if error else "an error that it did not name")

    # A handler hides its errors behind this method, which is there to be replaced.
    handler.handleError = note  # type: ignore[method-assign]  # see above
    try:
        taken = bool(handler.handle(record))
        handler.flush()
    finally:
        del handler.handleError
    if taken and not faults:
        if isinstance(handler, logging.FileHandler) and not _is_in(handler.baseFilename, token):
            faults.append(f"it is not in {handler.baseFilename}")
        if getattr(handler, "sock", True) is None:  # SocketHandler drops silently
            faults.append("nobody takes it at the other end")
    return taken, next(iter(faults), "")


def _is_in(path: str, token: str) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123 -- a name as logging keeps it
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        return token.encode() in file.read()


def error_reporting(_asked: Asked) -> Iterator[Result]:
    """Somebody is told of an error without looking."""
    told = list(_told())
    if told:
        yield Result("error-reporting", Grade.OK, "", f"by {', '.join(told)}")
        return
    reason = "nobody is told of an error: no ADMINS that are mailed, no service known to us"
    cure = "set ADMINS, or install a service such as Sentry"
    yield Result("error-reporting", Grade.WARN, "ADMINS", reason, cure)


def _told() -> Iterator[str]:
    mailing = any(
        isinstance(each, AdminEmailHandler) for each in handlers_of(logging.getLogger(_LOGGER))
    )
    if settings.ADMINS and mailing:
        yield f"mail to {len(settings.ADMINS)} of ADMINS"
    sentry = sys.modules.get("sentry_sdk")
    if sentry is not None:
        with contextlib.suppress(AttributeError):  # before 2.0
            if sentry.get_client().is_active():
                yield "Sentry"
    yield from (name for package, name in _SERVICES.items() if package in sys.modules)
