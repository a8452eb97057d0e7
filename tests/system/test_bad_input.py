"""What bad input gets: one line with the place, exit 2, no traceback, and no run left behind."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.servers.misbehaviour import page
from tests.system.command import crawl, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue
    from tests.system.command import Result

SITE = "http://www.example.test"
NEST = "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'
URLSET = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
LAUGHS = (
    XML
    + b'<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "'
    + NEST.encode()
    + b'">]>\n'
    + URLSET
    + b"<url><loc>http://www.example.test/&b;</loc></url></urlset>"
)
OUTSIDE = (
    XML
    + b'<!DOCTYPE urlset [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
    + URLSET
    + b"<url><loc>http://www.example.test/&a;</loc></url></urlset>"
)
CUT_OFF = XML + URLSET + b"<url><loc>http://www.example.test/"
HTML = b"<!DOCTYPE html><html><title>Log in</title></html>"
BOMB = gzip.compress(XML + URLSET + b" " * 300_000_000, 1)


def address(rogue: Rogue) -> tuple[str, ...]:
    return ("--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}")


def one_line(result: Result) -> str:
    """The line of a refusal; a command that was refused has done and left nothing."""
    assert (result.code, result.stdout) == (2, ""), result.stderr
    line, rest = result.stderr.split("\n", 1)
    assert rest == ""
    assert line.startswith("warmer: ")
    return line.removeprefix("warmer: ")


def statuses(directory: Path) -> list[str]:
    """How the runs in the store of a directory ended; none where there is no store."""
    path = directory / "warmer.db"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path)) as store:
        return [status for (status,) in store.execute("SELECT status FROM runs")]


FILES: dict[str, tuple[bytes, str]] = {
    "empty.txt": (b"", "empty.txt: empty; expected a list, sitemap, access log or capture."),
    "blank.txt": (
        b"\n  \n\n",
        "blank.txt: empty; expected a list, sitemap, access log or capture.",
    ),
    "comments.txt": (
        b"# nothing yet\n",
        "no URL of http://www.example.test to warm: the sources are empty",
    ),
    "picture.txt": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture.txt: binary, a PNG picture"),
    "noise.bin": (bytes(range(256)) * 64, "noise.bin: "),
    "page.xml": (HTML, "page.xml: "),
    "cut.xml": (CUT_OFF, "cut.xml: "),
    "laughs.xml": (LAUGHS, "laughs.xml: "),
    "outside.xml": (OUTSIDE, "outside.xml: "),
    "bomb.xml.gz": (BOMB, "bomb.xml.gz: "),
    "cut.xml.gz": (gzip.compress(XML + URLSET + b" " * 100_000)[:-50], "cut.xml.gz: "),
    "login.txt": (
        b"http://user:s3cr3t@www.example.test/\n",
        (
            "no URL of http://www.example.test to warm:"
            " left out: 1 credentials-in-url (first: login.txt:1)"
        ),
    ),
    "schemes.txt": (
        b"ftp://www.example.test/\njavascript:alert(1)\nfile:///etc/passwd\n",
        "no URL of http://www.example.test to warm: left out: 3 scheme (first: schemes.txt:1)",
    ),
    "others.txt": (
        b"http://other.test/\n",
        (
            "no URL of http://www.example.test to warm: left out: 1 other-host (first: other.test);"
            " if that is a name of this site, add --alias or plan.aliases"
        ),
    ),
    "long.txt": (
        b"/" + b"x" * 1_000_000 + b"\n",
        "no URL of http://www.example.test to warm: left out: 1 line-too-long (first: long.txt:1)",
    ),
    "control.txt": (
        b"/a\x01b\n/c\td\n",
        (
            "no URL of http://www.example.test to warm:"
            " left out: 2 control-character (first: control.txt:1)"
        ),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_source_is_refused(name: str, rogue: Rogue, tmp_path: Path) -> None:
    content, message = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert one_line(crawl(tmp_path, name, *address(rogue))).startswith(message)
    assert rogue.count() == 0
    assert statuses(tmp_path) == []


def test_what_cannot_be_read_is_refused(rogue: Rogue, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    expected = "expected a list, sitemap, access log or capture."
    for name, message in {
        "missing.txt": f"missing.txt: No such file or directory; {expected}",
        "*.log": f"*.log: no file matches this pattern; {expected}",
        "directory": f"directory: Is a directory; {expected}",
        "a" * 300: f"{'a' * 300}: File name too long; {expected}",
    }.items():
        assert one_line(warmer(tmp_path, "crawl", name, *address(rogue))) == message
    assert statuses(tmp_path) == []


SERVED = {
    "/page.xml": (HTML, {"Content-Type": "text/html"}),
    "/cut.xml": (CUT_OFF, {"Content-Type": "application/xml"}),
    "/laughs.xml": (LAUGHS, {"Content-Type": "application/xml"}),
    "/outside.xml": (OUTSIDE, {"Content-Type": "application/xml"}),
    "/bomb.xml.gz": (BOMB, {"Content-Type": "application/gzip"}),
    "/bomb.xml": (BOMB, {"Content-Type": "application/xml", "Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("path", SERVED)
def test_a_sitemap_that_is_none_is_refused_with_its_url(
    path: str, rogue: Rogue, tmp_path: Path
) -> None:
    body, headers = SERVED[path]
    rogue.on(path, page(body, headers=headers))
    line = one_line(crawl(tmp_path, f"{SITE}{path}", *address(rogue)))
    assert line.startswith(f"{SITE}{path}: ")
    assert rogue.count() == 1
    assert statuses(tmp_path) == []


def test_a_sitemap_that_is_not_there_is_refused(rogue: Rogue, tmp_path: Path) -> None:
    line = one_line(crawl(tmp_path, f"{SITE}/sitemap.xml", *address(rogue)))
    assert line == (
        f"{SITE}/sitemap.xml: answered 404; expected a sitemap."
        " Name its own URL, robots:, a list of pages, or discover:/"
    )
    assert statuses(tmp_path) == []


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
        "",
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


def test_bad_lines_are_left_out_counted_and_shown_and_the_others_are_warmed(
    rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/good", page(headers={"X-Cache": "HIT from proxy"}))
    rogue.on("/caf%E9", page(headers={"X-Cache": "HIT from proxy"}))
    (tmp_path / "urls.txt").write_bytes(
        b"/good\n"
        b"/caf\xe9\n"  # not UTF-8: the bytes are kept
        b"http://u:s3cr3t@www.example.test/\n"
        b"gopher://www.example.test/\n"
        b"http://caf\xe9.test/\n"
        b"/a\x7fb\n"
        b"/" + b"x" * 1_000_000 + b"\n"
        b"http://other.test/\n"
        b"http://other.test/2\n"
    )
    result = crawl(tmp_path, "urls.txt", *address(rogue))
    assert result.code == 0, result.stderr
    assert result.warm() == ["/caf%E9", "/good"]
    assert (
        "Left out of the sources: 2 other-host, 1 control-character, 1 credentials-in-url,"
        " 1 line-too-long, 1 scheme, 1 undecodable\n"
    ) in result.stdout
    assert "s3cr3t" not in result.stdout + result.stderr

    planned = warmer(tmp_path, "plan", "urls.txt", *address(rogue))
    assert planned.stderr == (
        "left out: 2 other-host (first: other.test), 1 control-character (first: urls.txt:6),"
        " 1 credentials-in-url (first: urls.txt:3), 1 line-too-long (first: urls.txt:7), 1 scheme (first: urls.txt:4),"
        " 1 undecodable (first: urls.txt:5)\n"
    )
