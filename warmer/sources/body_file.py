"""Request bodies that a capture keeps in files of their own, beside which it was made."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

MAX_BODY_BYTES = 4_000_000
BODY_FILE = "body-file"
"""The reason under which a request is left out whose body cannot be had."""


@lru_cache(maxsize=16)
def read_body(name: str) -> bytes | None:
    """The content of a regular file of at most 4 MB; None if there is no such.

    A relative name is relative to the working directory, as vegeta and siege take it.
    What lies elsewhere is not read: a stranger's capture may name any file of this
    machine. A named pipe would wait for ever, and a device never end.
    """
    try:
        path = Path(name).resolve()
        if not path.is_relative_to(Path.cwd()):
            return None
        if not path.is_file() or path.stat().st_size > MAX_BODY_BYTES:
            return None
        return path.read_bytes()
    except (OSError, ValueError):
        return None
