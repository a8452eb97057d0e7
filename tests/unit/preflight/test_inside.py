from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import ConfigError
from warmer.preflight.inside import LARGEST_BYTES, inside
from warmer.preflight.render import json_text
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
URL = "https://www.example.com"
TOLD = [
    Result("debug", Grade.FAIL, "DEBUG", "True", "set DEBUG = False"),
    Result("mail", Grade.OK, "mail:25", "answers"),
]


def written(
    path: Path, at: datetime = NOW, url: str = URL, change: dict[str, Any] | None = None
) -> Path:
    """A report as the command writes it, with parts replaced."""
    document = json.loads(json_text(url, TOLD, at)) | (change or {})
    path = path / "inside.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_its_checks_follow_one_about_the_file(tmp_path: Path) -> None:
    path = written(tmp_path)
    about = Result("inside-report", Grade.OK, str(path), "2 results of 2026-11-23 09:30 UTC")
    assert inside(path, URL, NOW) == [about, *TOLD]


@pytest.mark.parametrize(
    ("at", "url", "grade", "reason"),
    [
        (
            datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
            URL,
            Grade.FAIL,
            "2 results of 2026-11-20 09:30 UTC, 3.0 days old; expected one of today",
        ),
        (
            datetime(2026, 11, 23, 10, 30, tzinfo=UTC),
            URL,
            Grade.WARN,
            "2 results of 2026-11-23 10:30 UTC, which is still to come",
        ),
        (
            NOW,
            "https://other.example.com",
            Grade.FAIL,
            "is about other.example.com; expected www.example.com",
        ),
        (NOW, "", Grade.OK, "2 results of 2026-11-23 09:30 UTC"),
    ],
)
def test_a_report_counts_only_for_this_site_and_for_today(
    tmp_path: Path, at: datetime, url: str, grade: Grade, reason: str
) -> None:
    found = inside(written(tmp_path, at, url), URL, NOW)[0]
    assert (found.grade, found.reason) == (grade, reason)


def test_a_report_without_a_check_is_none(tmp_path: Path) -> None:
    found = inside(written(tmp_path, change={"checks": []}), URL, NOW)
    assert [(each.grade, each.reason) for each in found] == [(Grade.FAIL, "holds no check")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "warmer.report/1"}, 'schema "warmer.report/1"; expected "warmer.preflight/1"'),
        (
            {"at": "2026-11-23T09:30:00"},
            "Expected `datetime` with a timezone component - at `$.at`",
        ),
        ({"checks": 3}, "Expected `array`, got `int` - at `$.checks`"),
        (
            {"checks": [{"check": "debug", "grade": "fine", "where": "", "reason": ""}]},
            "Invalid enum value 'fine' - at `$.checks[0].grade`",
        ),
        (
            {"checks": [{"check": "hsts", "grade": "ok", "where": "", "reason": ""}]},
            "checks[0]: hsts: unknown check;",
        ),
    ],
)
def test_what_is_no_such_report_is_refused_with_the_place(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = written(tmp_path, change=change)
    with pytest.raises(ConfigError) as refused:
        inside(path, URL, NOW)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty; expected the output of manage.py warmer_preflight --json. Did it fail?"),
        (b"Loading settings\n{}", "JSON is malformed"),
        (b"\xff\xfe{}", "JSON is malformed"),
        (b" " * (LARGEST_BYTES + 1), "above 4,194,304 bytes; expected a report of some 10 kB"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "inside.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message.split(";", maxsplit=1)[0]):
        inside(path, URL, NOW)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        inside(tmp_path / "gone.json", URL, NOW)
    assert str(refused.value) == (
        f"{tmp_path}/gone.json: No such file or directory;"
        " expected the output of manage.py warmer_preflight --json"
    )


@given(
    content=st.binary()
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda kids: st.lists(kids) | st.dictionaries(st.text(), kids),
    ).map(lambda each: json.dumps(each).encode())
)
def test_whatever_else_is_in_a_file_is_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        inside(path, URL, NOW)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
