"""Real nginx and Varnish servers, run by whoever runs the tests (root included)."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.servers.process import HOST, Listening, accepts, require, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

NGINX_CONFIG = """\
daemon off;
worker_processes 1;
pid @DIR@/nginx.pid;
error_log stderr warn;
@USER@
events { worker_connections 1024; }
http {
    access_log @DIR@/access.log;
    @TEMPORARY@
@HTTP@
}
"""


@dataclass(frozen=True, slots=True)
class Proxy(Listening):
    """A running nginx or Varnish; `directory` holds its files."""

    directory: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def access_log(self) -> Path:
        """nginx only: `combined` unless the configuration says otherwise."""
        return self.directory / "access.log"


@contextlib.contextmanager
def running_nginx(directory: Path, http: str, port: int | None = None) -> Iterator[Proxy]:
    """An nginx; `http` is what stands inside of `http { }`.

    In it `@PORT@` becomes the free port, and `@DIR@` a directory for its files.
    """
    binary = require("nginx", package="nginx")
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "nginx.conf"
    temporary = "\n    ".join(f"{name}_temp_path @DIR@/{name}_temp;" for name in TEMPORARY)
    # The worker of a root nginx becomes `www-data` and cannot enter our directory.
    user = "user root;" if os.geteuid() == 0 else ""

    def command(chosen: int) -> list[str]:
        text = NGINX_CONFIG.replace("@HTTP@", http).replace("@TEMPORARY@", temporary)
        text = text.replace("@USER@", user).replace("@DIR@", str(directory))
        config.write_text(text.replace("@PORT@", str(chosen)), encoding="utf-8")
        return [binary, "-p", str(directory), "-e", "stderr", "-c", str(config)]

    with running(command, directory=directory, answers=accepts, port=port) as server:
        yield Proxy(server, directory)


@contextlib.contextmanager
def running_varnish(
    directory: Path, vcl: str, *args: str, port: int | None = None
) -> Iterator[Proxy]:
    """A Varnish with 32 MB of memory; `vcl` whole, `args` as on varnishd's command line."""
    binary = require("varnishd", package="varnish")
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / "site.vcl"
    program.write_text(vcl, encoding="utf-8")

    def command(chosen: int) -> list[str]:
        address = ["-a", f"{HOST}:{chosen}", "-T", "none", "-n", str(directory / "run")]
        # Without a jail varnishd stays the user that it is, root or not.
        run = ["-F", "-j", "none", "-f", str(program), "-s", "malloc,32m"]
        return [binary, *run, *address, *args]

    with running(command, directory=directory, answers=accepts, port=port) as server:
        yield Proxy(server, directory)
