"""`./dev` says in one line what is missing, and changes nothing before it has said so."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def dev(directory: Path, *arguments: str, path: str | None = None) -> tuple[int, str]:
    """Run the script in a directory; its exit code and what it wrote on standard error."""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "dev", *arguments],
        cwd=directory,
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the script alone, beside a `bin` with nothing but `dirname` in it."""
    shutil.copy(ROOT / "dev", tmp_path / "dev")
    (tmp_path / "bin").mkdir()
    dirname = shutil.which("dirname")
    assert dirname is not None
    (tmp_path / "bin" / "dirname").symlink_to(dirname)
    return tmp_path


@pytest.mark.parametrize(("arguments", "found"), [([], "nothing"), (["tset"], "tset")])
def test_an_unknown_word_is_answered_with_the_known_ones(arguments: list[str], found: str) -> None:
    expected = "expected demo, test [PYTEST OPTIONS], lint, bench [NAME] or setup"
    assert dev(ROOT, *arguments) == (2, f"dev: {expected}; found: {found}\n")


def test_without_a_fit_python_it_says_which_one_is_needed(bare: Path) -> None:
    code, error = dev(bare, "demo", path=str(bare / "bin"))
    assert (code, error.count("\n")) == (2, 1)
    assert error.startswith("dev: no Python 3.11 or newer with venv and ensurepip found")
    assert not (bare / ".venv").exists()


def test_servers_that_cannot_be_installed_are_named_with_the_command(bare: Path) -> None:
    code, error = dev(bare, "test", path=str(bare / "bin"))
    assert (code, error.count("\n")) == (2, 1)
    assert "run: apt-get install redis-server memcached" in error
    assert not (bare / ".venv").exists()
