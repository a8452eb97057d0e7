"""Which of several servers a request goes to."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.servers import Clone, InTurn, Servers, Spread
from warmer.model import Target

A, B, C = "10.0.0.5:443", "10.0.0.6:443", "10.0.0.7:443"


def target(rank: int, variant: str = "default") -> Target:
    return Target(rank, "https://www.example.com/", variant)


def fails(servers: Servers, address: str, *, times: int, now: float) -> None:
    for _ in range(times):
        servers.unreachable(address, "connect: refused", now)


def test_targets_are_spread_over_the_servers_by_their_rank() -> None:
    route = Spread(Servers([A, B, C]))
    assert [route.order(target(rank), 0.0)[0] for rank in (3, 4, 5, 6)] == [A, B, C, A]


def test_a_probe_goes_to_another_server_than_the_first_fetch() -> None:
    servers = Servers([A, B])
    for rank in range(1, 5):
        first = Spread(servers).order(target(rank), 0.0)[0]
        second = Spread(servers, shift=1).order(target(rank), 0.0)[0]
        assert {first, second} == {A, B}


def test_fetches_of_one_target_in_turn_reach_every_server() -> None:
    route = InTurn(Servers([A, B, C]))
    assert [route.order(target(1), 0.0)[0] for _ in range(4)] == [A, B, C, A]


def test_a_server_that_is_down_comes_last_and_is_tried_again_after_a_while() -> None:
    servers = Servers([A, B])
    fails(servers, A, times=2, now=5.0)
    assert servers.from_number(0, 5.0) == [A, B]
    fails(servers, A, times=1, now=5.0)
    assert servers.from_number(0, 14.9) == [B, A]
    assert servers.from_number(0, 15.0) == [A, B]
    assert servers.down(A, 14.9) == "connect: refused"
    assert servers.down(A, 15.0) is None


def test_an_answer_takes_the_failures_before_it_back() -> None:
    servers = Servers([A, B])
    fails(servers, A, times=2, now=0.0)
    servers.answered(A)
    fails(servers, A, times=2, now=0.0)
    assert servers.down(A, 0.0) is None
    assert list(servers.warnings()) == []


def test_where_all_are_down_each_is_asked_so_that_the_run_can_end() -> None:
    servers = Servers([A, B])
    fails(servers, A, times=3, now=0.0)
    assert servers.down(A, 1.0) == "connect: refused"
    fails(servers, B, times=3, now=0.0)
    assert (servers.down(A, 1.0), servers.down(B, 1.0)) == (None, None)


def test_a_server_that_was_down_is_told_of() -> None:
    servers = Servers([A, B])
    fails(servers, B, times=3, now=0.0)
    servers.answered(B)
    assert list(servers.warnings()) == [
        f"server {B} could not be reached for a time: connect: refused"
    ]


def test_a_clone_has_its_own_server_and_no_other() -> None:
    servers = Servers([A, B])
    route = Clone(servers, {"default @ a": A, "default @ b": B})
    fails(servers, B, times=3, now=0.0)
    assert route.order(target(1, "default @ b"), 0.0) == (B,)


@given(st.integers(2, 6), st.lists(st.integers(0, 5), max_size=3), st.integers(1, 1000))
def test_each_server_gets_its_share_and_each_request_a_server(
    count: int, down: list[int], start: int
) -> None:
    servers = Servers([f"10.0.0.{number}:80" for number in range(count)])
    for number in {each % count for each in down}:
        fails(servers, servers.addresses[number], times=3, now=0.0)
    orders = [Spread(servers).order(target(start + n), 1.0) for n in range(count)]
    assert all(sorted(order) == sorted(servers.addresses) for order in orders)
    up = [each for each in servers.addresses if servers.down(each, 1.0) is None]
    shares = Counter(order[0] for order in orders)
    assert set(shares) == set(up)
