"""What runs and triggers of a site are filed under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.errors import ConfigError
from warmer.host_name import site_root

if TYPE_CHECKING:
    from warmer.config import SiteConfig


def site_name(site: SiteConfig) -> str:
    """Its name, or else its host; raises ConfigError for a site that no daemon can keep warm."""
    if not site.base_url:
        raise ConfigError("base_url: missing; expected scheme and host, for the daemon needs them")
    return site.name or site_root(site.base_url).partition("//")[2]
