from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config_file import build_site
from warmer.config_rules import duration_s
from warmer.errors import ConfigError


def refusal(**document: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        build_site(document, place="shop.toml", environment={})
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith("shop.toml: ")
    return message.removeprefix("shop.toml: ")


def accepted(**document: Any) -> None:
    build_site(document, place="shop.toml", environment={})


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com",
        "http://localhost:8000/",
        "https://[2001:db8::1]:8443",
        "https://bücher.example",
        "HTTPS://WWW.EXAMPLE.COM",
        "http://my_host",
    ],
)
def test_a_site_is_a_scheme_and_a_host(url: str) -> None:
    accepted(base_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "www.example.com", "//www.example.com", "ftp://www.example.com", "https://",
        "https:///a", "https://:443", "https://a:port", "https://a:0", "https://a:65536",
        "https://[::1", "https://exa mple.com", "https://-a.test", "https://a..test", "/",
        "https://a\\b", "https://\udcff.test", "https://*.example.com",
    ],
)  # fmt: skip
def test_what_is_no_site_is_refused(url: str) -> None:
    assert refusal(base_url=url) == (
        f'base_url: "{url}" is not a site; expected https://host[:port]'
    )


@pytest.mark.parametrize("url", ["https://a.test/shop", "https://a.test/?x=1", "https://a.test/#x"])
def test_a_site_with_a_path_is_refused_since_targets_have_their_own(url: str) -> None:
    assert refusal(base_url=url) == f'base_url: "{url}" has a path; expected scheme and host alone'


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    expected = "holds credentials; expected crawl.basic_auth for these"
    for url in ("https://user:s3cr3t@a.test", "https://s3cr3t@a.test/path"):
        assert refusal(base_url=url) == f"base_url: {expected}"
        assert refusal(source=[{"url": url}]) == f"source[0].url: {expected}"
    for url in ("ftp://user:s3cr3t@a.test", "https://u:s3c@r3t@a:b", "u:s3cr3t@a.test"):
        assert "r3t" not in refusal(base_url=url)


@pytest.mark.parametrize("value", ["10.0.0.5:443", "localhost:80", "[::1]:8000", "new-host:65535"])
def test_connect_to_is_a_host_and_a_port(value: str) -> None:
    accepted(connect_to=value)


@pytest.mark.parametrize(
    "value",
    [
        "", "10.0.0.5", "10.0.0.5:", ":443", "::1", "::1:443", "[::1]", "a:0", "a:65536", "a:x",
        "http://a:80", "a:٤٤٣", "a b:80", "a\n:80", "a/b:80", "user@a:80",
    ],
)  # fmt: skip
def test_what_is_no_host_and_port_is_refused(value: str) -> None:
    assert refusal(connect_to=value) == (
        f'connect_to: "{value}" is not HOST:PORT; expected for instance 10.0.0.5:443'
    ).replace("\n", "\\n")


def test_connect_to_may_name_several_servers() -> None:
    accepted(connect_to=["10.0.0.5:443", "10.0.0.6:443"])
    assert refusal(connect_to=["10.0.0.5:443", "10.0.0.6"]) == (
        'connect_to: "10.0.0.6" is not HOST:PORT; expected for instance 10.0.0.5:443'
    )
    assert refusal(connect_to=["10.0.0.5:443", "10.0.0.5:443"]) == (
        'connect_to: "10.0.0.5:443" is named twice; expected each server once'
    )


def test_a_cache_belongs_to_a_server_that_there_is() -> None:
    cache = {"url": "redis://10.0.0.5/0", "server": "10.0.0.5:443"}
    accepted(connect_to=["10.0.0.5:443", "10.0.0.6:443"], cache=[cache])
    assert refusal(connect_to="10.0.0.6:443", cache=[cache]) == (
        'cache[0].server: "10.0.0.5:443" is not in connect_to; expected one of its servers, the'
        " one whose visitors alone have this cache"
    )


@pytest.mark.parametrize("alias", ["example.com", "example.com:8443", "bücher.example", "[::1]"])
def test_an_alias_is_a_host(alias: str) -> None:
    accepted(plan={"aliases": [alias]})


@pytest.mark.parametrize("alias", ["", "https://example.com", "example.com/a", "*.a.test", "a:x"])
def test_what_is_no_host_is_no_alias(alias: str) -> None:
    assert refusal(plan={"aliases": ["a.test", alias]}) == (
        f'plan.aliases[1]: "{alias}" is not a host;'
        " expected a name such as example.com, without scheme and path"
    )


@pytest.mark.parametrize("key", ["include", "exclude"])
def test_a_pattern_that_is_no_regular_expression_is_refused(key: str) -> None:
    assert refusal(plan={key: ["ok", "("]}) == (
        f'plan.{key}[1]: "(" is not a regular expression:'
        " missing ), unterminated subpattern at position 0"
    )


def test_a_variants_pattern_is_checked_too() -> None:
    assert refusal(variant=[{"name": "a"}, {"name": "b", "include": ["*"]}]) == (
        'variant[1].include[0]: "*" is not a regular expression: nothing to repeat at position 0'
    )


def test_variants_need_names_of_their_own() -> None:
    expected = "is empty or taken; expected another name"
    assert refusal(variant=[{"name": "a"}, {"name": "a"}]) == f'variant[1].name: "a" {expected}'
    assert refusal(variant=[{"name": ""}]) == f'variant[0].name: "" {expected}'


NOT_TEXT = "is not one line of UTF-8 text; expected no line break and no other control character"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"": "x"}, 'header name "" is not a token; expected a name such as "Accept-Language"'),
        (
            {"A B": "de"},
            'header name "A B" is not a token; expected a name such as "Accept-Language"',
        ),
        (
            {"Host": "a.test"},
            'header "Host" cannot be set; base_url and connect_to say where requests go',
        ),
        ({"X-A": "1\r\nX-B: 2"}, f'the value of header "X-A" {NOT_TEXT}'),
        ({"X-A": "\udcff"}, f'the value of header "X-A" {NOT_TEXT}'),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_where_it_stands(
    headers: dict[str, str], found: str
) -> None:
    assert refusal(headers=headers) == f"headers: {found}"
    assert refusal(variant=[{"name": "a", "headers": headers}]) == f"variant[0].headers: {found}"


def test_a_user_agent_is_a_header_too() -> None:
    assert refusal(crawl={"user_agent": "warmer\nX-B: 2"}) == (
        f'crawl.user_agent: the value of header "User-Agent" {NOT_TEXT}'
    )


def test_a_source_has_a_path_or_a_url() -> None:
    assert refusal(source=[{"path": "a"}, {"path": "b", "url": "c"}]) == (
        "source[1]: has both path and url; expected one of them"
    )
    assert refusal(source=[{"weight": 2}]) == (
        "source[0]: has neither path nor url; expected one of them"
    )
    accepted(source=[{"kind": "discover"}, {"kind": "robots"}, {"url": "/sitemap.xml"}])


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "popularity", "url": "redis://h"},
        {"kind": "popularity", "url": "redis://h", "key": ""},
        {"kind": "popularity", "path": "h", "key": "k"},
    ],
)
def test_a_popularity_set_needs_its_server_and_its_key(source: dict[str, str]) -> None:
    assert refusal(source=[source]) == (
        "source[0]: kind popularity needs url (redis://…) and key (a sorted set)"
    )


def test_basic_auth_is_user_and_password_and_is_not_repeated() -> None:
    assert refusal(crawl={"basic_auth": "s3cr3t"}) == "crawl.basic_auth: expected user:password"
    accepted(crawl={"basic_auth": "user:"})


def test_a_key_without_a_certificate_is_refused() -> None:
    assert refusal(crawl={"client_key": "/key.pem"}) == (
        "crawl.client_key: given without crawl.client_cert; both are needed"
    )


def test_a_schedule_is_either_cron_or_every() -> None:
    expected = "schedule[0]: expected either cron or every"
    assert refusal(schedule=[{}]) == expected
    assert refusal(schedule=[{"cron": "* * * * *", "every": "1h"}]) == expected


@pytest.mark.parametrize("every", ["", "0s", "10", "-5m", "1w", "5 minutes", "\u0665m", "1e3s"])
def test_what_is_no_duration_is_refused(every: str) -> None:
    assert refusal(schedule=[{"every": every}]) == (
        f'schedule[0].every: "{every}" is no duration; expected 10m, 2h or 1d'
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1.5h", 5400), ("1d", 86400), (" 2 h ", 7200), ("0s", 0)],
)
def test_a_duration_is_a_number_with_its_unit(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@given(st.text(max_size=40))
def test_no_text_crashes_a_rule(text: str) -> None:
    for document in (
        {"base_url": text},
        {"base_url": f"https://{text}"},
        {"connect_to": text},
        {"plan": {"aliases": [text]}},
        {"plan": {"include": [text]}},
        {"source": [{"url": f"https://{text}"}]},
        {"schedule": [{"every": text}]},
        {"headers": {text: text}},
        {text: text},
    ):
        try:
            build_site(document, place="shop.toml", environment={})
        except ConfigError as error:
            assert str(error).startswith("shop.toml: ")  # noqa: PT017 -- many may be accepted


LOGIN = {"url": "/login/", "username_env": "SHOP_USER", "password_env": "SHOP_PASSWORD"}


@pytest.mark.parametrize("url", ["/login/", "/", "https://id.a.test", "http://a.test/in?next=/"])
def test_a_login_is_a_place_of_the_site(url: str) -> None:
    accepted(login=LOGIN | {"url": url, "proof_url": url})


def test_one_login_may_be_a_table_and_several_are_roles() -> None:
    staff = LOGIN | {"name": "staff"}
    variants = [{"name": "a", "login": "staff"}, {"name": "b", "login": "default"}, {"name": "c"}]
    accepted(login=[LOGIN, staff], variant=variants)
    accepted(login=LOGIN, variant=variants[1:])


@pytest.mark.parametrize(
    ("login", "message"),
    [
        (LOGIN | {"url": "login"}, 'login.url: "login" is no place of the site; expected a path'),
        (LOGIN | {"url": "//a.test/"}, 'login.url: "//a.test/" is no place'),
        (LOGIN | {"proof_url": "ftp://a"}, 'login.proof_url: "ftp://a" is no place of the site'),
        (LOGIN | {"url": "https://u:pw@a.test/"}, 'login.url: "https://…@a.test/" is no place'),
        (LOGIN | {"name": ""}, 'login.name: "" is empty or taken; expected another name'),
        ([LOGIN, LOGIN], 'login[1].name: "default" is empty or taken; expected another name'),
        (
            LOGIN | {"password_env": "s3cret word"},
            "login.password_env: is not the name of an environment variable; expected a name",
        ),
        (LOGIN | {"proof_text": "Log out"}, "login.proof_text: given without proof_url"),
        (LOGIN | {"logged_out": ""}, "login.logged_out: is empty; expected a text that strangers"),
        (LOGIN | {"pasword_field": "x"}, 'login.pasword_field: unknown key; did you mean "passw'),
        ({"url": "/login/"}, "login: object missing required field `username_env`"),
    ],
)
def test_a_login_that_cannot_be_is_refused(login: Any, message: str) -> None:
    found = refusal(login=login)
    assert found.startswith(message)
    assert "s3cret" not in found


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"login": "stuff"}, 'variant[0].login: "stuff" is no login; expected one of default'),
        (
            {"login": "default", "headers": {"cookie": "a=b"}},
            "variant[0].headers: has a Cookie, which its login sets; expected one of both",
        ),
    ],
)
def test_a_variant_has_a_login_that_there_is(variant: Any, message: str) -> None:
    assert refusal(login=LOGIN, variant=[variant | {"name": "a"}]) == message


def test_a_variant_cannot_have_a_login_where_there_is_none() -> None:
    assert refusal(variant=[{"name": "a", "login": "staff"}]) == (
        'variant[0].login: "staff" is no login; expected a [login] of that name'
    )


@pytest.mark.parametrize("url", ["/", "https://shop.example/top/", "http://WWW.shop.example/"])
def test_the_canary_is_a_page_of_the_site(url: str) -> None:
    plan = {"aliases": ["www.shop.example"]}
    accepted(base_url="https://shop.example", plan=plan, guard={"url": url})


@pytest.mark.parametrize(
    "url", ["https://other.example/", "//other.example/", "top", "https://u:p@shop.example/", ""]
)
def test_a_canary_elsewhere_would_get_the_credentials_of_the_site(url: str) -> None:
    message = refusal(base_url="https://shop.example", guard={"url": url})
    assert message.startswith("guard.url: ")
    assert "u:p" not in message
    assert message.endswith(
        " is no page of the site; expected a path such as /, or a URL of base_url's host"
    )
