"""`warmer replay` as a person runs it, against an origin that counts what it is sent."""

from __future__ import annotations

import contextlib
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.misbehaviour import in_turn, page, slow
from tests.servers.process import free_port
from tests.system.command import read_reports, started, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue
    from tests.system.command import Result

MONKEYS = "\n🐵🙈🙉\n"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
HIT = {"X-Cache-Status": "HIT"}
MISS = {"X-Cache-Status": "MISS"}


def replay(directory: Path, rogue: Rogue, *arguments: str, code: int = 0) -> Result:
    done = warmer(
        directory, "replay", *arguments, "--base-url", rogue.url,
        "--report", "report.json", "--report", "report.jsonl",
    )  # fmt: skip
    assert done.code == code, done.stderr
    return done


def report(directory: Path) -> dict[str, Any]:
    return read_reports(directory)[0]


def logged(
    second: int, target: str, *, client: str = "192.0.2.1", method: str = "GET", status: int = 200
) -> str:
    moment = f"23/Nov/2026:08:00:{second:02} +0000"
    return f'{client} - - [{moment}] "{method} {target} HTTP/1.1" {status} 5 "-" "{BROWSER}"\n'


def captured(
    target: str, *headers: str, method: str = "GET", body: str = "", at_ms: int = 0
) -> str:
    lines = "".join(f"{each}\r\n" for each in ("Host: shop.example.com", *headers))
    at_ns = 1_700_000_000_000_000_001 + at_ms * 1_000_000
    return f"1 id {at_ns} 0\n{method} {target} HTTP/1.1\r\n{lines}\r\n{body}{MONKEYS}"


def test_a_log_is_sent_again_in_its_order_and_not_faster_than_it_was(
    tmp_path: Path, rogue: Rogue
) -> None:
    for name in "abc":
        rogue.on(f"/{name}", page(headers=HIT if name != "c" else MISS))
    (tmp_path / "access.log").write_text(
        logged(0, "/a") + logged(4, "/c") + logged(2, "/b") + logged(6, "/a", status=404)
    )
    done = replay(tmp_path, rogue, "access.log", "--speed", "2")
    seen = rogue.requests()
    assert [each.target for each in seen] == ["/a", "/b", "/c", "/a"]
    # Of the three seconds that lie between them, a busy machine may have made the first late.
    assert seen[-1].at - seen[0].at > 1.0
    assert seen[0].headers["user-agent"] == f"{BROWSER} (compatible; warmer/0.1.0)"
    assert done.stdout.startswith("Caches answered 3 of 4 requests by their own word (75.0 %).")
    found, rows = read_reports(tmp_path)
    assert found["run"]["kind"] == "replay"
    assert found["counts"] | {"attempted": 4, "planned": 4} == found["counts"]
    assert [(row.target, row.verdict, row.reason) for row in rows] == [
        ("/a", "warm", None),
        ("/b", "warm", None),
        ("/c", "unverified", "cold"),
        ("/a", "warm", None),
    ]
    again = warmer(tmp_path, "report")
    assert again.stdout.startswith("Caches answered 3 of 4 requests")


def test_only_safe_methods_are_sent_unless_others_are_asked_for(
    tmp_path: Path, rogue: Rogue
) -> None:
    (tmp_path / "requests.gor").write_text(
        captured("/a")
        + captured("/b", "Content-Type: application/json", method="POST", body='{"a": 1}')
        + captured("/c", method="HEAD")
        + captured("/d", method="DELETE")
        + captured("/e", method="PUT", body="x" * 2000)
        + captured("/f")
    )
    for name in "abcdef":
        rogue.on(f"/{name}", page())
    rogue.on("/c", page(b""))
    replay(tmp_path, rogue, "requests.gor", "--alias", "shop.example.com")
    assert [(each.method, each.target) for each in rogue.requests()] == [
        ("GET", "/a"),
        ("HEAD", "/c"),
        ("GET", "/f"),
    ]
    assert report(tmp_path)["skipped"] == {"unsafe-method": 3}
    everything = ("--unsafe-methods", "--concurrency", "1")
    replay(tmp_path, rogue, "requests.gor", "--alias", "shop.example.com", *everything)
    sent = rogue.requests()[3:]
    assert [(each.method, each.target) for each in sent] == [
        ("GET", "/a"), ("POST", "/b"), ("HEAD", "/c"), ("DELETE", "/d"), ("PUT", "/e"), ("GET", "/f"),
    ]  # fmt: skip
    assert (sent[1].headers["content-type"], sent[1].headers["content-length"]) == (
        "application/json", "8",
    )  # fmt: skip
    assert sent[4].headers["content-length"] == "2000"
    assert [each.headers.get("content-length") for each in sent if each.method == "GET"] == [
        None
    ] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a replay goes to a host that you name, never to one that a capture names"),
        (("--base-url", "http://127.0.0.1:9"), "left out: 1 other-host (first: shop.example.com); if"),
    ],
)  # fmt: skip
def test_a_host_that_only_the_capture_names_is_refused(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    (tmp_path / "requests.gor").write_text(captured("/a"))
    done = warmer(tmp_path, "replay", "requests.gor", *arguments)
    assert done.code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "warmer.db").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("urls.txt",), "urls.txt: its requests have no time; expected --rate N/s"),
        (("urls.txt", "--rate", "fast"), '--rate "fast": expected requests a second'),
        (("none.log",), "none.log: No such file or directory"),
        (("map.xml", "--rate", "5/s"), "map.xml: a sitemap holds no requests; expected a list"),
        ((), "0 sources; expected one to replay"),
        (("-", "--loop"), "--loop: standard input can be read once only"),
        (("urls.txt", "--rate", "5/s", "--data", "none.csv"), "none.csv: No such file"),
        (
            ("rows.txt", "--rate", "5/s"),
            "/p/${slug}: a place for a column; expected --data FILE.csv",
        ),
        (("urls.txt", "--rate", "5/s", "--speed", "2"), "--rate and --speed: expected one of them"),
        (("har:urls.txt",), "urls.txt: no HAR capture; expected a JSON object with log.entries."),
    ],
)
def test_what_cannot_begin_ends_with_one_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path, rogue: Rogue
) -> None:
    (tmp_path / "urls.txt").write_text("/a\n")
    (tmp_path / "rows.txt").write_text("/p/${slug}\n")
    (tmp_path / "map.xml").write_text("<urlset/>")
    done = warmer(tmp_path, "replay", *arguments, "--base-url", rogue.url)
    assert done.code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert rogue.count() == 0


def test_writes_without_an_account_are_refused_before_anything_is_sent(
    tmp_path: Path, rogue: Rogue
) -> None:
    (tmp_path / "urls.txt").write_text("/a\n")
    site = tmp_path / "site.toml"
    write = '[[write]]\nname = "x"\nurl = "/admin/"\nrate = 1\n'
    site.write_text(write)
    arguments = ("replay", "urls.txt", "-c", "site.toml", "--base-url", rogue.url, "--rate", "1/s")
    done = warmer(tmp_path, *arguments)
    assert (done.code, 'write[0].login: "default" is no login' in done.stderr) == (2, True)
    login = '[login]\nurl = "/login/"\nusername_env = "NOT_SET_U"\npassword_env = "NOT_SET_P"\n'
    site.write_text(write + login)
    done = warmer(tmp_path, *arguments, "--unsafe-methods")
    assert (done.code, "NOT_SET_U, which is not set" in done.stderr) == (2, True)
    assert rogue.count() == 0


def test_each_visitor_keeps_the_cookies_that_he_was_given(tmp_path: Path, rogue: Rogue) -> None:
    first, second = ({"Set-Cookie": f"visitor={name}; Path=/"} for name in ("one", "two"))
    rogue.on("/", in_turn(page(headers=first), page(headers=second)))
    rogue.on("/next", page())
    one, two = "192.0.2.1", "192.0.2.2"
    (tmp_path / "access.log").write_text(
        logged(0, "/", client=one)
        + logged(3, "/", client=two)
        + logged(6, "/next", client=two)
        + logged(9, "/next", client=one)
        + logged(12, "/next", client="192.0.2.3")
    )
    replay(tmp_path, rogue, "access.log", "--speed", "20")
    cookies = [each.headers.get("cookie") for each in rogue.requests()]
    assert cookies == [None, None, "visitor=two", "visitor=one", None]


def test_recorded_cookies_are_sent_only_if_asked_for_and_are_kept_nowhere(
    tmp_path: Path, rogue: Rogue
) -> None:
    rogue.on("/", page(headers=HIT))
    secrets = ("Cookie: sessionid=hunter2", "Authorization: Bearer swordfish")
    (tmp_path / "requests.gor").write_text(captured("/", "Accept-Language: de", *secrets))
    (tmp_path / "site.toml").write_text(
        '[plan]\naliases = ["shop.example.com"]\n'
        '[[source]]\npath = "requests.gor"\nkeep_credentials = true\n'
    )
    replay(tmp_path, rogue, "requests.gor", "--alias", "shop.example.com")
    replay(tmp_path, rogue, "-c", "site.toml", "-v")
    without, with_them = rogue.requests()
    assert without.headers["accept-language"] == "de"
    assert {"cookie", "authorization"}.isdisjoint(without.headers)
    assert with_them.headers["cookie"] == "sessionid=hunter2"
    assert with_them.headers["authorization"] == "Bearer swordfish"
    for path in tmp_path.iterdir():
        if path.name != "requests.gor":
            content = path.read_bytes()
            assert b"hunter2" not in content, path
            assert b"swordfish" not in content, path


def test_latency_counts_from_the_time_at_which_a_request_was_due(
    tmp_path: Path, rogue: Rogue
) -> None:
    rogue.on("/", slow(0.2, page(headers=HIT)))
    (tmp_path / "urls.txt").write_text("/\n" * 6)
    one = ("--rate", "100/s", "--concurrency", "1")
    replay(tmp_path, rogue, "urls.txt", *one, "--threshold", "hot_p95_ms<=900", code=1)
    found = report(tmp_path)
    assert found["latency_ms"]["hot"]["max"] > 1100  # the sixth waited for five before it
    assert found["slowest"][0]["total_ms"] > 1100
    assert any("after their time" in warning for warning in found["warnings"])
    assert rogue.peak_in_flight == 1


def test_a_rate_an_end_and_a_loop_say_how_many_are_sent(tmp_path: Path, rogue: Rogue) -> None:
    rogue.on("/p/red%20shoes", page())
    rogue.on("/p/hat", page())
    (tmp_path / "urls.txt").write_text("/p/${slug}\n")
    (tmp_path / "slugs.csv").write_text("slug\nred shoes\nhat\n")
    arguments = ("--rate", "50/s", "--for", "0.5", "--loop", "--data", "slugs.csv")
    replay(tmp_path, rogue, "urls.txt", *arguments)
    targets = [each.target for each in rogue.requests()]
    assert len(targets) == 25
    assert (targets.count("/p/red%20shoes"), targets.count("/p/hat")) == (13, 12)


def test_an_origin_that_asks_for_a_pause_does_not_hold_it_beyond_its_time(
    tmp_path: Path, rogue: Rogue
) -> None:
    busy = page(status="429 Too Many Requests", headers={"Retry-After": "60"})
    rogue.on("/a", in_turn(page(), page(), busy))
    (tmp_path / "urls.txt").write_text("/a\n")
    (tmp_path / "site.toml").write_text("[crawl]\ntimeout_s = 1\n")
    rhythm = ("--rate", "10/s", "--loop", "--for", "2")
    done = replay(tmp_path, rogue, "urls.txt", "-c", "site.toml", *rhythm)
    assert " requests were due and not sent when it was stopped" in done.stdout
    assert 3 <= rogue.count("/a") < 20


def test_a_signal_ends_it_and_keeps_what_was_sent(tmp_path: Path, rogue: Rogue) -> None:
    rogue.on("/", page(headers=HIT))
    rogue.on("/held", page(headers=HIT))
    (tmp_path / "urls.txt").write_text("/\n/held\n" + "/\n" * 500)
    arguments = ("--rate", "20/s", "--base-url", rogue.url, "--report", "report.json")
    with contextlib.ExitStack() as holding:
        held = holding.enter_context(rogue.hold("/held"))
        with started(tmp_path, "replay", "urls.txt", *arguments) as process:
            held.wait_until_arrived()
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert any("stopping" in line for line in process.stderr)
            holding.close()
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "was interrupted: what was sent until then is kept" in errors
    found = json.loads((tmp_path / "report.json").read_text())
    assert found["run"]["status"] == "interrupted"
    assert found["counts"]["attempted"] == rogue.count()
    assert 2 <= rogue.count() < 400


def test_a_failing_origin_is_left_alone_and_an_unreachable_one_is_told_of(
    tmp_path: Path, rogue: Rogue
) -> None:
    rogue.on("/", page(status="500 Internal Server Error"))
    (tmp_path / "urls.txt").write_text("/\n" * 400)
    done = replay(tmp_path, rogue, "urls.txt", "--rate", "100/s", code=3)
    assert "of the last" in done.stderr
    assert rogue.count() < 100
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "few.txt").write_text("/\n/\n")
    gone = warmer(tmp_path, "replay", "few.txt", "--rate", "50/s", "--base-url", url)
    assert gone.code == 3
    assert "cannot be reached" in gone.stderr


def test_redirects_are_answers_and_are_not_followed(tmp_path: Path, rogue: Rogue) -> None:
    rogue.on("/old", page(status="301 Moved Permanently", headers={"Location": "/new"}))
    (tmp_path / "urls.txt").write_text("/old\n")
    replay(tmp_path, rogue, "urls.txt", "--rate", "1/s")
    assert [each.target for each in rogue.requests()] == ["/old"]
    assert report(tmp_path)["reasons"][0]["reason"] == "status"


def test_a_replay_is_not_resumed_by_a_crawl(tmp_path: Path, rogue: Rogue) -> None:
    rogue.on("/", page())
    (tmp_path / "urls.txt").write_text("/\n")
    replay(tmp_path, rogue, "urls.txt", "--rate", "1/s")
    again = warmer(tmp_path, "crawl", "--resume", "last")
    assert again.code == 2
    assert "is a replay, which has no rest; start a new one" in again.stderr
    assert rogue.count() == 1


def test_the_last_run_to_resume_is_the_last_that_is_no_replay(tmp_path: Path, rogue: Rogue) -> None:
    rogue.on("/", page())
    (tmp_path / "urls.txt").write_text("/\n")
    crawled = warmer(tmp_path, "crawl", "urls.txt", "--base-url", rogue.url)
    replay(tmp_path, rogue, "urls.txt", "--rate", "1/s")
    again = warmer(tmp_path, "crawl", "--resume", "last")
    assert again.code == 2, crawled.stderr
    assert "has finished; start a new one" in again.stderr
