"""A small Django shop whose caching is chosen by `SHOP_…` environment variables.

Every page counts its renders in a file, outside of any cache: the oracle of the tests.
"""
