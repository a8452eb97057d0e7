"""What leaves the application: mail, and tasks for Celery. Sends a mail only if told to whom."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import mail as django_mail

from warmer.contrib.django.preflight.asked import words_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

_NOWHERE = ("console", "dummy", "filebased", "locmem")
_PING_S = 3.0


def mail(asked: Asked) -> Iterator[Result]:
    """The mail server takes a mail, or at least our login."""
    yield _mail(asked)


def _mail(asked: Asked) -> Result:
    connection = django_mail.get_connection(fail_silently=False)
    where = type(connection).__module__
    cure = "mend EMAIL_HOST, EMAIL_PORT, the login and EMAIL_USE_TLS"
    if where in {f"django.core.mail.backends.{kind}" for kind in _NOWHERE}:
        cure = "name the backend that sends, such as django.core.mail.backends.smtp.EmailBackend"
        return Result("mail", Grade.FAIL, where, "mails leave this machine never", cure)
    host = getattr(connection, "host", None)
    where = f"{host}:{connection.port}" if host else where
    try:
        if not asked.mail_to:
            connection.open()
            connection.close()
            why = "answers; no mail was sent, for no --mail-to names who gets it"
            return _from_where(where, why)
        sent = django_mail.EmailMessage(
            subject="warmer_preflight: this site's mail arrives",
            body=f"Sent by manage.py warmer_preflight, {asked.token}.\n",
            to=[asked.mail_to],
            connection=connection,
        ).send()
    except Exception as error:  # noqa: BLE001 -- each backend has errors of its own
        return Result("mail", Grade.FAIL, where, words_of(error), cure)
    if sent != 1:
        return Result("mail", Grade.FAIL, where, "the mail was not taken", cure)
    return _from_where(where, f"took a mail to {asked.mail_to}; see that it arrives")


def _from_where(where: str, reason: str) -> Result:
    sender = settings.DEFAULT_FROM_EMAIL
    if sender.endswith("@localhost"):
        return Result(
            "mail",
            Grade.WARN,
            where,
            f"DEFAULT_FROM_EMAIL is {sender}: most servers refuse it; {reason}",
            "set DEFAULT_FROM_EMAIL to an address of the site's own domain",
        )
    return Result("mail", Grade.OK, where, reason)


def celery(_asked: Asked) -> Iterator[Result]:
    """A worker answers a ping through the broker."""
    yield _celery()


def _celery() -> Result:
    app = _celery_app()
    if app is None:
        return Result("celery", Grade.SKIPPED, "", "the site loads no Celery app")
    where = f"Celery app {app.main}" if app.main else "Celery"
    if app.conf.task_always_eager:
        reason = "task_always_eager: visitors wait for tasks, which run within requests"
        return Result("celery", Grade.WARN, where, reason, "leave it out of these settings")
    cure = "start the broker, or mend broker_url"
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=_PING_S)
        answers = app.control.ping(timeout=_PING_S)
    except Exception as error:  # noqa: BLE001 -- each broker has errors of its own
        reason = f"the broker does not answer: {words_of(error)}"
        return Result("celery", Grade.FAIL, where, reason, cure)
    names = sorted(name for answer in answers or () for name in answer)
    if not names:
        reason = f"no worker answers within {_PING_S:.0f} s: tasks wait"
        return Result("celery", Grade.FAIL, where, reason, "start a worker of this app")
    return Result("celery", Grade.OK, where, f"{len(names)} answer: {', '.join(names)}")


def _celery_app() -> Any:  # noqa: ANN401 -- celery.Celery, optional
    """The app that the settings' package has made; None where it makes none."""
    if "celery" not in sys.modules:
        return None
    from celery import current_app  # noqa: PLC0415 -- where the site has loaded it

    app = current_app._get_current_object()  # noqa: SLF001 -- the way Celery documents for proxies
    # Celery makes one named "default" if asked while there is none.
    return None if app.main == "default" else app
