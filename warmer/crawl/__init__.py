"""Fetching: the only rooms, with `spiders/`, that know Scrapy and libcurl."""
