"""`manage.py warmer_keys URL`: the entries that this site's caches have, or would have, for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.cache import caches
from django.core.management.base import BaseCommand, CommandError

from warmer.contrib.django import page_keys
from warmer.contrib.django.options import options, page_caches
from warmer.contrib.django.variants import variants_of

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

_GONE_S = -2
_ENDLESS_S = -1


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Exit code 0 if an entry is there, 1 if none is."""

    help = "Show the cache keys of a URL: those derived for a visitor, and all that are known."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="absolute, or a path")
        parser.add_argument(
            "--header", action="append", default=[], metavar="'NAME: VALUE'",
            help="what the visitor sends, for pages that vary on it",
        )  # fmt: skip

    def handle(self, *_args: object, **given: Any) -> None:  # noqa: ANN401 -- Django's signature
        uris = page_keys.uris(given["url"])
        if not uris:
            raise CommandError(
                f"{given['url']}: no host known for it; expected an absolute URL, or"
                ' WARMER["base_url"]'
            )
        meta = dict(_meta(header) for header in given["header"])
        lines = dict.fromkeys(
            line
            for alias in page_caches(options())
            for uri in uris
            for line in _entries(alias, uri, meta)
        )
        for line in lines:
            self.stdout.write(line)
        if not any(line.startswith("present") for line in lines):
            raise CommandError("no page entry is there")


def _meta(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    if not colon:
        raise CommandError(f'--header "{header}": expected NAME: VALUE')
    return "HTTP_" + name.strip().upper().replace("-", "_"), value.strip()


def _entries(alias: str, uri: str, meta: dict[str, str]) -> Iterator[str]:
    cache = caches[alias]
    variants = variants_of(cache)
    known = dict(variants.pages(page_keys.digest(uri))) if variants else {}
    for prefix in page_keys.page_prefixes():
        for language in page_keys.languages():
            listed = page_keys.page_key(uri, page_prefix=prefix, language=language).header_list
            names = cache.get(listed)
            if names is None:
                yield f"absent   {'':>9}  {cache.make_key(listed)}"
                continue
            yield f"headers  {'':>9}  {cache.make_key(listed)}  {', '.join(names) or 'none'}"
            page = page_keys.page_key(
                uri, header_list=names, meta=meta, page_prefix=prefix, language=language
            ).page
            name = str(cache.make_key(page))
            if known.get(name, _GONE_S) == _GONE_S:
                state = "present" if cache.has_key(page) else "absent "
                yield f"{state}  {'':>9}  {name}"
    for name, ttl_s in known.items():
        if ttl_s != _GONE_S:
            yield f"present  {_life(ttl_s):>9}  {name}"


def _life(ttl_s: int) -> str:
    return "no end" if ttl_s == _ENDLESS_S else f"{ttl_s} s"
