"""A GoReplay capture to its top 500, and the same by language: `warmer plan requests.gor`."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bench.child import measure, warmer
from bench.figure import Figure, against_goal

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000
SIZE_MB = 400
GOAL_MB_PER_S = 100.0
_CHUNK = 2_000
_PAGES = 60_000
_MONKEYS = "\n🐵🙈🙉\n"
_HEADERS = (
    "Host: www.example.com\r\nConnection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    "\r\nAccept-Encoding: gzip, deflate, br\r\n"
)
_VARIED = """
base_url = "https://www.example.com"
[[source]]
path = "{capture}"
vary = ["Accept-Language"]
"""


def figures(directory: Path) -> list[Figure]:
    """CPU seconds of the whole command, start-up, merging and ranking included."""
    capture = directory / "requests.gor"
    records = _write(capture, SIZE_MB * MEGABYTE)
    plain = warmer("plan", str(capture), "--top", "500", "--base-url", "https://www.example.com")
    (directory / "site.toml").write_text(_VARIED.format(capture=capture))
    varied = warmer("plan", "-c", "site.toml", "--top", "500")
    goal_s = SIZE_MB / GOAL_MB_PER_S
    found = []
    for what, command in (("", plain), (" by language", varied)):
        cost = measure(command, directory=directory)
        note = f"{records:,} requests, {SIZE_MB / cost.cpu_s:.0f} MB/s, {cost.peak_rss_mb:.0f} MB"
        name = f"{SIZE_MB / 1000:g} GB of .gor to a top 500{what}: CPU"
        found.append(against_goal(name, cost.cpu_s, "s", goal_s, note))
    capture.unlink()
    return found


def _write(file: Path, size_bytes: int) -> int:
    """Write at least so many bytes; returns the number of records."""
    chance = random.Random(20_260_101)
    records = written = 0
    at_ns = 1_700_000_000_000_000_000
    with file.open("wb") as out:
        while written < size_bytes:
            parts = []
            for _ in range(_CHUNK):
                at_ns += chance.randrange(1_000_000)
                place = int(_PAGES ** chance.random())
                language = "de" if place % 3 else "en-US,en;q=0.9"
                parts.append(
                    f"1 {chance.getrandbits(96):024x} {at_ns} 0\n"
                    f"GET /products/some-words-of-a-slug-{place}/?color=red HTTP/1.1\r\n{_HEADERS}"
                    f"Accept-Language: {language}\r\n"
                    f"Cookie: sessionid={chance.getrandbits(128):032x}\r\n\r\n{_MONKEYS}"
                )
            text = "".join(parts).encode()
            out.write(text)
            written += len(text)
            records += _CHUNK
    return records
