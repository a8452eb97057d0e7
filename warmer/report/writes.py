"""What the writes of a replay did to each page, all writes together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class PageAfterWrites(NamedTuple):
    """One page: answers after writes, those that a cache did not give, seconds until one did.

    The times are None where no visitor saw the page come back.
    """

    path: str
    asked: int
    missed: int
    mean_s: float | None
    longest_s: float | None


def pages_after_writes(writes: Iterable[Mapping[str, object]]) -> list[PageAfterWrites]:
    """Each page in the order in which it is first met."""
    found: dict[str, list[dict[str, Any]]] = {}
    for write in writes:
        for page in cast("list[dict[str, Any]]", write["pages"]):
            found.setdefault(page["path"], []).append(page)
    pages = []
    for path, times in found.items():
        cold = [each["cold_s"] for each in times if each["cold_s"] is not None]
        pages.append(
            PageAfterWrites(
                path,
                sum(each["asked"] for each in times),
                sum(each["missed"] for each in times),
                sum(cold) / len(cold) if cold else None,
                max(cold, default=None),
            )
        )
    return pages
