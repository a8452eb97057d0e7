from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
import zstandard

from warmer.errors import SourceError
from warmer.sources.offline import open_source
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from pathlib import Path

LINE = '192.0.2.1 - - [23/Nov/2025:07:36:00 +0000] "GET {} HTTP/1.1" 200 5 "-" "curl"\n'


def candidates(spec: str | Path, **options: str) -> list[tuple[str, float]]:
    source = open_source(str(spec), skipped=Skipped(), **options)
    return sorted((candidate.url, candidate.weight) for candidate in source.candidates)


def refusal(spec: str | Path, **options: str) -> str:
    with pytest.raises(SourceError) as error:
        candidates(spec, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_list_is_recognised_and_observes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("/a\n/b\n")
    source = open_source(str(path), skipped=Skipped())
    assert (source.kind, source.observed) == ("list", False)
    assert [candidate.url for candidate in source.candidates] == ["/a", "/b"]


@pytest.mark.parametrize(("header", "observed"), [("url,hits", True), ("url,title", False)])
def test_a_table_observes_traffic_if_a_column_counts_it(
    header: str, *, observed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"{header}\n/a,7\n")
    source = open_source(str(path), skipped=Skipped())
    assert (source.kind, source.observed) == ("csv", observed)
    assert [c.weight for c in source.candidates] == [7.0 if observed else 1.0]


def test_rotated_logs_are_one_source_that_observed_traffic(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("")
    (tmp_path / "access.log.1").write_text(LINE.format("/a") * 2)
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(LINE.format("/a").encode()))
    packed = zstandard.compress(("www.example.com:443 " + LINE.format("/a")).encode())
    (tmp_path / "access.log.3.zst").write_bytes(packed)
    skipped = Skipped()
    source = open_source(f"{tmp_path}/access.log*", skipped=skipped)
    assert (source.kind, source.observed) == ("access-log", True)
    found = sorted((candidate.url, candidate.weight) for candidate in source.candidates)
    assert found == [("//www.example.com/a", 1.0), ("/a", 3.0)]
    assert skipped.as_dict() == {"empty-file": 1}


def test_sitemaps_are_handed_on_as_streams_one_after_the_other(tmp_path: Path) -> None:
    for name in ("sitemap-1.xml", "sitemap-2.xml"):
        (tmp_path / name).write_text("<urlset/>")
    source = open_source(f"{tmp_path}/sitemap-*.xml", skipped=Skipped())
    assert (source.kind, source.observed) == ("sitemap", False)
    found = [(named.place, named.stream.read()) for named in source.streams]
    assert found == [
        (f"{tmp_path}/sitemap-1.xml", b"<urlset/>"),
        (f"{tmp_path}/sitemap-2.xml", b"<urlset/>"),
    ]
    assert list(source.candidates) == []


def test_a_kind_can_be_forced(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("url\n/a\n")
    assert candidates(path) == [("/a", 1.0)]
    skipped = Skipped()
    source = open_source(str(path), kind="list", skipped=skipped)
    assert [candidate.url for candidate in source.candidates] == ["/a"]
    assert skipped.as_dict() == {"not-a-url": 1}


def test_a_log_format_makes_it_an_access_log(tmp_path: Path) -> None:
    path = tmp_path / "odd.log"
    path.write_text("200 GET /a HTTP/1.1\n")
    assert candidates(path, log_format="%>s %r") == [("/a", 1.0)]
    assert refusal(path, log_format="%>s").startswith('log format "%>s": does not tell')


def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert refusal(path).endswith(
        "file: No such file or directory; expected a list, sitemap, access log or capture."
    )
    path.write_bytes(b"\n")
    assert refusal(path) == f"{path}: empty; expected a list, sitemap, access log or capture."
    path.write_bytes(gzip.compress(b""))
    assert refusal(path) == f"{path}: empty; expected a list, sitemap, access log or capture."
    path.write_bytes(b"\x7fELF\0\0")
    assert "binary, an ELF program" in refusal(path)
    assert "binary, an ELF program" in refusal(path, kind="list")
    path.write_text("/a\n")
    assert refusal(path, kind="pcap") == (
        f"{path}: pcap is no kind of file; expected one of sitemap, csv, access-log, list, gor, "
        "har, vegeta, siege, wget."
    )
    assert refusal(path, kind="har") == (
        f"{path}: no HAR capture; expected a JSON object with log.entries."
    )
    assert "no line in a known access log format" in refusal(path, kind="access-log")


def test_files_of_several_kinds_are_no_source(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("/a\n")
    (tmp_path / "b.txt").write_text(LINE.format("/b"))
    assert refusal(f"{tmp_path}/*.txt").startswith(
        f"{tmp_path}/b.txt: recognised as access-log, the first file of this source as list; "
    )
