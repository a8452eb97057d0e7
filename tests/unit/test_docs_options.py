"""docs/options.md is held to the code: names, types, ranges, defaults, both ways."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from tests.unit.command_shape import options_of_the_code
from tests.unit.config_shape import TABLES, default_in_words, in_words
from tests.unit.markdown import cells, section, spans
from warmer.caches.address import PLACEMENTS, Scheme
from warmer.caches.key_template import parse_template
from warmer.cli import cli
from warmer.config import SourceKind
from warmer.errors import ConfigError, ExitCode
from warmer.report.write import SUFFIXES
from warmer.sources.log_known import KNOWN, named_or_compiled
from warmer.thresholds import METRICS

ROOT = Path(__file__).parents[2]
OPTIONS = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")

Rows = list[tuple[str, ...]]


def table(heading: str, text: str = OPTIONS) -> Rows:
    rows = cells(section(text, heading))
    assert rows, f"no table under {heading}"
    return rows


def first_spans(rows: Rows) -> list[str]:
    return [spans(row[0])[0] for row in rows]


# The command line


def test_every_option_is_documented_with_the_commands_that_take_it() -> None:
    documented: dict[str, set[str]] = {}
    for row in table("## Options of the commands"):
        for span in spans(row[0]):
            if span.startswith("-"):
                documented[span.split()[0]] = set(row[1].split(", "))
    assert documented == options_of_the_code()


def test_every_command_is_documented_and_no_other() -> None:
    documented = [span.removeprefix("warmer ") for span in first_spans(table("## Commands"))]
    assert sorted(documented) == sorted(cli.commands)


def test_the_documented_exit_codes_are_those_of_the_code() -> None:
    documented = {row[1]: int(row[0]) for row in table("## Exit codes")}
    assert documented == {code.name: code.value for code in ExitCode}


def test_the_readme_has_the_same_exit_codes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    documented = [int(row[0]) for row in table("### Exit codes", readme)]
    assert documented == [code.value for code in ExitCode]


# The TOML file

HEADING_OF_TABLE = {
    "": "### Top level",
    "source": "### `[[source]]`",
    "plan": "### `[plan]`",
    "variant": "### `[[variant]]`",
    "login": "### `[login]`",
    "write": "### `[[write]]`",
    "cache": "### `[[cache]]`",
    "cache.keys": "### `[cache.keys]`",
    "cache.pattern": "### `[[cache.pattern]]`",
    "crawl": "### `[crawl]`",
    "guard": "### `[guard]`",
    "verify": "### `[verify]`",
    "thresholds": "### `[thresholds]`",
    "schedule": "### `[[schedule]]`",
    "invalidation": "### `[invalidation]`",
    "expiry": "### `[expiry]`",
    "daemon": "### `[daemon]`",
    "preflight": "### `[preflight]`",
    "store": "### `[store]`",
}


def test_every_table_of_the_toml_file_has_its_section() -> None:
    assert set(TABLES) == set(HEADING_OF_TABLE)


@pytest.mark.parametrize("place", HEADING_OF_TABLE)
def test_every_key_is_documented_with_its_type_range_and_default(place: str) -> None:
    documented = [(spans(row[0])[0], *row[1:3]) for row in table(HEADING_OF_TABLE[place])]
    code = [
        (field.encode_name, in_words(field.type), default_in_words(field))
        for field in TABLES[place]
    ]
    assert sorted(documented) == sorted(code)


# Words with a meaning of their own


def test_every_kind_of_source_is_documented() -> None:
    rows = table("## Sources on the command line")
    assert sorted(first_spans(rows)) == sorted(get_args(SourceKind))


def test_every_scheme_of_a_cache_is_documented() -> None:
    assert first_spans(table("## Cache URLs"))[: len(Scheme)] == [f"{each}://" for each in Scheme]


def test_every_placement_of_memcached_keys_is_documented() -> None:
    (row,) = (row for row in table("## Cache URLs") if "`?placement=`" in row[0])
    assert set(PLACEMENTS) <= set(spans(row[2]))


def test_every_metric_of_a_threshold_is_documented() -> None:
    assert first_spans(table("## Threshold expressions")) == list(METRICS)


def test_every_suffix_of_a_report_is_documented() -> None:
    assert first_spans(table("## Report files")) == list(SUFFIXES)


def test_every_field_of_a_key_template_is_documented() -> None:
    documented = [field.strip("{}") for field in first_spans(table("#### Key templates"))]
    with pytest.raises(ConfigError) as refused:
        parse_template("no field")
    known = re.search(r"expected one of (.*) in braces", str(refused.value))
    assert known is not None
    assert documented == known[1].split(", ")


def test_every_log_format_with_a_name_is_documented() -> None:
    documented = [span for row in table("## Access logs", SOURCES) for span in spans(row[0])]
    assert set(KNOWN) <= set(documented)
    for name in documented:
        assert named_or_compiled(name) in KNOWN.values(), name
