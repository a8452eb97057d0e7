r"""What an Apache `LogFormat`, nginx `log_format` or gunicorn format string is made of. Pure.

Splits a format into literals and fields and names the fields that tell what was
asked for. Knows which values may hold spaces; matches no lines itself.
Sources: httpd 2.4 mod_log_config, nginx ngx_http_log_module, gunicorn glogging,
varnishncsa(1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from warmer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable


class Shape(Enum):
    """What a value may look like where nothing but a space ends it."""

    WORD = "no space in it"
    TEXT = "spaces anywhere: a user agent, a cookie"
    LISTED = "spaces behind commas: X-Forwarded-For, nginx's $upstream_*"
    REQUEST = "a request line"
    HOST = "a host name, with or without port"
    PATH = "a path, ended by a question mark too"
    METHOD = "letters"
    SCHEME = "http or https"
    STATUS = "three digits"
    NUMBER = "digits"
    MARK = "a question mark or nothing"


@dataclass(frozen=True, slots=True)
class Field:
    """A directive; `name` is None for what we do not need.

    Of several fields with one name the highest `preference` counts, then the first.
    `spaces` is how many spaces are in a date of this format.
    """

    name: str | None = None
    shape: Shape = Shape.WORD
    preference: int = 0
    spaces: int = 0


Token = str | Field

_APACHE = {
    "r": Field("request", Shape.REQUEST),
    "m": Field("method", Shape.METHOD),
    "U": Field("path", Shape.PATH),
    "q": Field("query"),
    "s": Field("status", Shape.STATUS),
    ">s": Field("status", Shape.STATUS, 1),
    "v": Field("host", Shape.HOST),
    "V": Field("host", Shape.HOST, 1),
    "p": Field("port", Shape.NUMBER),
    "{host}i": Field("host", Shape.HOST, 2),
    "{user-agent}i": Field("agent", Shape.TEXT),
    "h": Field("client"),
    "a": Field("client", preference=1),
    **dict.fromkeys("bBOI", Field(None, Shape.NUMBER)),
    "{x-forwarded-for}i": Field(None, Shape.LISTED),
}
_NGINX = {
    "request": Field("request", Shape.REQUEST),
    "request_method": Field("method", Shape.METHOD),
    "request_uri": Field("uri"),
    "uri": Field("path", Shape.PATH),
    "document_uri": Field("path", Shape.PATH),
    "is_args": Field(None, Shape.MARK),
    "args": Field("query"),
    "query_string": Field("query"),
    "status": Field("status", Shape.STATUS),
    "server_name": Field("host", Shape.HOST),
    "host": Field("host", Shape.HOST, 1),
    "http_host": Field("host", Shape.HOST, 2),
    "server_port": Field("port", Shape.NUMBER),
    "scheme": Field("scheme", Shape.SCHEME),
    "http_user_agent": Field("agent", Shape.TEXT),
    "body_bytes_sent": Field(None, Shape.NUMBER),
    "bytes_sent": Field(None, Shape.NUMBER),
    "http_x_forwarded_for": Field(None, Shape.LISTED),
    "proxy_add_x_forwarded_for": Field(None, Shape.LISTED),
    "remote_addr": Field("client"),
    "time_local": Field("time", spaces=1),
    "time_iso8601": Field("time", preference=1),
    "msec": Field("time", preference=2),
}
# Where gunicorn's letters differ from Apache's.
_GUNICORN = {"f": "%{Referer}i", "a": "%{User-Agent}i"}

_APACHE_DIRECTIVE = re.compile(
    r"%(?P<condition>!?[0-9][0-9,]*)?(?P<which>[<>])?(?:\{(?P<argument>[^}]*)\})?(?P<code>\^t[io]|[A-Za-z%])"
)
_NGINX_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_GUNICORN_ATOM = re.compile(r"%\((\{[^}]*\}[A-Za-z]|[A-Za-z]+)\)s")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ESCAPE = re.compile(r"\\([\"'\\tnr])")
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r"}


def tokens(log_format: str) -> list[Token]:
    """The format in pieces, no two literals in a row.

    Takes the bare string or the whole directive (`LogFormat "…" name`,
    `log_format name '…' '…';`). Raises SourceError if there is no directive in it.
    """
    text = _bare(log_format)
    if _GUNICORN_ATOM.search(text):
        text = _GUNICORN_ATOM.sub(_as_apache, text)
    if _APACHE_DIRECTIVE.search(text.replace("%%", "")):
        found = _split(text, _APACHE_DIRECTIVE, _apache)
    else:
        found = _split(text, _NGINX_VARIABLE, _nginx)
    if not any(isinstance(token, Field) for token in found):
        raise SourceError(
            f'log format "{log_format}": no directive in it; expected a name '
            "(combined, cloudfront, …), an Apache LogFormat or an nginx log_format."
        )
    return found


def _bare(log_format: str) -> str:
    text = log_format.strip()
    if re.match(r"(?i)log_?format\s", text):
        pieces = _QUOTED.findall(text)
        apache = text[3] != "_"
        text = "".join(single or double for single, double in (pieces[:1] if apache else pieces))
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def _as_apache(match: re.Match[str]) -> str:
    return _GUNICORN.get(match[1], f"%{match[1]}")


def _split(
    text: str, directive: re.Pattern[str], field_of: Callable[[re.Match[str]], list[Token]]
) -> list[Token]:
    found: list[Token] = []
    end = 0
    for match in directive.finditer(text):
        found += [text[end : match.start()], *field_of(match)]
        end = match.end()
    found.append(text[end:])
    joined: list[Token] = []
    for token in found:
        if isinstance(token, str) and joined and isinstance(joined[-1], str):
            joined[-1] += token
        elif token != "":
            joined.append(token)
    return joined


def _apache(match: re.Match[str]) -> list[Token]:
    code, argument = match["code"], match["argument"]
    if code == "%":
        return ["%"]
    if code == "t":
        if argument is None:
            return ["[", Field("time", spaces=1), "]"]
        is_unix = argument in ("sec", "msec", "usec")
        return [Field("time" if is_unix else None, spaces=argument.count(" "), preference=is_unix)]
    name = f"{{{argument.lower()}}}{code}" if argument else f"{match['which'] or ''}{code}"
    known = _APACHE.get(name) or _APACHE.get(code if not argument else "")
    if known is not None:
        return [known]
    return [Field(None, Shape.TEXT if code in "uionCexf" or "^" in code else Shape.WORD)]


def _nginx(match: re.Match[str]) -> list[Token]:
    name = match[1] or match[2]
    known = _NGINX.get(name)
    if known is not None:
        return [known]
    if name.startswith("upstream_"):
        return [Field(None, Shape.LISTED)]
    free = name.startswith(("http_", "sent_http_", "cookie_", "arg_")) or name == "remote_user"
    return [Field(None, Shape.TEXT if free else Shape.WORD)]
