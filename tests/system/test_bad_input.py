"""What a wrong command line or site file gets: one line with the place, exit 2, and no run left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.command import warmer
from tests.system.refusals import address, one_line, statuses

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue

ARGUMENTS: dict[str, tuple[tuple[str, ...], str]] = {
    "a cache of an unknown scheme": (
        ("--cache", "mongodb://127.0.0.1/0"),
        'command line: cache mongodb://127.0.0.1/0: unknown scheme "mongodb"; expected one of redis://,',
    ),
    "a cache without a scheme": (
        ("--cache", "127.0.0.1:6379"),
        "command line: cache 127.0.0.1:6379: no scheme; expected one of redis://,",
    ),
    "a cache with a wrong password in it": (
        ("--cache", "redis://:s3cr3t@127.0.0.1:x/0"),
        "command line: cache redis://***@127.0.0.1:x/0: not a host with a port; expected",
    ),
    "a site that is none": (
        ("--base-url", "www.example.test"),
        'command line: base_url: "www.example.test" is not a site; expected https://host[:port]',
    ),
    "a site whose bytes are no text": (
        ("--base-url", "http://\udcff.test"),
        'command line: base_url: "http://\\udcff.test" is not a site; expected https://host[:port]',
    ),
    "a way that is none": (
        ("--connect-to", "127.0.0.1"),
        ('command line: connect_to: "127.0.0.1" is not HOST:PORT; expected for instance'
        " 10.0.0.5:443"),
    ),
    "a header that is none": (
        ("--header", "s3cr3t"),
        "--header: no name and value with a colon between them;",
    ),
    "a header with a line break": (
        ("--header", "X-A: 1\r\nX-B: 2"),
        'command line: headers: the value of header "X-A" is not one line of UTF-8 text;',
    ),
    "a header with bytes that are no text": (
        ("--header", "X-A: \udcff"),
        'command line: headers: the value of header "X-A" is not one line of UTF-8 text;',
    ),
    "a rate that is none": (
        ("--rate", "fast"),
        '--rate "fast": expected requests a second, such as 5/s or 300/m',
    ),
    "a concurrency that is none": (
        ("--concurrency", "0"),
        '--concurrency "0": expected auto or a whole number from 1',
    ),
    "a threshold that is none": (
        ("--threshold", "hit_rate>=1"),
        "command line: threshold 'hit_rate>=1': unknown metric hit_rate; expected",
    ),
    "a pattern that is none": (
        ("--exclude", "["),
        'command line: plan.exclude[0]: "[" is not a regular expression:',
    ),
    "a report of an unknown kind": (
        ("--report", "report.docx"),
        'report.docx: no report format has the suffix ".docx"; expected .json, .jsonl, .html',
    ),
    "a report where nothing can be written": (
        ("--report", "missing/report.json"),
        "missing/report.json: the report cannot be written: No such file or directory;",
    ),
    "a log format that is none": (
        ("--log-format", "%Z"),
        'log format "%Z": does not tell what was asked for; expected %r or %m and %U',
    ),
    "a store that is none": (
        ("--store", "urls.txt"),
        "urls.txt: cannot be used as the store: file is not a database;",
    ),
    "a run that is none": (
        ("--resume", "2026"),
        "warmer.db: no such file; expected the store that `warmer crawl` makes",
    ),
    "a refresh without its secret": (
        ("--refresh",),
        "--refresh needs crawl.refresh_secret",
    ),
    "an option that is none": (
        ("--no-such-option",),
        "No such option",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ARGUMENTS)
def test_a_mistake_on_the_command_line_is_refused(what: str, rogue: Rogue, tmp_path: Path) -> None:
    arguments, message = ARGUMENTS[what]
    (tmp_path / "urls.txt").write_text("/a\n" * 100, encoding="utf-8")
    line = one_line(warmer(tmp_path, "crawl", "urls.txt", *address(rogue), *arguments))
    assert line.startswith(message)
    assert "s3cr3t" not in line
    assert rogue.count() == 0
    assert statuses(tmp_path) == []


def test_a_site_file_is_refused_with_its_name_and_place(tmp_path: Path) -> None:
    for text, message in {
        'base_url = "https://a.test"\n[crawl]\ntimeout = 1\n': (
            'shop.toml: crawl.timeout: unknown key; did you mean "timeout_s"?'
        ),
        "base_url = https://a.test\n": (
            "shop.toml: not TOML: Invalid value (at line 1, column 12)"
        ),
        '[[cache]]\nurl = "redis://:${NO_SUCH_VARIABLE}@h"\n': (
            "shop.toml: cache[0].url: environment variable NO_SUCH_VARIABLE is not set;"
            " expected it to hold the value"
        ),
        '[thresholds]\nall = ["hit_ratio>=95"]\n': (
            "shop.toml: threshold 'hit_ratio>=95': hit_ratio is 0 to 1;"
            " expected 0.95 or 95%, for example"
        ),
        '[[schedule]]\ncron = "* * *"\n': (
            'shop.toml: schedule[0].cron: "* * *": 3 fields; expected five fields,'
            " such as */15 * * * *"
        ),
        '[[cache]]\nurl = "mongodb://a"\n': (
            'shop.toml: cache mongodb://a: unknown scheme "mongodb"; expected one of'
            " redis://, rediss://, unix://, redis+sentinel://, redis+cluster://, memcached://,"
            " memcached+unix://"
        ),
    }.items():
        (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
        assert one_line(warmer(tmp_path, "crawl", "-c", "shop.toml", "-", stdin="/a\n")) == message
        assert one_line(warmer(tmp_path, "check", "shop.toml")) == message
    assert statuses(tmp_path) == []


def test_paths_without_a_site_are_refused(tmp_path: Path) -> None:
    line = one_line(warmer(tmp_path, "crawl", "-", stdin="/a\n"))
    assert line == '"/a" does not say on which site; expected --base-url https://host'
    assert statuses(tmp_path) == []


def test_a_command_without_sources_is_refused(rogue: Rogue, tmp_path: Path) -> None:
    line = one_line(warmer(tmp_path, "crawl", *address(rogue)))
    assert line == "no source: expected a list, a log, a sitemap, or discover:/"
    assert statuses(tmp_path) == []


def test_variants_that_take_no_page_are_refused_and_the_run_is_not_left_running(
    rogue: Rogue, tmp_path: Path
) -> None:
    (tmp_path / "shop.toml").write_text(
        '[[variant]]\nname = "mobile"\ninclude = ["^/m/"]\n', encoding="utf-8"
    )
    line = one_line(warmer(tmp_path, "crawl", "-c", "shop.toml", "-", *address(rogue), stdin="/a"))
    assert line == "no target: the variants' include patterns leave nothing"
    assert statuses(tmp_path) == ["aborted"]
