"""Access logs counted into popularity: GET requests that a page answered, by URL.

Leaves out our own traffic, static files, errors and other methods, and counts
them as skipped. Memory is bounded whatever the log holds: when too many distinct
URLs are counted, they are given out as they are, and the plan adds them up.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from warmer.errors import SourceError
from warmer.model import Candidate
from warmer.sources.lines import Block, blocks
from warmer.sources.log_known import KNOWN, detect
from warmer.sources.log_request import LeftOut, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.sources.files import Opened
    from warmer.sources.log_formats import Key, LogFormat
    from warmer.sources.skipped import Skipped

MAX_URLS = 500_000
MAX_URL_BYTES = 64_000_000
MAX_REMEMBERED = 100_000
MAX_READ_BYTES = 64_000_000
OWN_TRAFFIC = LeftOut.OWN_TRAFFIC.value
UNPARSABLE = LeftOut.UNPARSABLE.value


class LogCounter:
    """Hits by URL over any number of files, which may differ in format."""

    def __init__(self, skipped: Skipped) -> None:
        self._skipped = skipped
        self._hits: dict[str, int] = {}
        self._hits_bytes = 0

    def read(self, file: Opened, new_format: Callable[[], LogFormat] | None) -> Iterator[Candidate]:
        """Count one file; gives out candidates only when memory would grow too much.

        Raises SourceError if the format is not given and no line is in a known one.
        """
        memory = _Memory(format_of(file, new_format))
        for block in blocks(file.chunks, file.place, self._skipped):
            memory.make_room(len(block.data))
            self._count(block, memory, file.place)
            if len(self._hits) > MAX_URLS or self._hits_bytes > MAX_URL_BYTES:
                yield from self.flush()

    def flush(self) -> Iterator[Candidate]:
        """Give out what is counted, in the order in which it was first met, and forget it."""
        hits, self._hits, self._hits_bytes = self._hits, {}, 0
        for url in list(hits):
            yield Candidate(url, float(hits.pop(url)))

    def _count(self, block: Block, memory: _Memory, place: str) -> None:
        rows = memory.log_format.rows(block.data)
        unparsable = block.lines - len(rows.keys) - rows.own - rows.ignored
        left_out = Counter({UNPARSABLE: unparsable, OWN_TRAFFIC: rows.own})
        hits = self._hits
        for key, count in Counter(rows.keys).items():
            url = memory.urls.get(key) or memory.judge(key)
            if not url:
                left_out[memory.reasons[key]] += count
            elif url in hits:
                hits[url] += count
            else:
                hits[url] = count
                self._hits_bytes += len(url)
        for reason, count in left_out.items():
            example = ""
            if count and not self._skipped.has_place(reason):
                example = f"{place}:{_first_line(block, memory.log_format, reason)}"
            self._skipped.note(reason, count, example)


def format_of(file: Opened, new_format: Callable[[], LogFormat] | None) -> LogFormat:
    """The format that was named, or the one in which the first lines are.

    Raises SourceError if none is named and no line is in a known one.
    """
    log_format = detect(file.head) if new_format is None else new_format()
    if log_format is None:
        raise SourceError(
            f"{file.place}: no line in a known access log format; expected "
            f"{', '.join(KNOWN)}, or the LogFormat or log_format string as `format`."
        )
    return log_format


class _Memory:
    """What the last requests of a file were judged to be, lest each block judges them again."""

    def __init__(self, log_format: LogFormat) -> None:
        self.log_format = log_format
        self.urls: dict[Key, str] = {}
        self.reasons: dict[Key, str] = {}
        self._bytes = 0

    def make_room(self, incoming_bytes: int) -> None:
        """Forget if it could grow too much by what is to come."""
        self._bytes += incoming_bytes
        if self._bytes > MAX_READ_BYTES or len(self.urls) + len(self.reasons) > MAX_REMEMBERED:
            self.urls.clear()
            self.reasons.clear()
            self._bytes = incoming_bytes

    def judge(self, key: Key) -> str:
        """The URL of a request that is not in `urls`; "" if `reasons` tells why it has none."""
        if key in self.reasons:
            return ""
        judged = judge(self.log_format.request(key))
        if isinstance(judged, str):
            self.urls[key] = judged
            return judged
        self.reasons[key] = judged.value
        return ""


def _first_line(block: Block, log_format: LogFormat, reason: str) -> int:
    """Where in a block a reason is first met, for the example that a person looks up."""
    for number, line in enumerate(block.data.splitlines(keepends=True), block.first):
        rows = log_format.rows(line)
        if rows.own:
            met = OWN_TRAFFIC
        elif rows.keys:
            url = judge(log_format.request(rows.keys[0]))
            met = "" if isinstance(url, str) else url.value
        else:
            met = "" if rows.ignored else UNPARSABLE
        if met == reason:
            return number
    return block.first
