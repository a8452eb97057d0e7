"""Log formats of text lines, each compiled to one regular expression over bytes.

A whole block of lines is matched by one call. Fields are possessive, so that a
hostile line cannot make the match backtrack, and quoted fields are aware of escapes.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from warmer.errors import SourceError
from warmer.sources.log_directives import Field, Shape, Token, tokens
from warmer.sources.log_request import Request, scheme_of, split_line, unescape

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = tuple[bytes, ...]

COUNTED = frozenset(
    {"request", "method", "uri", "path", "query", "status", "host", "port", "scheme", "agent"}
)
"""The fields that tell what was asked for; a log is counted by these."""
SENT = COUNTED | {"time", "client"}
"""The fields that tell when and by whom as well."""

OWN_PRODUCT = b"warmer/"
# As a product token: `leg-warmer/2` is somebody else. CloudFront writes %20 for a space.
_OWN = re.compile(rb"(?:^|[ (;,+]|%20)warmer/")
_BLANK_LINE = re.compile(rb"^[ \t\r]*\n", re.MULTILINE)
_QUOTED = rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+'
_NO_PORT = (b"-", b"80", b"443")
_ENDS_WITH_PORT = re.compile(rb":\d+$")
_REST = rb"[^\r\n]*+"
_FIXED = {
    Shape.HOST: rb"[^/\"'|,;\s]*+",
    Shape.METHOD: rb"[A-Za-z-]*+",
    Shape.SCHEME: rb"(?:https?|-)?+",
    Shape.STATUS: rb"(?:\d{3}|-)",
    Shape.NUMBER: rb"(?:\d++|-)",
    Shape.MARK: rb"\??+",
}
_HOST_BEFORE_PORT = rb"(?:\[[^\]\s]*+\]|[^/:\s]*+)"
_BEFORE_SPACE = {
    Shape.LISTED: rb"(?:[^ \n]++|(?<=[,:]) | (?=: ))*+",
    Shape.REQUEST: rb"[^ \n]*+(?: [^ \n]*+(?: HTTP/[^ \n]*+)?+)?+",
    # The one that backtracks; a user agent has some twenty words.
    Shape.TEXT: rb"[^ \n]*+(?: [^ \n]*+){0,40}?",
}


class Rows(NamedTuple):
    """What a block of lines holds: a key a request, and how many lines are no such.

    Equal keys are equal requests; `ignored` are blank lines and comments.
    """

    keys: list[Key]
    own: int
    ignored: int


class Sent(NamedTuple):
    """One line of a log as an event; what the log does not tell is empty."""

    request: Request
    agent: bytes = b""
    time: bytes = b""
    client: bytes = b""


class LogFormat(Protocol):
    """How lines of one kind of log are read."""

    def rows(self, data: bytes) -> Rows:
        """The requests in whole lines; lines of another format are not among them."""
        ...

    def request(self, key: Key) -> Request:
        """What a key of `rows` stands for."""
        ...

    def sent(self, line: bytes) -> Sent | None:
        """One line, without its end, as an event; None if it is no request."""
        ...


class TextFormat:
    """Lines that one regular expression reads.

    `names` are those of its groups. `quick` matches the same lines and groups but for
    the agent, at half the cost: it does where no line of a block can be ours. `sent` is
    the pattern, with the names, that tells time and client as well.
    `knows_scheme`: the scheme of an absolute target is what the visitor used.
    """

    def __init__(
        self,
        pattern: bytes,
        names: tuple[str, ...],
        quick: bytes,
        sent: tuple[bytes, tuple[str, ...]],
        *,
        knows_scheme: bool = False,
    ) -> None:
        self._find = re.compile(b"^" + pattern + rb"\r?$", re.MULTILINE).findall
        self._find_quick = re.compile(b"^" + quick + rb"\r?$", re.MULTILINE).findall
        self._agent = names.index("agent") if "agent" in names else None
        self._names = tuple(name for name in names if name != "agent")
        self._pick = itemgetter(*(names.index(name) for name in self._names))
        self._knows_scheme = knows_scheme
        self._sent, self._sent_names = sent
        # Most logs; what follows must be quick for them.
        self._is_plain = self._names == ("request", "status")

    def rows(self, data: bytes) -> Rows:
        agent, pick = self._agent, self._pick
        keys: list[Key]
        own = 0
        if agent is None or OWN_PRODUCT not in data:
            keys = self._find_quick(data)
        else:
            found = self._find(data)
            # Most agents are settled without a call.
            keys = [
                pick(row)
                for row in found
                if OWN_PRODUCT not in row[agent] or not is_own(row[agent])
            ]
            own = len(found) - len(keys)
        blank = 0
        if len(keys) + own < data.count(b"\n"):
            blank = len(_BLANK_LINE.findall(data))
        return Rows(keys, own, blank)

    def request(self, key: Key) -> Request:
        if self._is_plain:
            line, status = key
            method, target = split_line(unescape(line))
            return Request(method, target, status)
        return self._request(dict(zip(self._names, map(unescape, key), strict=True)))

    def sent(self, line: bytes) -> Sent | None:
        match = re.fullmatch(self._sent, line.rstrip(b"\r"))
        if match is None:
            return None
        groups = (unescape(value or b"") for value in match.groups())
        values = dict(zip(self._sent_names, groups, strict=True))
        return Sent(
            self._request(values),
            values.get("agent", b""),
            values.get("time", b""),
            values.get("client", b""),
        )

    def _request(self, values: dict[str, bytes]) -> Request:
        if "request" in values:
            method, target = split_line(values["request"])
        else:
            method, target = values["method"], values.get("uri") or _joined(values)
        scheme = scheme_of(target) if self._knows_scheme else values.get("scheme", b"")
        return Request(method, target, values["status"], _host(values), scheme)


def is_own(agent: bytes) -> bool:
    """Whether a user agent is ours: `warmer/` as a product token in it."""
    return OWN_PRODUCT in agent and _OWN.search(agent) is not None


def compiled(log_format: str) -> TextFormat:
    """The reader of a format string; whole lines must match it.

    Raises SourceError if the format does not tell method, target and status, or
    if nothing parts two fields.
    """
    parts = tokens(log_format)
    try:
        pattern, names = pattern_of(parts)
    except ValueError as error:
        raise SourceError(f'log format "{log_format}": {error}.') from None
    if "status" not in names or not (
        "request" in names or ("method" in names and {"uri", "path"} & set(names))
    ):
        raise SourceError(
            f'log format "{log_format}": does not tell what was asked for; expected %r or %m and '
            "%U ($request, or $request_method and $request_uri), and %>s ($status)."
        )
    quick, _ = pattern_of(parts, COUNTED - {"agent"})
    return TextFormat(pattern, names, quick, pattern_of(parts, SENT))


def pattern_of(
    parts: list[Token], chosen: frozenset[str] = COUNTED
) -> tuple[bytes, tuple[str, ...]]:
    """A regular expression for one line, and the names of its groups in order.

    Only fields with a chosen name get a group. Raises ValueError if a field has no end.
    """
    wanted = _wanted(parts, chosen)
    pattern = b""
    names = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            pattern += re.escape(part.encode())
        elif index in wanted and part.name is not None:
            pattern += b"(" + _value(part, parts[index + 1 :]) + b")"
            names.append(part.name)
        else:
            pattern += _value(part, parts[index + 1 :])
    return pattern, tuple(names)


def _wanted(parts: Iterable[Token], chosen: frozenset[str]) -> set[int]:
    """Where the fields stand that are worth a group: one a name."""
    best: dict[str, tuple[int, int]] = {}
    for index, part in enumerate(parts):
        if isinstance(part, Field) and part.name in chosen:
            best[part.name] = max(best.get(part.name, (-1, 0)), (part.preference, -index))
    spare = {"method", "uri", "path", "query"} if "request" in best else set()
    if "uri" in best:
        spare |= {"path", "query"}
    return {-negative for name, (_, negative) in best.items() if name not in spare}


def _value(field: Field, following: list[Token]) -> bytes:
    end = next((part for part in following if isinstance(part, str)), "").encode()
    adjacent = bool(following) and isinstance(following[0], Field)
    if end.startswith(b'"') and not adjacent:
        return _QUOTED
    if field.shape is Shape.HOST and end.startswith(b":"):
        return _HOST_BEFORE_PORT
    if field.shape in _FIXED:
        return _FIXED[field.shape]
    if adjacent:
        return _before_field(field, end)
    return _before_literal(field, end) if end else _REST


def _before_field(field: Field, end: bytes) -> bytes:
    if field.shape is not Shape.PATH:
        raise ValueError("nothing stands between two fields, so the first has no end")
    return b"[^?\\n" + re.escape(end[:1]) + b"]*+"


def _before_literal(field: Field, end: bytes) -> bytes:
    word = rb"[^ \n]*+"
    if end == b" ":
        words = word + (b" " + word) * field.spaces
        return _BEFORE_SPACE.get(field.shape, words)
    if end.startswith(b" ") and field.shape is Shape.WORD and not field.spaces:
        return word
    return _up_to(end)


def _up_to(end: bytes) -> bytes:
    """Anything before the first `end`."""
    first, rest = re.escape(end[:1]), re.escape(end[1:])
    if not rest:
        return b"[^\\n" + first + b"]*+"
    return b"(?:[^\\n" + first + b"]++|" + first + b"(?!" + rest + b"))*+"


def _host(values: dict[str, bytes]) -> bytes:
    """The host, with the server's port where it is no default and a host is there to have it."""
    host, port = values.get("host", b""), values.get("port", b"-")
    if port in _NO_PORT or not host.strip(b"-_") or _ENDS_WITH_PORT.search(host):
        return host
    return host + b":" + port


def _joined(values: dict[str, bytes]) -> bytes:
    """A target from the path, which servers log decoded, and the query."""
    path = values.get("path", b"").replace(b"%", b"%25")
    query = values.get("query", b"").removeprefix(b"?")
    return path if query in {b"", b"-"} else path + b"?" + query
