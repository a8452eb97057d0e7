"""One visitor's session at one site: its cookies, its pages, its forms.

Goes to the site's hosts alone; cookies that are for https go by https alone, unless the site
is told by X-Forwarded-Proto that a request came by it. Nothing of a page, no cookie and no
token stands in a message. Runs no script.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from warmer.crawl.cookies import CookieJar
from warmer.crawl.fetch import FetchError
from warmer.crawl.login_form import encoded, form_to, form_with, forms_of
from warmer.crawl.login_sign import NO_SIGN, text_of
from warmer.crawl.redirect import REDIRECT_STATUSES, onward_url
from warmer.crawl.single import Single

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.config import LoginConfig
    from warmer.crawl.fetch import Fetch
    from warmer.crawl.first_reachable import FirstReachable
    from warmer.crawl.login_form import Form
    from warmer.crawl.origin import Origin

SHUT_OUT = frozenset({401, 403})
_MAX_REDIRECTS = 5
_NAMED_LOGIN = re.compile(r"[/_-](?:log|sign)[_-]?(?:in|on)(?:[/.]|$)", re.IGNORECASE)


class Session:
    """The cookies of one login, which pages are the login's own, and how its form is known again.

    `landing` is where the site sent to after the login, if it did.
    """

    def __init__(self, config: LoginConfig, site: FirstReachable, lines: Sequence[str]) -> None:
        self.config = config
        self.site = site
        self.origin = site.origin
        self.lines = [each for each in lines if not each.lower().startswith("accept-encoding:")]
        self.jar = CookieJar()
        self.sign = NO_SIGN
        self.landing: str | None = None

    def cookie_header(self, url: str) -> str | None:
        """The value of Cookie for a request; None for another host, or without a cookie for it."""
        if not self.origin.owns(urlsplit(url).hostname or ""):
            return None
        return self.jar.header(url, secure=is_safe(self.origin, url), now=time.time())

    def refused(self, url: str, status: int, headers: Sequence[tuple[str, str]]) -> bool:
        """Whether an answer asks for a login: 401, 403, or a redirect to the form."""
        if status in SHUT_OUT:
            return True
        location = dict(headers).get("location")
        if status not in REDIRECT_STATUSES or not location:
            return False
        try:
            return self.is_login_page(onward_url(url, location))
        except ValueError:
            return False

    def is_strangers(self, url: str, page: Fetch) -> bool:
        """Whether a page that came with status 200 is what the site has for who is not logged in.

        That is one with the text `logged_out`, where the configuration has it, else one with the
        login form in its place.
        """
        if page.status != 200:
            return False
        if self.config.logged_out is not None:
            return self.config.logged_out.encode() in text_of(page)
        return self.sign.is_in_place(page, url)

    def is_login_page(self, url: str) -> bool:
        """Whether this is where the login form is, or where it goes; or another, by its name.

        A site may send to /accounts/login/ whoever came in by /admin/login/.
        """
        parts = urlsplit(url)
        if not self.origin.owns(parts.hostname or ""):
            return False
        return parts.path in self.sign.paths or _NAMED_LOGIN.search(parts.path) is not None

    def home_of_form(self, url: str) -> str | None:
        """The place of this URL, if a form is to be expected there also for who is logged in."""
        if self.sign.is_at_home(url):
            return self.sign.home
        path = urlsplit(url).path
        return path if _NAMED_LOGIN.search(path) else None


async def submit(session: Session, url: str, fields: Mapping[str, str]) -> Fetch:
    """Fetch a page, fill in the form on it that has these fields, post it; returns the answer.

    All else in the form is sent as it stands, its CSRF token among it. Without fields, it is
    the form that goes back to its own page. A site says by a redirect that it took the form;
    with 200 comes the form again, with what is wrong. Raises FetchError, with the reason
    `login` where the session is over, `form` where the page has no such form.
    """
    async with Browser(session) as browser:
        page = await browser.open(url)
        if session.is_login_page(page.url) or page.fetch.status in SHUT_OUT:
            raise FetchError("login", "the site asks for a login")
        if page.fetch.status != 200:
            raise FetchError(f"status-{page.fetch.status}", "the page with the form does not come")
        forms = [each for each in page.forms if not session.sign.is_login(each)]
        form = form_with(forms, fields) if fields else form_to(forms, page.url)
        if form is None:
            if session.is_strangers(page.url, page.fetch):
                raise FetchError("login", "the site asks for a login in place of the page")
            wanted = f"the fields {', '.join(fields)}" if fields else "that goes back to it"
            raise FetchError("form", f"the page has no form that is posted: {wanted}")
        answer = await browser.post(page, form, fields)
        if session.refused(answer.url, answer.fetch.status, answer.fetch.headers):
            raise FetchError("login", f"the form is refused with status {answer.fetch.status}")
        return answer.fetch


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came, and the URL that redirects ended on."""

    url: str
    fetch: Fetch

    @property
    def forms(self) -> list[Form]:
        """The forms on it, in order."""
        kind = dict(self.fetch.headers).get("content-type", "")
        return forms_of(text_of(self.fetch), kind, self.url)


class Browser:
    """Opens pages and posts forms with the cookies of a session; keeps those that come."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._origin = session.origin
        self._single = Single(session.site)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._single.close()

    async def open(self, url: str) -> Page:
        """The page that redirects end on; raises FetchError."""
        url = urljoin(f"{self._origin.base_url}/", url)
        for _ in range(_MAX_REDIRECTS + 1):
            fetch = (await self._single.fetch_one(url, self._lines(url))).fetch
            self._take(url, fetch)
            location = dict(fetch.headers).get("location")
            if fetch.status not in REDIRECT_STATUSES or not location:
                return Page(url, fetch)
            try:
                url = onward_url(url, location)
            except ValueError:
                raise FetchError("protocol", "redirects to what is no URL") from None
        raise FetchError("redirect-limit", f"more than {_MAX_REDIRECTS} redirects")

    async def post(self, page: Page, form: Form, values: Mapping[str, str]) -> Page:
        """Fill in a form of a page and send it; redirects are not followed. Raises FetchError."""
        if is_safe(self._origin, page.url) and not is_safe(self._origin, form.action):
            raise FetchError("protocol", "the form goes by plain http, though its page came by TLS")
        token = self.token(form)
        own = {} if token is None else {self._session.config.csrf_field: token}
        shown = _as_visitors_see(self._origin, page.url)
        root = "{0.scheme}://{0.netloc}".format(urlsplit(shown))
        lines = [*self._lines(form.action), f"Origin: {root}", f"Referer: {shown}"]
        body = encoded(form.filled(own | dict(values)))
        fetch = (await self._single.post_form(form.action, lines, body)).fetch
        self._take(form.action, fetch)
        return Page(form.action, fetch)

    def token(self, form: Form) -> str | None:
        """The form's CSRF token: its field's, or the cookie's where scripts would fill it in."""
        config = self._session.config
        if not config.csrf_field:
            return None
        secure = is_safe(self._origin, form.action)
        return form.value(config.csrf_field) or self._session.jar.value(
            config.csrf_cookie, form.action, secure=secure, now=time.time()
        )

    def _lines(self, url: str) -> list[str]:
        return with_cookie(self._session.lines, self._session.cookie_header(url))

    def _take(self, url: str, fetch: Fetch) -> None:
        secure = is_safe(self._origin, url)
        self._session.jar.take(url, fetch.headers, secure=secure, now=time.time())


def with_cookie(lines: Sequence[str], cookie: str | None) -> list[str]:
    """Header lines with a session's cookies behind those that are sent anyway."""
    if cookie is None:
        return list(lines)
    own = [each.partition(":")[2].strip() for each in lines if each.lower().startswith("cookie:")]
    others = [each for each in lines if not each.lower().startswith("cookie:")]
    return [*others, f"Cookie: {'; '.join([*own, cookie])}"]


def is_safe(origin: Origin, url: str) -> bool:
    """Whether a request goes by TLS, or the site is told that it came by it.

    Who sends X-Forwarded-Proto: https stands where the site's own proxy does.
    """
    return url.startswith("https:") or _is_forwarded_as_https(origin)


def _is_forwarded_as_https(origin: Origin) -> bool:
    return any(
        name.lower() == "x-forwarded-proto" and value.lower() == "https"
        for name, value in origin.headers.items()
    )


def _as_visitors_see(origin: Origin, url: str) -> str:
    """What a browser would name as the page it comes from; Django holds it against its own."""
    return "https" + url[url.index(":") :] if _is_forwarded_as_https(origin) else url
