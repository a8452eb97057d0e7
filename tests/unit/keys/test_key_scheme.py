"""Pins come from the configuration as Django would put them into keys, and go back into it."""

from __future__ import annotations

import tomllib

import msgspec
import pytest

from warmer.caches.django_keys import HashVariant
from warmer.caches.key_scheme import KeyPins, KeyScheme, scheme_from_config, zone_suffix
from warmer.config import KeysConfig
from warmer.errors import ConfigError


def test_without_keys_everything_is_learnt() -> None:
    assert scheme_from_config(None) == KeyPins()
    assert KeyPins().complete() is None


def test_keys_pin_prefix_version_and_page_prefix_and_leave_the_rest_open() -> None:
    pins = scheme_from_config(KeysConfig())
    assert pins == KeyPins(prefix="", version=1, page_prefix="")
    assert pins.complete() is None


def test_an_empty_language_or_zone_pins_that_there_is_none() -> None:
    scheme = scheme_from_config(KeysConfig(language="", time_zone="")).complete()
    assert scheme == KeyScheme(language="", time_zone="", hashes=tuple(HashVariant))


def test_a_pinned_language_stands_in_for_a_response_that_was_not_seen() -> None:
    scheme = scheme_from_config(KeysConfig(language="pt-BR", time_zone="Etc/GMT+5")).complete()
    assert scheme is not None
    assert (scheme.language, scheme.pinned_language, scheme.time_zone) == (None, "pt-br", "-05")


def test_a_zone_is_what_django_puts_into_keys() -> None:
    assert zone_suffix("UTC") == "UTC"
    assert zone_suffix("America/Chicago") == "America/Chicago"
    assert zone_suffix("Etc/GMT-14") == "+14"
    assert zone_suffix("No/Such") == "No/Such"
    assert zone_suffix("../etc/passwd") == "../etc/passwd"


def test_a_wrong_wrapping_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected prefix, version, key"):
        scheme_from_config(KeysConfig(template="{path}{key}"))


@pytest.mark.parametrize(
    "scheme",
    [
        KeyScheme(),
        KeyScheme(prefix='a"b\\c', version=3, page_prefixes=("p", ""), language="en",
                  time_zone="America/Chicago", hashes=(HashVariant.NETSTRING_MARKER,)),
        KeyScheme(wrapping="v2|{key}"),
    ],
)  # fmt: skip
def test_the_printed_line_pins_the_same_scheme(scheme: KeyScheme) -> None:
    table = tomllib.loads(scheme.toml())["keys"]
    pins = scheme_from_config(msgspec.convert(table, KeysConfig))
    assert pins.complete() is not None
    assert (pins.prefix, pins.version, pins.page_prefix) == (
        scheme.prefix, scheme.version, scheme.page_prefixes[0],
    )  # fmt: skip
    assert (pins.language, pins.time_zone) == (scheme.language, scheme.time_zone)
    assert pins.wrapping == scheme.wrapping
    assert pins.hash == (scheme.hashes[0] if len(scheme.hashes) == 1 else None)
