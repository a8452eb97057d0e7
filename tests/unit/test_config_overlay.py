from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config_file import overlay
from warmer.config_overlay import (
    NOT_KEPT,
    check_kept,
    concurrency,
    header,
    kept,
    overrides,
    rate_per_s,
    source,
)
from warmer.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("urls.txt", {"path": "urls.txt"}),
        ("/var/log/nginx/access.log*", {"path": "/var/log/nginx/access.log*"}),
        ("-", {"path": "-"}),
        ("./list:1", {"path": "./list:1"}),
        ("unknown:x", {"path": "unknown:x"}),
        ("HTTPS://a.test/", {"url": "HTTPS://a.test/"}),
        ("https://a.test/sitemap.xml", {"url": "https://a.test/sitemap.xml"}),
        ("list:-", {"kind": "list", "path": "-"}),
        ("csv:export.txt", {"kind": "csv", "path": "export.txt"}),
        ("access-log:*.gz", {"kind": "access-log", "path": "*.gz"}),
        ("sitemap:map.xml", {"kind": "sitemap", "path": "map.xml"}),
        ("sitemap:http://a.test/m", {"kind": "sitemap", "url": "http://a.test/m"}),
        ("robots:", {"kind": "robots"}),
        ("robots:/robots.txt", {"kind": "robots", "url": "/robots.txt"}),
        ("discover:", {"kind": "discover"}),
        ("discover:/start", {"kind": "discover", "url": "/start"}),
        (
            "popularity:redis://h:1/0#pages#1",
            {"kind": "popularity", "url": "redis://h:1/0", "key": "pages#1"},
        ),
    ],
)
def test_a_source_is_a_path_a_url_or_a_kind_with_either(text: str, table: dict[str, str]) -> None:
    assert source(text) == table


def test_a_header_is_a_name_and_a_value() -> None:
    assert header("Accept-Language: de") == ("Accept-Language", "de")
    assert header("X-Time:12:30") == ("X-Time", "12:30")
    assert header("Accept-Encoding:") == ("Accept-Encoding", "")


@pytest.mark.parametrize("text", ["", "Accept-Language", ": de", "  : de"])
def test_what_is_no_header_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        header(text)
    assert str(refused.value) == (
        "--header: no name and value with a colon between them;"
        ' expected "Name: value", such as "Accept-Language: de"'
    )


@pytest.mark.parametrize(
    ("text", "rate"),
    [("5", 5.0), ("5/s", 5.0), ("300/m", 5.0), ("1800/h", 0.5), ("0.5", 0.5), (" 2/s ", 2.0)],
)
def test_a_rate_is_requests_in_a_unit_of_time(text: str, rate: float) -> None:
    assert rate_per_s(text) == rate


@pytest.mark.parametrize(
    "text", ["", "0", "0/s", "-1", "5/d", "fast", "1e3", "nan", "5/", "\u0665"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rate_per_s(text)
    assert str(refused.value) == (
        f'--rate "{text}": expected requests a second, such as 5/s or 300/m'
    )


def test_concurrency_is_auto_or_a_whole_number() -> None:
    assert (concurrency("auto"), concurrency("1"), concurrency("16")) == ("auto", 1, 16)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many", "²", "\u0665"])
def test_what_is_no_concurrency_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        concurrency(text)
    assert str(refused.value) == (f'--concurrency "{text}": expected auto or a whole number from 1')


def test_only_what_was_given_goes_over_the_file() -> None:
    assert overrides() == {}
    assert overrides(top=5, workers="3", rate="60/m") == {
        "plan": {"top": 5},
        "crawl": {"concurrency": 3, "rate": 1.0},
    }


def test_every_option_has_its_key() -> None:
    assert overrides(
        sources=["a.log", "b.log"],
        base_url="https://a.test",
        connect_to="10.0.0.5:443",
        cache=["redis://h:1/0"],
        headers=["A: 1", "B: 2", "A: 3"],
        top=9,
        include=["^/p"],
        exclude=["x"],
        alias=["b.test"],
        log_format="combined",
        workers="auto",
        rate="2",
        threshold=["hit_ratio>=1"],
    ) == {
        "source": [
            {"path": "a.log", "format": "combined"},
            {"path": "b.log", "format": "combined"},
        ],
        "base_url": "https://a.test",
        "connect_to": "10.0.0.5:443",
        "cache": [{"url": "redis://h:1/0"}],
        "headers": {"A": "3", "B": "2"},
        "plan": {"top": 9, "include": ["^/p"], "exclude": ["x"], "aliases": ["b.test"]},
        "crawl": {"concurrency": "auto", "rate": 2.0},
        "thresholds": {"all": ["hit_ratio>=1"]},
    }


def test_one_server_is_a_text_and_several_are_a_list() -> None:
    assert overrides(connect_to=()) == {}
    assert overrides(connect_to=("a:1",)) == {"connect_to": "a:1"}
    assert overrides(connect_to=("a:1", "b:1"), distribute="clone") == {
        "connect_to": ["a:1", "b:1"],
        "crawl": {"distribute": "clone"},
    }


def test_tables_merge_and_lists_are_replaced() -> None:
    file = {
        "base_url": "https://a.test",
        "headers": {"A": "1", "B": "2"},
        "plan": {"top": 10, "include": ["^/a"]},
        "cache": [{"url": "redis://a:1"}, {"url": "redis://b:1"}],
    }
    over = {
        "headers": {"B": "3"},
        "plan": {"include": ["^/b"]},
        "cache": [{"url": "redis://c:1"}],
    }
    before = json.dumps(file)
    assert overlay(file, over) == {
        "base_url": "https://a.test",
        "headers": {"A": "1", "B": "3"},
        "plan": {"top": 10, "include": ["^/b"]},
        "cache": [{"url": "redis://c:1"}],
    }
    assert json.dumps(file) == before


def test_what_selects_cache_entries_is_kept_and_other_values_are_not() -> None:
    document = overrides(
        headers=["Accept-Language: de", "authorization: Basic abc", "X-Forwarded-Proto: https"],
        cache=["redis://:secret@h:1/0", "redis://h:2/0"],
        sources=["https://u:p@a.test/sitemap.xml", "popularity:redis://:secret@h:1/0#k", "a.txt"],
    )
    assert kept(document) == {
        "headers": {
            "Accept-Language": "de",
            "authorization": NOT_KEPT,
            "X-Forwarded-Proto": "https",
        },
        "cache": [{"url": f"redis://{NOT_KEPT}@h:1/0"}, {"url": "redis://h:2/0"}],
        "source": [
            {"url": f"https://{NOT_KEPT}@a.test/sitemap.xml"},
            {"kind": "popularity", "url": f"redis://{NOT_KEPT}@h:1/0", "key": "k"},
            {"path": "a.txt"},
        ],
    }


SECRET = st.text(
    st.characters(codec="ascii", min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12
).map(lambda text: f"s3cr3t{text}s3cr3t")


def secrets_of(found: Any) -> bool:
    return "s3cr3t" in json.dumps(found)


@given(SECRET, st.sampled_from(["X-Token", "Cookie", "authorization", "Accept-Charset"]))
def test_no_header_value_is_kept(secret: str, name: str) -> None:
    assert not secrets_of(kept(overrides(headers=[f"{name}: {secret}"])))


@given(
    SECRET,
    st.sampled_from(
        [
            "redis://:{}@127.0.0.1:6379/0",
            "redis://user:{}@127.0.0.1:6379/0",
            "rediss://{}@h/0?ca_file=/ca.pem",
            "unix://:{}@/run/redis.sock?db=1",
            "redis+sentinel://:{}@a:1,b:2/mymaster/0",
            "redis://127.0.0.1:6379/0?password={}",
            "{}@127.0.0.1",
        ]
    ),
)
def test_no_password_of_a_cache_is_kept(secret: str, url: str) -> None:
    document = overrides(cache=[url.format(secret)])
    assert not secrets_of(kept(document))
    with pytest.raises(ConfigError):
        check_kept(kept(document))


@given(
    SECRET,
    st.sampled_from(
        [
            "https://user:{}@a.test/sitemap.xml",
            "sitemap:http://{}@a.test/sitemap.xml",
            "https://a.test/sitemap.xml?token={}",
            "https://a.test/sitemap.xml?a=1&token={}&b=2",
            "discover:https://a.test/?token={}",
            "robots:https://u:{}@a.test/robots.txt",
            "HTTP://u:{}@a.test/sitemap.xml",
            "ftp://u:{}@a.test/urls.txt",
            "popularity:redis://:{}@h:1/0#key",
        ]
    ),
)
def test_no_login_and_no_parameter_of_a_source_is_kept(secret: str, text: str) -> None:
    # A `#` begins the name of a key; an address with one in its password is refused.
    document = overrides(sources=[text.format(secret.replace("#", "%23"))])
    assert not secrets_of(kept(document))


def test_a_resumed_run_asks_again_for_what_was_not_kept() -> None:
    def refusal(**given: Any) -> str:
        with pytest.raises(ConfigError) as refused:
            check_kept(kept(overrides(**given)))
        return str(refused.value)

    assert refusal(headers=["X-Token: abc"]) == (
        'header "X-Token": its value was not kept; give --header again'
    )
    assert refusal(cache=["redis://h:1", "redis://:p@h:1"]) == (
        "cache: its password was not kept; give --cache again"
    )


def test_a_resumed_run_reads_no_source_and_asks_for_none() -> None:
    check_kept(kept(overrides(sources=["https://u:p@a.test/sitemap.xml"])))


def test_what_is_given_again_is_taken() -> None:
    first = overrides(headers=["X-Token: abc"], cache=["redis://:p@h:1"], top=5)
    again = overrides(headers=["X-Token: def"], cache=["redis://:q@h:1"])
    merged = overlay(kept(first), again)
    check_kept(merged)
    assert merged == {
        "headers": {"X-Token": "def"},
        "cache": [{"url": "redis://:q@h:1"}],
        "plan": {"top": 5},
    }


def test_a_secret_is_kept_from_the_document_it_came_in_only_when_it_is_stored() -> None:
    document = overrides(headers=["X-Token: abc"], cache=["redis://:p@h:1"])
    kept(document)
    assert document == {"headers": {"X-Token": "abc"}, "cache": [{"url": "redis://:p@h:1"}]}
