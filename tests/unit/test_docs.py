"""The pages that people read are held to the code: links, command lines, keys, examples.

That what a page says of behaviour is true, other tests show.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.unit.command_shape import mistake_in, options_of_the_code
from tests.unit.config_shape import KEYS, TABLES
from tests.unit.markdown import anchors, code_blocks, command_lines, links, spans
from warmer.cli import cli
from warmer.config_file import build_site

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


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
        if len(line) == 1 and line[0] in cli.commands:
            continue  # the name of the command, in a sentence
        assert mistake_in(line) == "", f"{page.name}: warmer {' '.join(line)}"


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
