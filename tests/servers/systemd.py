"""A real systemd as the first process of namespaces of its own, for the units of configs/.

It sees this machine's files through an overlay and may write where it likes: all of it is in
memory, and gone with the namespaces. The network is the machine's, so it reaches the test's
servers. Needs root, overlayfs and a cgroup2 mount; `why_not` says what is missing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LIMIT_S = 60.0
_POLL_S = 0.02
_SYSTEMD = "/lib/systemd/systemd"
_UNITS = "etc/test-units"
_TARGETS = ("sysinit", "basic", "shutdown", "network-online", "timers", "multi-user")
_BOOT = f"""
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cp -a "$2/." "$1/root/"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
pivot_root . mnt
cd /
umount -l /mnt
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin NOTIFY_SOCKET="$3" \\
    SYSTEMD_UNIT_PATH=/{_UNITS} {_SYSTEMD} --system --unit=multi-user.target --log-target=null
"""


def why_not() -> str | None:
    """What this machine lacks for it, in one line; None if nothing."""
    if os.geteuid() != 0:
        return "not root"
    if not Path(_SYSTEMD).exists() or shutil.which("nsenter") is None:
        return "systemd or nsenter is not installed"
    if "\toverlay\n" not in Path("/proc/filesystems").read_text(encoding="ascii"):
        return "the kernel has no overlayfs"
    return None if _cgroup_root() else "no cgroup2 is mounted"


@dataclass(frozen=True, slots=True)
class Machine:
    """The booted systemd; `pid` is its number here."""

    pid: int

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command inside, to its end; its exit code is the caller's to look at."""
        return subprocess.run(
            ["nsenter", "--all", f"--target={self.pid}", *command],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def systemctl(self, *arguments: str) -> None:
        """With what it is told to wait for; it must succeed."""
        done = self.run("systemctl", *arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}{self.log()}"

    def show(self, unit: str, name: str) -> str:
        """One property, such as ActiveState."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def until(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, f"{otherwise}: {self.log()}"
            time.sleep(_POLL_S)  # systemd inside tells nobody outside

    def write(self, path: str, text: str) -> None:
        """A file inside."""
        subprocess.run(
            ["nsenter", "--all", f"--target={self.pid}", "tee", path],
            input=text,
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def read(self, path: str) -> str:
        """A file inside; empty if it is not there."""
        return self.run("cat", path).stdout

    def log(self) -> str:
        """What services said."""
        return self.read(LOG)


LOG = "/run/services.log"


@contextlib.contextmanager
def booted(
    directory: Path, units: Mapping[str, str], files: Mapping[str, str]
) -> Iterator[Machine]:
    """A machine with these units, and no others, and these files (by their absolute path)."""
    image, scratch = directory / "image", directory / "scratch"
    scratch.mkdir()
    targets = {f"{name}.target": "[Unit]\nDefaultDependencies=no\n" for name in _TARGETS}
    for name, text in {**targets, **units}.items():
        _write(image / _UNITS / name, text)
    for path, text in files.items():
        _write(image / path.lstrip("/"), text)
    root = _cgroup_root()
    assert root is not None, why_not()
    cgroup = root / f"warmer-{os.getpid()}"
    cgroup.mkdir()
    address = f"warmer-{os.getpid()}-{directory.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{address}")
        listener.settimeout(LIMIT_S)
        outside = subprocess.Popen(
            ["sh", "-ec", 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"', "sh", str(cgroup),
             "setpriv", "--pdeathsig=KILL", "unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--cgroup",
             "--propagation=private", "sh", "-ec", _BOOT, "sh", str(scratch), str(image),
             f"@{address}"],
        )  # fmt: skip
        try:
            while b"READY=1" not in listener.recv(4096):
                pass
            children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children")
            yield Machine(int(children.read_text(encoding="ascii")))
        finally:
            outside.kill()
            outside.wait()
            _remove(cgroup)


def needed_paths() -> str:
    """What a service must see to run this Python and this project, for BindReadOnlyPaths=."""
    project = Path(__file__).parents[2]
    return " ".join({sys.prefix, sys.base_prefix, str(project)})


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _cgroup_root() -> Path | None:
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, *_ = line.split(" ")
        if kind == "cgroup2":
            return Path(place)
    return None


def _remove(cgroup: Path) -> None:
    """With all below it; its processes are ended by the kernel, which may take a moment."""
    deadline = time.monotonic() + LIMIT_S
    below = [each for each in cgroup.rglob("*") if each.is_dir()]
    for each in sorted([cgroup, *below], reverse=True):
        while True:
            try:
                each.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                assert time.monotonic() < deadline, f"{each} is still in use"
                time.sleep(_POLL_S)  # the kernel says busy, and nothing when that is over
