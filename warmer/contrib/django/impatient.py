"""How long the app waits for a Redis: a quarter of a second to connect, and for each answer."""

from __future__ import annotations

from typing import Any

WAIT_S = 0.25


def impatient() -> dict[str, Any]:
    """Arguments of a redis connection; one more try for a connection that the server closed."""
    import redis  # noqa: PLC0415 -- optional
    from redis.backoff import NoBackoff  # noqa: PLC0415 -- likewise
    from redis.retry import Retry  # noqa: PLC0415 -- likewise

    return {
        "socket_timeout": WAIT_S,
        "socket_connect_timeout": WAIT_S,
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    }
