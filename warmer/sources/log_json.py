"""Access logs of JSON lines: Caddy's, and nginx's by whatever names its `log_format` chose.

A line without a method, a target and a status is none of an access log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from warmer.sources.log_formats import Rows, Sent, is_own
from warmer.sources.log_request import Request, split_line

if TYPE_CHECKING:
    from warmer.sources.log_formats import Key

# The names that people give to nginx's variables; the first that is there wins.
_LINE = ("request", "request_line")
_METHOD = ("request_method", "method", "verb", "http_method")
_TARGET = ("request_uri", "uri", "url", "path")
_QUERY = ("args", "query_string", "query")
_STATUS = ("status", "status_code", "response_code", "response")
_HOST = ("http_host", "host", "vhost", "server_name", "domain")
_SCHEME = ("scheme", "request_scheme")
_TIME = ("msec", "ts", "time_iso8601", "@timestamp", "timestamp", "time", "time_local", "datetime")
_CLIENT = ("remote_addr", "client_ip", "remote_ip", "client", "ip", "remote")
_AGENT = ("http_user_agent", "user_agent", "userAgent", "agent", "ua")

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode


class JsonFormat:
    """One JSON object a line. Stateless."""

    def rows(self, data: bytes) -> Rows:
        keys: list[Key] = []
        own = ignored = 0
        for line in data.splitlines():
            if not line.strip():
                ignored += 1
                continue
            record = _record(line)
            if record is None:
                continue
            key, agent = _key(record)
            if is_own(agent):
                own += 1
            elif all(key[:3]):
                keys.append(key)
        return Rows(keys, own, ignored)

    def request(self, key: Key) -> Request:
        return Request(*key)

    def sent(self, line: bytes) -> Sent | None:
        record = _record(line)
        if record is None:
            return None
        key, agent = _key(record)
        if not all(key[:3]):
            return None
        inner = record.get("request")
        client = _first(inner if isinstance(inner, dict) else record, _CLIENT)
        return Sent(Request(*key), agent, _time(record), client)


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = _decode(line)
    except _UNREADABLE:
        # nginx writes \x22 without escape=json, and raw bytes of any encoding with it.
        mended = _NOT_ASCII.sub(_percent, line.replace(rb"\x", rb"\u00"))
        try:
            record = _decode(mended)
        except _UNREADABLE:
            return None
    return record if isinstance(record, dict) else None


def _percent(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]


def _key(record: dict[str, Any]) -> tuple[Key, bytes]:
    caddy = record.get("request")
    if isinstance(caddy, dict):
        headers = caddy.get("headers")
        agents = headers.get("User-Agent") if isinstance(headers, dict) else None
        agent = agents[0] if isinstance(agents, list) and agents else ""
        values = (caddy.get("method"), caddy.get("uri"), record.get("status"), caddy.get("host"))
        return (*map(_bytes, values), b""), _bytes(agent)
    line = _first(record, _LINE)
    if line:
        method, target = split_line(line)
        # A line that is no request is still a line of the log.
        method, target = method or b"-", target or b"-"
    else:
        method, target = _first(record, _METHOD), _first(record, _TARGET)
        query = _first(record, _QUERY)
        if query not in {b"", b"-"} and b"?" not in target:
            target += b"?" + query
    key = (method, target, _first(record, _STATUS), _first(record, _HOST), _first(record, _SCHEME))
    return key, _first(record, _AGENT)


def _time(record: dict[str, Any]) -> bytes:
    value = next((record[name] for name in _TIME if name in record), None)
    return b"%.6f" % value if isinstance(value, float) else _bytes(value)


def _first(record: dict[str, Any], names: tuple[str, ...]) -> bytes:
    for name in names:
        value = record.get(name)
        if value is not None:
            return _bytes(value)
    return b""


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="replace")
    return b"%d" % value if isinstance(value, int) else b""
