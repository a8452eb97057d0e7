"""How the form that a session was had by is known again on other pages. Pure: bytes in, forms out.

A site may answer a session that is over with status 200 and the form in place of the page;
another has the form on pages for everybody. A form that whoever is logged in gets as well is no
sign, unless the page says nothing else than the form's own page.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from warmer.body_codings import decoded
from warmer.crawl.login_form import forms_of, words_of

if TYPE_CHECKING:
    from warmer.config import LoginConfig
    from warmer.crawl.fetch import Fetch
    from warmer.crawl.login_form import Form

Copies = Counter[tuple[str, frozenset[str]]]
"""Login forms of one page: where each goes, "" for the page itself, and what it asks for."""

_FEW_WORDS = 20
"""No more does the form's page say in another place: a message, a path, the time."""
_NAMING = re.compile(rb"""name\s*=\s*["']?\Z""", re.IGNORECASE)
_NAMING_BYTES = 64
_AFTER_NAME = frozenset(b"\"' \t\r\n\f/>")


@dataclass(frozen=True, slots=True, repr=False)
class LoginSign:
    """One login form: fields of user name and password, all it asks for, where it stands and goes.

    `home` is path and query of its page, `words` are what that page shows. `spelled` is the name
    of the password's field in the bytes of a page, so that pages without it need not be parsed;
    None where the form's own page spells it in another way. `everybodys` are the login forms of
    pages that came right after logging in.
    """

    names: frozenset[str]
    asks: frozenset[str]
    home: str
    paths: frozenset[str]
    password: str
    spelled: bytes | None
    words: frozenset[str]
    everybodys: Copies = field(default_factory=Counter)

    @classmethod
    def of(cls, config: LoginConfig, form: Form, url: str, page: Fetch) -> Self:
        """The sign of a form that was found on a page."""
        spelled = config.password_field.encode()
        body, kind = _html(page)
        return cls(
            names=frozenset((config.username_field, config.password_field)),
            asks=form.asks,
            home=_place(url),
            paths=frozenset(urlsplit(each).path for each in (url, form.action)),
            password=config.password_field,
            spelled=spelled if _has_field(body, spelled) else None,
            words=words_of(body, kind),
        )

    def is_in_place(self, page: Fetch, url: str) -> bool:
        """Whether a page has the form, and not as who is logged in gets it, too."""
        copies = self.copies(page, url)
        return bool(copies) and (not copies <= self.everybodys or self._says_no_more(page))

    def is_once_more(self, page: Fetch, url: str) -> bool:
        """Whether a page is the form's own page in another place."""
        return bool(self.copies(page, url)) and self._says_no_more(page)

    def copies(self, page: Fetch, url: str) -> Copies:
        """The login forms on a page of this URL, as far as its body was kept; none on most."""
        body, kind = _html(page)
        if self.spelled is not None and not _has_field(body, self.spelled):
            return Counter()
        place = urlsplit(url).path
        found = (each for each in forms_of(body, kind, url) if self.is_login(each))
        return Counter((_way(each, place), each.asks) for each in found)

    def is_login(self, form: Form) -> bool:
        """Whether a form is for logging in: it goes where the known one does, or asks for no more.

        One that asks for a new password as well, or for an address, is another.
        """
        if form.method != "post" or not self.names <= form.names or self.password not in form.asks:
            return False
        return urlsplit(form.action).path in self.paths or form.asks <= self.asks

    def is_at_home(self, url: str) -> bool:
        """Whether this is the form's own page: one path may be many pages by its query."""
        return _place(url) == self.home

    def _says_no_more(self, page: Fetch) -> bool:
        return len(words_of(*_html(page)) - self.words) <= _FEW_WORDS


NO_SIGN = LoginSign(
    names=frozenset(),
    asks=frozenset(),
    home="",
    paths=frozenset(),
    password="",
    spelled=None,
    words=frozenset(),
)
"""As long as no form is found: it is on no page."""


def text_of(page: Fetch) -> bytes:
    """The body as far as it was kept, without its content codings."""
    return decoded(page.body, dict(page.headers).get("content-encoding", ""))


def _html(page: Fetch) -> tuple[bytes, str]:
    """Body and content type; no body where it is said to be no HTML."""
    kind = dict(page.headers).get("content-type", "")
    is_other = kind and "html" not in kind.lower()
    return b"" if is_other else text_of(page), kind


def _has_field(body: bytes, name: bytes) -> bool:
    """A quick look: most pages say "password" nowhere, and most others not as a field's name."""
    at = body.find(name)
    while at >= 0:
        end = at + len(name)
        is_whole = end < len(body) and body[end] in _AFTER_NAME
        if is_whole and _NAMING.search(body, max(0, at - _NAMING_BYTES), at):
            return True
        at = body.find(name, end)
    return False


def _way(form: Form, place: str) -> str:
    path = urlsplit(form.action).path
    return "" if path == place else path


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}"
