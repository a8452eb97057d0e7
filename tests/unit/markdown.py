"""As much of Markdown as the documentation's tests need: tables, code, links, headings. Pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_OPERATORS = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "<", "(", ")", "2>"})
_WRAPPERS = frozenset({"exec", "flock", "nice", "timeout"})


def section(text: str, heading: str) -> str:
    """What stands between a heading and the next one of its level or above."""
    level = len(heading.split(" ", 1)[0])
    found = re.search(
        rf"^{re.escape(heading)}$\n(.*?)(?=^#{{1,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found, f"no heading {heading}"
    return found[1]


def cells(text: str) -> list[tuple[str, ...]]:
    """The rows of the tables before the next heading, without the head of a table."""
    rows: list[tuple[str, ...]] = []
    for line in re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0].splitlines():
        if not line.startswith("|"):
            continue
        if re.fullmatch(r"[|\-: ]+", line):
            rows.pop()
            continue
        parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
        rows.append(tuple(part.strip().replace("\\|", "|") for part in parts))
    return rows


def spans(text: str) -> list[str]:
    """Inline code, outside of code blocks."""
    return _SPAN.findall(_FENCE.sub("", text))


def code_blocks(text: str, language: str) -> list[str]:
    """The blocks of one language; "" for those that name none."""
    return [body for name, body in _FENCE.findall(text) if name == language]


def links(text: str) -> list[str]:
    """Targets of inline links."""
    return _LINK.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """What a fragment may name: headings as GitHub and GitLab write them."""
    headings = re.findall(r"^#{1,6} (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")
        for heading in headings
    }


def command_lines(text: str) -> Iterator[list[str]]:
    """The arguments of each call of `warmer`, by itself, in a container, or in a span."""
    for language, body in _FENCE.findall(text):
        if language in ("", "sh", "bash", "console", "crontab"):
            for line in body.replace("\\\n", " ").splitlines():
                yield from calls(line.removeprefix("$ "))
    for span in spans(text):
        if re.match(r"warmer [a-z-]", span):
            yield from calls(span)


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of each call of `warmer` in a line of shell."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # a line of output with an apostrophe in it
        return
    while words:
        end = next((n for n, word in enumerate(words) if word in _OPERATORS), len(words))
        yield from _call(words[:end])
        words = words[end + 1 :]


def _call(words: list[str]) -> Iterator[list[str]]:
    """The call in a simple command: `warmer …`, `/path/warmer …`, `docker run … warmer:0.1.0 …`."""
    for number, word in enumerate(words):
        name = word.rpartition("/")[2]
        runs = name == "warmer" and (number == 0 or words[0] in _WRAPPERS)
        if words[:2] in (["docker", "run"], ["podman", "run"]):
            runs = re.fullmatch(r"warmer:[\w.]+", name) is not None
        if runs and number + 1 < len(words):
            yield words[number + 1 :]
            return
