"""`warmer daemon` as a process of its own, against a Django shop on Redis."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import SiteOptions
from tests.servers.process import free_port
from tests.servers.visitor import visit
from tests.system.command import warmer
from tests.system.daemon_process import Place, cpu_s, resident_mb
from warmer.daemon.requests import WarmRequest
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartSite
    from tests.servers.django_site import DjangoSite
    from tests.servers.stores import RedisServer

PAGES = 8
PATHS = [f"/p/{number}/" for number in range(1, PAGES + 1)]


@pytest.fixture
def shop(start_site: StartSite, redis_server: RedisServer) -> DjangoSite:
    return start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, pages=PAGES
        )
    )


@pytest.fixture
def place(tmp_path: Path, shop: DjangoSite, redis_server: RedisServer) -> Place:
    found = Place(tmp_path)
    found.write(toml(shop, redis_server))
    return found


def toml(shop: DjangoSite, redis_server: RedisServer, more: str = "", drain_s: float = 30) -> str:
    return f"""
    name = "shop"
    base_url = "{shop.url}"
    connect_to = "{shop.node}"
    source = [{{ url = "/sitemap.xml" }}]
    cache = [{{ url = "{redis_server.url}" }}]
    [invalidation]
    stream = "{redis_server.database(5)}"
    debounce_s = 0
    [daemon]
    listen = "127.0.0.1:0"
    drain_s = {drain_s}
    {more}
    """


def next_visitors_hit(shop: DjangoSite) -> None:
    """Nobody who comes now waits for a page to be rendered."""
    before = shop.total_renders()
    for path in PATHS:
        assert visit(shop.node, shop.url + path).status == 200
    assert shop.total_renders() == before


def test_a_schedule_warms_the_whole_plan_and_finds_it_warm_the_next_time(
    place: Place, shop: DjangoSite, redis_server: RedisServer
) -> None:
    place.write(toml(shop, redis_server, '[[schedule]]\nevery = "1s"'))
    with place.daemon() as daemon:
        daemon.says("8 of 8 targets warm", times=3)
        next_visitors_hit(shop)
        assert [shop.renders(path) for path in PATHS] == [1] * PAGES
        redis_server.flush()
        said = len([line for line in daemon.messages() if "8 of 8 targets warm" in line])
        daemon.says("8 of 8 targets warm", times=said + 2)
        next_visitors_hit(shop)
    assert set(place.rows("SELECT trigger, status FROM runs")) <= {
        ("schedule", "finished"),
        ("schedule", "running"),
    }


def test_a_saved_page_is_hot_again_and_its_trigger_names_its_run(
    place: Place, shop: DjangoSite, redis_server: RedisServer
) -> None:
    with place.daemon():
        number = place.save(f"{shop.url}/p/1/")
        place.all_done()
        redis_server.flush()
        place.save(f"{shop.url}/p/1/")
        place.all_done()
        assert shop.renders("/p/1/") == 2
        visit(shop.node, f"{shop.url}/p/1/")
        assert shop.renders("/p/1/") == 2
    rows = place.rows(
        "SELECT runs.trigger, runs.status, planned FROM triggers JOIN runs ON runs.id = run"
        f" WHERE triggers.no = {number}"
    )
    assert rows == [("invalidation", "finished", 1)]


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_no_trigger_and_no_run(place: Place, shop: DjangoSite) -> None:
    moments = random.Random(7)
    accepted: list[int] = []
    for _ in range(8):
        with place.daemon() as daemon, place.queue() as queue:
            for _ in range(25):
                path = moments.choice(PATHS)
                request = WarmRequest(trigger=Trigger.INVALIDATION, urls=(shop.url + path,))
                accepted.append(place.accept(queue, request))
            # Wherever it is by then: starting a run, fetching, judging, writing off.
            with pytest.raises(subprocess.TimeoutExpired):
                daemon.process.wait(moments.uniform(0.0, 1.6))
            daemon.signal(signal.SIGKILL)
            assert daemon.ends() == -signal.SIGKILL
    with place.daemon():
        place.all_done()
    rows = place.rows(
        "SELECT triggers.no, runs.status FROM triggers JOIN runs ON runs.id = triggers.run"
    )
    assert sorted(rows) == [(number, "finished") for number in accepted]
    statuses = {status for (status,) in place.rows("SELECT status FROM runs")}
    assert statuses <= {"finished", "interrupted"}
    next_visitors_hit(shop)


def test_sigterm_lets_what_is_on_the_wire_end_and_keeps_the_rest(
    place: Place, shop: DjangoSite, redis_server: RedisServer
) -> None:
    place.write(toml(shop, redis_server, "[crawl]\nconcurrency = 1"))
    slow = [f"{shop.url}/slow/?{number}" for number in range(20)]
    with place.daemon() as daemon:
        place.save(*slow)
        place.until(lambda: shop.total_renders() >= 1, "nothing was fetched")
        daemon.signal(signal.SIGTERM)
        assert daemon.ends() == 0
        rendered = shop.total_renders()
        assert rendered < 20
    assert place.waiting() == 1
    assert place.rows("SELECT status FROM runs") == [("interrupted",)]
    ((kept,),) = place.rows("SELECT count(*) FROM outcomes")
    assert kept == rendered


def test_a_page_that_takes_longer_than_the_drain_limit_is_left_for_the_next_start(
    place: Place, shop: DjangoSite, redis_server: RedisServer
) -> None:
    place.write(toml(shop, redis_server, drain_s=0.1))
    with place.daemon() as daemon:
        place.save(*(f"{shop.url}/slow/?{number}" for number in range(20)))
        place.until(lambda: shop.total_renders() >= 1, "nothing was fetched")
        daemon.signal(signal.SIGTERM)
        assert daemon.ends() == 143
    assert place.waiting() == 1
    with place.daemon() as daemon:
        daemon.says("was killed; what it left is done again")
        place.save(f"{shop.url}/p/1/")
        place.all_done()
    assert ("interrupted",) in place.rows("SELECT status FROM runs")


def test_a_second_daemon_ends_with_one_line_and_the_first_goes_on(
    place: Place, shop: DjangoSite
) -> None:
    with place.daemon() as daemon:
        second = warmer(place.directory, "daemon", "-c", "site.toml")
        assert second.code == 2
        assert second.stderr.startswith(
            f"warmer: site shop has a daemon already: process {daemon.process.pid} on "
        )
        assert second.stderr.count("\n") == 1
        place.save(f"{shop.url}/p/1/")
        place.all_done()


def test_a_second_daemon_at_the_same_address_ends_with_one_line(
    place: Place, shop: DjangoSite
) -> None:
    first = (place.directory / "site.toml").read_text(encoding="utf-8")
    first = first.replace("127.0.0.1:0", f"127.0.0.1:{free_port()}")
    place.write(first)
    other = first.replace('"shop"', '"blog"') + '[store]\npath = "other.db"\n'
    (place.directory / "blog.toml").write_text(other, encoding="utf-8")
    with place.daemon():
        second = warmer(place.directory, "daemon", "-c", "blog.toml")
        assert second.code == 2
        assert " is taken by another program, perhaps by another daemon; " in second.stderr
        assert second.stderr.count("\n") == 1
        place.save(f"{shop.url}/p/1/")
        place.all_done()


def test_a_site_that_is_given_twice_is_refused(place: Place) -> None:
    found = warmer(place.directory, "daemon", "-c", "site.toml", "-c", "site.toml")
    assert found.code == 2
    assert found.stderr == (
        'warmer: site.toml: name: "shop" is taken by another site of the daemon\n'
    )


def test_with_json_logs_a_refusal_is_json_too(place: Place) -> None:
    found = warmer(place.directory, "daemon", "-c", "gone.toml", "--log-json")
    assert found.code == 2
    line = json.loads(found.stderr)
    assert (line["level"], line["message"]) == (
        "error",
        "gone.toml: no such file; expected a site's TOML file",
    )


def test_a_site_without_a_base_url_is_refused(place: Place) -> None:
    place.write('source = [{ path = "urls.txt" }]')
    found = warmer(place.directory, "daemon", "-c", "site.toml")
    assert (found.code, found.stderr.count("\n")) == (2, 1)
    assert "base_url" in found.stderr


def test_sighup_takes_a_valid_file_and_refuses_a_wrong_one(
    place: Place, shop: DjangoSite, redis_server: RedisServer
) -> None:
    with place.daemon() as daemon:
        place.write(toml(shop, redis_server, '[crawl]\nuser_agent = "second/2"'))
        daemon.signal(signal.SIGHUP)
        daemon.says("reloaded: site.toml")
        place.write(toml(shop, redis_server, '[crawl]\nuser_agnt = "third/3"'))
        daemon.signal(signal.SIGHUP)
        daemon.says('not reloaded: site.toml: crawl.user_agnt: unknown key; did you mean "user_')
        place.save(f"{shop.url}/p/1/")
        place.all_done()
    assert [render.agent for render in shop.rendered("/p/1/")] == ["second/2"]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """What would be systemd's end of the notify socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(30)
        yield listener


def test_systemd_hears_of_each_state_and_is_fed_while_all_is_well(
    place: Place, systemd: socket.socket
) -> None:
    variables = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1000000"}
    with place.daemon(variables=variables) as daemon:
        said = {systemd.recv(4096).decode() for _ in range(4)}
        assert said == {"READY=1\nSTATUS=keeping shop warm", "WATCHDOG=1"}
        daemon.signal(signal.SIGHUP)
        while not (heard := systemd.recv(4096)).startswith(b"RELOADING=1\nMONOTONIC_USEC="):
            assert heard == b"WATCHDOG=1"
        while not (heard := systemd.recv(4096)).startswith(b"READY=1"):
            assert heard == b"WATCHDOG=1"
        daemon.signal(signal.SIGTERM)
        while not (heard := systemd.recv(4096)).startswith(b"STOPPING=1"):
            assert heard == b"WATCHDOG=1"
        assert daemon.ends() == 0


def test_two_sites_in_one_daemon_each_do_their_own(place: Place, shop: DjangoSite) -> None:
    other = (place.directory / "site.toml").read_text(encoding="utf-8")
    (place.directory / "blog.toml").write_text(other.replace('"shop"', '"blog"'), encoding="utf-8")
    with place.daemon("-c", "blog.toml"):
        with place.queue() as queue:
            request = WarmRequest(trigger=Trigger.MANUAL, urls=(f"{shop.url}/p/1/",))
            Place(place.directory, "blog").accept(queue, request)
            place.accept(queue, request)
        place.all_done()
    assert sorted(place.rows("SELECT site, status FROM runs")) == [
        ("blog", "finished"),
        ("shop", "finished"),
    ]


def test_an_idle_daemon_is_small_and_still(place: Place) -> None:
    with place.daemon() as daemon:
        pid = daemon.process.pid
        assert resident_mb(pid) <= 80
        before = cpu_s(pid)
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.process.wait(4)
        assert cpu_s(pid) - before <= 0.04
        assert Path(f"/proc/{pid}").exists()
