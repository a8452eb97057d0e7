"""`warmer trigger`, `status` and `healthcheck` as processes, with a daemon's API and without."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.component.intake_api import TOKEN, serving
from tests.component.intake_site import HeldSite
from tests.servers.process import free_port
from warmer.model import Trigger

if TYPE_CHECKING:
    from tests.component.intake_api import Client

WARMER = Path(sys.executable).with_name("warmer")


async def warmer(*arguments: str | Path, token: str | None = TOKEN) -> tuple[int, str, str]:
    environment = {} if token is None else {"WARMER_TOKEN": token}
    process = await asyncio.create_subprocess_exec(
        WARMER, *arguments, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    return process.returncode or 0, out.decode(), error.decode()


def configured(directory: Path, port: int | None) -> Path:
    path = directory / "shop.toml"
    path.write_text(
        'name = "shop"\nbase_url = "https://shop.example"\n[tags]\nproducts = ["/list/"]\n'
        f'[daemon]\nlisten = "127.0.0.1:{port}"\n[store]\npath = "w.db"\n'
    )
    return path


def here(client: Client) -> str:
    return client.url("")


async def test_a_trigger_is_taken_by_the_daemon_that_answers(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db")) as client:
        site = configured(tmp_path, client.api.port)
        done = await warmer("trigger", "-c", site, "/p/7", "--tag", "products", "--why", "deploy")
        assert done == (0, f"trigger 1 of shop: taken by the daemon, {here(client)}\n", "")
        (request,) = client.site.waiting()
        assert (request.urls, request.tags) == (("https://shop.example/p/7",), ("products",))
        assert request.trigger is Trigger.DEPLOY
        assert client.site.counts.since == []


async def test_without_a_daemon_a_trigger_goes_into_the_queue_on_disk(tmp_path: Path) -> None:
    site = configured(tmp_path, free_port())
    done = await warmer("trigger", "-c", site, "--prefix", "/shop/")
    assert done == (0, f"trigger 1 of shop: in the queue on disk, {tmp_path / 'w.db'}\n", "")
    (request,) = HeldSite(tmp_path / "w.db").waiting()
    assert (request.prefixes, request.trigger) == (
        ("https://shop.example/shop/",),
        Trigger.MANUAL,
    )


async def test_without_a_token_a_trigger_goes_into_the_queue_on_disk(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db")) as client:
        site = configured(tmp_path, client.api.port)
        code, out, _ = await warmer("trigger", "-c", site, "--all", token=None)
        assert (code, out.partition(": ")[2][:21]) == (0, "in the queue on disk,")
        assert [each.everything for each in client.site.waiting()] == [True]


async def test_a_daemon_can_be_asked_without_a_file(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db")) as client:
        assert (await warmer("trigger", "--daemon", here(client), "--all"))[0] == 0
        code, out, error = await warmer("trigger", "--daemon", here(client), "https://x.example/")
        assert (code, out) == (2, "")
        assert error.startswith('warmer: daemon: "https://x.example/" is not a URL of a site')
        code, _, error = await warmer("trigger", "--daemon", here(client), "--all", token="wrong")
        assert (code, "expected Authorization: Bearer" in error) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "nothing to warm; expected URLs, --prefix, --tag or --all"),
        (["https://other.example/"], 2, '"https://other.example/" is not a URL of this site'),
        (["--tag", "none"], 2, 'tag "none" is not in the configuration'),
        (["--all", "--daemon", "ftp://x"], 2, "--daemon: not a daemon's URL"),
        (["--all", "--daemon", "http://127.0.0.1:1"], 3, "daemon http://127.0.0.1:1: does not"),
    ],
)
async def test_what_cannot_be_triggered_is_said_in_one_line(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    site = configured(tmp_path, free_port())
    done = await warmer("trigger", "-c", site, *arguments)
    assert done[:2] == (code, "")
    assert done[2].startswith(f"warmer: {message}")
    assert done[2].count("\n") == 1
    assert not (tmp_path / "w.db").exists()


async def test_the_status_is_for_people_and_for_programs(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db"), broken=True) as client:
        site = configured(tmp_path, client.api.port)
        await warmer("trigger", "-c", site, "--all")
        code, out, error = await warmer("status", "-c", site)
        assert (code, error) == (0, "")
        assert out == (
            "shop: idle; 1 trigger waiting\nstream of shop: NOT WORKING: Redis does not answer\n"
        )
        _, out, _ = await warmer("status", "--daemon", here(client), "--json")
        assert json.loads(out)["sites"][0]["name"] == "shop"


async def test_without_a_daemon_the_status_tells_what_waits_on_disk(tmp_path: Path) -> None:
    site = configured(tmp_path, free_port())
    await warmer("trigger", "-c", site, "--all")
    code, out, error = await warmer("status", "-c", site)
    assert (code, out) == (3, "")
    assert error.endswith("; 1 trigger of shop waiting on disk\n")


async def test_the_healthcheck_ends_with_zero_or_one(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db"), broken=True) as client:
        assert await warmer("healthcheck", "--daemon", here(client)) == (0, "", "")
        code, _, error = await warmer("healthcheck", "--daemon", here(client), "--ready")
        assert (code, error) == (1, "stream of shop: Redis does not answer\n")
    code, _, error = await warmer("healthcheck", "--daemon", here(client))
    assert (code, "does not answer" in error) == (1, True)
