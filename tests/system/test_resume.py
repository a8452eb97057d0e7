"""Killed runs go on where they were: nothing that was done is done again, nothing is forgotten."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.misbehaviour import in_turn, page
from tests.system.command import crawl, read_reports, started, warmer
from tests.system.under_way import kept, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import StartRedis
    from tests.servers.rogue import Exchange, Rogue
    from tests.system.command import Result

SITE = "http://www.example.test"
PAGES = 40
HIT = page(headers={"X-Cache": "HIT from proxy"})
MISS = page(headers={"X-Cache": "MISS from proxy"})
BUSY = page(status="503 Service Unavailable")
REPORTS = ("--report", "report.json", "--report", "report.jsonl")


@pytest.fixture
def site(rogue: Rogue, tmp_path: Path) -> Callable[[str], list[str]]:
    """Writes a site file of forty pages; the arguments of a crawl of them, one by one."""

    def write(more: str) -> list[str]:
        (tmp_path / "urls.txt").write_text(
            "".join(f"/p/{number}/\n" for number in range(1, PAGES + 1)), encoding="utf-8"
        )
        (tmp_path / "site.toml").write_text(
            f"""
            base_url = "{SITE}"
            connect_to = "127.0.0.1:{rogue.port}"
            [[source]]
            path = "urls.txt"
            [crawl]
            concurrency = 1
            retries = 0
            {more}
            """,
            encoding="utf-8",
        )
        for number in range(1, PAGES + 1):
            rogue.on(f"/p/{number}/", HIT)
        return ["crawl", "-c", "site.toml"]

    return write


def counts(rogue: Rogue, first: int = 1, last: int = PAGES) -> list[int]:
    return [rogue.count(f"/p/{number}/") for number in range(first, last + 1)]


def status(directory: Path) -> str:
    return warmer(directory, "runs").stdout.splitlines()[1].split("\t")[3]


def resumed(directory: Path, *arguments: str, run: str = "last") -> Result:
    result = crawl(directory, "--resume", run, *arguments)
    assert result.code == 0, result.stderr
    return result


def test_a_run_killed_while_it_warms_fetches_again_only_what_was_on_the_wire(
    site: Callable[[str], list[str]], rogue: Rogue, tmp_path: Path
) -> None:
    arguments = site('[verify]\nprobe = "never"')
    with started(tmp_path, *arguments) as process, rogue.hold("/p/7/") as held:
        held.wait_until_arrived()
        until(lambda: kept(tmp_path) == 6, process)
        process.kill()
        process.wait()
    assert status(tmp_path) == "interrupted"
    result = resumed(tmp_path)
    assert counts(rogue) == [1] * 6 + [2] + [1] * 33
    assert result.report["counts"]["warm"] == PAGES
    assert [row.verdict for row in result.rows] == ["warm"] * PAGES
    assert status(tmp_path) == "finished"
    assert list(tmp_path.glob("*.lock")) == []


def test_a_run_killed_while_it_probes_probes_the_rest(
    site: Callable[[str], list[str]], rogue: Rogue, tmp_path: Path
) -> None:
    arguments = site("")
    for number in range(1, PAGES + 1):
        rogue.on(f"/p/{number}/", in_turn(MISS, HIT))
    held = rogue.hold("/p/20/")

    def last(exchange: Exchange) -> None:
        held.__enter__()  # all has been warmed: the probes are to come
        MISS(exchange)

    rogue.on(f"/p/{PAGES}/", in_turn(last, HIT))
    with started(tmp_path, *arguments) as process:
        held.wait_until_arrived()
        until(lambda: kept(tmp_path) == PAGES + 19, process)
        process.kill()
        process.wait()
    held.__exit__()
    result = resumed(tmp_path)
    assert counts(rogue) == [2] * 19 + [3] + [2] * 20
    assert [row.verdict for row in result.rows] == ["warm"] * PAGES


def test_a_run_killed_while_it_verifies_fetches_nothing_again(
    site: Callable[[str], list[str]], rogue: Rogue, start_redis: StartRedis, tmp_path: Path
) -> None:
    redis = start_redis()
    arguments = site(
        f"""
        [verify]
        probe = "never"
        [[cache]]
        url = "{redis.url}"
        keys = {{ template = "page:{{path}}" }}
        """
    )
    with redis.client() as client:
        for number in range(1, PAGES + 1, 2):
            client.set(f"page:/p/{number}/", "x", ex=600)

    def last(exchange: Exchange) -> None:
        redis.server.freeze()
        HIT(exchange)

    for number in range(1, PAGES + 1):
        rogue.on(f"/p/{number}/", page())
    rogue.on(f"/p/{PAGES}/", last)
    with started(tmp_path, *arguments) as process:
        until(lambda: rogue.count() == PAGES and kept(tmp_path) == PAGES, process)
        process.kill()
        process.wait()
    redis.server.thaw()
    result = resumed(tmp_path)
    assert counts(rogue) == [1] * PAGES
    assert [row.verdict == "warm" for row in result.rows[:-1]] == [True, False] * 19 + [True]
    assert result.report["counts"]["attempted"] == PAGES


def test_a_resumed_run_expects_no_hits_of_the_probes_that_were_made_before(
    site: Callable[[str], list[str]], rogue: Rogue, start_redis: StartRedis, tmp_path: Path
) -> None:
    redis = start_redis()
    keys = 'keys = { template = "page:{path}" }'
    arguments = site(f'[verify]\nprobe = "always"\n[[cache]]\nurl = "{redis.url}"\n{keys}')
    with redis.client() as client:

        def from_the_cache(exchange: Exchange) -> None:
            client.set(f"page:{exchange.request.target}", "x", ex=600)
            for _ in range(2):
                client.get(f"page:{exchange.request.target}")
            page()(exchange)

        for number in range(1, PAGES + 1):
            rogue.on(f"/p/{number}/", from_the_cache)
        first = crawl(tmp_path, *arguments[1:])
        with contextlib.closing(sqlite3.connect(tmp_path / "warmer.db")) as store, store:
            store.execute("UPDATE runs SET status = 'interrupted'")
            store.execute("DELETE FROM outcomes WHERE rank = 40 AND fetch = 'probe'")
            store.execute("DELETE FROM verdicts WHERE rank = 40")
        again = resumed(tmp_path)
    assert rogue.count("/p/40/") == 3
    assert (first.report["warnings"], again.report["warnings"]) == ([], [])


def test_what_failed_is_tried_again_and_what_was_verified_is_not(
    site: Callable[[str], list[str]], rogue: Rogue, tmp_path: Path
) -> None:
    arguments = site('[verify]\nprobe = "never"')
    rogue.on("/p/3/", in_turn(BUSY, HIT))
    rogue.on("/p/4/", page(status="404 Not Found"))
    with started(tmp_path, *arguments, *REPORTS) as process, rogue.hold("/p/7/") as held:
        held.wait_until_arrived()
        process.terminate()
        assert process.stderr is not None
        next(line for line in process.stderr if "stopping" in line)
        held.__exit__()
        process.communicate(timeout=60)
    assert process.returncode == 143
    _, rows = read_reports(tmp_path)
    assert [(row.verdict, row.reason) for row in rows[:5]] == [
        ("warm", None),
        ("warm", None),
        ("failed", "status-503"),
        ("uncacheable", "status"),
        ("warm", None),
    ]
    result = resumed(tmp_path)
    assert counts(rogue) == [1, 1, 2] + [1] * 37
    assert (result.rows[2].verdict, result.rows[3].verdict) == ("warm", "uncacheable")
    assert result.report["counts"]["warm"] == 39


def test_of_two_that_resume_a_run_one_gets_it(
    site: Callable[[str], list[str]], rogue: Rogue, tmp_path: Path
) -> None:
    arguments = site("")
    with started(tmp_path, *arguments) as process, rogue.hold("/p/3/") as held:
        held.wait_until_arrived()
        process.kill()
        process.wait()
    with started(tmp_path, "crawl", "--resume", "last") as process:
        with rogue.hold("/p/9/") as held:
            held.wait_until_arrived()
            assert status(tmp_path) == "running"
            second = warmer(tmp_path, "crawl", "--resume", "last")
        process.communicate(timeout=60)
    (run,) = (row.split("\t")[0] for row in warmer(tmp_path, "runs").stdout.splitlines()[1:])
    assert (second.code, second.stderr) == (
        2,
        f"warmer: run {run} is under way in another process\n",
    )
    assert process.returncode == 0


def test_runs_of_two_sites_share_a_store(
    site: Callable[[str], list[str]], rogue: Rogue, tmp_path: Path
) -> None:
    arguments = site("")
    with started(tmp_path, *arguments) as process:
        with rogue.hold("/p/9/") as held:
            held.wait_until_arrived()
            elsewhere = ("--top", "5", "--base-url", "http://other.example.test")
            other = warmer(tmp_path, "crawl", "-c", "site.toml", *elsewhere)
        process.communicate(timeout=60)
    assert (process.returncode, other.code) == (0, 0), other.stderr
    listed = warmer(tmp_path, "runs").stdout.splitlines()[1:]
    assert [row.split("\t")[3] for row in listed] == ["finished", "finished"]


def test_a_resumed_run_leaves_alone_what_it_was_begun_to_leave_alone(
    site: Callable[[str], list[str]], rogue: Rogue, tmp_path: Path
) -> None:
    arguments = site('[verify]\nprobe = "never"')
    with started(tmp_path, "verify", *arguments[1:]) as process:
        assert process.wait(timeout=60) == 0
    assert rogue.count() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "warmer.db")) as store, store:
        store.execute("UPDATE runs SET status = 'interrupted'")
    resumed(tmp_path)
    assert rogue.count() == 0


def test_a_run_that_has_finished_is_not_resumed(
    site: Callable[[str], list[str]], tmp_path: Path
) -> None:
    done = crawl(tmp_path, *site("")[1:])
    again = warmer(tmp_path, "crawl", "--resume", "last")
    assert (again.code, again.stderr) == (
        2,
        f"warmer: run {done.report['run']['id']} has finished; start a new one\n",
    )


SECRETS = ["hdr-s3cr3t", "basic-s3cr3t", "redis-s3cr3t", "token-s3cr3t", "env-s3cr3t"]


def test_secrets_are_used_and_kept_nowhere_and_asked_for_again(
    rogue: Rogue, start_redis: StartRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, basic, password, token, variable = SECRETS
    redis = start_redis("--requirepass", password)
    for number in range(1, PAGES + 1):
        rogue.on(f"/p/{number}/", HIT)
    entries = "".join(f"<url><loc>{SITE}/p/{number}/</loc></url>" for number in range(1, PAGES + 1))
    rogue.on(f"/map.xml?token={token}", page(f"<urlset>{entries}</urlset>".encode()))
    (tmp_path / "site.toml").write_text(
        f"""
        headers = {{ X-Env = "${{SECRET}}" }}
        [crawl]
        basic_auth = "user:{basic}"
        concurrency = 1
        retries = 0
        """,
        encoding="utf-8",
    )
    monkeypatch.setenv("SECRET", variable)
    cache = f"redis://:{password}@{redis.node}/0"
    secrets = ("--header", f"X-Token: {header}", "--cache", cache)
    where = ("--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}")
    source = f"{SITE}/map.xml?token={token}"
    reports = (*REPORTS, "--report", "report.xml")
    first = ("crawl", source, "-c", "site.toml", *where, *secrets, *reports, "-v")
    said: list[str] = []
    with started(tmp_path, *first) as process:
        with rogue.hold("/p/7/") as held:
            held.wait_until_arrived()
            process.terminate()
        said += process.communicate(timeout=60)
    assert process.returncode == 143, said[-1]

    def refusal(*given: str) -> str:
        result = warmer(tmp_path, "crawl", "--resume", "last", *given)
        said.append(result.stdout + result.stderr)
        assert result.code == 2, result.stderr
        return result.stderr

    assert refusal() == ('warmer: header "X-Token": its value was not kept; give --header again\n')
    assert refusal(*secrets[:2]) == (
        "warmer: cache: its password was not kept; give --cache again\n"
    )
    result = resumed(tmp_path, *secrets, "-v")
    said.append(result.stdout + result.stderr)
    for command in (("runs",), ("report", "last"), ("verify", source, *first[2:])):
        shown = warmer(tmp_path, *command)
        said.append(shown.stdout + shown.stderr)

    # They were used ...
    pages = [seen for seen in rogue.requests() if seen.target.startswith("/p/")]
    assert {seen.headers["x-token"] for seen in pages} == {header}
    assert {seen.headers["x-env"] for seen in pages} == {variable}
    assert len({seen.headers["authorization"] for seen in pages}) == 1
    # ... and stand in no file but the one that a person wrote, and in nothing that was said.
    files = [path for path in tmp_path.iterdir() if path.is_file() and path.suffix != ".toml"]
    assert {path.name for path in files} >= {"warmer.db", "report.json", "report.xml"}
    found: list[Any] = [
        (path.name, secret)
        for path in files
        for secret in SECRETS
        if secret.encode() in path.read_bytes()
    ]
    found += [secret for secret in SECRETS if secret in "".join(said)]
    assert found == []
