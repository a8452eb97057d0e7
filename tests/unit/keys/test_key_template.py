"""Templates name keys of custom KEY_FUNCTIONs and other frameworks; wrong ones are refused."""

from __future__ import annotations

import pytest

from warmer.caches.key_template import check_wrapping, is_wrapping, parse_template
from warmer.errors import ConfigError
from warmer.model import KeyQuestion

QUESTION = KeyQuestion(
    "https://Example.com:443/a%20b/?x=1&y=2#z", {"accept-language": "de", "Cookie": "a=b"}, "de"
)


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("page:{scheme}:{host}{path}?{query}", "page:https:example.com/a%20b/?x=1&y=2"),
        ("{url}", "https://example.com/a%20b/?x=1&y=2"),
        ("{port}{path_and_query}", "443/a%20b/?x=1&y=2"),
        ("{md5_url}", "100a24be379842b61c1a29ebd5298348"),
        ("{path}|{header[Accept-Language]}|{header[x-absent]}", "/a%20b/|de|"),
        ("{{{path}}}", "{/a%20b/}"),
        ("{path}.{language}", "/a%20b/.de"),
    ],
)
def test_fields_are_filled_from_url_headers_and_language(template: str, key: str) -> None:
    assert parse_template(template).key(QUESTION) == key


def test_hashes_are_those_of_the_url_as_a_client_sends_it() -> None:
    question = KeyQuestion("http://localhost", {})
    assert parse_template("{md5_url}").key(question) == "c9db569cb388e160e4b86ca1ddff84d7"
    assert parse_template("{sha1_url}").key(question) == "f6c97a7f64063cfee7c2dc2157847204d4dbf093"
    assert parse_template("{sha256_url}").key(question) == (
        "e35da960b323d1fc5825fcc4a5332a3e94fb68dbe72f44832c270f2b02d7f871"
    )


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://h/", "80"), ("https://h/", "443"), ("http://h:8000/", "8000"),
     ("http://[::1]/", "80"), ("http://[::1]:81/", "81")],
)  # fmt: skip
def test_the_port_is_the_one_that_is_asked(url: str, port: str) -> None:
    assert parse_template("{port}").key(KeyQuestion(url, {})) == port


def test_a_language_that_no_response_told_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="no response told one"):
        parse_template("{path}.{language}").key(KeyQuestion("http://h/", {}))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "page:{pth}",
            r"unknown field \{pth\}; did you mean \{path\}\? expected url, scheme, host",
        ),
        ("{path.__class__}", r"unknown field \{path.__class__\}"),
        ("{path!r}", r"unknown field \{path!r\}"),
        ("{path:>10}", r"unknown field"),
        ("{header[a b]}", r"unknown field"),
        ("{}", r"unknown field \{\}"),
        ("{0}{path}", r"unknown field \{0\}"),
        ("page:{path", "a single '{'"),
        ("page:path}", "a single '}'"),
        ("page", "has no field"),
    ],
)
def test_a_wrong_template_is_refused_with_what_is_known(template: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_template(template)


def test_a_template_with_the_django_key_wraps_it() -> None:
    assert is_wrapping("v2|{key}")
    assert is_wrapping("{prefix}:{version}:{key}")
    assert not is_wrapping("{path}")
    assert not is_wrapping("{{key}}{path}")
    assert check_wrapping("v2|{prefix}|{key}") == "v2|{prefix}|{key}"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{key}{key}", "once"),
        ("{key}{{", "no doubled braces"),
        ("{key}{path}", r"unknown field \{path\}; expected prefix, version, key"),
    ],
)
def test_a_wrapping_holds_the_key_once_and_nothing_of_the_request(
    template: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_wrapping(template)
