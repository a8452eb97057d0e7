"""Reads a site's TOML file, lays the command line over it, and refuses what it does not know.

`${NAME}` in a string stands for the environment variable NAME, so that secrets stay
out of the file. Opens the one file and nothing else.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from typing import TYPE_CHECKING, Any, get_args, get_origin

import msgspec

from warmer.config import SiteConfig
from warmer.config_rules import check_site
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

Document = dict[str, Any]
"""A TOML document as tomllib gives it."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_VERBATIM = frozenset({"include", "exclude", "format", "match", "template"})
"""Keys, other than names of headers, whose values have a use of their own for `${…}`."""
_FILES = frozenset({"ca_file", "client_cert", "client_key", "unix_socket"})
_UNKNOWN = re.compile(
    r"^Object contains unknown field `(?P<key>.*?)`(?: - at `\$\.?(?P<at>.*)`)?$", re.DOTALL
)
_AT = re.compile(r"^(?P<what>.*) - at `\$\.?(?P<at>.*)`$", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def read_document(path: Path) -> Document:
    """The TOML document in a file; ConfigError with line and column if it is none."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; expected a site's TOML file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; TOML is UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not TOML: nested too deeply") from None


def rebased(document: Document, directory: Path) -> Document:
    """The document with the paths in it taken from its own directory, wherever it is read from."""
    moved = dict(document)
    if isinstance(crawl := document.get("crawl"), dict):
        moved["crawl"] = _rebased(crawl, _FILES, directory)
    if isinstance(store := document.get("store"), dict):
        moved["store"] = _rebased(store, {"path"}, directory)
    if isinstance(sources := document.get("source"), list):
        moved["source"] = [
            _rebased(each, {"path"}, directory) if isinstance(each, dict) else each
            for each in sources
        ]
    return moved


def _rebased(table: Document, keys: Collection[str], directory: Path) -> Document:
    paths = {
        key: str(directory / value)
        for key, value in table.items()
        if key in keys and isinstance(value, str) and value != "-"
    }
    return table | paths


def overlay(document: Document, overrides: Document) -> Document:
    """The document with the command line over it: tables merge, all else is replaced."""
    merged = dict(document)
    for key, value in overrides.items():
        below = merged.get(key)
        merged[key] = (
            overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
        )
    return merged


def build_site(document: Document, *, place: str, environment: Mapping[str, str]) -> SiteConfig:
    """A checked SiteConfig; `place` (a file's name) opens every error's line."""
    try:
        filled = _fill(document, environment, "")
        site = msgspec.convert(filled, SiteConfig)
        check_site(site)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place}: {_one_line(_explain(str(error)))}") from None
    except ConfigError as error:
        raise ConfigError(f"{place}: {_one_line(str(error))}") from None
    return site


def _fill(value: Any, environment: Mapping[str, str], at: str) -> Any:  # noqa: ANN401 -- any TOML value
    if isinstance(value, dict):
        return {
            key: inner
            if key in _VERBATIM and not at.endswith("headers")
            else _fill(inner, environment, f"{at}.{key}".lstrip("."))
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_fill(inner, environment, f"{at}[{n}]") for n, inner in enumerate(value)]
    if not isinstance(value, str):
        return value

    def of_environment(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environment:
            raise ConfigError(
                f"{at}: environment variable {name} is not set; expected it to hold the value"
            )
        return environment[name]

    return _VARIABLE.sub(of_environment, value)


def _explain(message: str) -> str:
    """The message of msgspec with the place first, and the nearest known key."""
    unknown = _UNKNOWN.match(message)
    if unknown:
        at, key = unknown["at"] or "", unknown["key"]
        known = sorted(_keys_at(at))
        near = difflib.get_close_matches(key, known, 1, 0.5)
        hint = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(known)}"
        homes = [] if at else _tables_with(key)
        if homes:
            hint = f"expected it under {' or '.join(homes)}"
        return f"{_place(at, key)}: unknown key; {hint}"
    placed = _AT.match(message)
    if placed:
        return f"{placed['at']}: {placed['what'][0].lower()}{placed['what'][1:]}"
    return message


def _one_line(message: str) -> str:
    r"""The message with \n and the like written out, for values are quoted in it."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], message)


def _place(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _keys_at(at: str) -> Iterator[str]:
    """The keys of the table at a path such as `crawl` or `cache[0].keys`."""
    table: Any = SiteConfig
    for step in filter(None, re.sub(r"\[[^\]]*\]", "", at).split(".")):
        kind = {field.name: field.type for field in msgspec.structs.fields(table)}[step]
        table = _struct_in(kind)
    for field in msgspec.structs.fields(table):
        yield field.encode_name


def _tables_with(key: str) -> list[str]:
    """The tables that a key written above all of them may be meant for, such as `[crawl]`."""
    found = []
    for field in msgspec.structs.fields(SiteConfig):
        table = _struct_in(field.type)
        if table and key in {each.encode_name for each in msgspec.structs.fields(table)}:
            is_list = any(get_origin(kind) is tuple for kind in (field.type, *get_args(field.type)))
            found.append(f"[[{field.encode_name}]]" if is_list else f"[{field.encode_name}]")
    return found


def _struct_in(kind: Any) -> Any:  # noqa: ANN401 -- a type expression
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next(filter(None, (_struct_in(part) for part in get_args(kind))), None)
