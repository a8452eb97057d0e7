"""`warmer preflight` against a healthy site, and with each of its faults, one at a time."""

from __future__ import annotations

import pytest

from tests.servers.django_site import SiteOptions
from tests.system.launch_site import OLD_TLS, OWN_404, Front, Launch, grades, reason


def test_a_healthy_site_gives_no_false_alarm(launch: Launch) -> None:
    found = launch.look(Front(), "--cache", launch.redis.url)

    assert (found.code, found.stderr, grades(found)) == (0, "", {}), found.stdout
    assert grades(found, "skipped") == {"dns-ttl": "skipped", "error-page": "skipped"}
    assert found.stdout.splitlines()[-1] == "22 checks: 20 ok, 0 warn, 0 fail, 2 skipped"
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


def test_a_certificate_of_another_host_fails_and_leaves_the_pages_unseen(launch: Launch) -> None:
    found = launch.look(Front(), host="other.example.test")
    assert (found.code, grades(found)) == (1, {"certificate": "fail"}), found.stdout
    assert grades(found, "skipped")["debug-page"] == "skipped"


def test_only_a_url_of_its_own_is_asked_for_under_the_made_up_host(
    launch: Launch,
) -> None:
    found = launch.look(Front(options=SiteOptions(pages=5, hosts="*", ssl_header=True)))
    strange = [render for render in launch.site.rendered() if render.host.endswith(".invalid")]
    assert found.code == 1
    assert [render.target.split("=")[0] for render in strange] == ["/session/?warmer-preflight"]
