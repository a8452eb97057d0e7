"""HTML that is put together from elements: text is escaped, whoever wrote it. Pure."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from warmer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VOID = frozenset({"meta", "link", "br", "line", "polyline", "path", "circle", "rect"})
_WEB = ("http://", "https://")


class Markup(str):
    """Text that is HTML already; every other text is escaped."""

    __slots__ = ()


def element(name: str, /, *inside: str, **attributes: str) -> Markup:
    """An element; `class_` is `class`, an underscore in a name stands for a dash."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for key, value in attributes.items()
    )
    if name in _VOID and not inside:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(inside)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """Elements and texts one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else _escaped(part) for part in parts))


def link(url: str) -> Markup:
    """A URL as a person reads it; to be clicked where it leads to the web, and nowhere else."""
    if not url.lower().startswith(_WEB):
        return element("span", url, class_="url")
    return element("a", url, class_="url", href=url, rel="noreferrer noopener")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int]) -> Markup:
    """A table that scrolls by itself where it is too wide; `numbers` are columns set to the right."""
    right = frozenset(numbers)

    def cells(name: str, row: Sequence[str]) -> Markup:
        return element(
            "tr",
            *(
                element(name, cell, class_="number") if place in right else element(name, cell)
                for place, cell in enumerate(row)
            ),
        )

    return element(
        "div",
        element(
            "table",
            element("thead", cells("th", head)),
            element("tbody", *(cells("td", row) for row in rows)),
        ),
        class_="wide",
        tabindex="0",
    )


def _escaped(text: str) -> str:
    return html.escape(visible(text))
