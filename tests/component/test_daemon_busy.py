"""Somebody crawls the daemon's site by hand: its triggers wait until that has ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.component.daemon_site import serving
from tests.servers.misbehaviour import page
from warmer.model import RunStatus, Trigger
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.rogue import Rogue

PATHS = [f"/p/{number}/" for number in range(1, 4)]


@pytest.fixture
def site(rogue: Rogue, tmp_path: Path) -> str:
    for path in PATHS:
        rogue.on(path, page())
    (tmp_path / "urls.txt").write_text("\n".join(PATHS), encoding="utf-8")
    return f"""
    name = "shop"
    base_url = "{rogue.url}"
    source = [{{ path = "urls.txt" }}]
    [verify]
    probe = "never"
    [invalidation]
    stream = "redis://127.0.0.1:1/0"
    debounce_s = 0
    """


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """The store as another process has it open."""
    store = Store(tmp_path / "warmer.db")
    yield store
    store.close()


def begin(store: Store) -> str:
    """A crawl of the site that is under way; returns its id."""
    run = store.create_run(
        site="shop",
        trigger=Trigger.MANUAL,
        base_url="",
        config="{}",
        now=datetime.now(UTC),
    )
    return run.id


def end(store: Store, run_id: str) -> None:
    store.finish_run(run_id, status=RunStatus.FINISHED, duration_s=1.0, note="", warnings=())


@pytest.mark.parametrize(("urls", "pages"), [(PATHS[:1], 1), ([], 3)])
async def test_a_trigger_waits_for_a_crawl_by_hand_and_is_done_after_it(
    site: str, rogue: Rogue, tmp_path: Path, other: Store, *, urls: list[str], pages: int
) -> None:
    run_id = begin(other)
    async with serving(tmp_path, site) as daemon:
        number = daemon.accept(Trigger.INVALIDATION, *urls, everything=not urls)
        failure = await daemon.until_failure()
        assert failure.startswith(f"run {run_id} of shop is under way")
        assert (rogue.count(), daemon.finished) == (0, set())
        end(other, run_id)
        await daemon.done(number)
    assert rogue.count() == pages
    assert daemon.runs()[1:] == [("invalidation", "finished", pages)]


async def test_a_save_that_comes_while_a_crawl_by_hand_goes_on_is_not_forgotten(
    site: str, rogue: Rogue, tmp_path: Path, other: Store
) -> None:
    run_id = begin(other)
    async with serving(tmp_path, site) as daemon:
        first = daemon.accept(Trigger.INVALIDATION, PATHS[0])
        await daemon.until_failure()
        second = daemon.accept(Trigger.INVALIDATION, PATHS[1])
        end(other, run_id)
        await daemon.done(first, second)
    assert [rogue.count(path) for path in PATHS] == [1, 1, 0]
