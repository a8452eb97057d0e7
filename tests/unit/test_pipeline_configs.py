"""The examples for pipelines are checked by the schemas and grammars of those who read them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from groovy_parser.parser import parse_and_digest_groovy_content

from tests.unit.command_shape import mistake_in
from tests.unit.markdown import calls
from warmer.contrib.django.management.commands.warmer_preflight import Command

CONFIGS = Path(__file__).parents[2] / "configs"
CHECKER = Path(sys.executable).with_name("check-jsonschema")
SCHEMAS = {"gitlab-ci.yml": "vendor.gitlab-ci", "github-actions.yml": "vendor.github-workflows"}
PIPELINES = [*SCHEMAS, "Jenkinsfile", "kubernetes-launch-hook.yaml"]


def accepted(schema: str, path: Path) -> tuple[int, str]:
    """What the checker says, with the schema that is in its package."""
    done = subprocess.run(
        [CHECKER, "--builtin-schema", schema, path], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_service_that_reads_it_takes_the_pipeline(name: str) -> None:
    assert accepted(SCHEMAS[name], CONFIGS / name) == (0, "ok -- validation done\n")


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_check_finds_a_word_that_the_service_does_not_know(name: str, tmp_path: Path) -> None:
    text = (CONFIGS / name).read_text(encoding="utf-8")
    broken = tmp_path / name
    broken.write_text(re.sub(r"(script|runs-on):", r"\1s:", text), encoding="utf-8")
    assert accepted(SCHEMAS[name], broken)[0] == 1


def test_the_jenkinsfile_is_groovy() -> None:
    text = (CONFIGS / "Jenkinsfile").read_text(encoding="utf-8")
    assert parse_and_digest_groovy_content(text)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_call_in_a_pipeline_is_one_that_warmer_takes(name: str) -> None:
    text = (CONFIGS / name).read_text(encoding="utf-8")
    lines = [re.sub(r"^\s*(?:- |run: |sh ')*", "", line).rstrip("'") for line in text.splitlines()]
    found = [arguments for line in lines for arguments in calls(line)]
    assert [mistake_in(arguments) for arguments in found] == [""] * len(found)
    if not name.startswith("kubernetes"):  # there they are lists, which another test reads
        assert [arguments[0] for arguments in found] == ["preflight", "crawl"]
    assert text.count("manage.py warmer_preflight --json > ") == 1
    parser = Command().create_parser("manage.py", "warmer_preflight")
    assert parser.parse_args(["--json"]).json is True
