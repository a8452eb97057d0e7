"""Sources that are none, or not to be trusted: one line with the place, and no run left behind."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.servers.misbehaviour import page
from tests.system.command import crawl, warmer
from tests.system.refusals import SITE, address, one_line, statuses

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue

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
TOO_SHORT = "is cut off or not well-formed before its first entry: Premature end of data in tag "
TOO_LARGE = "is larger than 52,428,800 bytes unpacked, the limit for one sitemap file; split it"
ENTITIES = "has a DOCTYPE; entities are refused"


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
    "noise.bin": (bytes(range(256)) * 64, "noise.bin: binary, no text; expected a list,"),
    "page.xml": (HTML, "page.xml: an HTML page, not a sitemap or list; expected a list,"),
    "cut.xml": (CUT_OFF, f"cut.xml: {TOO_SHORT}"),
    "laughs.xml": (LAUGHS, f"laughs.xml: {ENTITIES}"),
    "outside.xml": (OUTSIDE, f"outside.xml: {ENTITIES}"),
    "bomb.xml.gz": (BOMB, f"bomb.xml.gz: {TOO_LARGE}"),
    "cut.xml.gz": (
        gzip.compress(XML + URLSET + b" " * 100_000)[:-50],
        f"cut.xml.gz: {TOO_SHORT}",
    ),
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
    "/page.xml": (HTML, {"Content-Type": "text/html"}, "answered with an HTML page; expected"),
    "/cut.xml": (CUT_OFF, {"Content-Type": "application/xml"}, TOO_SHORT),
    "/laughs.xml": (LAUGHS, {"Content-Type": "application/xml"}, ENTITIES),
    "/outside.xml": (OUTSIDE, {"Content-Type": "application/xml"}, ENTITIES),
    "/bomb.xml.gz": (BOMB, {"Content-Type": "application/gzip"}, TOO_LARGE),
    "/bomb.xml": (
        BOMB,
        {"Content-Type": "application/xml", "Content-Encoding": "gzip"},
        "cannot be fetched: ",
    ),
}


@pytest.mark.parametrize("path", SERVED)
def test_a_sitemap_that_is_none_is_refused_with_its_url(
    path: str, rogue: Rogue, tmp_path: Path
) -> None:
    body, headers, message = SERVED[path]
    rogue.on(path, page(body, headers=headers))
    line = one_line(crawl(tmp_path, f"{SITE}{path}", *address(rogue)))
    assert line.startswith(f"{SITE}{path}: {message}")
    assert rogue.count() == 1
    assert statuses(tmp_path) == []


def test_a_sitemap_that_is_not_there_is_refused(rogue: Rogue, tmp_path: Path) -> None:
    line = one_line(crawl(tmp_path, f"{SITE}/sitemap.xml", *address(rogue)))
    assert line == (
        f"{SITE}/sitemap.xml: answered 404; expected a sitemap."
        " Name its own URL, robots:, a list of pages, or discover:/"
    )
    assert statuses(tmp_path) == []


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["crawl", "plan"])
def test_a_sitemap_that_is_broken_for_now_is_no_mistake_of_the_command_line(
    options: tuple[str, ...], rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/sitemap.xml", page(b"", status="500 Internal Server Error"))
    result = crawl(tmp_path, f"{SITE}/sitemap.xml", *address(rogue), *options)
    assert result.code == 3
    assert result.stderr == (
        f"warmer: {SITE}/sitemap.xml: answered 500; expected a sitemap. Look into the site's log\n"
    )


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
