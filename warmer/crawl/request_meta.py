"""Keys in the meta of a plan's requests; here, so that who reads them need not load Scrapy."""

from __future__ import annotations

TARGET = "target"
"""The request's target; robots.txt is of no target, and goes back as usual."""
ENDED = "ended"
"""Set once the outcome of a request has been told; the scheduler drops it."""
SERVER = "server"
"""Which of several servers it was sent to last."""
