"""Whether page keys are still those that the warmer's file pins: a Django upgrade may change them."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from warmer.contrib.django.site_file import site_file
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

_CURE = (
    "run manage.py warmer_config anew, and warm after the deploy:"
    " what is cached under the old keys is found no more"
)


def cache_keys(asked: Asked) -> Iterator[Result]:
    """What `warmer_config` says today is what the file says."""
    if asked.site_file is None:
        why = "nothing to compare with: expected --site SITE.toml, the file of warmer_config"
        yield Result("cache-keys", Grade.SKIPPED, "", why)
        return
    where = str(asked.site_file)
    try:
        pinned = tomllib.loads(asked.site_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = f"cannot be read: {error}"
        yield Result("cache-keys", Grade.FAIL, where, reason, "name the file of warmer_config")
        return
    yield compared(where, pinned, tomllib.loads(site_file()), base_url=asked.base_url)


def compared(where: str, pinned: dict[str, Any], made: dict[str, Any], *, base_url: str) -> Result:
    """What the file pins, beside what this process makes; what the file leaves open is learnt.

    base_url: what the settings say for certain; empty where they leave it open.
    """
    faults: list[str] = []
    there_url = pinned.get("base_url", "")
    if base_url and there_url and _place(there_url) != _place(base_url):
        faults.append(f"base_url is {there_url} there, and {base_url} here")
    known = {_place(each["url"]): each for each in pinned.get("cache", ())}
    compared_any = False
    for cache in made.get("cache", ()):
        there = known.get(_place(cache["url"]))
        if there is None:
            faults.append(f"{_shown(cache['url'])} is not among its caches")
            continue
        asked, ours = there.get("keys", {}), cache.get("keys", {})
        compared_any = compared_any or bool(asked)
        faults += [
            f"keys.{name} is {asked[name]!r} there, and {ours[name]!r} here"
            for name in ours
            if name in asked and asked[name] != ours[name]
        ]
    if faults:
        return Result("cache-keys", Grade.FAIL, where, "; ".join(faults), _CURE)
    if not compared_any:
        return Result("cache-keys", Grade.SKIPPED, where, "it pins no keys of these caches")
    return Result("cache-keys", Grade.OK, where, "page keys are as it pins them")


def _place(url: str) -> tuple[str, str, str, str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts.scheme, host, parts.path.rstrip("/"), parts.query


def _shown(url: str) -> str:
    scheme, host, path, _ = _place(url)
    return f"{scheme}://{host}{path}"
