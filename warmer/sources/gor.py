r"""GoReplay captures: requests with the time they were sent, parted by three monkeys.

A record is a line `type id unixNano latency` (type 1 is a request; others are responses,
which are passed over), then the request as it was on the wire. Records are taken a block
at a time, as bytes; one that does not end (the file was cut off) is counted, not guessed.
Source: GoReplay, protocol.go and input_file.go.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from warmer.sources.capture import CapturedRequest, user_of, without_credentials
from warmer.sources.log_formats import is_own
from warmer.sources.log_request import LeftOut, Request, judge, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmer.sources.files import Opened
    from warmer.sources.skipped import Skipped

MONKEYS = b"\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"
"""What GoReplay writes behind each record."""
MAX_RECORD_BYTES = 16_000_000

Key = tuple[bytes, ...]

_OWN_PRODUCT = b"warmer/"
# A line of a head; never one of the next record, where somebody cut this one short.
# (Anything but one character is looked for faster than anything but two.)
_LINE = rb"(?![\r\xf0])[^\n]++\n"
_TIME = rb"1 \S++ (\d{1,19}+)(?: [^\n]*+)?\n"
_REQUEST = rb"([A-Za-z-]++) ([^ \r\n]++) HTTP/[0-9.]++"
_RECORD = re.compile(_TIME + _REQUEST + rb"\r?\n((?:" + _LINE + rb")*+)(\r?\n)?")
_RESPONSE = re.compile(rb"[23] \S")
_FIELD = re.compile(rb"([^:\s]++)[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?\n")


class Asked(NamedTuple):
    """What a block of records holds: how often each key, and how many are no such.

    A key is method, target, status (empty), host, scheme (empty) and the values of the
    headers that were asked for.
    """

    keys: Counter[Key]
    own: int
    unparsable: int


class Block(NamedTuple):
    """Whole records, each begun by MONKEYS; `first` is the number of the first, from 1."""

    data: bytes
    first: int


class KeyReader:
    """Finds in blocks what was asked for, by the values of some headers (names in any case)."""

    def __init__(self, names: Sequence[str]) -> None:
        start = _TIME.replace(b"(", b"(?:", 1) + _REQUEST
        fields = [b"()", _ahead(b"host"), b"()", *(_ahead(name.encode()) for name in names)]
        self._find = re.compile(MONKEYS + start + b"".join(fields)).findall

    def read(self, data: bytes) -> Asked:
        own = 0
        if _OWN_PRODUCT in data:
            records = data.split(MONKEYS)[1:]
            kept = [record for record in records if not _is_own(record)]
            own = len(records) - len(kept)
            data = b"".join(MONKEYS + record for record in kept)
        keys = self._find(data)
        responses = data.count(MONKEYS + b"2 ") + data.count(MONKEYS + b"3 ")
        return Asked(Counter(keys), own, data.count(MONKEYS) - responses - len(keys))


def blocks(file: Opened, skipped: Skipped) -> Iterator[Block]:
    """Blocks of whole records; one that is too long, or does not end, is noted."""
    number, rest, dropping = 1, MONKEYS, False
    for chunk in file.chunks:
        data = rest + chunk
        end = data.rfind(MONKEYS)
        if dropping and end >= len(MONKEYS):
            data = data[data.index(MONKEYS, len(MONKEYS)) :]
            end = data.rfind(MONKEYS)
            dropping = False
            number += 1
        if end > 0:
            yield Block(data[:end], number)
            number += data.count(MONKEYS, 0, end)
        rest = data[end:]
        if len(rest) > MAX_RECORD_BYTES:
            if not dropping:
                skipped.note("record-too-long", place=f"{file.place}: record {number}")
            # As much as a separator may have begun in.
            rest, dropping = MONKEYS + rest[-len(MONKEYS) + 1 :], True
    if rest[len(MONKEYS) :].strip() and not dropping:
        skipped.note("truncated", place=f"{file.place}: record {number}")


def judged(key: Key) -> str | LeftOut:
    """The URL of a key, or the reason why it counts for nothing."""
    found = judge(Request(*key[:5])._replace(status=b"200"))
    return found if isinstance(found, str | LeftOut) else LeftOut.UNPARSABLE


def first_place(block: Block, reader: KeyReader, reason: str) -> int:
    """The number of the record in which a reason is first met."""
    for number, record in enumerate(block.data.split(MONKEYS)[1:], block.first):
        asked = reader.read(MONKEYS + record)
        if asked.own:
            met = LeftOut.OWN_TRAFFIC.value
        elif asked.keys:
            url = judged(next(iter(asked.keys)))
            met = "" if isinstance(url, str) else url.value
        else:
            met = LeftOut.UNPARSABLE.value if asked.unparsable else ""
        if met == reason:
            return number
    return block.first


def requests(
    file: Opened, skipped: Skipped, *, keep_credentials: bool
) -> Iterator[CapturedRequest]:
    """Every request of a file, whatever its method, in the order of the file."""
    for block in blocks(file, skipped):
        for number, record in enumerate(block.data.split(MONKEYS)[1:], block.first):
            if _RESPONSE.match(record):
                continue
            found = _request(record, keep_credentials=keep_credentials)
            if isinstance(found, CapturedRequest):
                yield found
            else:
                skipped.note(found, place=f"{file.place}: record {number}")


def _request(record: bytes, *, keep_credentials: bool) -> CapturedRequest | str:
    match = _RECORD.match(record + b"\n")  # of the separator: it may end the last line
    if match is None:
        return LeftOut.UNPARSABLE.value
    moment, method, target, head, blank = match.groups()
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in _FIELD.findall(head)
    ]
    host = next((value for name, value in headers if name.lower() == "host"), "")
    url = url_of(b"", host.encode("latin-1"), target)
    if not isinstance(url, str):
        return str(url.value)
    return CapturedRequest(
        int(moment) / 1e9,
        method.decode("ascii").upper(),
        url,
        tuple(headers) if keep_credentials else without_credentials(headers),
        record[match.end() :] if blank else b"",
        user_of(headers),
    )


def _ahead(name: bytes) -> bytes:
    """Looks for one header of a head, and takes its value; empty if it is not there.

    A look ahead, so that what is matched next begins where the request line ends.
    """
    name = b"(?i:" + re.escape(name) + b"):"
    other = rb"(?!" + name + rb")" + _LINE
    return rb"(?=\r?\n(?:" + other + rb")*+(?:" + name + rb"[ \t]*+([^\r\n]*+))?)"


def _is_own(record: bytes) -> bool:
    head = record.partition(b"\r\n\r\n")[0]
    return any(
        name.lower() == b"user-agent" and is_own(value)
        for name, value in _FIELD.findall(head + b"\n")
    )
