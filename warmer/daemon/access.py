"""Where the API listens, and who may have it do something. Pure; secrets are never shown."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.config import DaemonConfig

_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An address, the token of requests, and the secret of signed webhooks."""

    host: str
    port: int
    token: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether other machines cannot reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def is_bearer(self, authorization: str) -> bool:
        """Whether an Authorization header holds the token; takes as long if it does not."""
        if self.token is None or not authorization.lower().startswith(_BEARER):
            return False
        given = authorization[len(_BEARER) :].strip()
        return hmac.compare_digest(_digest(given), _digest(self.token))


def access_of(configs: Sequence[DaemonConfig], environment: Mapping[str, str]) -> Access:
    """What all sites of one daemon agree on; raises ConfigError where they do not.

    Also for a variable that is not set, and beyond loopback without a token.
    """
    chosen = {(each.listen, each.token_env, each.secret_env) for each in configs}
    if len(chosen) != 1:
        raise ConfigError(
            "daemon: the sites differ in listen, token_env or secret_env; expected the same, for"
            " one daemon listens at one address"
        )
    listen, token_env, secret_env = chosen.pop()
    host, port = address(listen)
    token = _variable("daemon.token_env", token_env, environment)
    secret = _variable("daemon.secret_env", secret_env, environment)
    access = Access(host=host, port=port, token=token, secret=secret or token)
    if token is None and not access.is_loopback:
        raise ConfigError(
            f'daemon.listen: "{listen}" lets other machines in; expected daemon.token_env to name'
            " the variable that holds a token, or a loopback address such as 127.0.0.1:8089"
        )
    return access


def address(listen: str) -> tuple[str, int]:
    """Host and port of `daemon.listen`; raises ConfigError."""
    try:
        parts = urlsplit(f"//{listen}")
        host, port, netloc = parts.hostname, parts.port, parts.netloc
    except ValueError:
        host = port = netloc = None
    if not host or port is None or netloc != listen or "@" in listen:
        raise ConfigError(
            f'daemon.listen: "{listen}" is not HOST:PORT; expected for instance 127.0.0.1:8089'
        )
    return host, port


def _variable(key: str, name: str | None, environment: Mapping[str, str]) -> str | None:
    if name is None:
        return None
    value = environment.get(name, "").strip()
    if not value:
        raise ConfigError(f"{key}: environment variable {name} is not set; expected a secret in it")
    return value


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
