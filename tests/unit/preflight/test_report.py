from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import ConfigError
from warmer.preflight.render import json_text, junit_text, lines, total
from warmer.preflight.report import write_report
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
URL = "https://www.example.com/"
RESULTS = [
    Result("hsts", Grade.FAIL, URL, "no Strict-Transport-Security", "set SECURE_HSTS_SECONDS"),
    Result("admin", Grade.WARN, f"{URL}admin/", "its login is open", "hide it"),
    Result("cookies", Grade.OK, URL, "none are set"),
    Result("dns-ttl", Grade.SKIPPED, "", "off: an alias"),
]


def test_a_line_says_what_where_why_and_how_to_mend_it() -> None:
    assert lines(RESULTS) == [
        f"FAIL     hsts               {URL}: no Strict-Transport-Security. Cure: set SECURE_HSTS_SECONDS",
        f"warn     admin              {URL}admin/: its login is open. Cure: hide it",
        f"ok       cookies            {URL}: none are set",
        "skipped  dns-ttl            off: an alias",
    ]
    assert total(RESULTS) == "4 checks: 1 ok, 1 warn, 1 fail, 1 skipped"


def test_what_a_server_says_moves_no_cursor() -> None:
    (line,) = lines([Result("hsts", Grade.OK, URL, "\x1b[2Jgone\n")])
    assert line.endswith("\\x1b[2Jgone\\x0a")


def test_json_has_every_check_and_the_worst_grade() -> None:
    found = json.loads(json_text(URL, RESULTS, NOW))
    assert {name: found[name] for name in ("schema", "base_url", "at", "grade")} == {
        "schema": "warmer.preflight/1",
        "base_url": URL,
        "at": "2026-11-23T09:30:00Z",
        "grade": "fail",
    }
    assert found["checks"][2] == {
        "check": "cookies",
        "grade": "ok",
        "where": URL,
        "reason": "none are set",
        "cure": None,
    }


def test_junit_fails_only_where_the_exit_code_does() -> None:
    suite = ET.fromstring(junit_text(RESULTS, NOW))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "1", "1")
    assert [[child.tag for child in case] for case in suite] == [
        ["failure"],
        ["system-out"],
        [],
        ["skipped"],
    ]
    assert suite[1][0].text == "warn: its login is open; hide it"


@given(st.text(), st.sampled_from(Grade))
def test_junit_is_xml_whatever_a_server_says(said: str, grade: Grade) -> None:
    ET.fromstring(junit_text([Result("hsts", grade, said, said, said)], NOW))


def test_a_report_replaces_the_one_before_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text("old", encoding="utf-8")
    write_report(path, URL, RESULTS, NOW)
    assert json.loads(path.read_text(encoding="utf-8"))["grade"] == "fail"
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "p.xml"
    with pytest.raises(ConfigError) as refused:
        write_report(path, URL, RESULTS, NOW)
    assert str(refused.value) == f"{path}: the report cannot be written: No such file or directory"
