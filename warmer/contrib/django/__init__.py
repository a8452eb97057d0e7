"""The app a Django site installs, so that saves warm the pages they change.

Runs in the site's own process: needs Django, and redis where a stream or a Redis cache
is used, and nothing else of warmer's dependencies. docs/django.md is its manual and the
contract with the daemon.
"""

from __future__ import annotations

from warmer.contrib.django.changes import warm
from warmer.contrib.django.registry import warms
from warmer.contrib.django.staleness import purge

__all__ = ["purge", "warm", "warms"]
