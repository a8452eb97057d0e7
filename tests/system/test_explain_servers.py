"""`warmer explain` where a site has several servers: the first that answers, or each of them."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.servers import fronts
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.process import HOST
from tests.servers.visitor import visit
from tests.system.command import warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartRedis, StartSite
    from tests.servers.django_site import DjangoSite
    from tests.system.command import Result

PAGE = f"http://{PUBLIC_HOST}/p/1/"
SCHEMA = json.loads((resources.files("warmer.explain") / "schema.json").read_text())


@pytest.fixture
def site(start_site: StartSite) -> DjangoSite:
    return start_site(SiteOptions(pages=4))


@pytest.fixture
def fronts_of_it(site: DjangoSite, start_nginx: StartNginx) -> list[str]:
    """Two nginx, each with a cache of its own."""
    return [start_nginx(fronts.nginx_cache(site.port)).node for _ in range(2)]


def explain(directory: Path, *servers: str, distribute: str = "spread", more: str = "") -> Result:
    """The page, of a site whose file stays there for `document`."""
    (directory / "site.toml").write_text(
        f'base_url = "http://{PUBLIC_HOST}"\nconnect_to = {json.dumps(servers)}\n{more}\n'
        f'[crawl]\ndistribute = "{distribute}"\n',
        encoding="utf-8",
    )
    return warmer(directory, "explain", PAGE, "-c", "site.toml")


def document(directory: Path) -> dict[str, Any]:
    """The document of the site that `explain` has written down; it keeps to the schema."""
    result = warmer(directory, "explain", PAGE, "-c", "site.toml", "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def test_the_first_server_that_answers_is_asked_and_named(
    site: DjangoSite, fronts_of_it: list[str], nobody: str, tmp_path: Path
) -> None:
    found = explain(tmp_path, nobody, *fronts_of_it)

    assert (found.code, site.total_renders()) == (0, 1), found.stdout
    assert found.stdout.startswith(f"{PAGE} is warm, by ")
    assert f"\n  {nobody} cannot be reached: connect: " in found.stdout
    told = document(tmp_path)
    assert (told["connect_to"], told["visits"][0]["connect_to"]) == (fronts_of_it[0],) * 2
    assert [(each["server"], each["reason"]) for each in told["unreachable"]] == [
        (nobody, "connect")
    ]


def test_where_all_are_well_the_first_is_asked_and_no_other_named(
    fronts_of_it: list[str], tmp_path: Path
) -> None:
    found = explain(tmp_path, *fronts_of_it)
    assert (found.code, "cannot be reached" in found.stdout) == (0, False)
    told = document(tmp_path)
    assert (told["connect_to"], told["unreachable"]) == (fronts_of_it[0], [])


@pytest.mark.parametrize("distribute", ["spread", "clone"])
def test_without_any_server_it_is_unreachable(distribute: str, nobody: str, tmp_path: Path) -> None:
    found = explain(tmp_path, nobody, f"{HOST}:1", distribute=distribute)
    assert found.code == 3, found.stdout
    assert "not warm: failed, connect" in found.stdout


def test_servers_with_a_cache_of_their_own_are_each_looked_at(
    site: DjangoSite, fronts_of_it: list[str], tmp_path: Path
) -> None:
    warm, cold = fronts_of_it
    visit(warm, PAGE)

    found = explain(tmp_path, *fronts_of_it, distribute="clone")

    assert (found.code, site.total_renders()) == (0, 2), found.stderr
    total, first, second, empty = found.stdout.splitlines()[:4]
    assert (total, empty) == (f"{PAGE} is warm at 2 of 2 servers", "")
    assert first.startswith(f"  {warm}  warm, by response, for ")
    assert first.endswith(" more")
    assert second.startswith(f"  {cold}  warm, by probe, for ")
    assert second.endswith(" more; cold until this request")
    told = document(tmp_path)
    assert told["connect_to"] == fronts_of_it
    assert [each["connect_to"] for each in told["visits"]] == fronts_of_it


def test_a_dead_server_of_a_cloned_run_has_a_line_and_is_not_warm(
    fronts_of_it: list[str], nobody: str, tmp_path: Path
) -> None:
    alive = fronts_of_it[0]
    visit(alive, PAGE)

    found = explain(tmp_path, nobody, alive, distribute="clone")

    assert found.code == 1, found.stderr
    lines = found.stdout.splitlines()
    assert lines[0] == f"{PAGE} is warm at 1 of 2 servers"
    assert lines[1].startswith(f"  {nobody} cannot be reached: connect: ")
    assert lines[2].startswith(f"  {alive}  warm, by response, for ")
    told = document(tmp_path)
    assert told["warm"] is False
    assert [each["server"] for each in told["unreachable"]] == [nobody]


def test_keys_of_a_servers_own_cache_speak_for_it_alone_and_shared_ones_for_none(
    start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    stores = [start_redis(), start_redis()]
    sites = [
        start_site(
            SiteOptions(cache_backend="redis", cache_location=each.url, site_cache=True, pages=4)
        )
        for each in stores
    ]
    caches = (
        f'[[cache]]\nurl = "{stores[0].url}"\nserver = "{sites[0].node}"\n'
        f'[[cache]]\nurl = "{stores[1].url}"\n'
    )
    explain(tmp_path, sites[0].node, sites[1].node, distribute="clone", more=caches)

    first, second = document(tmp_path)["visits"]

    assert [each["url"] for each in first["caches"]] == [stores[0].url]
    assert "key" in first["evidence"]
    assert (second["caches"], "key" in second["evidence"]) == ([], False)
