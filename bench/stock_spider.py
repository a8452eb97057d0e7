"""The peer: a Scrapy spider as its tutorial has it. `scrapy runspider` loads this file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class StockSpider(Spider):
    """Fetches the URLs of a list and does nothing with the pages."""

    name = "stock"

    def __init__(self, urls: str) -> None:
        super().__init__()
        self._urls = Path(urls)

    async def start(self) -> AsyncIterator[Any]:
        with self._urls.open(encoding="utf-8") as lines:
            for line in lines:
                yield Request(line.strip())

    def parse(self, response: Response) -> None:
        """Nothing: the fetch is what is measured."""
