"""Request headers as browsers send them; what is set by hand goes over them."""

from __future__ import annotations

from warmer.config import VariantConfig
from warmer.crawl.profiles import header_lines, own_header_names, visitor_headers

ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)
DESKTOP = VariantConfig(name="default")


def headers(variant: VariantConfig = DESKTOP, scheme: str = "https", **site: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in site.items()}
    return visitor_headers(variant, scheme=scheme, site=named, user_agent=None)


def test_over_tls_a_browser_offers_four_codings() -> None:
    assert headers() == {
        "User-Agent": "Mozilla/5.0 (compatible; warmer/0.1.0)",
        "Accept": ACCEPT,
        "Accept-Language": "en-US,en;q=0.9",
        "Upgrade-Insecure-Requests": "1",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Site": "none",
        "Sec-Fetch-User": "?1",
    }


def test_without_tls_a_browser_offers_two_and_no_fetch_metadata() -> None:
    assert headers(scheme="http") == {
        "User-Agent": "Mozilla/5.0 (compatible; warmer/0.1.0)",
        "Accept": ACCEPT,
        "Accept-Language": "en-US,en;q=0.9",
        "Upgrade-Insecure-Requests": "1",
        "Accept-Encoding": "gzip, deflate",
    }


def test_the_mobile_profile_is_a_phones_user_agent() -> None:
    agent = headers(VariantConfig(name="m", profile="mobile"))["User-Agent"]
    assert "Android" in agent
    assert "Mobile" in agent
    assert "warmer/0.1.0" in agent


def test_without_a_profile_only_the_user_agent_is_ours() -> None:
    assert list(headers(VariantConfig(name="api", profile="none"))) == ["User-Agent"]


def test_the_variant_goes_over_the_site_and_the_site_over_the_profile() -> None:
    variant = VariantConfig(name="de", headers={"ACCEPT-LANGUAGE": "de", "X-B": "variant"})
    found = headers(variant, accept_language="fr", x_a="site", x_b="site")
    assert [value for name, value in found.items() if name.lower() == "accept-language"] == ["de"]
    assert (found["x-a"], found["X-B"]) == ("site", "variant")
    assert "x-b" not in found


def test_an_empty_value_takes_a_header_away() -> None:
    assert "Accept-Encoding" not in headers(accept_encoding="")


def test_a_user_agent_of_ones_own_goes_over_the_profiles() -> None:
    found = visitor_headers(DESKTOP, scheme="http", site={}, user_agent="Shop/1")
    assert found["User-Agent"] == "Shop/1"


def test_lines_carry_the_run_and_leave_nothing_for_libcurl_to_add() -> None:
    assert header_lines({"User-Agent": "a", "accept": "b"}, "r-1") == [
        "User-Agent: a",
        "accept: b",
        "X-Warmer-Run: r-1",
    ]
    assert header_lines({}, "r-1") == ["X-Warmer-Run: r-1", "Accept:"]


def test_the_runs_own_header_is_the_runs() -> None:
    assert header_lines({"x-warmer-run": "mine", "Accept": "b"}, "r-1") == [
        "Accept: b",
        "X-Warmer-Run: r-1",
    ]


HINTS = {"sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"}
OURS = {"user-agent", "x-warmer-run", "x-warmer-refresh"} | HINTS


def own(
    variant: VariantConfig, site: dict[str, str] | None = None, basic_auth: str | None = None
) -> frozenset[str]:
    return own_header_names(variant, site=site or {}, basic_auth=basic_auth)


def test_headers_that_visitors_do_not_send_alike_are_named() -> None:
    assert own(DESKTOP) == OURS
    chosen = VariantConfig(name="v", headers={"User-Agent": "Firefox"})
    assert own(chosen) == OURS - {"user-agent"}


def test_credentials_of_the_site_are_ours_and_those_of_a_variant_are_its_visitors() -> None:
    site = {"X-Forwarded-Proto": "https", "COOKIE": "a=b", "Authorization": ""}
    assert own(DESKTOP, site) == OURS | {"cookie"}
    assert own(DESKTOP, basic_auth="user:word") == OURS | {"authorization"}
    chosen = VariantConfig(name="v", headers={"Cookie": "c=d", "authorization": "Basic abc"})
    assert own(chosen, site, "user:word") == OURS


def test_the_cookie_of_a_login_is_nobody_elses() -> None:
    assert own(VariantConfig(name="v", login="staff")) == OURS | {"cookie"}


def test_a_scripts_request_is_sent_as_a_script_does() -> None:
    ajax = VariantConfig(name="v", ajax=True)
    sent = visitor_headers(ajax, scheme="https", site={}, user_agent="x")
    assert sent == {
        "User-Agent": "x",
        "Accept": "*/*",
        "Accept-Language": "en-US,en;q=0.9",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Sec-Fetch-Dest": "empty",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "same-origin",
        "X-Requested-With": "XMLHttpRequest",
    }
    bare = VariantConfig(name="v", ajax=True, profile="none", headers={"Accept": "text/plain"})
    assert visitor_headers(bare, scheme="http", site={}, user_agent="x") == {
        "User-Agent": "x",
        "X-Requested-With": "XMLHttpRequest",
        "Accept": "text/plain",
    }
