"""`manage.py warmer_config > SITE.toml`: the site's file for `warmer`, from its settings."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from warmer.contrib.django.site_file import site_file


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Prints to standard output; changes nothing."""

    help = "Print the TOML file that warmer reads, from this site's settings."

    def handle(self, *_args: object, **_given: object) -> None:
        self.stdout.write(site_file(), ending="")
