"""The newsroom from a test's side: databases, a Python process to run code in, gunicorn."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.servers.process import HOST, replies, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.process import Running

ROOT = Path(__file__).parents[3]
MODULE = "tests.sites.newsroom"
_migrated: list[Path] = []


class Newsroom:
    """One site's files; every process of it sees the same databases and settings."""

    def __init__(
        self,
        home: Path,
        settings: dict[str, Any],
        *,
        python: str = sys.executable,
        path: tuple[Path, ...] = (),
        module: str = MODULE,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.python = python
        self.module = module
        self.settings = settings
        self.path = path
        self._stack = contextlib.ExitStack()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "NEWSROOM_HOME": str(self.home),
            "NEWSROOM_SETTINGS": json.dumps(self.settings),
            "DJANGO_SETTINGS_MODULE": f"{self.module}.settings",
            "PYTHONPATH": os.pathsep.join(map(str, [*self.path, ROOT])),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def manage(self, *args: str) -> subprocess.CompletedProcess[str]:
        """`manage.py …` in a process of its own."""
        return subprocess.run(
            [self.python, "-m", "django", *args],
            env=self.environment, capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip

    def migrate(self) -> Newsroom:
        """Databases with all tables; made once in this process for the usual settings."""
        usual = self.python == sys.executable and "INSTALLED_APPS" not in self.settings
        if usual and _migrated:
            for kept in _migrated[0].glob("*.sqlite3"):
                shutil.copy(kept, self.home)
            return self
        for database in ("default", "archive"):
            done = self.manage("migrate", "--run-syncdb", "-v0", "--database", database)
            assert done.returncode == 0, done.stderr
        if usual:
            _migrated.append(Path(tempfile.mkdtemp(prefix="newsroom-")))
            atexit.register(shutil.rmtree, _migrated[0], ignore_errors=True)
            for made in self.home.glob("*.sqlite3"):
                shutil.copy(made, _migrated[0])
        return self

    def shell(self) -> Shell:
        return self._stack.enter_context(Shell(self))

    @contextlib.contextmanager
    def gunicorn(self, *, workers: int = 1, threads: int = 4) -> Iterator[Running]:
        """The site under gunicorn; yields its running server."""

        def command(port: int) -> list[str]:
            return [
                *(self.python, "-m", "gunicorn", f"{self.module}.wsgi"),
                *("--config", str(ROOT / "tests/sites/gunicorn_config.py")),
                *("--bind", f"{HOST}:{port}", "--workers", str(workers), "--threads", str(threads)),
                *("--worker-tmp-dir", str(self.home), "--graceful-timeout", "1"),
            ]

        question = b"GET / HTTP/1.0\r\nHost: ready.invalid\r\n\r\n"
        with running(
            command,
            directory=self.home / "gunicorn",
            answers=lambda port: replies(port, question),
            environment=self.environment,
        ) as server:
            yield server

    def renders(self) -> list[str]:
        return self._logged("renders")

    def renderers(self) -> list[str]:
        """The user agents whose requests were rendered, one a render."""
        return self._logged("agents")

    def _logged(self, name: str) -> list[str]:
        log = self.home / name
        return log.read_text().splitlines() if log.exists() else []

    def close(self) -> None:
        self._stack.close()


class Shell:
    """A process that runs code; one that ends is an error that shows what it wrote."""

    def __init__(self, room: Newsroom) -> None:
        self._log = (room.home / "shell.log").open("a+")
        self.process = subprocess.Popen(
            [room.python, "-m", f"{MODULE}.shell"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            text=True, env=room.environment, cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdin
        assert self.process.stdout
        self._requests, self._answers = self.process.stdin, self.process.stdout

    def __call__(self, code: str) -> Any:
        """The value of the last expression of `code`, as JSON gives it back."""
        answer = self.ask(code)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def ask(self, code: str) -> dict[str, Any]:
        """The value, or the traceback as `error`."""
        self.send(code)
        return self.answer()

    def send(self, code: str) -> None:
        """Begin to run code; `answer` waits for its end."""
        self._requests.write(json.dumps(textwrap.dedent(code)) + "\n")
        self._requests.flush()

    def answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        assert line, self.log()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> int:
        """Let it end as a process does whose work is done; its exit status."""
        self._requests.close()
        return self.process.wait(timeout=30)

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        self._log.close()
