"""A client of the daemon's API for the command line: one request, one answer, no proxy.

Raises UnreachableError where nobody answers; what the daemon says is the caller's to judge.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from warmer.daemon.access import address
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 50_000_000
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- what a daemon may listen on


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body; `detail` is the reason that a problem gives."""

    status: int
    body: Any

    @property
    def detail(self) -> str:
        found = self.body.get("detail") if isinstance(self.body, dict) else None
        return str(found or f"status {self.status}")


@dataclass(frozen=True, slots=True)
class DaemonClient:
    """The daemon at a URL; the token is sent to it alone, and shown nowhere."""

    url: str
    token: str | None

    def __repr__(self) -> str:
        return f"DaemonClient({self.url!r})"

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def trigger(self, body: Mapping[str, object], site: str | None) -> Answer:
        """Hand in a request to warm; a site's name chooses among those of the daemon."""
        query = "" if site is None else f"?site={quote(site, safe='')}"
        return self._ask("POST", f"/v1/triggers{query}", msgspec.json.encode(body))

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = _connection(self.url)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read(MAX_ANSWER_BYTES)
            return Answer(response.status, msgspec.json.decode(text))
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise UnreachableError(
                f"daemon {self.url}: does not answer ({why}); start it with `warmer daemon`"
            ) from None
        except msgspec.MsgspecError:
            raise UnreachableError(
                f"daemon {self.url}: something answers, but not as `warmer daemon` does"
            ) from None
        finally:
            connection.close()


def url_of(listen: str) -> str:
    """Where a daemon that listens there is asked, on its own machine; raises ConfigError."""
    host, port = address(listen)
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_url(url: str) -> str:
    """The URL without a slash at its end; raises ConfigError if it is none of a daemon."""
    try:
        parts = urlsplit(url)
        is_root = parts.path in ("", "/") and not parts.query and "@" not in parts.netloc
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_root = is_url = False
    if not is_url or not is_root:
        raise ConfigError("--daemon: not a daemon's URL; expected http://127.0.0.1:8089")
    return url.rstrip("/")


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
