"""What may go to a terminal: whether escape codes may, how wide it is, what rich renders."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from warmer.report.visible import visible

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import RenderableType

WIDTH_OF_A_FILE = 20_000
"""Columns when the stream is no terminal: wide enough that no URL is cut, and no sentence wrapped."""


def takes_escape_codes(stream: TextIO) -> bool:
    """True on a terminal, unless it is a dumb one or NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns(stream: TextIO) -> int:
    """The width of the terminal, at least 40."""
    if not stream.isatty():
        return WIDTH_OF_A_FILE
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        width = 0
    # 0 columns: a terminal that does not know its size, as under some CI systems.
    return max(40, width or shutil.get_terminal_size().columns)


def cut(text: str, width: int) -> str:
    """Visible text of at most `width` columns, cut in the middle where it is longer."""
    text = visible(text)
    if cell_len(text) <= width:
        return text
    head = (width - 1) // 2
    tail = width - 1 - head
    # Wide characters may straddle the cut: then a column stays empty.
    return f"{set_cell_size(text, head).rstrip()}…{set_cell_size(text[::-1], tail).rstrip()[::-1]}"


def show(stream: TextIO, renderable: RenderableType) -> None:
    """Print what rich renders: styled where escape codes may go, else the bare lines."""
    styled = takes_escape_codes(stream)
    console = Console(
        file=stream,
        width=columns(stream),
        force_terminal=styled,
        no_color=not styled,
        color_system="auto" if styled else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
    with console.capture() as capture:
        console.print(renderable)
    put(stream, "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def put(stream: TextIO, text: str) -> None:
    """Write the text; what the stream's encoding does not know goes out as escapes."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
