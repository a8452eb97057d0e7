"""Logs in the W3C extended format: CloudFront (tabs) and IIS (spaces), with `#Fields` lines.

Without a `#Fields` line the columns are those of CloudFront's standard log.
Source: CloudFront Developer Guide, "Standard logging reference".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from warmer.sources.log_formats import Rows, Sent, is_own
from warmer.sources.log_request import Request

if TYPE_CHECKING:
    from warmer.sources.log_formats import Key

_CLOUDFRONT = (
    b"date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status"
    b" cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id"
    b" x-host-header cs-protocol"
)
_DATE = re.compile(rb"\d{4}-\d\d-\d\d[\t ]\d\d:\d\d:\d\d[\t ]")
_FIELDS = b"#Fields:"
# CloudFront's cs(Host) is its own name, x-host-header the visitor's.
_COLUMNS = (
    (b"cs-method",),
    (b"cs-uri-stem",),
    (b"cs-uri-query",),
    (b"sc-status",),
    (b"x-host-header", b"cs-host", b"cs(host)"),
    (b"cs-protocol",),
    (b"cs(user-agent)",),
)
_REQUIRED = 4
_EVENT = (b"date", b"time", b"c-ip")


class W3CFormat:
    """Reads one file from its beginning: a `#Fields` line is valid until the next."""

    def __init__(self) -> None:
        self._width = 0
        self._places: tuple[int, ...] | None = None
        self._event_places: tuple[int, ...] = ()
        self._learn(_CLOUDFRONT)

    def rows(self, data: bytes) -> Rows:
        keys: list[Key] = []
        own = ignored = 0
        for line in data.splitlines():
            if line.startswith(b"#") or not line.strip():
                ignored += 1
                if line.startswith(_FIELDS):
                    self._learn(line[len(_FIELDS) :])
            elif (row := self._row(line)) is not None:
                if is_own(row[-1]):
                    own += 1
                else:
                    keys.append(row[:-1])
        return Rows(keys, own, ignored)

    def request(self, key: Key) -> Request:
        method, stem, query, status, host, scheme = key
        target = stem if query in {b"", b"-"} else stem + b"?" + query
        return Request(method, target, status, host, scheme)

    def sent(self, line: bytes) -> Sent | None:
        if line.startswith(_FIELDS):
            self._learn(line[len(_FIELDS) :])
        row = self._row(line)
        if row is None:
            return None
        cells = [*line.split(b"\t" if b"\t" in line else b" "), b""]
        date, time, client = (cells[place] for place in self._event_places)
        agent = unquote_to_bytes(row[-1].replace(b"+", b" "))
        return Sent(self.request(row[:-1]), agent, date + b" " + time, client)

    def _learn(self, fields: bytes) -> None:
        names = fields.lower().split()
        places = [
            next((names.index(name) for name in choice if name in names), -1) for choice in _COLUMNS
        ]
        self._width = len(names)
        self._event_places = tuple(names.index(name) if name in names else -1 for name in _EVENT)
        self._places = None if -1 in places[:_REQUIRED] else tuple(places)

    def _row(self, line: bytes) -> Key | None:
        if self._places is None or not _DATE.match(line):
            return None
        # A row ends with an empty cell, which is what a column that is not there reads.
        cells = [*line.split(b"\t" if b"\t" in line else b" "), b""]
        if len(cells) <= self._width:
            return None
        return tuple([cells[place] for place in self._places])
