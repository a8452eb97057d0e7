from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.caches.address import CacheAddress, Scheme, parse, redact
from warmer.errors import ConfigError


def test_a_redis_url_names_host_port_and_database() -> None:
    assert parse("redis://127.0.0.1:6380/3") == CacheAddress(
        scheme=Scheme.REDIS,
        nodes=(("127.0.0.1", 6380),),
        database=3,
        shown="redis://127.0.0.1:6380/3",
    )


def test_a_redis_url_may_leave_out_port_and_database() -> None:
    address = parse("redis://cache.internal")
    assert (address.nodes, address.database) == ((("cache.internal", 6379),), 0)


def test_an_ipv6_host_stands_in_brackets() -> None:
    assert parse("redis://[::1]:6379/0").nodes == (("::1", 6379),)


def test_user_and_password_are_percent_decoded() -> None:
    address = parse("rediss://ann%40shop:p%40ss%2Fword@h/0")
    assert (address.username, address.password) == ("ann@shop", "p@ss/word")


def test_a_password_needs_no_user() -> None:
    address = parse("redis://:secret@h")
    assert (address.username, address.password) == (None, "secret")


def test_tls_takes_a_file_of_authorities() -> None:
    assert parse("rediss://h:6379/0?ca_file=/etc/ca.pem").ca_file == "/etc/ca.pem"


def test_a_unix_socket_takes_its_database_as_a_parameter() -> None:
    address = parse("unix:///run/redis/redis.sock?db=1")
    assert (address.path, address.database, address.nodes) == ("/run/redis/redis.sock", 1, ())


def test_a_sentinel_url_names_sentinels_master_and_database() -> None:
    address = parse("redis+sentinel://a:26379,b/mymaster/2")
    assert address.nodes == (("a", 26379), ("b", 26379))
    assert (address.master_name, address.database) == ("mymaster", 2)


def test_a_cluster_url_names_some_of_its_nodes() -> None:
    assert parse("redis+cluster://a:7000,b:7001").nodes == (("a", 7000), ("b", 7001))


def test_a_memcached_url_names_one_node_or_more() -> None:
    assert parse("memcached://a").nodes == (("a", 11211),)
    assert parse("memcached://a:1,b:2").nodes == (("a", 1), ("b", 2))


def test_memcached_placement_is_that_of_pymemcache_unless_told() -> None:
    assert parse("memcached://a,b").placement == "pymemcache"
    assert parse("memcached://a,b?placement=any").placement == "any"


def test_a_memcached_socket_is_a_path() -> None:
    assert parse("memcached+unix:///run/memcached.sock").path == "/run/memcached.sock"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "memcache://h",
            (
                'cache memcache://h: unknown scheme "memcache"; expected one of redis://, rediss://, '
                "unix://, redis+sentinel://, redis+cluster://, memcached://, memcached+unix://; "
                "did you mean memcached://?"
            ),
        ),
        (
            "h:11211",
            (
                "cache h:11211: no scheme; expected one of redis://, rediss://, unix://, "
                "redis+sentinel://, redis+cluster://, memcached://, memcached+unix://"
            ),
        ),
        (
            "redis://h/one",
            (
                'cache redis://h/one: "one" for a database; '
                "expected a number, as in redis://[user:password@]host:6379/0"
            ),
        ),
        (
            "redis://h:70000/0",
            (
                "cache redis://h:70000/0: not a host with a port; "
                "expected redis://[user:password@]host:6379/0"
            ),
        ),
        (
            "redis://a,b/0",
            (
                "cache redis://a,b/0: 2 hosts; expected one; "
                "several need redis+sentinel:// or redis+cluster://"
            ),
        ),
        (
            "redis://h/0?pasword=abc",
            'cache redis://h/0?pasword=***: unknown parameter "pasword"; known here: none',
        ),
        (
            "redis+sentinel://h",
            (
                "cache redis+sentinel://h: no name of a master; "
                "expected redis+sentinel://host:26379,host:26379/mymaster/0"
            ),
        ),
        (
            "redis+cluster://h/1",
            (
                'cache redis+cluster://h/1: "/1" after the host; '
                "expected redis+cluster://host:6379,host:6379"
            ),
        ),
        (
            "unix://redis.sock",
            (
                "cache unix://redis.sock: no absolute path of a socket; "
                "expected unix:///path/redis.sock?db=0"
            ),
        ),
        (
            "memcached://u:p@h",
            (
                "cache memcached://***@h: a user or password; memcached takes none; "
                "expected memcached://host:11211,host:11211"
            ),
        ),
        ("memcached://a,a", "cache memcached://a,a: a host twice; name each node once"),
        (
            "memcached://a,b?placement=ketama",
            (
                "cache memcached://a,b?placement=ketama: "
                'unknown placement "ketama"; expected pymemcache or any'
            ),
        ),
        (
            "redis://h/0\n",
            "cache 'redis://h/0\\n': a space or a control character in it; percent-encode it",
        ),
    ],
)
def test_a_url_that_is_wrong_is_refused_in_one_line(url: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(url)
    assert str(caught.value) == message


@pytest.mark.parametrize("mark", ["/", "#", "?"])
def test_an_unescaped_mark_in_a_password_is_refused_without_showing_it(mark: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"redis://:hush{mark}hush@h:6379/0")
    assert str(caught.value) == (
        "cache redis://***@h:6379/0: a `/`, `?`, `#` or `@` out of place; "
        "percent-encode it in a password"
    )


def test_the_password_is_in_no_text_of_an_address() -> None:
    address = parse("redis://ann:hush@h:6379/0")
    assert address.redacted() == "redis://***@h:6379/0"
    assert "hush" not in f"{address} {address!r}"


def test_redaction_hides_the_login_of_a_url_that_is_none() -> None:
    assert redact("ann:hush@h:6379") == "***@h:6379"


def everything_said_about(url: str) -> str:
    try:
        address = parse(url)
    except ConfigError as error:
        return str(error)
    return f"{address} {address!r}"


@given(st.text(min_size=1))
def test_no_url_with_a_password_shows_it_or_crashes(noise: str) -> None:
    said = everything_said_about(f"redis://ann:hush{noise}hush@h:6379/0")
    assert "hush" not in said
    assert said.isprintable()


@given(st.text())
def test_any_text_is_an_address_or_a_message_of_one_line(text: str) -> None:
    assert everything_said_about(text).isprintable()
