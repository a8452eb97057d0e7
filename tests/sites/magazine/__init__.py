"""A Django magazine with a database and templates as real ones have; the benchmarks load it.

Pages are kept in Redis by Django's own middleware for a whole site, shared by all workers.
`MAGAZINE_…` environment variables say what a page costs; a journal says what was asked.
"""
