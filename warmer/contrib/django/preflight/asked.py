"""What the checks are told, and how they word a failure. Asks nothing of the site itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

if TYPE_CHECKING:
    from pathlib import Path

_LOGIN = re.compile(r"//[^/@\s]*@")
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one call of the command asks for.

    token: in the name of whatever is written for a moment, so that no two calls meet.
    base_url: of `WARMER`, or of the Sites framework; empty if nothing tells it.
    mail_to: who gets a real mail; empty for none. site_file: the file in which
    `warmer_config` pinned the keys, if it was given.
    """

    token: str
    base_url: str = ""
    mail_to: str = ""
    site_file: Path | None = None

    @property
    def name(self) -> str:
        return f"warmer-preflight-{self.token}"


def words_of(error: BaseException) -> str:
    """An error in one line, without the login that a URL in it may have."""
    text = " ".join(str(error).split())
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    said = _LOGIN.sub("//***@", said)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def public_host(asked: Asked) -> str | None:
    """A name under which visitors come; None if ALLOWED_HOSTS names none."""
    host = urlsplit(asked.base_url).netloc
    plain = [each for each in settings.ALLOWED_HOSTS if each and each[0] not in "*."]
    return host or next(iter(plain), None)


def is_a(named: Any, *kinds: str) -> bool:  # noqa: ANN401 -- whatever the settings name
    """Whether an object is of one of these classes, by name: importing them may need more."""
    classes = type(named).__mro__
    return any(f"{each.__module__}.{each.__qualname__}" in kinds for each in classes)
