"""Every fetch as a line of JMeter's CSV results (.jtl), streamed from the store.

For `jmeter -g`, which makes its dashboard of it, and Jenkins' Performance Plugin. Both
refuse an empty number: what was not measured is 0 here, and null in the other formats.
Source: CSVSaveService and CsvSampleReader of JMeter 5, JMeterCsvParser of the plugin.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from warmer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warmer.report.labels import Labels
    from warmer.store_samples import Sample

HEADER = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,"
    "failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_THREAD = " 1-1"
"""Group and number, which JMeter cuts off to learn the thread group: the variant."""
_NO_ANSWER = "Non HTTP response code: "
"""How JMeter begins the code of a request that no status came for."""


def jtl_lines(samples: Iterable[Sample], labels: Labels) -> Iterator[str]:
    """The header line, then a line a request; times in whole milliseconds."""
    yield HEADER
    label_of = labels.of
    for sample in samples:
        # Bare names: at a million lines, looking fields up would take seconds.
        (
            _, url, variant, status, error, detail, total_ms, first_byte_ms, body_bytes, at,
            connect_ms, sent_bytes, in_flight, waited_ms,
        ) = sample  # fmt: skip
        waited_ms = waited_ms or 0.0
        elapsed_ms = total_ms + waited_ms
        success, failure = "true", ""
        if not sample.is_success:
            success, failure = "false", _cell(detail or f"status {status}")
        if status is None:
            code, message = _cell(f"{_NO_ANSWER}{error}"), failure
        else:
            code, message = str(status), _PHRASES.get(status, "")
        in_flight = in_flight or 1
        yield (
            f"{max(0.0, at * 1000 - elapsed_ms):.0f},{elapsed_ms:.0f},{_cell(label_of(sample))},"
            f"{code},{message},{_cell(variant + _THREAD)},text,{success},{failure},"
            f"{body_bytes or 0},{sent_bytes or 0},{in_flight},{in_flight},{_cell(url)},"
            f"{(first_byte_ms or 0.0) + waited_ms:.0f},0,{connect_ms or 0.0:.0f}\n"
        )


def _cell(text: str) -> str:
    """Quoted where it must be; one line, whatever is in it."""
    text = visible(text)
    if '"' in text or "," in text:
        return '"' + text.replace('"', '""') + '"'
    return text
