"""JMeter's CSV results: what its own readers ask of a line."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.samples import sample
from warmer.report.jtl import jtl_lines
from warmer.report.labels import Labels

if TYPE_CHECKING:
    from warmer.store_samples import Sample


def lines(*samples: Sample, by: str = "section") -> list[str]:
    return list(jtl_lines(samples, Labels(by)))


def test_a_request_is_a_line_with_its_start_in_epoch_milliseconds() -> None:
    header, line = lines(sample("/shop/a", connect_ms=12.4))
    assert header == (
        "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,"
        "failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
    )
    assert line == (
        "1000000,100,warm /shop/,200,OK,default 1-1,text,true,,10240,512,4,4,"
        "https://www.example.com/shop/a,80,0,12\n"
    )


def test_an_error_status_is_no_success_and_says_why() -> None:
    assert lines(sample(status=503, detail='the "gate", closed'))[1] == (
        "1000000,100,warm /,503,Service Unavailable,default 1-1,text,false,"
        '"the ""gate"", closed",10240,512,4,4,https://www.example.com/,80,0,0\n'
    )


def test_a_request_without_an_answer_has_a_code_as_jmeter_gives_it() -> None:
    failed = sample(
        status=None, error="timeout", detail="no answer", first_byte_ms=None, body_bytes=None,
        connect_ms=None, sent_bytes=None, in_flight=None,
    )  # fmt: skip
    assert lines(failed)[1] == (
        "1000000,100,warm /,Non HTTP response code: timeout,no answer,default 1-1,text,false,"
        "no answer,0,0,1,1,https://www.example.com/,0,0,0\n"
    )


def test_all_times_of_a_scheduled_request_count_from_its_scheduled_start() -> None:
    row = lines(sample(waited_ms=400.0))[1].split(",")
    assert (row[0], row[1], row[14]) == ("999600", "500", "480")


@given(st.text(), st.text(), st.text())
def test_whatever_is_in_a_text_each_request_stays_one_line_of_17_cells(
    path: str, variant: str, detail: str
) -> None:
    (_, line) = lines(sample(f"/{path}", variant=variant, status=500, detail=detail), by="url")
    assert line.count("\n") == 1
    assert "\r" not in line
    (row,) = csv.reader(io.StringIO(line, newline=""))
    assert len(row) == 17
    assert row[7] == "false"
    # JMeter and Jenkins read these with Long.valueOf.
    assert all(row[place].isdecimal() for place in (0, 1, 9, 10, 11, 12, 14, 15, 16))
