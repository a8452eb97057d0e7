"""`manage.py warmer_outbox`: sends the triggers that nobody took when they were saved."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections, connections

from warmer.contrib.django.outbox import outbox_alias
from warmer.contrib.django.sweep import sweep

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Exit code 0 if nothing is left, 1 if something is. With --loop, until SIGTERM."""

    help = "Send the triggers that are left in the outbox, oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--loop", type=float, metavar="SECONDS", help="go on, with so long a pause between"
        )

    def handle(self, *_args: object, **given: Any) -> None:  # noqa: ANN401 -- Django's signature
        stopped = threading.Event()
        if given["loop"] is not None:
            signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        while True:
            left, reason = self._once()
            if given["loop"] is None or stopped.wait(given["loop"]):
                break
        if left:
            raise CommandError(f"{left} left in the outbox: {reason or 'others may be at these'}")

    def _once(self) -> tuple[int, str]:
        close_old_connections()  # those that the database has given up on since the last time
        aliases = dict.fromkeys(outbox_alias(alias) for alias in connections)
        sent, left, reason = 0, 0, ""
        for alias in aliases:
            if alias is not None:
                swept = sweep(alias)
                sent, left = sent + swept.sent, left + swept.left
                reason = reason or swept.reason
        self.stdout.write(f"{sent} sent, {left} left")
        return left, reason
