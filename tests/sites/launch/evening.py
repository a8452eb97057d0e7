"""The site on the evening before: its files, its servers, and what `warmer_preflight` says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.sites.newsroom.driver import ROOT, Newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.stores import RedisServer

MODULE = "tests.sites.launch"
BASE_URL = "https://www.example.test"
CORE = "django.core.cache.backends.redis.RedisCache"


def with_daemon(redis: RedisServer) -> dict[str, Any]:
    """Settings with a stream in this Redis, which a daemon's group reads."""
    with redis.client(5) as client:
        client.xgroup_create("warmer:triggers", "warmer:evening", mkstream=True)
    return {"WARMER": {"stream": redis.database(5), "base_url": BASE_URL}}


@dataclass(frozen=True, slots=True)
class Said:
    """What one call of the command said."""

    code: int
    stdout: str
    stderr: str
    checks: list[dict[str, Any]] = field(default_factory=list)

    def grades(self, *wanted: str) -> dict[str, str]:
        """The worst grade of each check, of those with one of these grades."""
        order = ["skipped", "ok", "warn", "fail"]
        found: dict[str, str] = {}
        for each in self.checks:
            worst = max(found.get(each["check"], "skipped"), each["grade"], key=order.index)
            found[each["check"]] = worst
        return {name: grade for name, grade in found.items() if grade in (wanted or order[2:])}

    def reasons(self, check: str) -> list[str]:
        return [each["reason"] for each in self.checks if each["check"] == check]


class Evening:
    """A healthy site in a directory; `say` runs the command with what a test changes."""

    def __init__(
        self,
        home: Path,
        settings: dict[str, Any],
        *,
        python: str = sys.executable,
        path: tuple[Path, ...] = (),
    ) -> None:
        self.home = home
        self.settings = settings
        self._python = python
        self._path = path

    def environment(self, **settings: Any) -> dict[str, str]:
        return self._room(settings).environment

    def site_file(self) -> str:
        """What `warmer_config` prints."""
        return self.manage("warmer_config")

    def build(self) -> None:
        """Write its files, its tables and what is collected."""
        home = self.home
        for name in ("templates", "media", "assets"):
            (home / name).mkdir(parents=True)
        for name in ("404.html", "500.html"):
            (home / "templates" / name).write_text("<p>Back to the <a href='/'>shop</a></p>")
        (home / "assets" / "shop.css").write_text("p { color: teal }")
        self.manage("migrate", "-v0")
        self.manage("collectstatic", "--noinput", "-v0")

    def manage(self, *arguments: str, **settings: Any) -> str:
        done = self._run(arguments, settings, {})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def say(
        self, *arguments: str, environment: dict[str, str] | None = None, **settings: Any
    ) -> Said:
        """`warmer_preflight --json` under these settings."""
        done = self._run(("warmer_preflight", "--json", *arguments), settings, environment or {})
        try:
            checks = json.loads(done.stdout)["checks"]
        except ValueError:
            checks = []
        return Said(done.returncode, done.stdout, done.stderr, checks)

    def lines(self, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        return self._run(("warmer_preflight", *arguments), settings, {})

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`manage.py …`, however it ends."""
        return self._run(arguments, {}, {})

    def _room(self, settings: dict[str, Any]) -> Newsroom:
        return Newsroom(
            self.home,
            {**self.settings, **settings},
            python=self._python,
            path=self._path,
            module=MODULE,
        )

    def _run(
        self, arguments: tuple[str, ...], settings: dict[str, Any], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._python, "-m", "django", *arguments],
            env={**self.environment(**settings), **environment},
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
