"""A combined access log to its top 500: `warmer plan LOG --top 500`.

The log is made up with a fixed seed: a long-tailed shop with query strings, tracking
parameters, static files, crawlers, errors, POST requests and quotes inside of fields.
"""

from __future__ import annotations

import random
from itertools import accumulate
from typing import TYPE_CHECKING

from bench.child import measure, warmer
from bench.figure import Figure, against_goal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MEGABYTE = 1_000_000
SIZE_MB = 200
FULL_SIZE_MB = 2_000
GOAL_S = 40.0
"""For 2 GB; a smaller log has its part of it."""
GOAL_MB = 500.0
TOP = 500
_CHUNK = 20_000


def figures(directory: Path, *, full: bool) -> list[Figure]:
    """Time on the wall and peak memory."""
    size_mb = FULL_SIZE_MB if full else SIZE_MB
    log = directory / "access.log"
    lines = _write_log(log, size_mb * MEGABYTE)
    command = warmer("plan", str(log), "--top", str(TOP), "--base-url", "https://www.example.com")
    cost = measure(command, directory=directory)
    log.unlink()
    what = f"{size_mb / 1000:g} GB of combined log to a top {TOP}"
    rate = f"{lines:,} lines, {cost.cpu_s:.1f} s of CPU"
    goal_s = GOAL_S * size_mb / FULL_SIZE_MB
    return [
        against_goal(what, cost.wall_s, "s", goal_s, rate),
        against_goal(f"{what}: peak memory", cost.peak_rss_mb, "MB", GOAL_MB),
    ]


def _write_log(file: Path, size_bytes: int) -> int:
    """Write at least so many bytes; returns the number of lines."""
    chance = random.Random(20_250_101)
    addresses = [f"198.51.{chance.randrange(256)}.{chance.randrange(256)}" for _ in range(20_000)]
    requests, popularity = _requests(chance)
    ends = [
        f'"{referer}" "{agent}"\n'
        for referer in ("-", "https://www.example.com/", 'https://search.example/?q=\\"a b\\"')
        for agent in _agents(chance)
    ]
    lines = written = moment = 0
    with file.open("wb") as out:
        while written < size_bytes:
            chosen = chance.choices(requests, cum_weights=popularity, k=_CHUNK)
            who = chance.choices(addresses, k=_CHUNK)
            how = chance.choices(ends, k=_CHUNK)
            stamps = [
                f"{(moment + n // 40) // 60 % 60:02}:{(moment + n // 40) % 60:02}"
                for n in range(_CHUNK)
            ]
            text = "".join(
                f"{address} - - [07/Mar/2025:13:{stamp} +0000] {request} {end}"
                for address, stamp, request, end in zip(who, stamps, chosen, how, strict=True)
            ).encode()
            out.write(text)
            moment += _CHUNK // 40
            lines += _CHUNK
            written += len(text)
    return lines


def _requests(chance: random.Random) -> tuple[Sequence[str], Sequence[float]]:
    """The middle of lines (request, status, bytes) and their cumulated weights."""
    weighted: list[tuple[str, float]] = []
    for place in range(1, 60_001):
        path = f"/products/some-words-of-a-slug-{place}/"
        weighted.append((_answered("GET", path, 200, chance), 1 / place))
        if place % 3 == 0:
            weighted.append(
                (_answered("GET", f"{path}?color=red&size={place % 9}", 200, chance), 0.4 / place)
            )
        if place % 4 == 0:
            weighted.append(
                (
                    _answered("GET", f"{path}?utm_source=mail&utm_id={place}", 200, chance),
                    0.3 / place,
                )
            )
        if place % 7 == 0:
            weighted.append((_answered("GET", path, 304, chance), 0.2 / place))
        if place % 11 == 0:
            weighted.append((_answered("POST", f"/basket/add/{place}/", 302, chance), 0.5 / place))
        if place % 13 == 0:
            weighted.append((_answered("GET", f"/gone/{place}/", 404, chance), 0.3 / place))
    total = sum(weight for _, weight in weighted)
    for number in range(300):
        file = f"/static/{number:x}/app.{'css' if number % 2 else 'js'}?v={number}"
        weighted.append((_answered("GET", file, 200, chance), total * 0.3 / 300))
    return [line for line, _ in weighted], list(accumulate(weight for _, weight in weighted))


def _answered(method: str, path: str, status: int, chance: random.Random) -> str:
    return f'"{method} {path} HTTP/1.1" {status} {chance.randrange(200, 90_000)}'


def _agents(chance: random.Random) -> list[str]:
    browsers = [
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{chance.randrange(90, 141)}.0.{chance.randrange(9999)}.0 Safari/537.36"
        for _ in range(150)
    ]
    return [
        *browsers,
        "examplebot/2.1 (+http://bot.example/)",
        "Mozilla/5.0 (compatible; warmer/0.1.0)",
    ]
