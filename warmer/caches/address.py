"""`--cache` URLs into addresses; pure, opens no connection.

A password goes into the field `password` and nowhere else: not into `str()`,
not into `repr()`, not into a message about a URL that could not be parsed.
Unknown schemes, parts and parameters are refused, never ignored.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl, unquote

from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Scheme(StrEnum):
    """What stands before `://`, and so which server is spoken to, and how."""

    REDIS = "redis"
    REDIS_TLS = "rediss"
    REDIS_UNIX = "unix"
    REDIS_SENTINEL = "redis+sentinel"
    REDIS_CLUSTER = "redis+cluster"
    MEMCACHED = "memcached"
    MEMCACHED_UNIX = "memcached+unix"


@dataclass(frozen=True, slots=True)
class _Grammar:
    """What a scheme takes; `port` is the default one, None for a socket's path."""

    example: str
    port: int | None
    many: bool = False
    login: bool = True
    params: frozenset[str] = frozenset()


_GRAMMAR = {
    Scheme.REDIS: _Grammar("redis://[user:password@]host:6379/0", 6379),
    Scheme.REDIS_TLS: _Grammar(
        "rediss://[user:password@]host:6379/0?ca_file=/path/ca.pem",
        6379,
        params=frozenset({"ca_file"}),
    ),
    Scheme.REDIS_UNIX: _Grammar("unix:///path/redis.sock?db=0", None, params=frozenset({"db"})),
    Scheme.REDIS_SENTINEL: _Grammar(
        "redis+sentinel://host:26379,host:26379/mymaster/0", 26379, many=True
    ),
    Scheme.REDIS_CLUSTER: _Grammar("redis+cluster://host:6379,host:6379", 6379, many=True),
    Scheme.MEMCACHED: _Grammar(
        "memcached://host:11211,host:11211",
        11211,
        many=True,
        login=False,
        params=frozenset({"placement"}),
    ),
    Scheme.MEMCACHED_UNIX: _Grammar("memcached+unix:///path/memcached.sock", None, login=False),
}

PLACEMENTS = ("pymemcache", "any")
_REDIS = frozenset(
    {
        Scheme.REDIS,
        Scheme.REDIS_TLS,
        Scheme.REDIS_UNIX,
        Scheme.REDIS_SENTINEL,
        Scheme.REDIS_CLUSTER,
    }
)
_MAX_DATABASE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAddress:
    """Where a cache is: `nodes` (host, port), or the `path` of a Unix socket.

    `database` is Redis's, 0 or more. `placement` is how keys are spread over
    several memcached nodes: `pymemcache` or `any`. `str()` hides the password.
    """

    scheme: Scheme
    nodes: tuple[tuple[str, int], ...] = ()
    path: str | None = None
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    master_name: str | None = None
    ca_file: str | None = None
    placement: str = PLACEMENTS[0]
    shown: str = ""

    @property
    def is_redis(self) -> bool:
        """Whether a Redis server answers there, in whichever deployment."""
        return self.scheme in _REDIS

    def redacted(self) -> str:
        """The URL as it was given, with `***` for the user and the password."""
        return self.shown

    def __str__(self) -> str:
        return self.shown


def redact(url: str) -> str:
    """A URL with `***` in place of all that could be a login; it need not parse.

    Everything up to the last `@` goes, for an unescaped `/` or `#` in a password
    moves the rest of it to where a path is expected. Parameters keep only their
    names, but for the known ones.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    if "@" in rest:
        rest = "***@" + rest.rpartition("@")[2]
    rest = re.sub(r"([?&])(?!(?:db|ca_file|placement)=)([^=&]*)=[^&]*", r"\1\2=***", rest)
    return scheme + separator + rest


def parse(url: str) -> CacheAddress:
    """The address in a `--cache` URL; ConfigError in one line if it is not one."""
    shown = redact(url)
    # A line break or a terminal's escape code would leave the one line of a message.
    if not url.isprintable() or " " in url:
        _refuse(ascii(shown), "a space or a control character in it", "percent-encode it")
    name, separator, rest = url.partition("://")
    if not separator:
        _refuse(shown, "no scheme", f"expected one of {_known_schemes()}")
    scheme = _scheme(name, shown)
    grammar = _GRAMMAR[scheme]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in tail or "#" in tail:
        _refuse(shown, "a `/`, `?`, `#` or `@` out of place", "percent-encode it in a password")
    path, _, query = tail.partition("?")
    # The last `@`: a password may hold one, a host may not.
    login, at, netloc = authority.rpartition("@")
    if at and not grammar.login:
        _refuse(shown, "a user or password", f"{scheme} takes none; expected {grammar.example}")
    params = _params(query, grammar, shown)
    username, _, password = login.partition(":")
    nodes: tuple[tuple[str, int], ...] = ()
    socket_path = master_name = None
    path = path.removeprefix("/")
    if grammar.port is None:
        socket_path = _socket_path(netloc, path, grammar, shown)
        path = params.get("db", "")
    else:
        nodes = tuple(_node(text, grammar.port, grammar, shown) for text in netloc.split(","))
        if len(nodes) > 1 and not grammar.many:
            _refuse(
                shown,
                f"{len(nodes)} hosts",
                "expected one; several need redis+sentinel:// or redis+cluster://",
            )
        if len(set(nodes)) < len(nodes):
            _refuse(shown, "a host twice", "name each node once")
    if scheme is Scheme.REDIS_SENTINEL:
        master_name, _, path = path.partition("/")
        if not master_name:
            _refuse(shown, "no name of a master", f"expected {grammar.example}")
    return CacheAddress(
        scheme=scheme,
        nodes=nodes,
        path=socket_path,
        database=_database(path, scheme, grammar, shown),
        username=unquote(username) or None,
        password=unquote(password) or None,
        master_name=unquote(master_name) if master_name else None,
        ca_file=params.get("ca_file"),
        placement=_placement(params, shown),
        shown=shown,
    )


def _refuse(shown: str, found: str, advice: str) -> NoReturn:
    msg = f"cache {shown}: {found}; {advice}"
    raise ConfigError(msg) from None


def _known_schemes() -> str:
    return ", ".join(f"{scheme}://" for scheme in Scheme)


def _scheme(name: str, shown: str) -> Scheme:
    try:
        return Scheme(name.lower())
    except ValueError:
        near = difflib.get_close_matches(name.lower(), [str(s) for s in Scheme], n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}://?" if near else ""
        _refuse(
            shown, f'unknown scheme "{redact(name)}"', f"expected one of {_known_schemes()}{hint}"
        )


def _params(query: str, grammar: _Grammar, shown: str) -> Mapping[str, str]:
    params = dict(parse_qsl(query, keep_blank_values=True))
    for name in params:
        if name not in grammar.params:
            known = ", ".join(sorted(grammar.params)) or "none"
            _refuse(shown, f'unknown parameter "{name}"', f"known here: {known}")
    return params


def _node(text: str, default_port: int, grammar: _Grammar, shown: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?", text)
    port = int(match[2]) if match and match[2] else default_port
    if not match or not 0 < port < 65536:
        _refuse(shown, "not a host with a port", f"expected {grammar.example}")
    return match[1].strip("[]"), port


def _socket_path(netloc: str, path: str, grammar: _Grammar, shown: str) -> str:
    if netloc or not path:
        _refuse(shown, "no absolute path of a socket", f"expected {grammar.example}")
    return "/" + unquote(path)


def _database(text: str, scheme: Scheme, grammar: _Grammar, shown: str) -> int:
    takes_one = scheme in _REDIS and scheme is not Scheme.REDIS_CLUSTER
    if not text:
        return 0
    if not takes_one:
        _refuse(shown, f'"/{text}" after the host', f"expected {grammar.example}")
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) >= _MAX_DATABASE:
        _refuse(shown, f'"{text}" for a database', f"expected a number, as in {grammar.example}")
    return int(text)


def _placement(params: Mapping[str, str], shown: str) -> str:
    placement = params.get("placement", PLACEMENTS[0])
    if placement not in PLACEMENTS:
        _refuse(shown, f'unknown placement "{placement}"', "expected pymemcache or any")
    return placement
