"""Requests that were sent once, sent again: when, as whom, and what came of it."""
