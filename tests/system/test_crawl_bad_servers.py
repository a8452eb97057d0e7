"""Pages that misbehave fail with their reason; the run goes on and its memory stays flat."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.misbehaviour import (
    cut_chunked,
    cut_short,
    drip,
    drip_head,
    endless,
    huge_headers,
    page,
    raw,
    redirect,
    reset,
    silence,
    stall,
)
from tests.system.command import read_reports, started, warmer

if TYPE_CHECKING:
    from tests.servers.rogue import Rogue

PEAK_LIMIT_KB = 150_000
BEHAVIOURS = {
    "/drips": (drip(), "timeout"),
    "/drips-its-head": (drip_head(), "timeout"),
    "/never-ends": (stall(), "timeout"),
    "/never-answers": (silence(), "timeout"),
    "/closes-early": (cut_short(), "closed-early"),
    "/closes-a-chunk-early": (cut_chunked(), "closed-early"),
    "/resets": (reset(), "closed-early"),
    "/sends-10-gb": (endless(), "too-large"),
    "/sends-10-gb-unannounced": (endless(announced=False), "too-large"),
    "/goes-round": (redirect("/goes-round"), "redirect-loop"),
    "/goes-away": (redirect("http://elsewhere.example.test/"), "redirect-offsite"),
    "/speaks-garbage": (raw(b"\x00\xff garbage\r\n\r\n"), "protocol"),
    "/has-huge-headers": (huge_headers(), "protocol"),
}
GOOD = [f"/good/{number}" for number in range(40)]


def test_each_misbehaving_page_fails_with_its_reason_and_the_others_are_warmed(
    rogue: Rogue, tmp_path: Path
) -> None:
    for path, (behaviour, _) in BEHAVIOURS.items():
        rogue.on(path, behaviour)
    for path in GOOD:
        rogue.on(path, page(headers={"X-Cache": "HIT from proxy", "Cache-Control": "max-age=600"}))
    # Good ones in between, so that the share of failures stops no run.
    paths = [*GOOD[:20], *BEHAVIOURS, *GOOD[20:]]
    (tmp_path / "urls.txt").write_text("\n".join(paths), encoding="utf-8")
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "http://www.example.test"
        connect_to = "127.0.0.1:{rogue.port}"
        [crawl]
        timeout_s = 1
        retries = 0
        """,
        encoding="utf-8",
    )
    reports = ["--report", "report.json", "--report", "report.jsonl"]
    peak_kb = 0
    with started(tmp_path, "crawl", "urls.txt", "-c", "site.toml", *reports) as process:
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                peak_kb = max(peak_kb, peak_memory_kb(process.pid))
                process.wait(timeout=0.02)

    assert process.returncode == 0
    _, rows = read_reports(tmp_path)
    found = {row.target: row.reason for row in rows if row.verdict == "failed"}
    assert found == {path: reason for path, (_, reason) in BEHAVIOURS.items()}
    assert [row.target for row in rows if row.verdict == "warm"] == GOOD
    assert 0 < peak_kb < PEAK_LIMIT_KB


def test_an_origin_that_answers_no_request_ends_a_small_run_with_3(
    rogue: Rogue, tmp_path: Path
) -> None:
    for path in ("/a", "/b", "/c"):
        rogue.on(path, silence())
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "http://www.example.test"
        connect_to = "127.0.0.1:{rogue.port}"
        [crawl]
        timeout_s = 1
        retries = 0
        """,
        encoding="utf-8",
    )
    result = warmer(tmp_path, "crawl", "-", "-c", "site.toml", stdin="/a\n/b\n/c\n")
    assert result.code == 3, result.stderr
    assert "the origin answers no request: timeout" in result.stderr


def peak_memory_kb(pid: int) -> int:
    """What a live process has held at most; its `ru_maxrss` would begin with that of ours."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)
