"""`warmer preflight` where a site has several servers: each is looked at, a dead one is a finding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.servers import fronts
from tests.servers.certificates import Authority
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.misbehaviour import close_at_once
from tests.servers.process import HOST
from tests.system.command import Result, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite
    from tests.servers.rogue import Rogue

BASE_URL = f"http://{PUBLIC_HOST}"
OFF = 'off = { https-redirect = "plain http", not-found-page = "the stock page" }'


def front(origin: int) -> str:
    """An nginx before the shop, which has no page of its own at `/`."""
    return f"""
    server {{
        listen {HOST}:@PORT@;
        proxy_set_header Host $http_host;
        location / {{ proxy_pass http://{HOST}:{origin}; }}
        location = / {{ proxy_pass http://{HOST}:{origin}/p/1/; }}
    }}
    """


def look(directory: Path, *servers: str, base_url: str = BASE_URL, more: str = "") -> Result:
    """The checklist of a site, by plain http unless told otherwise, and its report."""
    (directory / "shop.toml").write_text(
        f'base_url = "{base_url}"\nconnect_to = {json.dumps(servers)}\n{more}[preflight]\n{OFF}\n',
        encoding="utf-8",
    )
    report = directory / "p.json"
    report.unlink(missing_ok=True)
    found = warmer(directory, "preflight", "-c", "shop.toml", "--report", report.name)
    content = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Result(found.code, found.stdout, found.stderr, content)


def of(found: Result, check: str) -> list[dict[str, Any]]:
    return [each for each in found.report["checks"] if each["check"] == check]


def others(found: Result) -> list[tuple[str, str, str]]:
    """All that is said but of servers, and of pages whose address is made up."""
    return [
        (each["check"], each["grade"], each["where"])
        for each in found.report["checks"]
        if each["check"] not in ("server-reachable", "debug-page", "host-header")
    ]


def test_a_dead_server_is_a_finding_and_the_others_are_looked_at(
    start_site: StartSite, start_nginx: StartNginx, nobody: str, tmp_path: Path
) -> None:
    node = start_nginx(front(start_site(SiteOptions(pages=3)).port)).node
    alone = look(tmp_path, node)
    assert (alone.code, alone.stderr) == (0, ""), alone.stdout

    found = look(tmp_path, nobody, node)

    assert found.code == 1, found.stderr
    dead, alive = of(found, "server-reachable")
    assert (dead["grade"], dead["where"]) == ("fail", nobody)
    assert dead["reason"].startswith("cannot be reached: connect: ")
    assert dead["cure"] == "start it, or take it out of connect_to"
    assert (alive["grade"], alive["where"]) == ("ok", node)
    assert others(found) == others(alone)


def test_what_two_servers_have_alike_is_said_once(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=3))
    nodes = [start_nginx(front(site.port)).node for _ in range(2)]
    alone = look(tmp_path, nodes[0])
    found = look(tmp_path, *nodes)
    assert (found.code, others(found)) == (0, others(alone)), found.stdout
    assert [each["grade"] for each in of(found, "server-reachable")] == ["ok", "ok"]


def test_what_one_server_has_of_its_own_is_said_of_it(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    sites = [start_site(SiteOptions(pages=3, debug=debug)) for debug in (False, True)]
    well, ill = (start_nginx(front(site.port)).node for site in sites)

    found = look(tmp_path, well, ill)

    assert found.code == 1, found.stderr
    good, bad = of(found, "debug-page")
    assert (good["grade"], bad["grade"]) == ("ok", "fail")
    assert good["where"].endswith(f" at {well}")
    assert bad["where"].endswith(f" at {ill}")
    assert {each["check"] for each in found.report["checks"] if each["grade"] == "fail"} == {
        "debug-page",
        "host-header",
    }


def test_without_any_server_it_ends_with_3_and_names_them(nobody: str, tmp_path: Path) -> None:
    found = look(tmp_path, nobody, f"{HOST}:1")
    assert (found.code, found.stdout, found.report) == (3, "", {})
    assert found.stderr.startswith(f"warmer: origin {BASE_URL} by way of {nobody}: connect: ")
    assert f"; by way of {HOST}:1: connect: " in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_servers_of_the_command_line_are_each_looked_at(
    start_site: StartSite, nobody: str, tmp_path: Path
) -> None:
    node = start_site(SiteOptions(pages=3)).node
    found = warmer(
        tmp_path, "preflight", "--base-url", BASE_URL, "--connect-to", nobody, "--connect-to", node
    )
    assert f"FAIL     server-reachable   {nobody}: cannot be reached: connect: " in found.stdout


def test_a_certificate_that_expired_at_one_server_hides_nothing_of_the_other(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=3, ssl_header=True))
    authority = Authority(tmp_path / "authority")
    ill, well = (
        start_nginx(
            fronts.nginx_tls(site.port, authority.issue(PUBLIC_HOST, expired=expired, days=90))
        ).node
        for expired in (True, False)
    )
    more = f'[crawl]\nca_file = "{authority.ca_file}"\n'

    found = look(tmp_path, ill, well, base_url=f"https://{PUBLIC_HOST}", more=more)

    (bad, good), (unseen, sitemap) = of(found, "certificate"), of(found, "sitemap")
    assert (bad["grade"], bad["where"]) == ("fail", f"{PUBLIC_HOST} at {ill}")
    assert (good["grade"], good["where"]) == ("ok", f"{PUBLIC_HOST} at {well}")
    assert [each["grade"] for each in (unseen, sitemap)] == ["skipped", "ok"]


def test_a_server_that_takes_the_request_and_says_nothing_is_a_finding(
    start_site: StartSite, start_nginx: StartNginx, rogue: Rogue, tmp_path: Path
) -> None:
    node = start_nginx(front(start_site(SiteOptions(pages=3)).port)).node
    rogue.on("/", close_at_once())

    found = look(tmp_path, rogue.node, node)

    silent, alive = of(found, "server-reachable")
    assert (found.code, silent["grade"], alive["grade"]) == (1, "fail", "ok")
    assert silent["reason"].startswith("gives no answer: closed-early: ")
    assert silent["cure"] == "look into its log, or take it out of connect_to"
    assert rogue.count() == 1
