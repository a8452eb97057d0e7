"""All that lets triggers in, put together for the sites of one daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.daemon.app import SitePart
    from warmer.daemon.clock import Clock
    from warmer.daemon.health import Intake


def intakes(sites: Sequence[SitePart], clock: Clock) -> list[Intake]:  # noqa: ARG001 -- for those to come
    """Those that the sites' configurations ask for."""
    return []
