"""How requests are grouped under labels, as docs/reports.md tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.markdown import cells, section, spans
from tests.unit.report.samples import sample
from warmer.errors import ConfigError
from warmer.model import RunKind
from warmer.report.labels import LABELS_MOST, RULES, Labels


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/", "warm /"),
        ("/about", "warm /"),
        ("/about/", "warm /about/"),
        ("/blog/2026/a-post?page=2", "warm /blog/"),
        ("/?q=a/b/c", "warm /"),
        ("//double", "warm //"),
    ],
)
def test_a_section_is_the_first_directory_of_the_path(path: str, label: str) -> None:
    assert Labels().of(sample(path)) == label


@pytest.mark.parametrize(
    ("by", "label"),
    [
        ("path", "warm /blog/a-post"),
        ("url", "warm https://www.example.com/blog/a-post?page=2"),
        ("variant", "warm default"),
        (r"^/(\w+)/", "warm blog"),
        (r"page=(\d+)", "warm 2"),
        (r"^/(shop)/", "warm (other)"),
        (r"^/blog/(x*)", "warm (other)"),
    ],
)
def test_requests_are_grouped_by_what_is_asked_for(by: str, label: str) -> None:
    assert Labels(by).of(sample("/blog/a-post?page=2")) == label


def test_probes_are_never_under_a_label_of_warm_fetches() -> None:
    labels = Labels("variant")
    assert labels.of(sample(fetch="warm")) == "warm default"
    assert labels.of(sample(fetch="probe")) == "probe default"


def test_a_replay_has_one_pass_and_does_not_name_it() -> None:
    assert Labels(kind=RunKind.REPLAY).of(sample("/blog/a")) == "/blog/"


def test_labels_have_an_end_however_many_pages_there_are() -> None:
    labels = Labels("path")
    found = [labels.of(sample(f"/p/{number}")) for number in range(LABELS_MOST + 2)]
    assert found[LABELS_MOST - 1 :] == [f"warm /p/{LABELS_MOST - 1}", "(other)", "(other)"]
    assert labels.of(sample("/p/7")) == "warm /p/7"


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("pth", r"neither section, path, url, variant nor a regular expression with a group"),
        ("(", r"not a regular expression"),
    ],
)
def test_a_rule_that_would_put_everything_under_other_is_refused(by: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Labels(by)


def test_every_rule_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")
    rows = cells(section(page, "## The Aggregate Report"))
    assert [spans(row[0])[0] for row in rows if spans(row[0])] == list(RULES)
