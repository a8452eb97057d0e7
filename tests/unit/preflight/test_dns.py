from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.preflight.dns import ask_ttl, lowest_ttl, question, resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a resolver says of www.example.com: an alias for 60 s, an address for 3600 s (RFC 1035).
ANSWER = bytes.fromhex(
    "1234 8180 0001 0002 0000 0000"
    "03777777 076578616d706c65 03636f6d 00 0001 0001"
    "c00c 0005 0001 0000003c 0007 0465646765 c010"
    "c02d 0001 0001 00000e10 0004 5db8d822"
)


def test_a_question_is_as_the_rfc_has_it() -> None:
    assert question("www.example.com", 0x1234) == bytes.fromhex(
        "1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 03636f6d 00 0001 0001"
    )


def test_the_lowest_ttl_of_aliases_and_addresses_counts() -> None:
    assert lowest_ttl(ANSWER, 0x1234) == 60


def test_an_answer_to_another_question_is_none() -> None:
    assert lowest_ttl(ANSWER, 0x1235) is None


def test_a_name_that_does_not_exist_has_no_ttl() -> None:
    assert lowest_ttl(ANSWER[:3] + b"\x83" + ANSWER[4:], 0x1234) is None


def test_an_answer_without_records_has_no_ttl() -> None:
    empty = ANSWER[:6] + b"\0\0" + ANSWER[8:33]
    assert lowest_ttl(empty, 0x1234) is None


@given(st.integers(0, len(ANSWER) - 1))
def test_a_cut_answer_never_raises(length: int) -> None:
    lowest_ttl(ANSWER[:length], 0x1234)


@given(st.binary(max_size=80))
def test_no_answer_whatever_raises(rest: bytes) -> None:
    lowest_ttl(b"\x12\x34" + rest, 0x1234)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# nameserver 10.0.0.1\nsearch x\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n", "10.0.0.2"),
        ("nameserver\n", None),
        ("", None),
    ],
)
def test_the_first_nameserver_is_asked(text: str, found: str | None) -> None:
    assert resolver(text) == found


@contextlib.contextmanager
def nameserver(answer: bytes) -> Iterator[tuple[str, int]]:
    """A resolver that says this to everyone, under the number that it was asked with."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0))

        def reply() -> None:
            asked, client = channel.recvfrom(512)
            channel.sendto(asked[:2] + answer[2:], client)

        thread = threading.Thread(target=reply)
        thread.start()
        yield channel.getsockname()
        thread.join(5)


def test_a_resolver_is_asked_by_udp() -> None:
    with nameserver(ANSWER) as server:
        assert ask_ttl("www.example.com", server) == 60


def test_where_no_resolver_listens_nothing_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0))
        nobody = channel.getsockname()
    assert ask_ttl("www.example.com", nobody) is None
