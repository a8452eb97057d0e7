"""Which connections a crawl keeps, over simulated workers that serve theirs in turns."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.placement import Placement, Placements

PAGE_S = 0.02


@dataclass
class Workers:
    """A site whose workers share their time among the requests of their connections.

    `places` says which worker accepts each new connection, in turn and then again.
    """

    count: int
    places: list[int]
    seed: int = 1
    now: float = 0.0
    done: int = 0
    opened: int = 0
    pages: list[tuple[float, bool]] = field(default_factory=list)
    """For each page, when it ended and whether a worker had nothing to do meanwhile."""

    def crawl(self, placement: Placement, in_flight: int, seconds: float) -> None:
        """Keep so many in flight over as many connections."""
        chance = random.Random(self.seed)
        worker: dict[int, int] = {}
        left_s: dict[int, float] = {}
        began: dict[int, float] = {}

        def send(connection: int | None) -> None:
            if connection is None or not placement.keeps(connection, self.now):
                self.opened += 1
                connection = self.opened
                worker[connection] = self.places[(self.opened - 1) % len(self.places)]
            left_s[connection] = chance.gammavariate(4, PAGE_S / 4)
            began[connection] = self.now

        for _ in range(in_flight):
            send(None)
        until = self.now + seconds
        while self.now < until:
            load = [0] * self.count
            for connection in left_s:
                load[worker[connection]] += 1
            wait_s, first = min((left_s[each] * load[worker[each]], each) for each in left_s)
            self.now += wait_s
            for each in left_s:
                left_s[each] -= wait_s / load[worker[each]]
            del left_s[first]
            self.done += 1
            self.pages.append((self.now, 0 in load))
            placement.page(first, (self.now - began[first]) * 1000, in_flight, self.now)
            send(first)

    def idle_share(self, since: float) -> float:
        """The share of pages from then on that came while a worker idled."""
        late = [idle for ended, idle in self.pages if ended >= since]
        return sum(late) / len(late)


def test_two_connections_of_one_worker_are_parted() -> None:
    site = Workers(2, places=[0, 0, 1])

    placement = Placement(0.0)
    site.crawl(placement, 2, seconds=10.0)

    assert site.idle_share(since=2.0) == 0.0
    assert placement.why == "another may serve better"


def test_connections_of_two_workers_stay_with_them() -> None:
    site = Workers(2, places=[0, 1, 0, 1, 1, 0])

    site.crawl(Placement(0.0), 2, seconds=30.0)

    assert site.idle_share(since=10.0) < 0.1


def test_the_one_that_shares_a_worker_is_found_among_many() -> None:
    site = Workers(4, places=[0, 1, 2, 2, 3])

    site.crawl(Placement(0.0), 4, seconds=10.0)

    assert site.idle_share(since=3.0) < 0.3


@pytest.mark.parametrize("in_flight", [2, 4, 8])
def test_where_all_connections_are_alike_others_are_drawn_ever_more_rarely(in_flight: int) -> None:
    site = Workers(1, places=[0])
    placement = Placement(0.0)

    site.crawl(placement, in_flight, seconds=100.0)

    assert site.opened - in_flight < 25


@given(seed=st.integers(0, 10_000), in_flight=st.integers(2, 6))
def test_from_the_worst_start_both_workers_come_to_work(seed: int, in_flight: int) -> None:
    site = Workers(2, places=[0] * in_flight + [1, 0] * 20, seed=seed)

    site.crawl(Placement(0.0), in_flight, seconds=20.0)

    assert site.idle_share(since=8.0) < 0.5


def test_one_request_at_a_time_stays_with_its_connection() -> None:
    site = Workers(2, places=[0, 1])

    site.crawl(Placement(0.0), 1, seconds=60.0)

    assert site.opened == 1


def test_a_connection_that_never_comes_back_is_forgotten() -> None:
    placement = Placement(0.0)
    slow_is_left(placement)

    for page in range(2 * 8):
        placement.page(2, 20.0, 2, 1.0 + page / 100)

    assert placement.keeps(1, 3.0)


def test_another_number_in_flight_is_another_measure() -> None:
    placement = Placement(0.0)
    slow_is_left(placement)

    placement.page(2, 20.0, 3, 1.0)

    assert placement.keeps(1, 1.0)


def test_a_server_that_closes_each_connection_costs_no_memory() -> None:
    placement = Placement(0.0)
    tracemalloc.start()

    for connection in range(20_000):
        placement.page(connection, 20.0, 2, connection / 100)

    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept_bytes < 50_000


def test_servers_do_not_share_their_connections() -> None:
    placements = Placements()
    slow_is_left(placements.of("10.0.0.1:80", 0.0))

    assert placements.of("10.0.0.2:80", 1.0).keeps(1, 1.0)
    assert not placements.of("10.0.0.1:80", 1.0).keeps(1, 1.0)


def slow_is_left(placement: Placement) -> None:
    """Another worker is to be drawn for connection 1, the slower one of two."""
    for page in range(20):
        placement.page(1, 40.0, 2, page / 40)
        placement.page(2, 20.0, 2, page / 40)
