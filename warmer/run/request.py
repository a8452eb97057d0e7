"""What was asked for, as a checked site: a TOML file, the command line over it, or a run's record.

Opens the TOML file, and of a run to go on with the store; plans and fetches nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from warmer.caches.address import parse as parse_address
from warmer.config_file import build_site, overlay, read_document, rebased
from warmer.config_overlay import check_kept, kept
from warmer.errors import ConfigError
from warmer.store import Store
from warmer.thresholds import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.config import SiteConfig
    from warmer.config_file import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for: a TOML file, what the command line lays over it, a store."""

    config: Path | None = None
    overrides: Document = field(default_factory=dict)
    store: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A checked site, and what of the request may be kept for `--resume`.

    `place` opens the line of an error in it.
    """

    site: SiteConfig
    place: str
    store_path: Path
    record: str


def resolve(request: Request, environment: Mapping[str, str]) -> Resolved:
    """Read, lay over, check; raises ConfigError. Opens the TOML file only."""
    path = request.config
    document = {} if path is None else rebased(read_document(path), path.parent.resolve())
    place = "command line" if path is None else str(path)
    site = build_site(overlay(document, request.overrides), place=place, environment=environment)
    try:
        _check(site)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None
    record = {
        "file": None if path is None else str(path.resolve()),
        "overrides": kept(request.overrides),
        "crawl": {
            "concurrency": site.crawl.concurrency,
            "max_concurrency": site.crawl.max_concurrency,
        },
    }
    beside = Path() if path is None else path.parent
    store_path = request.store or beside / site.store.path
    return Resolved(site=site, place=place, store_path=store_path, record=json.dumps(record))


def _check(site: SiteConfig) -> None:
    """What the rooms that use them refuse; files that they name may be on another machine."""
    for expression in site.thresholds.all:
        parse(expression)
    for cache in site.cache:
        parse_address(cache.url)


def request_of_run(request: Request, run_id: str, environment: Mapping[str, str]) -> Request:
    """The request a run was started with, with this one's overrides over it."""
    store = Store.existing(resolve(request, environment).store_path)
    try:
        record = json.loads(store.config_of(store.run_to_resume(run_id).id))
    finally:
        store.close()
    overrides = overlay(record["overrides"], request.overrides)
    check_kept(overrides)
    kept_file = Path(record["file"]) if record["file"] else None
    return Request(
        config=request.config or kept_file, overrides=overrides, store=request.store or store.path
    )
