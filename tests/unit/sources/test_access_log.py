from __future__ import annotations

import tracemalloc
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import SourceError
from warmer.sources import access_log
from warmer.sources.access_log import LogCounter
from warmer.sources.files import Opened
from warmer.sources.log_known import named_or_compiled
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator


def line(
    path: str = "/", *, method: str = "GET", status: int = 200, agent: str = "Mozilla/5.0"
) -> str:
    request = f"{method} {path} HTTP/1.1"
    return f'192.0.2.1 - - [23/Nov/2025:07:36:00 +0000] "{request}" {status} 5 "-" "{agent}"\n'


def counted(
    text: str, skipped: Skipped | None = None, log_format: str | None = None
) -> dict[str, float]:
    counter = LogCounter(skipped or Skipped())
    data = text.encode()
    new_format = None if log_format is None else named_or_compiled(log_format)
    found: defaultdict[str, float] = defaultdict(float)
    opened = Opened("a.log", data, iter([data]))
    for candidate in [*counter.read(opened, new_format), *counter.flush()]:
        found[candidate.url] += candidate.weight
    return dict(found)


def test_pages_that_were_answered_are_counted() -> None:
    text = line("/a") * 3 + line("/a", status=304) + line("/b?c=d") + line("/a").replace("1.1", "2")
    assert counted(text) == {"/a": 5.0, "/b?c=d": 1.0}


def test_what_is_left_out_is_counted_by_reason_with_the_place_of_the_first() -> None:
    skipped = Skipped()
    text = (
        line("/a")
        + line("/a.css?v=1") * 2
        + line(method="POST")
        + line(status=404) * 3
        + line(agent="Mozilla/5.0 (X11) warmer/0.1.0 (+https://example.com)")
        + line(agent="leg-warmer/2")
        + line("/leg-warmer/1")
        + "garbage\n\n"
        + line().replace("GET / HTTP/1.1", "\\x16\\x03\\x01")
        + line().replace("GET / HTTP/1.1", "-").replace(" 200 ", " 408 ")
        + line("//x")
    )
    assert counted(text, skipped) == {"/a": 1.0, "/": 1.0, "/leg-warmer/1": 1.0}
    assert skipped.as_dict() == {
        "status": 3,
        "not-http": 2,
        "static-file": 2,
        "double-slash": 1,
        "not-get": 1,
        "own-traffic": 1,
        "unparsable": 1,
    }
    assert skipped.places() == {
        "static-file": "a.log:2",
        "not-get": "a.log:4",
        "status": "a.log:5",
        "own-traffic": "a.log:8",
        "unparsable": "a.log:11",
        "not-http": "a.log:13",
        "double-slash": "a.log:15",
    }


def test_hosts_of_a_virtual_host_log_are_told_apart() -> None:
    text = "".join(f"{host}:80 {line('/p')}" for host in ("a.example", "b.example", "a.example"))
    assert counted(text) == {"//a.example/p": 2.0, "//b.example/p": 1.0}


def test_a_log_in_no_known_format_is_an_error_that_names_the_formats() -> None:
    with pytest.raises(SourceError, match=r"^a\.log: no line in a known access log format; expec"):
        counted("2025-11-23 GET /p 200\n")


def test_a_log_in_a_given_format_is_counted() -> None:
    text = "2025-11-23 GET /p 200\nnot this\n"
    skipped = Skipped()
    assert counted(text, skipped, "%{%Y-%m-%d}t %m %U %>s") == {"/p": 1.0}
    assert skipped.as_dict() == {"unparsable": 1}


def test_counts_are_given_out_early_when_there_are_too_many_urls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access_log, "MAX_URLS", 100)
    monkeypatch.setattr(access_log, "MAX_REMEMBERED", 10)
    chunks = [line(f"/p/{number % 150}").encode() for number in range(1500)]
    counter = LogCounter(Skipped())
    early = list(counter.read(Opened("a.log", chunks[0], iter(chunks)), None))
    late = list(counter.flush())
    assert len(early) >= 101
    assert len(late) <= 100
    found: Counter[str] = Counter()
    for candidate in early + late:
        found[candidate.url] += int(candidate.weight)
    assert found == {f"/p/{number}": 10 for number in range(150)}


def test_memory_is_bounded_when_every_request_is_another_long_one() -> None:
    def chunks() -> Iterator[bytes]:
        for number in range(0, 12_000, 40):
            yield "".join(line(f"/{n}?{'x' * 8000}") for n in range(number, number + 40)).encode()

    head = line().encode()
    counter = LogCounter(Skipped())
    tracemalloc.start()
    total = sum(1 for _ in counter.read(Opened("a.log", head, chunks()), None))
    total += sum(1 for _ in counter.flush())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 12_000
    assert peak < 150_000_000


log_lines = st.sampled_from(
    [
        line("/a"),
        line("/b"),
        line("/c.css"),
        line(status=500),
        line(agent="warmer/1"),
        "?\n",
        "\n",
    ]
)


@given(st.lists(log_lines, min_size=1), st.integers(1, 300))
def test_counts_do_not_depend_on_how_the_log_is_cut_into_chunks(
    lines: list[str], size: int
) -> None:
    data = "".join(lines).encode()
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    skipped = Skipped()
    counter = LogCounter(skipped)
    opened = Opened("a.log", data, chunks)
    found = [*counter.read(opened, named_or_compiled("combined")), *counter.flush()]
    assert {candidate.url: candidate.weight for candidate in found} == {
        path: lines.count(line(path)) for path in ("/a", "/b") if line(path) in lines
    }
    assert skipped.total == sum(
        text != "\n" and text not in {line("/a"), line("/b")} for text in lines
    )
