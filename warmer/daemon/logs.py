"""What the daemon says on standard error: lines for people, or one JSON object a line."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime

import msgspec


class JsonFormatter(logging.Formatter):
    """`at` (RFC 3339, UTC), `level`, `logger`, `message`, and `trace` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def plain_formatter(journal: str | None, descriptor: int) -> logging.Formatter:
    """Lines for people, with the local time and its offset; without, for a journal has its own.

    `journal` is the JOURNAL_STREAM of systemd.exec(5): the device and inode that it reads.
    """
    status = os.fstat(descriptor)
    if journal == f"{status.st_dev}:{status.st_ino}":
        return logging.Formatter("%(levelname)s %(message)s")
    return logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S%z")


def log_to_stderr(*, as_json: bool, verbose: bool) -> None:
    """From INFO on, `verbose` from DEBUG on; libraries from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    plain = plain_formatter(os.environ.get("JOURNAL_STREAM"), sys.stderr.fileno())
    handler.setFormatter(JsonFormatter() if as_json else plain)
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("warmer").setLevel(logging.DEBUG if verbose else logging.INFO)
    # What Scrapy warns of is about pages; runs say it once, and better.
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)
