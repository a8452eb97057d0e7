"""Public names that lead to private addresses, as a daemon's crawls meet them, on real sockets.

The names are answered for by libcurl's CURLOPT_RESOLVE, in place of a name server that lies;
from there on all is as it always is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pycurl
import pytest

from tests.component.crawl_runs import HOST, Notebook, new_job
from tests.component.wiretap import Wiretap
from tests.servers.misbehaviour import page
from warmer.config import CrawlConfig, SiteConfig
from warmer.crawl.crawl import crawl
from warmer.crawl.fetch import FetchError
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.origin import Origin
from warmer.crawl.single import Single
from warmer.crawl.source_crawl import crawl_source
from warmer.run.reach import for_strangers, reach
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue

CDN = "cdn.example.com"
REFUSAL = "www.example.com is at 127.0.0.1, a private address that the configuration does not name"


class LyingNames(Origin):
    """All public names are on this machine."""

    __slots__ = ()

    def new_handle(self, *, secure: bool, foreign: bool) -> pycurl.Curl:
        handle = super().new_handle(secure=secure, foreign=foreign)
        port = self.base_url.rpartition(":")[2]
        names = (HOST, CDN, "both.example.com", "shop.internal")
        answers = [f"{name}:{port}:127.0.0.1" for name in names]
        answers[2] = f"both.example.com:{port}:[::1],127.0.0.1"
        handle.setopt(pycurl.RESOLVE, answers)
        return handle


def lying(port: int, host: str = HOST, **options: Any) -> Origin:
    return LyingNames(
        base_url=f"http://{host}:{port}",
        hosts=frozenset({host}),
        **{"private_addresses": False, **options},
    )


async def warm(origin: Origin, path: str = "/") -> Notebook:
    job = new_job([path], base_url=origin.base_url)
    job.origin = origin
    await crawl(job)
    assert isinstance(job.observer, Notebook)
    return job.observer


async def test_a_public_name_that_leads_to_this_machine_is_not_connected_to() -> None:
    async with Wiretap() as wire:
        call = (await warm(lying(wire.port))).only()
        assert (call.reason, call.detail, call.attempts) == ("private-address", REFUSAL, 1)
        assert wire.connections == 0


async def test_nor_is_any_other_address_of_a_name() -> None:
    async with Wiretap() as wire:
        call = (await warm(lying(wire.port, "both.example.com"))).only()
        assert call.reason == "private-address"
        assert wire.connections == 0


@pytest.mark.parametrize("host", ["shop.internal", "127.0.0.1"])
async def test_a_host_that_is_private_by_its_name_is_reached(host: str) -> None:
    async with Wiretap() as wire:
        assert (await warm(lying(wire.port, host))).only().status == 200


@pytest.mark.parametrize("place", ["127.0.0.1", "shop.internal"])
async def test_connect_to_names_where_the_site_is(place: str) -> None:
    async with Wiretap() as wire:
        origin = lying(wire.port, connect_to=f"{place}:{wire.port}")
        assert (await warm(origin)).only().status == 200


async def test_a_public_name_in_connect_to_is_looked_at_as_well() -> None:
    async with Wiretap() as wire:
        call = (await warm(lying(wire.port, connect_to=f"{CDN}:{wire.port}"))).only()
        assert call.reason == "private-address"
        assert call.detail.startswith("cdn.example.com is at 127.0.0.1, ")


async def test_a_unix_socket_and_a_proxy_are_named_by_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "site.sock"
    async with Wiretap(path=path):
        assert (await warm(lying(8000, unix_socket=str(path)))).only().status == 200
    async with Wiretap() as proxy:
        origin = lying(8000, proxy=f"http://127.0.0.1:{proxy.port}")
        assert (await warm(origin)).only().status == 200


async def test_a_sitemap_at_a_public_name_does_not_lead_here_either(rogue: Rogue) -> None:
    rogue.on("/cdn.xml", page())
    origin = lying(rogue.port, connect_to=f"127.0.0.1:{rogue.port}")
    found = await crawl_source(
        "sitemap",
        origin,
        CrawlConfig(retries=0),
        {},
        start_urls=(f"http://{CDN}:{rogue.port}/cdn.xml",),
        sink=[].append,
        skipped=Skipped(),
    )
    (error,) = found.errors
    assert "private-address: cdn.example.com is at 127.0.0.1" in error
    assert rogue.count() == 0


async def test_a_check_of_single_requests_keeps_to_it_too(rogue: Rogue) -> None:
    single = Single(FirstReachable(lying(rogue.port)))
    with pytest.raises(FetchError, match="a private address") as caught:
        await single.fetch_one(f"http://{HOST}:{rogue.port}/", [])
    single.close()
    assert (caught.value.reason, rogue.count()) == ("private-address", 0)


async def test_who_says_so_reaches_private_addresses_by_public_names(rogue: Rogue) -> None:
    rogue.on("/", page())
    assert (await warm(lying(rogue.port, private_addresses=True))).only().status == 200


@pytest.mark.parametrize(("said", "daemon"), [(None, False), (True, True), (False, False)])
def test_the_configuration_has_the_word_and_daemons_are_strict_without_one(
    said: bool | None,
    daemon: bool,
) -> None:
    site = SiteConfig(base_url="http://www.example.com", crawl=CrawlConfig(private_addresses=said))
    by_hand = reach(site, site.base_url).origin
    by_daemon = reach(for_strangers(site), site.base_url).origin
    assert (by_hand.private_addresses, by_daemon.private_addresses) == (said is not False, daemon)
