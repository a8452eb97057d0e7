"""The spiders, shipped as `warmer.spiders`; Scrapy loads them by name (SPIDER_MODULES)."""
