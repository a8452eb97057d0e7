from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config import DaemonConfig
from warmer.daemon.access import Access, access_of, address
from warmer.errors import ConfigError

TOKEN = {"WARMER_TOKEN": "secret"}


def test_loopback_needs_no_token() -> None:
    access = access_of([DaemonConfig()], {})
    assert (access.host, access.port, access.token) == ("127.0.0.1", 8089, None)


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
def test_these_addresses_are_out_of_reach_for_other_machines(listen: str) -> None:
    assert access_of([DaemonConfig(listen=listen)], {}).is_loopback


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "10.0.0.5:1", "warmer:1"])
def test_beyond_loopback_nothing_listens_without_a_token(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"lets other machines in; expected daemon\.token_env"):
        access_of([DaemonConfig(listen=listen)], {})
    named = DaemonConfig(listen=listen, token_env="WARMER_TOKEN")
    assert not access_of([named], TOKEN).is_loopback


@pytest.mark.parametrize("environment", [{}, {"WARMER_TOKEN": ""}, {"WARMER_TOKEN": " \n"}])
def test_a_token_that_is_named_and_not_there_is_an_error(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        access_of([DaemonConfig(token_env="WARMER_TOKEN")], environment)
    assert str(refused.value) == (
        "daemon.token_env: environment variable WARMER_TOKEN is not set; expected a secret in it"
    )


def test_webhooks_are_signed_with_the_token_unless_a_secret_is_named() -> None:
    environment = {**TOKEN, "SIGN": "another"}
    named = DaemonConfig(token_env="WARMER_TOKEN")
    assert access_of([named], environment).secret == "secret"
    both = DaemonConfig(token_env="WARMER_TOKEN", secret_env="SIGN")
    assert access_of([both], environment).secret == "another"


def test_sites_that_do_not_agree_on_an_address_are_refused() -> None:
    with pytest.raises(ConfigError, match="the sites differ in listen"):
        access_of([DaemonConfig(), DaemonConfig(listen="127.0.0.1:9")], {})


@pytest.mark.parametrize(
    "listen", ["", "8089", ":8089", "127.0.0.1", "http://127.0.0.1:1", "a@b:1", "h:x", "h:99999"]
)
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ConfigError, match="is not HOST:PORT; expected for instance"):
        address(listen)


@given(st.text())
def test_an_address_is_read_or_refused(listen: str) -> None:
    try:
        host, port = address(listen)
    except ConfigError:
        return
    assert host
    assert 0 <= port < 65536


def test_secrets_are_not_shown() -> None:
    access = access_of([DaemonConfig(token_env="WARMER_TOKEN")], {"WARMER_TOKEN": "s3cret"})
    assert "s3cret" not in repr(access)


@given(st.text(), st.text(min_size=1))
def test_only_the_token_itself_lets_in(given_token: str, token: str) -> None:
    access = Access(host="127.0.0.1", port=1, token=token)
    is_same = given_token.strip() == token
    assert access.is_bearer(f"Bearer {given_token}") == is_same


def test_without_a_token_nobody_gets_in() -> None:
    access = Access(host="127.0.0.1", port=1)
    assert not access.is_bearer("Bearer ")
    assert not access.is_bearer("")
