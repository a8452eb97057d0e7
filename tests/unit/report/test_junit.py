"""JUnit XML, as Jenkins and GitLab read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from tests.unit.report.runs import SITE, finish, new_run, shop, written
from warmer.model import RunStatus, Target

if TYPE_CHECKING:
    from pathlib import Path

    from warmer.store import Store


def cases_of(document: bytes) -> list[tuple[str, str, list[str]]]:
    """Class, name and outcome of each test case, the counts of the suite checked."""
    suite = etree.fromstring(document)
    assert suite.tag == "testsuite"
    for attribute, tag in (
        ("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"),
    ):  # fmt: skip
        assert int(suite.get(attribute, "")) == len(suite.findall(f".//{tag}"))
    return [
        (case.get("classname", ""), case.get("name", ""), [child.tag for child in case])
        for case in suite
    ]


def test_junit_has_a_case_for_the_run_each_threshold_and_each_target_not_warm(
    store: Store, tmp_path: Path
) -> None:
    run_id = shop(store)
    assert cases_of(written(store, run_id, tmp_path / "report.xml")) == [
        ("warmer.run", f"run {run_id} of shop finishes", []),
        ("warmer.threshold", "hit_ratio>=0.95", ["failure"]),
        ("warmer.threshold", "failed_ratio<=0.5", []),
        ("warmer.warm", "2 of 5 targets are warm", []),
        ("warmer.uncacheable", SITE + "/cart [default]", ["skipped"]),
        ("warmer.failed", SITE + "/old [default]", ["skipped"]),
        ("warmer.unverified", SITE + "/late [default]", ["skipped"]),
    ]


def attributes(document: bytes, path: str) -> dict[str, str]:
    """Of the first element there, found by XPath."""
    found = etree.fromstring(document).find(path)
    assert found is not None
    return {str(name): str(value) for name, value in found.attrib.items()}


def test_junit_says_when_and_how_long_as_jenkins_reads_it(store: Store, tmp_path: Path) -> None:
    document = written(store, shop(store), tmp_path / "report.xml")
    assert attributes(document, ".") == {
        "name": "warmer",
        "tests": "7",
        "failures": "1",
        "errors": "0",
        "skipped": "3",
        "time": "1.900",
        "timestamp": "2026-03-04T05:06:07",
    }
    assert attributes(document, "testcase[@name='hit_ratio>=0.95']/failure") == {
        "type": "fail", "message": "hit_ratio>=0.95: the value is 0.4",
    }  # fmt: skip


def test_a_threshold_without_data_fails_in_junit(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [])
    store.set_threshold_results(
        run_id, [{"expr": "hot_p95_ms<=50", "value": None, "verdict": "no_data"}]
    )
    finish(store, run_id)
    document = written(store, run_id, tmp_path / "report.xml")
    assert attributes(document, ".//failure") == {
        "type": "no_data", "message": "hot_p95_ms<=50: no data",
    }  # fmt: skip


def test_an_aborted_run_is_an_error_in_junit(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [])
    finish(store, run_id, status=RunStatus.ABORTED, note="half of the last 50 requests failed")
    document = written(store, run_id, tmp_path / "report.xml")
    assert attributes(document, ".//error") == {
        "type": "aborted", "message": "half of the last 50 requests failed",
    }  # fmt: skip


def test_characters_that_xml_cannot_hold_are_escaped(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [Target(1, '/<a&b>"\x1b\x00\ufffe', "default")])
    finish(store, run_id)
    cases = cases_of(written(store, run_id, tmp_path / "report.xml"))
    assert cases[1][1] == '/<a&b>"\\x1b\\x00\\ufffe [default]'
