"""Keeps Scrapy from logging a line for each page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.logformatter import LogFormatter

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response


class QuietLogFormatter(LogFormatter):
    """One line a page would be a hundred thousand lines; outcomes are in the store."""

    def crawled(self, request: Request, response: Response, spider: Spider) -> None:  # type: ignore[override]  # None is "no line", says Scrapy
        """No line; Scrapy's documented way to leave it out."""
