"""Captures counted into popularity: GET requests for pages, by URL and chosen headers.

Left out, and counted as skipped, is what is left out of logs: other methods, static files,
errors where the capture knows, our own traffic. Memory is bounded: when too much is
counted, it is given out as it is, and the plan adds it up.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from warmer.model import Candidate
from warmer.sources.capture import header, why_not_counted
from warmer.sources.gor import KeyReader, blocks, first_place, judged
from warmer.sources.log_request import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warmer.sources.capture import CapturedRequest, Headers
    from warmer.sources.files import Opened
    from warmer.sources.gor import Block, Key
    from warmer.sources.skipped import Skipped

    Page = tuple[str, Headers]

MAX_PAGES = 200_000
MAX_BYTES = 64_000_000


class CaptureCounter:
    """How often each page was asked for; with `vary`, apart by the values of these headers.

    `vary` are header names in lower case. A header that was not sent counts as empty.
    """

    def __init__(self, vary: Sequence[str], skipped: Skipped) -> None:
        self._vary = tuple(vary)
        self._skipped = skipped
        self._hits: Counter[Page] = Counter()
        # What the last requests were judged to be, lest each block judges them again.
        self._pages: dict[Key, Page] = {}
        self._reasons: dict[Key, str] = {}
        self._bytes = 0

    def read_requests(self, requests: Iterable[CapturedRequest], place: str) -> Iterator[Candidate]:
        """Count requests one by one; `place` names their file where one is left out."""
        for request in requests:
            reason = why_not_counted(request)
            if reason is not None:
                self._skipped.note(reason.value, place=place)
                continue
            page = (request.url, tuple([(name, header(request, name)) for name in self._vary]))
            if page not in self._hits:
                self._bytes += len(page[0]) + sum(len(value) for _, value in page[1])
            self._hits[page] += 1
            if self._is_full:
                yield from self.flush()

    def read_gor(self, file: Opened) -> Iterator[Candidate]:
        """Count a GoReplay capture, a block at a time; other captures are a thousandth of it."""
        reader = KeyReader(self._vary)
        for block in blocks(file, self._skipped):
            asked = reader.read(block.data)
            left_out = Counter(
                {LeftOut.OWN_TRAFFIC.value: asked.own, LeftOut.UNPARSABLE.value: asked.unparsable}
            )
            pages, hits = self._pages, self._hits
            for key, count in asked.keys.items():
                page = pages.get(key) or self._judge(key)
                if page is None:
                    left_out[self._reasons[key]] += count
                else:
                    hits[page] += count
            for reason, count in left_out.items():
                self._skipped.note(reason, count, self._place(file, block, reader, reason, count))
            if self._is_full:
                yield from self.flush()

    def flush(self) -> Iterator[Candidate]:
        """Give out what is counted, in the order in which it was first met, and forget it."""
        hits, self._hits = self._hits, Counter()
        self._pages, self._reasons, self._bytes = {}, {}, 0
        for (url, headers), count in hits.items():
            yield Candidate(url, float(count), headers)

    @property
    def _is_full(self) -> bool:
        remembered = max(len(self._hits), len(self._pages) + len(self._reasons))
        return remembered > MAX_PAGES or self._bytes > MAX_BYTES

    def _judge(self, key: Key) -> Page | None:
        """The page of a key that is not in `_pages`; None if `_reasons` tells why it has none."""
        if key in self._reasons:
            return None
        self._bytes += sum(map(len, key))
        url = judged(key)
        if not isinstance(url, str):
            self._reasons[key] = url.value
            return None
        values = [value.strip().decode("latin-1") for value in key[5:]]
        page = self._pages[key] = (url, tuple(zip(self._vary, values, strict=True)))
        return page

    def _place(self, file: Opened, block: Block, reader: KeyReader, reason: str, count: int) -> str:
        if not count or self._skipped.has_place(reason):
            return ""
        return f"{file.place}: record {first_place(block, reader, reason)}"
