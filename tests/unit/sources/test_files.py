from __future__ import annotations

import gzip
import io
import os
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from warmer.errors import SourceError
from warmer.sources.files import expand, opened
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"".join(b"/page/%d\n" % number for number in range(20_000))


def content_of(path: Path, skipped: Skipped | None = None) -> bytes:
    with opened(str(path), skipped or Skipped()) as file:
        return b"".join(file.chunks)


def packed(kind: str, content: bytes) -> bytes:
    if kind == "gzip":
        return gzip.compress(content, 6)
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def test_a_pattern_gives_rotated_files_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("access.log", "access.log.10.gz", "access.log.2.gz", "access.log.1", "error.log"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "access.log.d").mkdir()
    names = [path.removeprefix(f"{tmp_path}/") for path in expand(f"{tmp_path}/access.log*")]
    assert names == ["access.log", "access.log.1", "access.log.2.gz", "access.log.10.gz"]


def test_a_file_named_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "urls[1].txt"
    path.write_bytes(b"/\n")
    assert expand(str(path)) == [str(path)]


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"^nowhere/\*\.log: no file matches this pattern; "):
        expand("nowhere/*.log")


def test_a_missing_file_is_named_with_what_was_expected(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError) as error,
        opened(str(tmp_path / "urls.txt"), Skipped()),
    ):
        pass
    assert str(error.value) == (
        f"{tmp_path}/urls.txt: No such file or directory; expected a list, sitemap, access log or capture."
    )


@pytest.mark.parametrize(
    ("path", "is_told"),
    [
        ("www.example.com", True),
        ("example.com:8000/sitemap.xml", True),
        ("urls.txt", False),
        ("export.2026.csv", False),
        ("logs/access", False),
    ],
)
def test_who_names_a_site_without_a_scheme_is_told_of_urls(path: str, *, is_told: bool) -> None:
    with pytest.raises(SourceError) as error, opened(path, Skipped()):
        pass
    hint = "A site is named by a URL, such as https://www.example.com/sitemap.xml"
    assert str(error.value).endswith(hint) == is_told


def test_a_site_s_file_among_the_sources_is_refused_with_the_way_it_is_named(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shop.toml"
    path.write_text('base_url = "https://www.example.com"\n')
    with pytest.raises(SourceError) as error, opened(str(path), Skipped()):
        pass
    assert str(error.value) == (
        f"{path}: a site's TOML file is no source; it is named by -c,"
        f" as in `warmer crawl -c {path}`"
    )


def test_a_directory_and_a_name_with_a_null_byte_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Is a directory"):
        content_of(tmp_path)
    with pytest.raises(SourceError, match="null byte"), opened("a\0b", Skipped()):
        pass


def test_standard_input_is_read_without_being_rewound(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BytesIO(gzip.compress(CONTENT))

    monkeypatch.setattr(sys, "stdin", Pipe)
    with opened("-", Skipped()) as file:
        assert file.place == "standard input"
        assert file.head == CONTENT[:65_536]
        assert b"".join(file.chunks) == CONTENT
    assert not Pipe.buffer.closed


def test_closed_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with (
        pytest.raises(SourceError, match=r"^standard input: it is closed;"),
        opened("-", Skipped()),
    ):
        pass


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_compressed_files_are_known_by_content_whatever_their_name(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(packed(kind, CONTENT))
    assert content_of(path) == CONTENT
    path.write_bytes(gzip.compress(packed(kind, CONTENT)))
    assert content_of(path) == CONTENT
    plain = tmp_path / "lying.log.gz"
    plain.write_bytes(CONTENT)
    assert content_of(plain) == CONTENT


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_joined_members_are_one_file_and_padding_ends_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(packed(kind, b"/a\n") + packed(kind, b"/b\n") + b"\0" * 2000)
    skipped = Skipped()
    assert content_of(path, skipped) == b"/a\n/b\n"
    assert skipped.as_dict() == {}


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_what_came_before_the_cut_is_kept_and_counted_as_truncated(
    kind: str, tmp_path: Path
) -> None:
    whole = packed(kind, os.urandom(1_000_000).hex().encode())
    path = tmp_path / "cut.gz"
    path.write_bytes(whole[: len(whole) // 2])
    skipped = Skipped()
    kept = content_of(path, skipped)
    assert 500_000 < len(kept) < 1_100_000
    assert skipped.as_dict() == {"truncated": 1}
    assert skipped.places() == {"truncated": str(path)}


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_damaged_file_keeps_what_came_before_the_damage(kind: str, tmp_path: Path) -> None:
    whole = bytearray(packed(kind, os.urandom(1_000_000).hex().encode()))
    whole[len(whole) // 2 : len(whole) // 2 + 2000] = b"\xff" * 2000
    path = tmp_path / "damaged"
    path.write_bytes(whole)
    skipped = Skipped()
    assert len(content_of(path, skipped)) > 500_000
    assert skipped.as_dict() == {"truncated": 1}


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"])
def test_a_compressed_file_of_which_nothing_comes_is_an_error(magic: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.gz"
    path.write_bytes(magic + b"\xff" * 40)
    with pytest.raises(SourceError, match=r"bad\.gz: damaged compressed file \(.+\); expected"):
        content_of(path)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_comes_in_bounded_chunks(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(packed(kind, b"\0" * 50_000_000))
    with opened(str(path), Skipped()) as file:
        assert len(file.head) == 65_536
        assert max(map(len, file.chunks)) < 18_000_000


def test_a_file_is_given_as_a_binary_stream_too(tmp_path: Path) -> None:
    path = tmp_path / "sitemap.xml.gz"
    path.write_bytes(gzip.compress(CONTENT))
    with opened(str(path), Skipped()) as file:
        stream = file.stream()
        assert stream.readline() == b"/page/0\n"
        assert stream.read(3) == b"/pa"
        assert stream.read() == CONTENT[11:]
        assert stream.read(1) == b""
