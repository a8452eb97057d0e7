"""Text that others wrote, fit for a terminal, a log and XML: no character of it moves a cursor.

URLs and what servers say are untrusted. Standard library only: sites' processes load it, too.
"""

from __future__ import annotations


def visible(text: str) -> str:
    r"""The text with every unprintable character written as \x1b, \u202e and the like.

    Unprintable as in `str.isprintable`: controls, formats such as bidirectional
    overrides, lone surrogates, separators other than the space.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
