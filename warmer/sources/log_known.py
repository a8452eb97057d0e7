"""The access log formats that have a name, and which of them some lines are in. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.sources.log_directives import tokens
from warmer.sources.log_formats import SENT, LogFormat, TextFormat, compiled, pattern_of
from warmer.sources.log_json import JsonFormat
from warmer.sources.log_w3c import W3CFormat

if TYPE_CHECKING:
    from collections.abc import Callable

_SAMPLE_LINES = 200


def _text(
    start: str, agent: str, *, condition: bytes = b"", knows_scheme: bool = False
) -> Callable[[], LogFormat]:
    """Lines that begin with `start`, and mostly go on with `agent`.

    Whatever else follows is accepted: forwarded-for, durations, request ids.
    `condition` is a look ahead from the beginning of the line.
    """
    pattern, names = pattern_of(tokens(start))
    sent, sent_names = pattern_of(tokens(start), SENT)
    agent_pattern, agent_names = pattern_of(tokens(agent))
    rest = b"(?: " + agent_pattern + rb".*+| .*+)?+"
    whole = TextFormat(
        condition + pattern + rest,
        names + agent_names,
        condition + pattern + rb"(?: .*+)?+",
        (condition + sent + rest, sent_names + agent_names),
        knows_scheme=knows_scheme,
    )
    return lambda: whole


_COMMON = '%h %l %u %t "%r" %>s %b'
_REFERRER_AND_AGENT = '"%{Referer}i" "%{User-Agent}i"'
_ALB = (
    "$type $time_iso8601 $elb $remote_addr $target $duration1 $duration2 $duration3 $status $target_status "
    '$received $sent "$request"'
)
# `%v %h` or `$host $remote_addr`: a name that is no address, then an address.
_HOST_THEN_ADDRESS = rb"(?!\d{1,3}(?:\.\d{1,3}){3} )(?=[^ \n]++ (?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*+:[0-9A-Fa-f:.]++) )"

# Tried in this order, the more demanding first.
KNOWN: dict[str, Callable[[], LogFormat]] = {
    "vhost_combined": _text("%v:%p " + _COMMON, _REFERRER_AND_AGENT),
    "vhost": _text("%v " + _COMMON, _REFERRER_AND_AGENT, condition=_HOST_THEN_ADDRESS),
    "combined": _text(_COMMON, _REFERRER_AND_AGENT),
    "alb": _text(_ALB, '"$http_user_agent"', knows_scheme=True),
    "json": JsonFormat,
    "cloudfront": W3CFormat,
}
_OTHER_NAMES = {
    "common": "combined",
    "gunicorn": "combined",
    "varnishncsa": "combined",
    "nginx-json": "json",
    "caddy": "json",
    "w3c": "cloudfront",
}


def named_or_compiled(log_format: str) -> Callable[[], LogFormat]:
    """The format of this name, or the one that this format string describes.

    Raises SourceError if the string describes none.
    """
    name = _OTHER_NAMES.get(log_format.strip().lower(), log_format.strip().lower())
    if name in KNOWN:
        return KNOWN[name]
    own = compiled(log_format)
    return lambda: own


def detect(text: bytes) -> LogFormat | None:
    """The known format that reads most of the first lines of `text`; None if none reads any."""
    data = b"\n".join(text.split(b"\n", _SAMPLE_LINES)[:_SAMPLE_LINES]) + b"\n"
    best: LogFormat | None = None
    most = 0
    for new in KNOWN.values():
        log_format = new()
        rows = log_format.rows(data)
        if len(rows.keys) + rows.own > most:
            best, most = log_format, len(rows.keys) + rows.own
    return best
