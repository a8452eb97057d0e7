from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources.reading import candidates_of, requests_in
from warmer.errors import SourceError
from warmer.model import Candidate
from warmer.sources import har
from warmer.sources.capture import CapturedRequest
from warmer.sources.skipped import Skipped


def entry(url: str = "https://www.example.com/", **more: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": url, "headers": [], "cookies": []} | more
    return {
        "startedDateTime": "2026-11-23T08:00:00.250+01:00",
        "request": request,
        "response": {"status": 200, "content": {"text": '"entries": [ } ] \\'}},
        "timings": {"send": 1.5},
    }


def har_of(*entries: object) -> bytes:
    log = {"version": "1.2", "creator": {"name": "x"}, "comment": '"entries": [', "pages": []}
    return json.dumps({"log": log | {"entries": list(entries)}}).encode()


@pytest.mark.parametrize("chunk_bytes", [1, 50, 100_000])
def test_requests_are_read_however_the_file_is_cut_into_chunks(chunk_bytes: int) -> None:
    posted = entry(
        method="POST",
        headers=[{"name": ":path", "value": "/"}, {"name": "Accept", "value": "*/*"}],
        postData={"mimeType": "a", "params": [{"name": "é", "value": "1 2"}]},
    )
    data = b"\xef\xbb\xbf" + har_of(posted, entry("https://www.example.com/ä?b=c#d"))
    skipped = Skipped()
    assert requests_in("har", data, skipped, chunk_bytes=chunk_bytes) == [
        CapturedRequest(
            1_795_417_200.25,
            "POST",
            "https://www.example.com/",
            (("Accept", "*/*"),),
            b"%C3%A9=1+2",
            status=200,
        ),
        CapturedRequest(1_795_417_200.25, "GET", "https://www.example.com/%C3%A4?b=c", status=200),
    ]
    assert skipped.as_dict() == {}


def test_pages_that_were_answered_are_counted_by_language(tmp_path: Path) -> None:
    path = tmp_path / "site.har"
    german = entry(headers=[{"name": "accept-language", "value": "de"}])
    gone = entry("https://www.example.com/gone")
    gone["response"] = {"status": 404}
    path.write_bytes(har_of(german, german, entry(), gone, entry("https://www.example.com/a.js")))
    skipped = Skipped()
    assert candidates_of(path, skipped, vary=["accept-language"]) == [
        Candidate("https://www.example.com/", 2.0, (("accept-language", "de"),)),
        Candidate("https://www.example.com/", 1.0, (("accept-language", ""),)),
    ]
    assert skipped.as_dict() == {"static-file": 1, "status": 1}


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        (["x", 5, None], {}),
        ([{}], {"unparsable": 1}),
        ([{"request": {"method": "GET"}}], {"unparsable": 1}),
        ([{"request": {"method": 5, "url": "/"}}], {"unparsable": 1}),
        ([entry("data:text/html,x")], {"scheme": 1}),
        ([entry("https://a:b@example.com/")], {"credentials-in-url": 1}),
    ],
)
def test_what_is_no_request_is_counted(entries: list[object], reason: dict[str, int]) -> None:
    skipped = Skipped()
    found = requests_in("har", har_of(*entries, entry()), skipped)
    assert [each.url for each in found] == ["https://www.example.com/"]
    assert skipped.as_dict() == reason


def test_what_came_before_a_cut_is_kept() -> None:
    skipped = Skipped()
    data = har_of(entry("https://www.example.com/a"), entry("https://www.example.com/b"))
    found = requests_in("har", data[:-150], skipped)
    assert [each.url for each in found] == ["https://www.example.com/a"]
    assert skipped.places() == {"truncated": "file: entry 2"}


def test_an_entry_without_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "MAX_ENTRY_BYTES", 10_000)
    skipped = Skipped()
    big = entry("https://www.example.com/b", comment="x" * 100_000)
    data = har_of(entry("https://www.example.com/a"), big, entry())
    found = requests_in("har", data, skipped, chunk_bytes=5_000)
    assert [each.url for each in found] == ["https://www.example.com/a"]
    assert skipped.places() == {"entry-too-long": "file: entry 2"}


@pytest.mark.parametrize("text", [b"{}", b"[]", b'{"log": {"entries": {}}}', b"/a\n", b"{" * 9])
def test_a_file_without_a_list_of_entries_is_refused(text: bytes) -> None:
    with pytest.raises(SourceError) as error:
        requests_in("har", text)
    assert str(error.value) == "file: no HAR capture; expected a JSON object with log.entries."


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-01T00:00:00Z", "2026"])
def test_a_moment_that_is_none_is_no_time(moment: str) -> None:
    data = har_of(entry() | {"startedDateTime": moment})
    assert requests_in("har", data)[0].at_s is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["request", "response", "url", "method", "headers", "status", "x"]), inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(json_values, max_size=5), st.integers(1, 60))
def test_any_entries_are_read_or_counted(entries: list[object], size: int) -> None:
    skipped = Skipped()
    found = requests_in("har", har_of(*entries, entry()), skipped, chunk_bytes=size)
    assert found[-1].url == "https://www.example.com/"


@given(st.binary(max_size=200), st.integers(1, 60))
def test_any_bytes_behind_the_first_entry_leave_it_alone(noise: bytes, size: int) -> None:
    data = har_of(entry()).removesuffix(b"]}}") + b"," + noise
    found = requests_in("har", data, chunk_bytes=size)
    assert found[0].url == "https://www.example.com/"


# Saved by Playwright from Chromium 156 and by mitmproxy 11 from curl, of a small site on loopback.
CAPTURES = Path(__file__).parent / "captures"


def test_what_chromium_saved_is_read_as_it_was_asked_for() -> None:
    skipped = Skipped()
    found = requests_in("har", (CAPTURES / "chromium.har").read_bytes(), skipped)
    root = "http://127.0.0.1:18998"
    assert [(each.method, each.url.removeprefix(root), each.status) for each in found] == [
        ("GET", "/a?q=sch%C3%B6n", 200),
        ("GET", "/app.css", 200),
        ("GET", "/b", 200),
        ("GET", "/app.css", 200),
        ("POST", "/basket", 303),
        ("GET", "/b", 200),
        ("GET", "/gone", 404),
        ("GET", "/app.css", 200),
        ("GET", "/app.css", 200),
    ]
    assert found[4].body == b"item=red+shoes"
    assert {len({each.user for each in found}), len({each.at_s for each in found})} == {1, 9}
    assert "session=secret" not in repr(found)
    assert skipped.as_dict() == {}
    assert candidates_of(CAPTURES / "chromium.har", skipped, vary=["Accept-Language"]) == [
        Candidate(f"{root}/a?q=sch%C3%B6n", 1.0, (("accept-language", "de-DE"),)),
        Candidate(f"{root}/b", 2.0, (("accept-language", "de-DE"),)),
    ]
    assert skipped.as_dict() == {"static-file": 4, "not-get": 1, "status": 1}


def test_what_mitmproxy_saved_is_read_as_it_was_asked_for() -> None:
    data = (CAPTURES / "mitmproxy.har").read_bytes()
    found = [(each.method, each.url, each.body) for each in requests_in("har", data)]
    assert found == [
        ("GET", "http://127.0.0.1:18999/a?x=1", b""),
        ("POST", "http://127.0.0.1:18999/basket", b"item=hat"),
        ("PUT", "http://127.0.0.1:18999/api", '{"a":"ä"}'.encode()),
    ]
    kept = requests_in("har", data, keep_credentials=True)
    assert ("Cookie", "session=secret") in kept[0].headers
