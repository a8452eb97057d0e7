"""The service of one site against a server that the test scripts, on a real store."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from tests.component.daemon_site import LIMIT_S, MovedClock, serving
from tests.servers.misbehaviour import page
from tests.servers.rogue import Rogue
from warmer.daemon.service import SLICE_S
from warmer.errors import ConfigError
from warmer.model import Trigger

if TYPE_CHECKING:
    from pathlib import Path

SAVE = Trigger.INVALIDATION
PATHS = [f"/p/{number}/" for number in range(1, 6)]


@pytest.fixture
def site(rogue: Rogue, tmp_path: Path) -> str:
    """A site of five pages in a list, without schedule, debounced by 0 s."""
    for path in [*PATHS, "/new/"]:
        rogue.on(path, page())
    (tmp_path / "urls.txt").write_text("\n".join(PATHS), encoding="utf-8")
    return f"""
    name = "shop"
    base_url = "{rogue.url}"
    source = [{{ path = "urls.txt" }}]
    tags = {{ first = ["/p/1/", "/p/2/"], all = ["/p/*"] }}
    [verify]
    probe = "never"
    [crawl]
    retries = 0
    [invalidation]
    stream = "redis://127.0.0.1:1/0"
    debounce_s = 0
    """


def counts(rogue: Rogue) -> list[int]:
    return [rogue.count(path) for path in PATHS]


async def test_a_saved_page_is_fetched_and_its_trigger_names_the_run(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        number = daemon.accept(SAVE, "/p/1/")
        await daemon.done(number)
    assert counts(rogue) == [1, 0, 0, 0, 0]
    assert daemon.runs() == [("invalidation", "finished", 1)]
    assert daemon.rows("SELECT no, run FROM triggers") == daemon.rows(
        f"SELECT {number}, id FROM runs"
    )


async def test_the_whole_plan_is_run_from_its_sources(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        await daemon.done(daemon.accept(Trigger.MANUAL, everything=True))
    assert counts(rogue) == [1, 1, 1, 1, 1]
    assert daemon.runs() == [("manual", "finished", 5)]


async def test_a_burst_of_saves_is_one_run(site: str, rogue: Rogue, tmp_path: Path) -> None:
    async with serving(tmp_path, site.replace("debounce_s = 0", "debounce_s = 0.3")) as daemon:
        numbers = daemon.accept_all([daemon.request(SAVE, PATHS[n % 5]) for n in range(50)])
        await daemon.done(*numbers)
    assert counts(rogue) == [1, 1, 1, 1, 1]
    assert daemon.runs() == [("invalidation", "finished", 5)]


async def test_saves_while_their_page_is_on_the_wire_warm_it_once_more(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        async with rogue.hold("/p/1/") as hold:
            first = daemon.accept(SAVE, "/p/1/")
            await hold.arrived()
            later = [daemon.accept(SAVE, "/p/1/") for _ in range(10)]
        await daemon.done(first, *later)
    assert rogue.count("/p/1/") == 2
    assert daemon.runs() == [("invalidation", "finished", 1)] * 2


async def test_a_tag_and_a_prefix_stand_for_pages_of_the_last_plan(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        await daemon.done(daemon.accept(Trigger.MANUAL, everything=True))
        await daemon.done(daemon.accept(SAVE, tags=("first",)))
        assert counts(rogue) == [2, 2, 1, 1, 1]
        await daemon.done(daemon.accept(SAVE, tags=("all",)))
        assert counts(rogue) == [3, 3, 2, 2, 2]
        await daemon.done(daemon.accept(SAVE, prefixes=(f"{rogue.url}/p/3",)))
        assert counts(rogue) == [3, 3, 3, 2, 2]
        nothing = daemon.accept(SAVE, prefixes=(f"{rogue.url}/q/",))
        await daemon.done(nothing)
    assert daemon.rows(f"SELECT run FROM triggers WHERE no = {nothing}") == [(None,)]
    assert len(daemon.runs()) == 4


async def test_a_prefix_without_a_plan_to_look_it_up_in_runs_the_whole_plan(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        await daemon.done(daemon.accept(SAVE, "/new/", tags=("all",)))
    assert [*counts(rogue), rogue.count("/new/")] == [1, 1, 1, 1, 1, 1]


async def test_popular_pages_are_fetched_first(site: str, rogue: Rogue, tmp_path: Path) -> None:
    rows = "\n".join(
        f"{path},{weight}" for path, weight in zip(PATHS, [3, 1, 5, 2, 4], strict=True)
    )
    (tmp_path / "urls.csv").write_text(f"url,hits\n{rows}\n", encoding="utf-8")
    toml = site.replace("urls.txt", "urls.csv").replace("retries = 0", "concurrency = 1")
    async with serving(tmp_path, toml) as daemon:
        await daemon.done(daemon.accept(Trigger.MANUAL, everything=True))
        seen = len(rogue.requests())
        await daemon.done(daemon.accept(SAVE, "/new/", *PATHS))
    order = [request.target for request in rogue.requests()[seen:]]
    assert order == ["/p/3/", "/p/5/", "/p/1/", "/p/4/", "/p/2/", "/new/"]


async def test_named_pages_interrupt_the_whole_plan_which_then_goes_on(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    toml = site.replace("retries = 0", "concurrency = 1")
    clock = MovedClock()
    async with serving(tmp_path, toml, clock=clock) as daemon:
        with rogue.hold("/p/3/") as held:
            whole = daemon.accept(Trigger.MANUAL, everything=True)
            await held.arrived()
            halted = daemon.service._runner._halt.event
            save = daemon.accept(SAVE, "/new/")
            # The plan has had its slice when the page on the wire comes to its end.
            clock.ahead_s[0] = 2 * SLICE_S
            daemon.service.wake()
            async with asyncio.timeout(LIMIT_S):
                await halted.wait()
        await daemon.done(save)
        assert whole not in daemon.finished
        await daemon.done(whole)
    assert counts(rogue) == [1, 1, 1, 1, 1]
    assert [request.target for request in rogue.requests()].index("/new/") == 3
    assert daemon.runs() == [("manual", "finished", 5), ("invalidation", "finished", 1)]


async def test_an_origin_that_is_down_keeps_the_triggers_and_is_tried_again(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    port = rogue.port
    rogue.stop()
    async with serving(tmp_path, site) as daemon:
        number = daemon.accept(SAVE, "/p/1/")
        assert "the origin cannot be reached" in await daemon.until_failure()
        assert daemon.service.status().pending == 1
        again = Rogue(port=port)
        again.on("/p/1/", page())
        again.start()
        try:
            await daemon.done(number)
        finally:
            again.stop()
        assert daemon.service.status().failure is None
    assert [status for _, status, _ in daemon.runs()][-1] == "finished"
    assert {status for _, status, _ in daemon.runs()[:-1]} == {"aborted"}


async def test_a_page_that_fails_is_said_in_its_run_and_its_trigger_is_done(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/p/1/", page(status="500 Internal Server Error"))
    async with serving(tmp_path, site) as daemon:
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
    assert daemon.rows("SELECT verdict FROM verdicts") == [("failed",)]


async def test_a_schedule_that_was_missed_while_no_daemon_ran_comes_once_at_the_start(
    site: str, tmp_path: Path
) -> None:
    toml = site.replace("[verify]", '[[schedule]]\nevery = "1h"\n[verify]')
    async with serving(tmp_path, toml) as daemon:
        await daemon.idle_after(1)
        assert 3500 < (daemon.service.status().next_scheduled_s or 0) <= 3600
    assert daemon.runs() == [("schedule", "finished", 5)]
    async with serving(tmp_path, toml) as daemon:
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
    assert daemon.runs()[1:] == [("invalidation", "finished", 1)]
    daemon.write("UPDATE runs SET started_at = started_at - 7300")
    async with serving(tmp_path, toml) as daemon:
        await daemon.idle_after(1)
    assert daemon.runs()[2:] == [("schedule", "finished", 5)]


async def test_a_schedule_runs_the_whole_plan_again_and_again(site: str, tmp_path: Path) -> None:
    toml = site.replace("[verify]", '[[schedule]]\nevery = "1s"\n[verify]')
    async with serving(tmp_path, toml) as daemon:
        await daemon.idle_after(3)
    assert set(daemon.runs()[:3]) == {("schedule", "finished", 5)}


async def test_a_reload_holds_from_the_next_run_on_and_a_wrong_one_changes_nothing(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        daemon.reload(site.replace("[crawl]", '[crawl]\nuser_agent = "other/1"'))
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        for wrong, why in {
            site + '[[schedule]]\ncron = "61 * * * *"': 'schedule[0].cron: "61 * * * *"',
            site.replace(
                'name = "shop"', 'name = "other"'
            ): "name and store.path cannot change while the daemon runs",
            site.replace("/p/*", "x"): 'tags.all[0]: "x" is not of this site',
        }.items():
            with pytest.raises(ConfigError, match=re.escape(why)):
                daemon.reload(wrong)
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
    agents = [request.headers["user-agent"] for request in rogue.requests("/p/1/")]
    assert agents[1:] == ["other/1", "other/1"]
    assert agents[0] != "other/1"


HIT = {"X-Cache": "HIT", "Cache-Control": "max-age=1000", "Age": "100"}


async def test_pages_are_warmed_before_they_expire_and_signed(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    for path in PATHS:
        rogue.on(path, page(headers=HIT))
    toml = site.replace("[crawl]", '[expiry]\nenabled = true\n[crawl]\nrefresh_secret = "s"')
    async with serving(tmp_path, toml) as daemon:
        await daemon.idle_after(1)  # the first plan of a site with expiry
        expiring = daemon.service.status().will_expire
        assert {url for url, _ in expiring} == {rogue.url + path for path in PATHS}
        assert all(880 < seconds <= 900 for _, seconds in expiring)
        ((earliest, latest),) = daemon.rows(
            "SELECT min(expires_at - refresh_at), max(expires_at - refresh_at) FROM pages"
        )
        assert 90 <= earliest < latest <= 270
        async with rogue.hold("/p/3/") as held:
            daemon.write("UPDATE pages SET refresh_at = 1 WHERE url LIKE '%/p/3/'")
            daemon.service.wake()
            await held.arrived()
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
    assert [trigger for trigger, *_ in daemon.runs()] == ["schedule", "expiry", "invalidation"]
    assert counts(rogue) == [2, 1, 2, 1, 1]
    assert "x-warmer-refresh" in rogue.requests("/p/3/")[1].headers
    assert "x-warmer-refresh" not in rogue.requests("/p/3/")[0].headers
    assert daemon.rows("SELECT count(*) FROM pages WHERE refresh_at < 1000000") == [(0,)]


async def test_saved_pages_are_refreshed_in_place_and_those_of_people_are_not(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    toml = site.replace("[crawl]", '[crawl]\nrefresh_secret = "s"')
    async with serving(tmp_path, toml) as daemon:
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        await daemon.done(daemon.accept(Trigger.MANUAL, "/p/1/"))
    signed = ["x-warmer-refresh" in request.headers for request in rogue.requests("/p/1/")]
    assert signed == [True, False]


async def test_a_run_that_hangs_is_noticed_when_no_request_may_last_so_long(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    clock = MovedClock()
    toml = site.replace("retries = 0", "retries = 0\ntimeout_s = 20\nmax_retry_after_s = 0")
    async with serving(tmp_path, toml, clock=clock) as daemon:
        async with rogue.hold("/p/1/") as held:
            number = daemon.accept(SAVE, "/p/1/")
            await held.arrived()
            clock.ahead_s[0] = 49
            assert not daemon.service.is_stuck()
            clock.ahead_s[0] = 60
            assert daemon.service.is_stuck()
        await daemon.done(number)
        assert not daemon.service.is_stuck()


async def test_a_full_disk_ends_no_service_and_loses_no_trigger(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        runs = daemon.service._runner._store._file._db
        number = daemon.accept(SAVE, "/p/2/")
        runs.execute("PRAGMA query_only = ON")  # as a disk that went read-only
        assert "cannot be written" in await daemon.until_failure()
        assert daemon.service.status().pending == 1
        runs.execute("PRAGMA query_only = OFF")
        await daemon.done(number)
    assert rogue.count("/p/2/") == 1
    assert {status for _, status, _ in daemon.runs()} == {"finished"}


async def test_a_source_that_cannot_be_read_does_not_hold_up_named_pages(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site.replace("urls.txt", "gone.txt")) as daemon:
        whole = daemon.accept(Trigger.SCHEDULE, everything=True)
        assert "gone.txt" in await daemon.until_failure()
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        assert whole not in daemon.finished
        (tmp_path / "gone.txt").write_text("/p/2/", encoding="utf-8")
        await daemon.done(whole)
    assert counts(rogue) == [1, 1, 0, 0, 0]


async def test_ten_thousand_saves_of_five_pages_are_few_runs_and_all_done(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        numbers = daemon.accept_all([daemon.request(SAVE, PATHS[n % 5]) for n in range(10_000)])
        await daemon.done(*numbers)
    assert max(counts(rogue)) <= 3
    assert daemon.rows("SELECT count(*) FROM triggers WHERE run IS NULL") == [(0,)]
