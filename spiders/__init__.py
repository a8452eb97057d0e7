"""Scrapy spiders, shipped as `warmer.spiders`, where Scrapy finds them by name.

They fetch and hand on what they find to callables that the caller gives as
arguments; they rank nothing, store nothing and print nothing. Imports inside
are relative, for the directory has another name in the source tree.
"""
