"""How hard `warmer` works on a real site, as the site and a person see it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import DjangoSite, SiteOptions
from tests.servers.misbehaviour import page
from tests.system.command import crawl, started, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartSite
    from tests.servers.rogue import Exchange, Rogue
    from tests.servers.stores import RedisServer

PAGES = 60
CONFIG = """\
base_url = "{url}"
connect_to = "{node}"
[[cache]]
url = "{cache}"
[[source]]
path = "urls.txt"
"""


@pytest.fixture
def site(start_site: StartSite, redis_server: RedisServer) -> DjangoSite:
    options = SiteOptions(
        cache_backend="redis",
        cache_location=redis_server.url,
        site_cache=True,
        pages=PAGES,
        render_s=0.1,  # so that a run is not over before anybody has looked
    )
    return start_site(options, workers=2, threads=4)


@pytest.fixture
def config(tmp_path: Path, site: DjangoSite, redis_server: RedisServer) -> Path:
    """A site file that a test may add to."""
    urls = tmp_path / "urls.txt"
    urls.write_text("".join(f"{site.url}/p/{number}/\n" for number in range(1, PAGES + 1)))
    path = tmp_path / "site.toml"
    path.write_text(CONFIG.format(url=site.url, node=site.node, cache=redis_server.url))
    return path


def test_witnesses_are_no_more_at_once_than_any_other_requests(
    tmp_path: Path, rogue: Rogue
) -> None:
    on_the_wire = 0
    most = 0
    lock = threading.Lock()

    def hot(exchange: Exchange) -> None:
        nonlocal on_the_wire, most
        with lock:
            on_the_wire += 1
            most = max(most, on_the_wire)
        exchange.pause(0.05)
        with lock:
            on_the_wire -= 1
        page(headers={"Age": "5"})(exchange)

    for path in ("/1", "/2"):
        rogue.on(path, hot)
    (tmp_path / "urls.txt").write_text(f"{rogue.url}/1\n{rogue.url}/2\n", encoding="utf-8")
    (tmp_path / "site.toml").write_text("[crawl]\nmax_concurrency = 2\n", encoding="utf-8")
    result = crawl(tmp_path, "urls.txt", "-c", "site.toml")
    assert (result.code, rogue.count("/1") > 8) == (0, True), result.stderr
    assert most == 2


def add(config: Path, text: str) -> None:
    config.write_text(config.read_text() + text)


def test_a_hot_page_is_watched_and_no_page_is_rendered_for_it(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    result = crawl(tmp_path, "-c", config.name, "-v")
    assert result.code == 0, result.stderr
    assert f"the visitor guard watches {site.url}/p/" in result.stderr
    assert result.report["counts"]["warm"] == PAGES
    assert site.total_renders() == PAGES
    # All hits of the warm pass are the canary's, two each: a header list, and the page itself.
    counted = result.report["caches"][0]["warm_pass"]
    assert counted["canary_looks"] >= 6
    assert abs(counted["hits"] - 2 * counted["canary_looks"]) <= 2  # one may be on the wire
    told = "Among them the visitor guard's looks at its page: "
    assert f"{told}{counted['canary_looks']} in the warm pass" in result.stdout
    assert result.report["limit"][0]["limit"] == 1
    # Pilots and witnesses are fetched by a fixed number, which is not the site's limit.
    assert all(move["why"] != "as it was chosen" for move in result.report["limit"])


def test_a_number_that_a_person_chose_is_watched_by_nobody(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    result = crawl(tmp_path, "-c", config.name, "-v", "--concurrency", "2")
    assert result.code == 0, result.stderr
    assert "visitor" not in result.stderr
    assert {move["limit"] for move in result.report["limit"]} == {2}
    assert site.total_renders() == PAGES


def test_the_page_to_watch_may_be_named(tmp_path: Path, site: DjangoSite, config: Path) -> None:
    add(config, '[guard]\nurl = "/p/7/"\n')
    result = crawl(tmp_path, "-c", config.name, "-v")
    assert f"the visitor guard watches {site.url}/p/7/: " in result.stderr
    assert site.renders("/p/7/") == 1


def test_where_the_named_page_is_none_one_of_the_plan_is_watched(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    add(config, '[guard]\nurl = "/404"\n')
    result = crawl(tmp_path, "-c", config.name, "-v")
    assert result.code == 0, result.stderr
    told = [line for line in result.stderr.splitlines() if "is no hot page" in line]
    assert told == [
        f"{site.url}/404 under [guard] url is no hot page (status 404): one of the plan's is watched"
    ]
    assert f"the visitor guard watches {site.url}/p/" in result.stderr
    assert site.renders("/404") == 1


def test_a_named_page_that_no_cache_keeps_is_not_watched_for_long(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    add(config, '[guard]\nurl = "/no-store/"\n')
    result = crawl(tmp_path, "-c", config.name)
    assert result.code == 0, result.stderr
    assert (
        f"{site.url}/no-store/ under [guard] url is no hot page (its responses come from no cache)"
    ) in result.stderr
    # Six looks at the beginning, and not one a second for a page that is rendered each time.
    assert site.renders("/no-store/") == 6


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/no-store/", "no cache keeps it (Cache-Control says no-store)"),
        ("/redirect/7/", "redirects to {site}/p/7/"),
        ("/404", "status 404"),
    ],
)
def test_the_check_of_a_site_says_that_the_named_page_cannot_be_watched(
    tmp_path: Path, site: DjangoSite, config: Path, path: str, why: str
) -> None:
    add(config, f'[guard]\nurl = "{path}"\n')
    result = warmer(tmp_path, "check", config.name)
    assert result.code == 2
    assert (
        f"FAIL guard.url {site.url}{path}: {why.format(site=site.url)}, so visitors would not be"
        " watched; name a page that is kept, or none\n"
    ) in result.stdout


def test_a_named_page_that_is_broken_is_the_sites_fault_and_not_the_configurations(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    add(config, '[guard]\nurl = "/500/"\n')
    result = warmer(tmp_path, "check", config.name)
    assert result.code == 3
    assert f"FAIL guard.url {site.url}/500/: status 500 after " in result.stdout
    assert " ms; look into its log\n" in result.stdout


def test_the_check_of_a_site_finds_the_named_page(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    add(config, '[guard]\nurl = "/p/7/"\n')
    result = warmer(tmp_path, "check", config.name)
    assert result.code == 0
    assert f"ok   guard.url {site.url}/p/7/: status 200 after " in result.stdout


def test_a_command_that_says_too_hot_holds_the_run_until_it_does_not(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    hot = tmp_path / "hot"
    hot.touch()
    add(config, '[guard]\ncommand = "test ! -e hot"\n')
    with started(tmp_path, "crawl", "-c", config.name, "-v") as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line.rstrip())
            if line.startswith("limit 0 "):
                break
        assert told[-1].endswith("guard.command ended with 1")
        # Without -v, too, a run that stands still says why.
        assert told[-2].startswith("paused at ")
        assert told[-2].endswith("guard.command ended with 1; -v says each such move")
        rendered = site.total_renders()
        hot.unlink()
        rest = process.stderr.read()
        assert process.wait() == 0
    assert "nothing is too hot any more" in rest
    assert rendered < PAGES
    assert site.total_renders() == PAGES


def test_a_run_that_is_held_for_too_long_ends_and_can_be_resumed(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    add(config, '[guard]\ncommand = "test -e cool"\nmax_pause_s = 3\n')
    held = crawl(tmp_path, "-c", config.name)
    assert (held.code, held.report["run"]["status"]) == (3, "aborted")
    assert "for 3 s (guard.max_pause_s) it had to pause: guard.command ended with 1" in held.stdout
    rendered = site.total_renders()
    assert rendered < PAGES
    (tmp_path / "cool").touch()
    assert crawl(tmp_path, "--resume", "last").report["counts"]["warm"] == PAGES
    assert site.total_renders() == PAGES


def test_a_command_that_cannot_be_run_ends_the_run_with_a_line(
    tmp_path: Path, site: DjangoSite, config: Path
) -> None:
    add(config, '[guard]\ncommand = "no-such-command-anywhere"\n')
    result = warmer(tmp_path, "crawl", "-c", config.name)
    assert result.code == 2
    assert "guard.command: the shell cannot run it" in result.stderr + result.stdout
    assert site.total_renders() < PAGES


def test_a_number_without_anything_that_tells_one_is_refused(tmp_path: Path, config: Path) -> None:
    add(config, "[guard]\nmax_value = 4\n")
    result = warmer(tmp_path, "check", config.name)
    assert result.code == 2
    assert "guard.max_value: there is no number to compare" in result.stderr
