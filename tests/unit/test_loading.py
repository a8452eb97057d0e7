"""What is loaded only when it is used: an idle daemon beside a live site pays for the rest."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LATE = ["OpenSSL", "parsel", "scrapy", "twisted"]
"""Scrapy, and what it brings."""


def loaded_by(*modules: str, of: Sequence[str] = LATE) -> list[str]:
    code = f"import sys, {', '.join(modules)}; print(*({set(of)} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return sorted(done.stdout.split())


def test_scrapy_is_loaded_with_the_first_crawl_alone() -> None:
    assert loaded_by("warmer.cli", "warmer.daemon.app", "warmer.daemon.intakes") == []
    assert loaded_by("warmer.crawl.plan_downloader") == LATE


def test_a_run_of_the_daemon_loads_no_display() -> None:
    daemon = ("warmer.daemon.app", "warmer.daemon.intakes", "warmer.crawl.plan_downloader")
    assert loaded_by(*daemon, of=["rich"]) == []
