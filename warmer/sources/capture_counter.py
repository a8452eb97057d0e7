"""Captures counted into popularity: GET requests for pages, by URL and chosen headers.

Left out, and counted as skipped, is what is left out of logs: other methods, static files,
errors where the capture knows, our own traffic. Memory is bounded: when too much is
counted, it is given out as it is, and the plan adds it up.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from warmer.model import Candidate
from warmer.sources.capture import header, why_not_counted
from warmer.sources.gor import KeyReader, blocks, first_place, judged
from warmer.sources.log_request import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warmer.sources.capture import CapturedRequest, Headers
    from warmer.sources.files import Opened
    from warmer.sources.gor import Block
    from warmer.sources.skipped import Skipped

MAX_ENTRIES = 200_000
MAX_REMEMBERED = 20_000


class CaptureCounter:
    """How often each page was asked for; with `vary`, apart by the values of these headers.

    `vary` are header names in lower case. A header that was not sent counts as empty.
    """

    def __init__(self, vary: Sequence[str], skipped: Skipped) -> None:
        self._vary = tuple(vary)
        self._skipped = skipped
        self._hits: Counter[tuple[str, Headers]] = Counter()

    def read_requests(self, requests: Iterable[CapturedRequest], place: str) -> Iterator[Candidate]:
        """Count requests one by one; `place` names their file where one is left out."""
        for request in requests:
            reason = why_not_counted(request)
            if reason is not None:
                self._skipped.note(reason.value, place=place)
                continue
            headers = tuple([(name, header(request, name)) for name in self._vary])
            self._hits[request.url, headers] += 1
            if len(self._hits) > MAX_ENTRIES:
                yield from self.flush()

    def read_gor(self, file: Opened) -> Iterator[Candidate]:
        """Count a GoReplay capture, a block at a time; other captures are a thousandth of it."""
        reader = KeyReader(self._vary)
        judge = lru_cache(MAX_REMEMBERED)(judged)
        for block in blocks(file, self._skipped):
            asked = reader.read(block.data)
            left_out = Counter(
                {LeftOut.OWN_TRAFFIC.value: asked.own, LeftOut.UNPARSABLE.value: asked.unparsable}
            )
            for key, count in asked.keys.items():
                url = judge(key[:5])
                if isinstance(url, str):
                    values = [value.strip().decode("latin-1") for value in key[5:]]
                    headers = tuple(zip(self._vary, values, strict=True))
                    self._hits[url, headers] += count
                else:
                    left_out[url.value] += count
            for reason, count in left_out.items():
                self._skipped.note(reason, count, self._place(file, block, reader, reason, count))
            if len(self._hits) > MAX_ENTRIES:
                yield from self.flush()

    def flush(self) -> Iterator[Candidate]:
        """Give out what is counted, in the order in which it was first met, and forget it."""
        hits, self._hits = self._hits, Counter()
        for (url, headers), count in hits.items():
            yield Candidate(url, float(count), headers)

    def _place(self, file: Opened, block: Block, reader: KeyReader, reason: str, count: int) -> str:
        if not count or self._skipped.has_place(reason):
            return ""
        return f"{file.place}: record {first_place(block, reader, reason)}"
