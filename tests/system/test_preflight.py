"""`warmer preflight` against a healthy site, and with each fault switched on, one at a time."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from redis.exceptions import OutOfMemoryError

from tests.servers.certificates import Authority
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.process import HOST, free_port
from tests.system.command import Result, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartMemcached, StartNginx, StartRedis, StartSite
    from tests.servers.django_site import DjangoSite
    from tests.servers.stores import RedisServer

ROUND_TRIPS = 100_000
BASE_URL = f"https://{PUBLIC_HOST}"
HSTS = "add_header Strict-Transport-Security 'max-age=31536000' always;"
PROTECTION = (
    "add_header X-Content-Type-Options nosniff always; add_header Referrer-Policy same-origin"
    " always; add_header X-Frame-Options DENY always;"
)
FLAGS = "proxy_cookie_flags ~ secure httponly samesite=lax;"
GZIP = "gzip on; gzip_types *; gzip_proxied any;"
OWN_404 = "proxy_intercept_errors on; error_page 404 /404.html;"
OLD_TLS = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The nginx before the shop; a part replaced is a fault switched on."""

    tls: str = "ssl_protocols TLSv1.2 TLSv1.3;"
    hsts: str = HSTS
    protection: str = PROTECTION
    flags: str = FLAGS
    compression: str = GZIP
    own_404: str = OWN_404
    more: str = ""
    home: str = "/session/"
    proto: str = "https"
    plain: str = "return 301 https://$host$request_uri;"
    days: int = 90
    options: SiteOptions = field(
        default_factory=lambda: SiteOptions(pages=5, padding=3000, ssl_header=True)
    )


class Launch:
    """Starts one site, and runs `warmer preflight` against it."""

    def __init__(
        self, tmp_path: Path, start_site: StartSite, start_nginx: StartNginx, redis: RedisServer
    ) -> None:
        self._path = tmp_path
        self._start_site = start_site
        self._start_nginx = start_nginx
        self.redis = redis
        self.site: DjangoSite

    def look(
        self, front: Front, *arguments: str, extra: str = "", host: str = PUBLIC_HOST
    ) -> Result:
        """The result of the command; the site's file names only what it must."""
        authority = Authority(self._path / "authority")
        certificate = authority.issue(host, days=front.days)
        self.site = self._start_site(front.options)
        plain = free_port()
        nginx = self._start_nginx(f"""
            {front.compression}
            server {{ listen {HOST}:{plain}; {front.plain} }}
            server {{
                listen {HOST}:@PORT@ ssl;
                ssl_certificate {certificate.chain};
                ssl_certificate_key {certificate.key};
                {front.tls} {front.hsts} {front.protection} {front.flags} {front.own_404}
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-Proto {front.proto};
                location / {{ proxy_pass http://{HOST}:{self.site.port}; }}
                location = / {{ proxy_pass http://{HOST}:{self.site.port}{front.home}; }}
                location = /404.html {{ internal; default_type text/html; return 404 "gone shopping"; }}
                {front.more}
            }}
        """)
        path = self._path / "shop.toml"
        path.write_text(
            f'base_url = "{BASE_URL}"\nconnect_to = "{nginx.node}"\n'
            f'[crawl]\nca_file = "{authority.ca_file}"\n'
            f'[preflight]\nhttp_connect_to = "{HOST}:{plain}"\n{extra}',
            encoding="utf-8",
        )
        found = warmer(self._path, "preflight", "-c", path.name, *arguments, "--report", "p.json")
        report = self._path / "p.json"
        return Result(
            found.code,
            found.stdout,
            found.stderr,
            json.loads(report.read_text(encoding="utf-8")) if report.exists() else {},
        )


@pytest.fixture
def launch(
    tmp_path: Path, start_site: StartSite, start_nginx: StartNginx, start_redis: StartRedis
) -> Launch:
    redis = start_redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    return Launch(tmp_path, start_site, start_nginx, redis)


def grades(found: Result, *wanted: str) -> dict[str, str]:
    """Each check that is not ok, with its grade."""
    assert found.report, found.stderr
    return {
        each["check"]: each["grade"]
        for each in found.report["checks"]
        if each["grade"] in (wanted or ("warn", "fail"))
    }


def reason(found: Result, check: str) -> str:
    (only,) = (each for each in found.report["checks"] if each["check"] == check)
    text: str = only["reason"]
    return text


def test_a_healthy_site_gives_no_false_alarm(launch: Launch) -> None:
    found = launch.look(Front(), "--cache", launch.redis.url)

    assert (found.code, found.stderr, grades(found)) == (0, "", {}), found.stdout
    assert grades(found, "skipped") == {"dns-ttl": "skipped", "error-page": "skipped"}
    assert found.stdout.splitlines()[-1] == "21 checks: 19 ok, 0 warn, 0 fail, 2 skipped"
    assert reason(found, "cookies") == "sessionid as they should be"
    assert reason(found, "sitemap") == "5 of 5 URLs asked for, all answer 200"
    assert reason(found, "tls-versions") == "TLS 1.2 and 1.3"
    assert reason(found, "not-found-page") == "404 with a page of its own"
    assert reason(found, "cache-exposed") == "on loopback only"


FAULTS: dict[str, tuple[Front, dict[str, str]]] = {
    "debug": (
        Front(own_404="", options=SiteOptions(pages=5, padding=3000, debug=True, ssl_header=True)),
        {"debug-page": "fail", "host-header": "fail"},
    ),
    "wildcard hosts": (
        Front(options=SiteOptions(pages=5, padding=3000, hosts="*", ssl_header=True)),
        {"host-header": "fail"},
    ),
    "stock 404": (Front(own_404=""), {"not-found-page": "warn"}),
    "soft 404": (
        Front(own_404="proxy_intercept_errors on; error_page 404 =200 /p/1/;"),
        {"not-found-page": "warn", "admin": "warn"},
    ),
    "admin in public": (
        Front(
            more="location = /admin/ { return 302 /admin/login/?next=/admin/; }"
            " location = /admin/login/ { default_type text/html;"
            """ return 200 '<form method="post" id="login-form"></form>'; }"""
        ),
        {"admin": "warn"},
    ),
    "no redirect": (Front(plain="return 200 hello;"), {"https-redirect": "fail"}),
    "redirect to another host": (
        Front(plain="return 301 https://other.example.test$request_uri;"),
        {"https-redirect": "fail"},
    ),
    "no http": (Front(plain="return 444;"), {"https-redirect": "warn"}),
    "no hsts": (Front(hsts=""), {"hsts": "fail"}),
    "short hsts": (
        Front(hsts="add_header Strict-Transport-Security 'max-age=3600';"),
        {"hsts": "warn"},
    ),
    "cookies without flags": (Front(flags=""), {"cookies": "fail"}),
    "cookies without SameSite": (
        Front(flags="proxy_cookie_flags ~ secure httponly nosamesite;"),
        {"cookies": "warn"},
    ),
    "certificate of 20 days": (Front(days=20), {"certificate": "warn"}),
    "certificate of 5 days": (Front(days=5), {"certificate": "fail"}),
    "old TLS": (Front(tls=OLD_TLS), {"tls-versions": "fail"}),
    "no compression": (Front(compression=""), {"compression": "warn"}),
    "no protection": (Front(protection=""), {"security-headers": "warn"}),
    "broken page in the sitemap": (
        Front(more="location = /p/3/ { return 410 gone; }"),
        {"sitemap": "fail"},
    ),
    "broken front page": (
        Front(home="/500/", own_404=f"{OWN_404} error_page 500 /404.html;"),
        {"front-page": "fail"},
    ),
    "stock page of an error": (Front(home="/500/"), {"front-page": "fail", "error-page": "warn"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_and_nothing_else(launch: Launch, fault: str) -> None:
    front, expected = FAULTS[fault]
    found = launch.look(front)
    assert grades(found) == expected, found.stdout
    assert found.code == (1 if "fail" in expected.values() else 0)
    cures = [each["cure"] for each in found.report["checks"] if each["check"] in expected]
    assert all(cures)
    assert len(cures) == len(expected)


def test_a_sitemap_that_names_pages_by_http_is_found(launch: Launch) -> None:
    found = launch.look(Front(proto="http"), extra='[[source]]\nurl = "/sitemap.xml"')
    assert (found.code, grades(found)) == (1, {"sitemap": "fail"}), found.stdout
    assert reason(found, "sitemap").startswith("5 of 5 URLs asked for, 5 without 200: http://")


def test_a_site_without_a_sitemap_is_not_blamed_for_it(launch: Launch) -> None:
    none = "location = /robots.txt { return 404; } location = /sitemap.xml { return 404; }"
    found = launch.look(Front(more=none))
    assert (found.code, grades(found)) == (0, {}), found.stdout
    assert "sitemap" in grades(found, "skipped")


def test_a_sitemap_that_robots_txt_names_in_vain_is_found(launch: Launch) -> None:
    found = launch.look(Front(more="location = /sitemap.xml { return 404; }"))
    assert (found.code, grades(found)) == (1, {"sitemap": "fail"}), found.stdout
    assert "/sitemap.xml: answered 404" in reason(found, "sitemap")


def test_a_redis_that_anyone_may_enter_is_found(launch: Launch, start_redis: StartRedis) -> None:
    redis = start_redis(
        *("--bind", "0.0.0.0", "--protected-mode", "no"),
        *("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"),
    )
    found = launch.look(Front(), "--cache", redis.url)
    assert (found.code, grades(found)) == (1, {"cache-exposed": "fail"})
    assert reason(found, "cache-exposed") == "listens on 0.0.0.0 without a password"


def test_a_redis_with_a_password_may_listen_anywhere(
    launch: Launch, start_redis: StartRedis
) -> None:
    redis = start_redis(
        *("--bind", "0.0.0.0", "--protected-mode", "no", "--requirepass", "s3cret"),
        *("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"),
    )
    found = launch.look(Front(), "--cache", redis.url.replace("//", "//:s3cret@"))
    assert (found.code, grades(found)) == (0, {})
    assert reason(found, "cache-exposed") == "asks for a login"
    assert "s3cret" not in found.stdout + json.dumps(found.report)


def test_a_redis_that_is_full_and_evicts_nothing_is_found(
    launch: Launch, start_redis: StartRedis
) -> None:
    redis = start_redis("--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
    with redis.client() as client, contextlib.suppress(OutOfMemoryError):
        for number in range(100):
            client.set(f"page:{number}", b"x" * 100_000)
    found = launch.look(Front(), "--cache", redis.url)
    assert grades(found) == {"cache-memory": "fail", "cache-policy": "warn"}, found.stdout
    assert found.code == 1
    assert reason(found, "cache-memory").startswith("full: ")


def test_a_redis_without_a_limit_that_has_evicted_is_warned_of(
    launch: Launch, start_redis: StartRedis
) -> None:
    redis = start_redis("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
    with redis.client() as client:
        for number in range(40):
            client.set(f"page:{number}", b"x" * 100_000)
        client.config_set("maxmemory", 0)
    found = launch.look(Front(), "--cache", redis.url)
    assert grades(found) == {"cache-memory": "warn", "cache-evictions": "warn"}, found.stdout


def test_a_redis_that_refuses_writes_after_a_failed_snapshot_is_found(
    launch: Launch,
) -> None:
    # No file can take the name of a directory.
    (launch.redis.server.log.parent / "dump.rdb").mkdir()
    with launch.redis.client() as client:
        client.config_set("save", "3600 1")
        client.bgsave()
        for _ in range(ROUND_TRIPS):  # each waits for the server's answer
            if not client.info("persistence")["rdb_bgsave_in_progress"]:
                break
    found = launch.look(Front(), "--cache", launch.redis.url)
    assert (found.code, grades(found)) == (1, {"cache-persistence": "fail"}), found.stdout


def test_memcached_on_loopback_is_in_order(launch: Launch, start_memcached: StartMemcached) -> None:
    found = launch.look(Front(), "--cache", start_memcached().url)
    assert (found.code, grades(found)) == (0, {}), found.stdout
    assert reason(found, "cache-exposed") == "on loopback only"


def test_a_cache_that_does_not_answer_fails_and_the_rest_of_it_is_skipped(launch: Launch) -> None:
    found = launch.look(Front(), "--cache", f"redis://{HOST}:{free_port()}/0")
    assert (found.code, grades(found)) == (1, {"cache-reachable": "fail"})
    assert len(grades(found, "skipped")) == 7


def test_checks_are_switched_off_with_a_reason(launch: Launch) -> None:
    found = launch.look(Front(hsts=""), extra='off = { hsts = "after the launch" }')
    assert (found.code, grades(found)) == (0, {})
    assert reason(found, "hsts") == "off: after the launch"


def test_an_unknown_check_is_refused_with_the_nearest_known_one(launch: Launch) -> None:
    found = launch.look(Front(), extra='off = { host-heder = "behind a proxy" }')
    assert (found.code, found.stderr) == (
        2,
        'warmer: shop.toml: preflight.off.host-heder: unknown check; did you mean "host-header"?\n',
    )


def test_a_certificate_of_another_host_fails_and_leaves_the_pages_unseen(launch: Launch) -> None:
    found = launch.look(Front(), host="other.example.test")
    assert (found.code, grades(found)) == (1, {"certificate": "fail"}), found.stdout
    assert grades(found, "skipped")["debug-page"] == "skipped"


def test_an_origin_that_does_not_answer_ends_with_3(tmp_path: Path) -> None:
    node = f"{HOST}:{free_port()}"
    found = warmer(tmp_path, "preflight", "--base-url", BASE_URL, "--connect-to", node)
    assert (found.code, found.stdout) == (3, "")
    assert found.stderr.startswith(f"warmer: origin {BASE_URL} by way of {node}: connect: ")


def test_without_a_site_it_is_a_usage_error(tmp_path: Path) -> None:
    found = warmer(tmp_path, "preflight", "--cache", "redis://127.0.0.1/0")
    assert (found.code, found.stdout) == (2, "")


def test_a_report_of_another_kind_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    found = warmer(tmp_path, "preflight", "--base-url", BASE_URL, "--report", "p.jsonl")
    assert (found.code, "expected .json or .xml" in found.stderr) == (2, True)


def test_junit_and_the_quiet_command_tell_what_failed(launch: Launch, tmp_path: Path) -> None:
    found = launch.look(Front(hsts="", compression=""), "-q", "--report", "p.xml")
    assert (found.code, found.stdout) == (1, "")
    assert found.stderr.startswith("FAIL     hsts ")
    assert len(found.stderr.splitlines()) == 1
    suite = ET.parse(tmp_path / "p.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("21", "1", "8")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == [
        f"hsts [{BASE_URL}/]"
    ]


def test_only_a_url_of_its_own_is_asked_for_under_the_made_up_host(
    launch: Launch,
) -> None:
    found = launch.look(Front(options=SiteOptions(pages=5, hosts="*", ssl_header=True)))
    strange = [render for render in launch.site.rendered() if render.host.endswith(".invalid")]
    assert found.code == 1
    assert [render.target.split("=")[0] for render in strange] == ["/session/?warmer-preflight"]


INSIDE_DEBUG = {"check": "debug", "grade": "fail", "where": "DEBUG", "reason": "True", "cure": "no"}


def told_inside(path: Path, *checks: dict[str, str]) -> str:
    """A file as `manage.py warmer_preflight --json` prints it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = {"schema": "warmer.preflight/1", "base_url": BASE_URL, "at": now, "checks": checks}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path.name


def test_what_was_told_inside_joins_the_table_and_the_exit_code(
    launch: Launch, tmp_path: Path
) -> None:
    name = told_inside(tmp_path / "inside.json", INSIDE_DEBUG)
    found = launch.look(Front(), "--inside", name)
    assert (found.code, grades(found)) == (1, {"debug": "fail"})
    names = [each["check"] for each in found.report["checks"]]
    assert names.index("sitemap") + 1 == names.index("inside-report")
    assert names.index("debug") + 1 == names.index("cache-reachable")
    assert "FAIL     debug              DEBUG: True. Cure: no" in found.stdout


def test_a_check_told_inside_is_switched_off_like_the_others(
    launch: Launch, tmp_path: Path
) -> None:
    name = told_inside(tmp_path / "inside.json", INSIDE_DEBUG)
    found = launch.look(Front(), "--inside", name, extra='off = { debug = "a rehearsal" }')
    assert (found.code, grades(found)) == (0, {})
    assert reason(found, "debug") == "off: a rehearsal"


def test_what_was_told_inside_may_come_by_a_pipe(tmp_path: Path) -> None:
    node = f"{HOST}:{free_port()}"
    arguments = ("preflight", "--base-url", BASE_URL, "--connect-to", node, "--inside", "-")
    refused = warmer(tmp_path, *arguments, stdin="")
    assert (refused.code, "standard input: empty" in refused.stderr) == (2, True)
    name = told_inside(tmp_path / "inside.json", INSIDE_DEBUG)
    found = warmer(tmp_path, *arguments, stdin=(tmp_path / name).read_text(encoding="utf-8"))
    assert (found.code, "origin" in found.stderr) == (3, True)
