"""The documentation is held to the code: what one of them has, the other has too.

Covers names, types, ranges and defaults, and that every `warmer` command line in a page
parses; that what a page says of behaviour is true, other tests show.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import click
import msgspec
import msgspec.inspect as shape
import pytest

from tests.unit.markdown import (
    anchors,
    cells,
    code_blocks,
    command_lines,
    links,
    section,
    spans,
)
from warmer.caches.address import PLACEMENTS, Scheme
from warmer.caches.key_template import parse_template
from warmer.cli import cli
from warmer.config import SiteConfig, SourceKind
from warmer.config_file import build_site
from warmer.errors import ConfigError, ExitCode
from warmer.report.write import SUFFIXES
from warmer.sources.log_known import KNOWN, named_or_compiled
from warmer.thresholds import METRICS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
OPTIONS = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

Rows = list[tuple[str, ...]]


def table(heading: str, text: str = OPTIONS) -> Rows:
    rows = cells(section(text, heading))
    assert rows, f"no table under {heading}"
    return rows


def first_spans(rows: Rows) -> list[str]:
    return [spans(row[0])[0] for row in rows]


# The command line


def options_of_the_code() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    group = click.Context(cli, **cli.context_settings)
    for name, command in cli.commands.items():
        context = click.Context(command, parent=group)
        for parameter in command.get_params(context):
            if isinstance(parameter, click.Option):
                for option in parameter.opts:
                    found.setdefault(option, set()).add(name)
    return found


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
    "cache": "### `[[cache]]`",
    "cache.keys": "### `[cache.keys]`",
    "cache.pattern": "### `[[cache.pattern]]`",
    "crawl": "### `[crawl]`",
    "verify": "### `[verify]`",
    "thresholds": "### `[thresholds]`",
    "schedule": "### `[[schedule]]`",
    "invalidation": "### `[invalidation]`",
    "daemon": "### `[daemon]`",
    "store": "### `[store]`",
}


def tables_of_the_code() -> dict[str, tuple[shape.Field, ...]]:
    """Every table of the TOML file by its place, with its keys."""
    found: dict[str, tuple[shape.Field, ...]] = {}

    def walk(place: str, kind: shape.Type) -> None:
        if isinstance(kind, shape.StructType):
            found[place] = kind.fields
            for field in kind.fields:
                walk(f"{place}.{field.encode_name}".lstrip("."), field.type)
        elif isinstance(kind, shape.VarTupleType):
            walk(place, kind.item_type)
        elif isinstance(kind, shape.UnionType):
            for each in kind.types:
                walk(place, each)

    walk("", shape.type_info(SiteConfig))
    return found


TABLES = tables_of_the_code()
KEYS = {f"{place}.{field.encode_name}".lstrip(".") for place in TABLES for field in TABLES[place]}


PLAIN_WORDS: dict[type[shape.Type], str] = {
    shape.StrType: "text",
    shape.BoolType: "true or false",
    shape.DictType: "table of text",
    shape.StructType: "table",
}


def in_words(kind: shape.Type) -> str:
    """The type of a key as the page says it."""
    match kind:
        case shape.UnionType():
            words = [in_words(each) for each in kind.types if not isinstance(each, shape.NoneType)]
            return ", or ".join(words)
        case shape.LiteralType(values=(only,)):
            return f"`{json.dumps(only)}`"
        case shape.LiteralType():
            return "one of " + ", ".join(f"`{value}`" for value in sorted(map(str, kind.values)))
        case shape.IntType() | shape.FloatType():
            name = "integer" if isinstance(kind, shape.IntType) else "number"
            return f"{name}{range_in_words(kind)}"
        case shape.VarTupleType():
            of_text = isinstance(kind.item_type, shape.StrType)
            return "list of text" if of_text else "list of tables"
    return PLAIN_WORDS[type(kind)]


def range_in_words(kind: shape.IntType | shape.FloatType) -> str:
    low = f"{kind.ge:g}" if kind.ge is not None else ""
    if low and kind.le is not None:
        return f", {low} to {kind.le:g}"
    if low:
        return f", {low} or more"
    above = f", above {kind.gt:g}" if kind.gt is not None else ""
    return above + (f", at most {kind.le:g}" if kind.le is not None else "")


def default_in_words(field: shape.Field) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        return "`{}`"
    if field.default is None:
        return "\N{EN DASH}"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{json.dumps(value)}`"


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


# All pages


@EVERY_PAGE
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in links(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        goal = (page.parent / name).resolve() if name else page
        assert goal.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(goal.read_text(encoding="utf-8")), f"{page.name}: {target}"


@EVERY_PAGE
def test_every_command_line_of_warmer_parses(page: Path) -> None:
    for line in command_lines(page.read_text(encoding="utf-8")):
        name, *arguments = line
        if line in (["--version"], ["--help"], ["-h"]):
            continue
        assert name in cli.commands, f"{page.name}: warmer {name}"
        if not arguments:
            continue  # the name of the command, in a sentence
        try:
            cli.commands[name].make_context(name, arguments)
        except click.exceptions.Exit:
            assert "--help" in arguments
        except click.ClickException as error:
            pytest.fail(f"{page.name}: warmer {' '.join(line)}: {error.format_message()}")


@EVERY_PAGE
def test_every_key_and_option_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    options = {*options_of_the_code(), "--version"}
    tables = "|".join(place for place in TABLES if place)
    for span in spans(text):
        if re.match(r"--[a-z]", span):
            assert span.split()[0] in options, f"{page.name}: {span}"
        key = re.fullmatch(rf"((?:{tables})\.[a-z_]+)(?: = .*)?", span)
        if key and not key[1].endswith((".toml", ".py")):
            assert key[1] in KEYS, f"{page.name}: {span}"


@EVERY_PAGE
def test_every_toml_example_is_a_valid_site(page: Path) -> None:
    for text in code_blocks(page.read_text(encoding="utf-8"), "toml"):
        names = re.findall(r"\$\{(\w+)\}", text)
        build_site(tomllib.loads(text), place=page.name, environment=dict.fromkeys(names, "secret"))


def test_the_changelog_says_what_this_version_brings() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (Unreleased|0\.1\.0)", text, re.MULTILINE)


def test_the_licence_is_the_one_that_the_package_names() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n")
    assert "the warmer authors" in text
    assert 'license="MIT"' in (ROOT / "setup.py").read_text(encoding="utf-8")
