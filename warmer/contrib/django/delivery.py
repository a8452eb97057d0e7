"""Hands triggers to the daemon: by Redis stream or by webhook.

Raises DeliveryError where nobody took them; keeps nothing and tries nothing again. Every
wait is bounded: half a second for a stream, two for a webhook.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from warmer.contrib.django.impatient import impatient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.contrib.django.options import Options
    from warmer.contrib.django.trigger import Message

WEBHOOK_WAIT_S = 2.0
SIGNATURE_HEADER = "X-Warmer-Signature"
_ACCEPTED = 202
_REASON_BYTES = 300


class DeliveryError(Exception):
    """Nobody took a trigger; `str()` says why. `refused`: it was understood and turned down."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


def send(messages: Sequence[Message], chosen: Options) -> None:
    """Return when all were taken; after an error, some may have been."""
    if chosen.stream:
        _to_stream(messages, chosen)
    else:
        for message in messages:
            _to_webhook(message, chosen)


def _to_stream(messages: Sequence[Message], chosen: Options) -> None:
    import redis  # noqa: PLC0415 -- optional

    try:
        pipeline = _client(chosen.stream).pipeline(transaction=False)
        for message in messages:
            fields = {
                "v": "1",
                "urls": json.dumps(message.trigger.urls),
                "tags": json.dumps(message.trigger.tags),
                "why": message.trigger.why,
                "at": repr(message.trigger.at),
            }
            pipeline.xadd(chosen.key, fields, maxlen=chosen.maxlen or None, approximate=True)
        pipeline.execute()
    except (redis.RedisError, OSError) as error:
        raise DeliveryError(f"stream {chosen.key}: {error}") from error


def stream_groups(chosen: Options) -> list[str]:
    """Who has read the stream: names of its consumer groups; empty if it is not there yet.

    Raises what redis raises where the server does not answer, or refuses.
    """
    client = _client(chosen.stream)
    if not client.exists(chosen.key):
        return []
    return sorted(group["name"].decode() for group in client.xinfo_groups(chosen.key))


@lru_cache(maxsize=4)
def _client(url: str) -> Any:  # noqa: ANN401 -- redis is optional, its types too
    import redis  # noqa: PLC0415 -- optional

    return redis.Redis.from_url(url, **impatient())


def signature(secret: str, moment: int, body: bytes) -> str:
    """The value of X-Warmer-Signature for a body sent at `moment` (unix seconds)."""
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"


def _to_webhook(message: Message, chosen: Options) -> None:
    trigger = message.trigger
    fields = {"urls": trigger.urls, "tags": trigger.tags, "why": trigger.why, "at": trigger.at}
    body = json.dumps({**fields, "id": str(message.id)}).encode()
    headers = {
        "Content-Type": "application/json",
        SIGNATURE_HEADER: signature(chosen.secret, int(time.time()), body),
    }
    try:
        status, reason = _post(chosen.webhook, body, headers)
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(f"webhook: {error!s}") from error
    if status != _ACCEPTED:
        refused = 400 <= status < 500 and status not in {401, 403, 404, 408, 429}
        raise DeliveryError(
            f"webhook: status {status}; expected {_ACCEPTED}: {reason}", refused=refused
        )


_kept = threading.local()


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Status and the beginning of the answer; on this thread's connection while it lasts."""
    held: tuple[str, http.client.HTTPConnection] | None = getattr(_kept, "held", None)
    _kept.held = None
    if held is not None and held[0] == url:
        try:
            return _asked(url, held[1], body, headers)
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            held[1].close()  # closed by the other side while it was idle
    return _asked(url, _connection(url), body, headers)


def _asked(
    url: str, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    reason = response.read(_REASON_BYTES).decode(errors="replace").strip()
    if response.isclosed() and not response.will_close:
        _kept.held = (url, connection)
    else:
        connection.close()
    return response.status, reason


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            host, parts.port, timeout=WEBHOOK_WAIT_S, context=context
        )
    return http.client.HTTPConnection(host, parts.port, timeout=WEBHOOK_WAIT_S)
