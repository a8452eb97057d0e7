"""Captures through the command line: what is planned, warmed and sent, by whom they were written."""

from __future__ import annotations

import gzip
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.misbehaviour import page
from tests.servers.process import free_port, require
from tests.system.command import assert_proven, crawl, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartSite
    from tests.servers.rogue import Rogue
    from tests.servers.stores import RedisServer

MONKEYS = "\n🐵🙈🙉\n"
CHUNK = "1 id {at} 0\nGET {target} HTTP/1.1\r\nHost: {host}\r\nAccept-Language: {language}\r\n"
COOKIE = "Cookie: sessionid=hunter2\r\n"
URLS = """# as siege reads it
HOST=127.0.0.1:{port}
ROOT=http://$(HOST)
$(ROOT)/a
http://${{HOST}}/b?x=1&y=2
$(ROOT)/c POST name=red shoes&size=7
127.0.0.1:{port}/d
$(ROOT)/e PUT x=1
$(ROOT)/f POST <data.txt
"""


def capture(*asked: tuple[str, str], more: str = COOKIE) -> str:
    return "".join(
        CHUNK.format(at=at, target=target, host=PUBLIC_HOST, language=language)
        + f"{more}\r\n{MONKEYS}"
        for at, (target, language) in enumerate(asked, 1_700_000_000_000_000_000)
    )


def test_recorded_languages_become_variants_that_are_warm_for_their_visitors(
    tmp_path: Path, start_site: StartSite, redis_server: RedisServer
) -> None:
    location = redis_server.database(1)
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=location, site_cache=True, i18n=True)
    )
    german = [("/p/1/", "de")] * 4 + [("/p/2/", "de")] * 2
    english = [("/p/1/", "en")] * 3
    (tmp_path / "requests_0.gor").write_text(capture(*german))
    (tmp_path / "requests_1.gor.gz").write_bytes(gzip.compress(capture(*english).encode()))
    (tmp_path / "site.toml").write_text(
        f'base_url = "http://{PUBLIC_HOST}"\nconnect_to = "{site.node}"\n'
        '[[source]]\npath = "requests.gor"\nvary = ["Accept-Language"]\n'
        f'[[cache]]\nurl = "{location}"\n'
    )
    planned = warmer(tmp_path, "plan", "-c", "site.toml")
    assert [row.split("\t")[1:] for row in planned.stdout.splitlines()[1:-1]] == [
        ["0.444444", f"http://{PUBLIC_HOST}/p/1/", "accept-language=de"],
        ["0.333333", f"http://{PUBLIC_HOST}/p/1/", "accept-language=en"],
        ["0.222222", f"http://{PUBLIC_HOST}/p/2/", "accept-language=de"],
    ]
    done = crawl(tmp_path, "-c", "site.toml", "--threshold", "hit_ratio>=1")
    assert done.code == 0, done.stderr
    assert [row.verdict for row in done.rows] == ["warm"] * 3
    languages = {f"accept-language={each}": {"Accept-Language": each} for each in ("de", "en")}
    assert_proven(done.rows, site, site.node, languages)
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.glob("warmer.db*"))


def test_a_run_over_recorded_variants_can_be_resumed(tmp_path: Path, rogue: Rogue) -> None:
    rogue.on("/p/1/", page(headers={"X-Cache-Status": "HIT"}))
    (tmp_path / "requests.gor").write_text(capture(("/p/1/", "de"), ("/p/1/", "en"), more=""))
    (tmp_path / "site.toml").write_text(
        f'base_url = "http://{PUBLIC_HOST}"\nconnect_to = "127.0.0.1:{free_port()}"\n'
        '[[source]]\npath = "requests.gor"\nvary = ["Accept-Language"]\n'
    )
    assert crawl(tmp_path, "-c", "site.toml").code == 3
    again = crawl(tmp_path, "--resume", "last", "--connect-to", f"127.0.0.1:{rogue.port}")
    assert [(row.variant, row.verdict) for row in again.rows] == [
        ("accept-language=de", "warm"),
        ("accept-language=en", "warm"),
    ]
    assert {each.headers["accept-language"] for each in rogue.requests()} == {"de", "en"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.gor", b"", "empty.gor: empty; expected a list, sitemap, access log or capture."),
        ("cut.gor", b"1 id 5 0\nGET / HT", "left out: 1 truncated (first: cut.gor: record 1)"),
        ("posts.gor", b"1 i 5 0\nPOST / HTTP/1.1\r\n\r\n\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n",
         "left out: 1 not-get (first: posts.gor: record 1)"),
        ("cut.har", b'{"log": {"version": "1.2", "entries": [{"request"',
         "left out: 1 truncated (first: cut.har: entry 1)"),
        ("no.har", b'{"log": {"version": "1.2", "pages": []}}',
         "no.har: no HAR capture; expected a JSON object with log.entries."),
        ("targets.txt", b"GET http://h/\nno header\n", "left out: 1 unparsable (first: targets.txt:1)"),
        ("urls.txt", b"A=$(A)\nhttp://$(A)/\n", "left out: 1 undefined-variable (first: urls.txt:2)"),
        ("lies.gor", b"\x1f\x8b\x08\x00 is no gzip", "lies.gor: damaged compressed file"),
    ],
)  # fmt: skip
def test_a_capture_in_which_nothing_is_left_ends_the_command(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    done = warmer(tmp_path, "plan", name, "--base-url", "http://h")
    assert done.code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_siege_and_warmer_send_the_same_from_the_same_file(tmp_path: Path, rogue: Rogue) -> None:
    for target in ("/a", "/b?x=1&y=2", "/c", "/d", "/e", "/f"):
        rogue.on(target, page())
    (tmp_path / "data.txt").write_text("from=a file")
    (tmp_path / "urls.txt").write_text(URLS.format(port=rogue.port))
    siege = require("siege", package="siege")
    command = [
        siege,
        "--no-parser",
        "--concurrent=1",
        "--reps=once",
        "--benchmark",
        "-f",
        "urls.txt",
    ]
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=tmp_path, env=home, capture_output=True, check=True, timeout=60)
    by_siege = sent(rogue)
    assert len(by_siege) == 6
    done = warmer(
        tmp_path, "replay", "urls.txt", "--base-url", rogue.url, "--unsafe-methods",
        "--rate", "50/s", "--concurrency", "1",
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert sent(rogue)[6:] == by_siege


def sent(rogue: Rogue) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (each.method, each.target, each.headers.get("content-type"), each.headers.get("content-length"))
        for each in rogue.requests()
    ]  # fmt: skip
