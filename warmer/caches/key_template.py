"""Cache keys by template: custom KEY_FUNCTIONs of Django, and other frameworks.

`"v2|{key}"` wraps Django's own key; `"page:{host}{path}"` is a whole key. Pure: no
network. Fields are replaced by name only: no format specifications, no attributes.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from hashlib import md5, sha1, sha256
from typing import TYPE_CHECKING, Final

from warmer.caches.django_keys import PublicRequest, public_request
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.model import KeyQuestion

_PORTS = {"http": "80", "https": "443"}


def _url(request: PublicRequest) -> str:
    return f"{request.scheme}://{request.host}{_path_and_query(request)}"


def _path_and_query(request: PublicRequest) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _port(request: PublicRequest) -> str:
    _, colon, port = request.host.rpartition(":")
    return port if colon and not port.endswith("]") else _PORTS[request.scheme]


_FIELDS: Final[dict[str, Callable[[PublicRequest], str]]] = {
    "url": _url,
    "scheme": lambda request: request.scheme,
    "host": lambda request: request.host,
    "port": _port,
    "path": lambda request: request.path,
    "query": lambda request: request.query,
    "path_and_query": _path_and_query,
    "md5_url": lambda request: md5(_url(request).encode(), usedforsecurity=False).hexdigest(),
    "sha1_url": lambda request: sha1(_url(request).encode(), usedforsecurity=False).hexdigest(),
    "sha256_url": lambda request: sha256(_url(request).encode()).hexdigest(),
}
_WRAPPING_FIELDS = ("prefix", "version", "key")
_OTHER_FIELDS = ("language", "header[name]")
_PIECE = re.compile(r"(\{\{|\}\}|\{[^{}]*\}|[{}])")
_HEADER = re.compile(r"header\[([A-Za-z0-9-]+)\]")


class LanguageUnknownError(ValueError):
    """The template asks for a language, and no response told one."""


@dataclass(frozen=True, slots=True)
class KeyTemplate:
    """A checked template of whole keys; `pieces` alternate text and field names."""

    pieces: tuple[str, ...]

    def key(self, question: KeyQuestion) -> str:
        """Return the one key of this question; an absent header leaves nothing in its place.

        Raises ValueError where the URL cannot be sent, or the language is not known.
        """
        request = public_request(question.url)
        made: list[str] = []
        for index, piece in enumerate(self.pieces):
            made.append(_field(piece, question, request) if index % 2 else piece)
        return "".join(made)


def is_wrapping(template: str) -> bool:
    """Tell whether a template wraps Django's own key, as a custom KEY_FUNCTION does."""
    return "{key}" in _PIECE.split(template)


def parse_template(template: str) -> KeyTemplate:
    """Check a template of whole keys. Raises ConfigError that names the known fields."""
    return KeyTemplate(_pieces(template, (*_FIELDS, *_OTHER_FIELDS)))


def check_wrapping(template: str) -> str:
    """Check a template that wraps Django's key. Raises ConfigError naming the known fields."""
    names = _pieces(template, _WRAPPING_FIELDS)[1::2]
    if names.count("key") != 1 or "{{" in template or "}}" in template:
        raise ConfigError(
            f"keys.template {template!r}: expected {{key}} once and no doubled braces; "
            'write it as the KEY_FUNCTION does, like "v2|{key}"'
        )
    return template


def _pieces(template: str, known: tuple[str, ...]) -> tuple[str, ...]:
    pieces = [""]
    for piece in _PIECE.split(template):
        if piece in {"{", "}"}:
            raise ConfigError(
                f"keys.template {template!r}: a single {piece!r}; "
                f"write {piece * 2!r} for a brace that belongs to the key"
            )
        if piece.startswith("{") and piece != "{{":
            _check_field(template, piece[1:-1], known)
            pieces += [piece[1:-1], ""]
        else:
            pieces[-1] += piece[0] if piece in {"{{", "}}"} else piece
    if len(pieces) == 1:
        raise ConfigError(
            f"keys.template {template!r}: has no field, so every page would have the same key; "
            f"expected one of {', '.join(known)} in braces"
        )
    return tuple(pieces)


def _check_field(template: str, name: str, known: tuple[str, ...]) -> None:
    if name in known or ("header[name]" in known and _HEADER.fullmatch(name)):
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {{{near[0]}}}? " if near else ""
    raise ConfigError(
        f"keys.template {template!r}: unknown field {{{name}}}; {hint}expected {', '.join(known)}"
    )


def _field(name: str, question: KeyQuestion, request: PublicRequest) -> str:
    if make := _FIELDS.get(name):
        return make(request)
    if name == "language":
        if not question.language:
            raise LanguageUnknownError("{language} in keys.template, and no response told one")
        return question.language
    wanted = name[len("header[") : -1].lower()
    values = [value for header, value in question.headers.items() if header.lower() == wanted]
    return ",".join(values)
