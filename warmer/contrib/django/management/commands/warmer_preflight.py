"""`manage.py warmer_preflight`: the checklist before a launch, as this process sees the site."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.management.base import BaseCommand, CommandError

from warmer.contrib.django.options import options
from warmer.contrib.django.pages import base_url
from warmer.contrib.django.preflight.asked import Asked
from warmer.contrib.django.preflight.run import results
from warmer.preflight.render import json_text, junit_text, lines, total
from warmer.preflight.result import Grade

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Exit code 0 if nothing failed, 1 if a check failed."""

    help = "Go through the checklist before a launch, from inside; exit with 1 where a check fails."
    # They are one of the checks: what they find must not end the command.
    requires_system_checks: ClassVar[list[str]] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="for warmer preflight --inside")
        form.add_argument("--junit", action="store_true", help="as JUnit, for a pipeline")
        parser.add_argument("--mail-to", default="", metavar="ADDRESS", help="send a mail there")
        parser.add_argument(
            "--site", type=Path, metavar="SITE.toml",
            help="the file of warmer_config, to compare the keys that it pins",
        )  # fmt: skip
        parser.add_argument(
            "--limit", type=float, default=20.0, metavar="SECONDS",
            help="how long one check may take (20)",
        )  # fmt: skip

    def handle(self, *_args: object, **given: Any) -> None:  # noqa: ANN401 -- Django's signature
        chosen = options()
        asked = Asked(
            token=secrets.token_hex(8),
            base_url=base_url(chosen),
            mail_to=given["mail_to"],
            site_file=given["site"],
        )
        now = datetime.now(UTC)
        with _own_standard_output():
            found = list(results(asked, chosen.preflight_off, limit_s=given["limit"]))
        if given["json"]:
            self.stdout.write(json_text(asked.base_url, found, now), ending="")
        elif given["junit"]:
            self.stdout.write(junit_text(found, now), ending="")
        else:
            self.stdout.write("\n".join([*lines(found), total(found)]))
        failed = sum(result.grade is Grade.FAIL for result in found)
        if failed:
            raise CommandError(f"{failed} of {len(found)} checks failed", returncode=1)


@contextlib.contextmanager
def _own_standard_output() -> Iterator[None]:
    """What handlers and the site's code print meanwhile goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
