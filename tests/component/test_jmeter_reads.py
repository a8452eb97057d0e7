"""JMeter's own reader over results files with everything in them that could trip it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.jmeter import dashboard
from tests.unit.report.samples import sample
from warmer.report.aggregate import aggregate
from warmer.report.jtl import jtl_lines
from warmer.report.labels import Labels

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = [
    sample("/plain/", total_ms=10.0, at=1000.0),
    sample('/quotes"and,commas/x', total_ms=20.0, at=1001.0),
    sample("/line\r\nbreaks\u2028/x", total_ms=30.0, at=1002.0),
    sample("/ünïcode-☃/x", total_ms=40.0, at=1003.0, variant='de, "mobile"'),
    sample("/failed/", total_ms=50.0, at=1004.0, status=503, detail='a "detail",\nin two lines'),
    sample(
        "/failed/", total_ms=60.4, at=1005.0, status=None, error="timeout", detail="",
        body_bytes=None, first_byte_ms=None, connect_ms=None, sent_bytes=None, in_flight=None,
    ),
    sample("/scheduled/", total_ms=100.0, waited_ms=900.0, at=1006.0),
    sample("/plain/", fetch="probe", total_ms=0.2, at=1007.0),
]  # fmt: skip


def test_every_request_is_read_under_its_label_with_its_time_and_fate(tmp_path: Path) -> None:
    results = tmp_path / "results.jtl"
    results.write_text("".join(jtl_lines(SAMPLES, Labels())), encoding="utf-8", newline="")

    found = dashboard(results, tmp_path)

    assert {label: (row["sampleCount"], row["maxResTime"]) for label, row in found.items()} == {
        "warm /plain/": (1, 10),
        'warm /quotes"and,commas/': (1, 20),
        "warm /line\\x0d\\x0abreaks\\u2028/": (1, 30),
        "warm /ünïcode-☃/": (1, 40),
        "warm /failed/": (2, 60),
        "warm /scheduled/": (1, 1000),
        "probe /plain/": (1, 0),
        "Total": (8, 1000),
    }
    assert found["warm /failed/"]["errorPct"] == 100.0
    assert found["Total"]["errorPct"] == 25.0


def test_jmeter_reckons_the_same_rates_as_our_aggregate_report(tmp_path: Path) -> None:
    results = tmp_path / "results.jtl"
    results.write_text("".join(jtl_lines(SAMPLES, Labels())), encoding="utf-8", newline="")

    theirs = dashboard(results, tmp_path)["Total"]

    (*_, ours) = aggregate(SAMPLES, Labels())
    assert ours.throughput_per_s is not None
    assert theirs["throughput"] == pytest.approx(ours.throughput_per_s, rel=0.001)
    assert theirs["receivedKBytesPerSec"] == pytest.approx(ours.received_kb_per_s, rel=0.001)
    assert theirs["sentKBytesPerSec"] == pytest.approx(ours.sent_kb_per_s, rel=0.001)
