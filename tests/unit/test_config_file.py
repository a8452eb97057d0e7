from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from warmer.config import SiteConfig
from warmer.config_file import build_site, read_document
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
name = "shop"
base_url = "https://www.example.com"
connect_to = "10.0.0.5:443"
headers = { "X-Forwarded-Proto" = "https" }
[[source]]
url = "/sitemap.xml"
[[source]]
path = "/var/log/nginx/access.log*"
kind = "access-log"
weight = 2.0
[plan]
top = 500
include = []
exclude = []
[[variant]]
name = "default"
headers = { "Accept-Language" = "en" }
[[cache]]
url = "redis://127.0.0.1:6379/1"
keys = { prefix = "", version = 1 }
[crawl]
concurrency = "auto"
[thresholds]
all = ["hit_ratio>=0.95"]
[[schedule]]
cron = "*/15 * * * *"
[invalidation]
stream = "redis://127.0.0.1:6379/5"
debounce_s = 0.5
max_wait_s = 30
[daemon]
listen = "127.0.0.1:8089"
token_env = "WARMER_TOKEN"
[store]
path = "warmer.db"
"""


def site(environment: dict[str, str] | None = None, **document: Any) -> SiteConfig:
    return build_site(document, place="shop.toml", environment=environment or {})


def refusal(environment: dict[str, str] | None = None, **document: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        site(environment, **document)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def unreadable(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        read_document(path)
    return str(refused.value)


def test_the_keys_that_others_rely_on_are_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(WHOLE, encoding="utf-8")
    found = build_site(read_document(path), place=str(path), environment={})
    assert (found.name, found.connect_to) == ("shop", "10.0.0.5:443")
    assert [(each.url, each.path, each.kind, each.weight) for each in found.source] == [
        ("/sitemap.xml", None, None, 1.0),
        (None, "/var/log/nginx/access.log*", "access-log", 2.0),
    ]
    assert (found.plan.top, found.crawl.concurrency) == (500, "auto")
    assert found.variant[0].headers == {"Accept-Language": "en"}
    assert found.cache[0].keys is not None
    assert found.thresholds.all == ("hit_ratio>=0.95",)
    assert found.schedule[0].cron == "*/15 * * * *"
    assert found.invalidation is not None
    assert (found.invalidation.key, found.invalidation.max_wait_s) == ("warmer:triggers", 30.0)
    assert (found.daemon.token_env, found.store.path) == ("WARMER_TOKEN", "warmer.db")


def test_an_empty_file_is_a_site_with_defaults() -> None:
    assert site() == SiteConfig()


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    assert unreadable(path) == f"{path}: no such file; expected a site's TOML file"


def test_a_directory_is_one_line(tmp_path: Path) -> None:
    assert unreadable(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def test_what_is_not_utf_8_is_told_with_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_bytes(b'name = "caf\xe9"\n')
    assert unreadable(path) == f"{path}: not UTF-8 at byte 11; TOML is UTF-8"


def test_what_is_not_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text('name = "a"\nbase_url = https://a.test\n', encoding="utf-8")
    assert unreadable(path) == f"{path}: not TOML: Invalid value (at line 2, column 12)"


def test_arrays_nested_without_end_are_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text("name = " + "[" * 100_000, encoding="utf-8")
    assert unreadable(path) == f"{path}: not TOML: nested too deeply"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "shop"\r\n')
    assert read_document(path) == {"name": "shop"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"base_ulr": "x"}, 'base_ulr: unknown key; did you mean "base_url"?'),
        ({"sources": []}, 'sources: unknown key; did you mean "source"?'),
        ({"distribute": "clone"}, "distribute: unknown key; expected it under [crawl]"),
        ({"min_ttl_s": 600}, "min_ttl_s: unknown key; expected it under [verify]"),
        ({"pattern": []}, "pattern: unknown key; expected it under [[cache]]"),
        ({"keys": {}}, "keys: unknown key; expected it under [[cache]]"),
        ({"path": "shop.db"}, "path: unknown key; expected it under [[source]] or [store]"),
        ({"plan": {"topp": 1}}, 'plan.topp: unknown key; did you mean "top"?'),
        (
            {"cache": [{"url": "a"}, {"url": "b", "keys": {"prefx": ""}}]},
            'cache[1].keys.prefx: unknown key; did you mean "prefix"?',
        ),
        (
            {"cache": [{"url": "a", "pattern": [{"match": "x", "minimum": 1}]}]},
            'cache[0].pattern[0].minimum: unknown key; did you mean "min"?',
        ),
        (
            {"crawl": {"timeout": 3}},
            'crawl.timeout: unknown key; did you mean "timeout_s"?',
        ),
        (
            {"thresholds": {"hit_ratio": 0.9}},
            "thresholds.hit_ratio: unknown key; known here: all",
        ),
        ({"invalidation": {"stream": "x", "zzz": 1}}, (
            "invalidation.zzz: unknown key; known here: debounce_s, key, max_wait_s, stream"
        )),
    ],
)  # fmt: skip
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    document: dict[str, Any], message: str
) -> None:
    assert refusal(**document) == f"shop.toml: {message}"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"name": 1}, "name: expected `str`, got `int`"),
        ({"cache": {"url": "x"}}, "cache: expected `array`, got `object`"),
        ({"cache": [{}]}, "cache[0]: object missing required field `url`"),
        ({"variant": [{}]}, "variant[0]: object missing required field `name`"),
        ({"plan": {"top": 0}}, "plan.top: expected `int` >= 1"),
        ({"plan": {"top": "5"}}, "plan.top: expected `int | null`, got `str`"),
        ({"plan": {"include": "^/a"}}, "plan.include: expected `array`, got `str`"),
        ({"crawl": {"rate": 0}}, "crawl.rate: expected `float` > 0.0"),
        ({"crawl": {"concurrency": 0}}, "crawl.concurrency: expected `int` >= 1"),
        ({"crawl": {"concurrency": "all"}}, "crawl.concurrency: invalid enum value 'all'"),
        ({"crawl": {"abort_ratio": 2}}, "crawl.abort_ratio: expected `float` <= 1.0"),
        ({"verify": {"timing_ratio": 1}}, "verify.timing_ratio: expected `float` > 1.0"),
        ({"verify": {"probe": "maybe"}}, "verify.probe: invalid enum value 'maybe'"),
        ({"source": [{"kind": "log", "path": "x"}]}, "source[0].kind: invalid enum value 'log'"),
        ({"headers": {"X-A": 1}}, "headers[...]: expected `str`, got `int`"),
        (
            {"cache": [{"url": "a", "pattern": [{"match": "x"}]}]},
            "cache[0].pattern[0]: object missing required field `min`",
        ),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_place(
    document: dict[str, Any], message: str
) -> None:
    assert refusal(**document) == f"shop.toml: {message}"


def test_variables_of_the_environment_are_filled_in() -> None:
    found = site(
        {"USER": "ann", "PASS": "${USER}", "TOKEN": "t"},
        crawl={"basic_auth": "${USER}:${PASS}"},
        headers={"X-Token": "a${TOKEN}b"},
        cache=[{"url": "redis://:${TOKEN}@h:1/0", "keys": {"prefix": "${USER}"}}],
    )
    # What comes from the environment is a value, whatever it looks like.
    assert found.crawl.basic_auth == "ann:${USER}"
    assert found.headers == {"X-Token": "atb"}
    assert found.cache[0].url == "redis://:t@h:1/0"
    assert found.cache[0].keys is not None
    assert found.cache[0].keys.prefix == "ann"


def test_a_missing_variable_is_told_with_its_place() -> None:
    expected = "environment variable TOKEN is not set; expected it to hold the value"
    assert refusal(headers={"X-Token": "${TOKEN}"}) == f"shop.toml: headers.X-Token: {expected}"
    assert refusal(cache=[{"url": "a"}, {"url": "redis://:${TOKEN}@h"}]) == (
        f"shop.toml: cache[1].url: {expected}"
    )


def test_an_empty_variable_is_set() -> None:
    assert site({"PREFIX": ""}, name="a${PREFIX}b").name == "ab"


def test_what_is_no_variable_stays_as_it_is() -> None:
    for text in ("$HOME", "${}", "${1}", "${a-b}", "$${", "{a}", "100%"):
        assert site({"HOME": "x", "a": "x"}, name=text).name == text


def test_patterns_and_formats_keep_their_dollars() -> None:
    pattern = "^/${lang}$|${x}"
    log = "$remote_addr ${request_uri}"
    found = site(
        {},
        plan={"include": [pattern], "exclude": [pattern]},
        source=[{"path": "a.log", "format": log}],
        variant=[{"name": "a", "include": [pattern]}],
        cache=[
            {
                "url": "redis://h",
                "keys": {"template": "${key}"},
                "pattern": [{"match": "${x}", "min": 1}],
            }
        ],
    )
    assert (found.plan.include, found.plan.exclude) == ((pattern,), (pattern,))
    assert found.source[0].format == log
    assert found.variant[0].include == (pattern,)
    assert found.cache[0].keys is not None
    assert found.cache[0].keys.template == "${key}"
    assert found.cache[0].pattern[0].match == "${x}"


def test_a_header_may_be_called_as_a_key_that_is_left_alone() -> None:
    found = site({"TOKEN": "t"}, headers={"include": "${TOKEN}", "format": "${TOKEN}"})
    assert found.headers == {"include": "t", "format": "t"}


def test_a_value_of_the_environment_is_not_repeated_in_a_refusal() -> None:
    assert refusal({"SITE": "s3cr3t"}, crawl={"basic_auth": "${SITE}"}) == (
        "shop.toml: crawl.basic_auth: expected user:password"
    )
