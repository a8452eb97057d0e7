"""Settings for Scrapy's own commands (`scrapy list`, `scrapy shell`), named by scrapy.cfg."""

from warmer.crawl.settings import COMMON

globals().update(COMMON)
