"""A daemon on a machine where the site's public name leads to the machine itself.

The name is in an /etc/hosts that only the daemon sees (a mount namespace of its own), and is
resolved and connected to as any other.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from tests.servers.misbehaviour import page
from tests.system.command import PROGRAM
from tests.system.daemon_process import Place

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue

NAME = "www.shop.example"
AS_ROOT = [] if os.geteuid() == 0 else ["--map-root-user"]
WITH_HOSTS = [
    "unshare", "--mount", *AS_ROOT, "sh", "-c", 'mount --bind hosts /etc/hosts && exec "$@"', "sh",
]  # fmt: skip


def test_a_public_name_leads_the_daemon_to_no_private_address_until_the_site_allows_it(
    rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/p/", page())
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost {NAME}\n", encoding="ascii")
    url = f"http://{NAME}:{rogue.port}"
    toml = f'name = "shop"\nbase_url = "{url}"\n[invalidation]\ndebounce_s = 0\n'
    place = Place(tmp_path)
    place.write(toml)
    check = [*WITH_HOSTS, str(PROGRAM), "check", "site.toml"]
    checked = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 3
    assert f"private-address: {NAME} is at 127.0.0.1, a private address" in checked.stdout
    with place.daemon(within=WITH_HOSTS) as daemon:
        place.save(f"{url}/p/")
        daemon.says(f"{NAME} is at 127.0.0.1, a private address that the configuration does not")
        assert (rogue.count(), place.waiting()) == (0, 1)
        place.write(f"{toml}[crawl]\nprivate_addresses = true\n")
        daemon.signal(signal.SIGHUP)
        place.all_done()
    assert rogue.count("/p/") == 2
