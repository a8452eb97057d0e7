from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import SourceError
from warmer.sources.recognise import Kind, recognise

W3C = (
    b"#Version: 1.0\n#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status\n"
    b"2025-11-23 07:36:00 GET / - 200\n"
)
LOG = b'1.2.3.4 - - [23/Nov/2025:07:36:00 +0000] "GET /p HTTP/1.1" 200 5 "-" "curl"\n'


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b'<?xml version="1.0"?>\n<urlset xmlns="x">', "sitemap"),
        (b"\xef\xbb\xbf \n<!-- made by <html> -- - --><sitemapindex>", "sitemap"),
        (b'<?xml version="1.0"?><?xml-stylesheet href="x"?><ns:urlset>', "sitemap"),
        (b"<rss version='2.0'>", "sitemap"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom">', "sitemap"),
        (b"<rdf:RDF>", "sitemap"),
        ('<?xml version="1.0" encoding="utf-16"?><urlset>'.encode("utf-16"), "sitemap"),
        (b"<!DOCTYPE urlset [<!ENTITY a 'b'>]><urlset>", "sitemap"),
        (b"url,hits\n/,1\n", "csv"),
        ("\ufeffPage;Sessions\r/;1\r".encode(), "csv"),
        (LOG, "access-log"),
        (LOG.rstrip(), "access-log"),
        (b"\n\ngarbage\n" + LOG, "access-log"),
        (b'{"request":{"method":"GET","uri":"/"},"status":200}\n', "access-log"),
        (W3C, "access-log"),
        (b"# pages\nhttps://example.com/\n", "list"),
        (b"/page\n", "list"),
        (b"nonsense", "list"),
        (b'{ "log": {"version": "1.2", "entries": [', "har"),
        (b'\xef\xbb\xbf{"log":{"version":"1.2","creator":{}', "har"),
        (b"1 a 1 1\nGET / HTTP/1.1\r\n\r\n\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n", "gor"),
        (b"2 a 1700000000000000000 5\nHTTP/1.1 200 OK\r\n\r\n\x00\x01", "gor"),
        (b"GET https://example.com/\nX-A: b\n", "vegeta"),
        (b"# attack\r\n\r\nPOST https://example.com/\r\n@body.json\r\n", "vegeta"),
        (b'{"method":"GET","url":"https://example.com/"}\n', "vegeta"),
        (b"HOST=example.com\nhttp://$(HOST)/\n", "siege"),
        (b"https://example.com/a\nhttps://example.com/b POST c=d\n", "siege"),
        (b"https://example.com/?q=a POST\n# x=y\n", "siege"),
        (b"# x=y\nhttps://example.com/?POST=1\n", "list"),
        (b"[::1]:8000/page\n", "list"),
    ],
)  # fmt: skip
def test_the_kind_is_told_by_content(head: bytes, kind: str) -> None:
    assert recognise(head, "x") == kind


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"", "x: empty; expected a list, sitemap, access log or capture."),
        (b" \n\t\n", "x: empty; expected"),
        (b"\x7fELF\x02\x01\x01\x00", "x: binary, an ELF program; expected"),
        (b"\x89PNG\r\n\x1a\n", "x: binary, a PNG picture; expected"),
        (b"PK\x03\x04\x14\x00", "x: binary, a zip archive (or xlsx, docx); expected"),
        (b"SQLite format 3\x00", "x: binary, an SQLite database; expected"),
        (b"/page\n\x00\x00", "x: binary, no text; expected"),
        (bytes(range(256)), "x: binary, no text; expected"),
        (b"a.txt".ljust(257, b"\0") + b"ustar", "x: binary, a tar archive; expected"),
        (b"<!doctype HTML><p>", "x: an HTML page, not a sitemap or list; expected"),
        (b"\n<!-- x --><html>", "x: an HTML page, not a sitemap or list; expected"),
        (b"<?xml version='1.0'?><svg>", "x: XML, but no sitemap or feed; expected"),
        (b'{"name": "x"}', "x: JSON, but not lines of an access log; expected"),
        (b"[1, 2]", "x: JSON, but not lines of an access log; expected"),
    ],
)  # fmt: skip
def test_what_is_no_source_is_named_in_one_line(head: bytes, message: str) -> None:
    with pytest.raises(SourceError) as error:
        recognise(head, "x")
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_recognised_or_refused(head: bytes) -> None:
    for start in (b"", b"<", b"{", b"<!--"):
        try:
            kind = recognise(start + head, "x")
        except SourceError:
            continue
        assert kind in get_args(Kind)
