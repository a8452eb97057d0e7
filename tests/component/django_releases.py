"""Releases of Django, and of what is built on it, each installed once and kept.

Those that no interpreter here can run are not in the list of tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from warmer.caches.django_keys import HashVariant

# Django version, the Python versions that run it, its hash variant.
RELEASES = [
    ("4.2.30", ("3.11", "3.12"), HashVariant.LEGACY),
    ("5.2.19", ("3.11", "3.12", "3.13"), HashVariant.MARKER),
    ("6.1.2", ("3.12", "3.13"), HashVariant.NETSTRING),
    ("6.1.3", ("3.12", "3.13"), HashVariant.NETSTRING_MARKER),
]


def interpreter(versions: tuple[str, ...]) -> str | None:
    """A Python of one of these versions: this one, one on the path, or one of pyenv."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" in versions:
        return sys.executable
    for version in versions:
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        for found in sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True):
            return str(found)
        on_path = shutil.which(f"python{version}")
        if on_path and _runs(on_path):
            return on_path
    return None


def _runs(python: str) -> bool:
    """Whether it is an interpreter: a version manager's stand-in is on the path without one."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def installed_django(version: str, python: str, environments: Path) -> Path:
    """A directory with this Django and its Redis client."""
    packages = [f"django=={version}", "redis>=5", "tzdata"]
    return installed(f"django-{version}", packages, environments, python=python)


def installed(
    name: str, packages: list[str], environments: Path, *, python: str = sys.executable
) -> Path:
    """A directory with these packages; made once, whole or not at all."""
    ready = environments / f"{name}-{Path(python).resolve().name}"
    if not ready.exists():
        with tempfile.TemporaryDirectory(dir=environments) as unfinished:
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run(
                [*pip, "--target", f"{unfinished}/site", *packages],
                check=False, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, f"cannot install {name}: {done.stderr}"
            if not ready.exists():  # another worker may have been faster
                Path(unfinished, "site").rename(ready)
    return ready


RUNNABLE = [
    pytest.param(version, python, variant, id=f"{version}-{variant}")
    for version, pythons, variant in RELEASES
    if (python := interpreter(pythons))
]
