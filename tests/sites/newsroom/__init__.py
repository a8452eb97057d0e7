"""A small newsroom with models and the admin, for the tests of `warmer.contrib.django`.

Settings come from one JSON object in `NEWSROOM_SETTINGS`, over the defaults in `settings`.
"""
