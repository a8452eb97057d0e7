"""Scrapy downloader middleware: pages of a login's variants are fetched with its session.

Adds the cookies to each request anew, redirected ones included, for they depend on the URL.
A page that asks for a login is fetched once more with another session. Between retries and
redirects on the one side and the pace on the other, so that each exchange is paced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.crawl.fetch import FetchError
from warmer.crawl.job import NoSessionError
from warmer.crawl.request_meta import TARGET
from warmer.crawl.session import SHUT_OUT, with_cookie
from warmer.errors import WarmerError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.plan_job import PlanJob
    from warmer.crawl.role import Role
    from warmer.crawl.session import Session

_SESSION = "session"
_AGAIN = "logged_in_again"


class LoginMiddleware:
    """Requests of other variants pass it as they are, without cookies."""

    def __init__(self, job: PlanJob) -> None:
        self._job = job

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LoginMiddleware:
        return cls(crawler.spider.job)  # type: ignore[union-attr]  # spiders of plans have a job

    async def process_request(self, request: Request) -> None:
        """Adds the session's cookies; raises NoSessionError where none can be had."""
        role = self._role(request)
        if role is None:
            return
        try:
            session = await role.session()
        except WarmerError as error:
            raise NoSessionError(str(error)) from None
        lines = self._job.lines(request.meta[TARGET].variant, request.url)
        request.meta["header_lines"] = with_cookie(lines, session.cookie_header(request.url))
        request.meta[_SESSION] = session

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """The page, or the request with another session; raises FetchError for a page kept shut."""
        role = self._role(request)
        if role is None or "fetch" not in request.meta:
            return response
        fetch: Fetch = request.meta["fetch"]
        session: Session = request.meta[_SESSION]
        again = _AGAIN in request.meta
        if not await role.turned_away(session, request.url, fetch, again=again):
            role.answered(again=again)
            return response
        if again:
            role.in_vain(session)
        elif await self._renewed(role, session):
            once_more = request.copy()
            once_more.meta[_AGAIN] = True
            return once_more
        if fetch.status in SHUT_OUT:
            return response
        what, cure = _sign(session, fetch.status)
        raise FetchError("login", f'the site {what}: may "{role.name}" see this page?{cure}')

    def _role(self, request: Request) -> Role | None:
        target = request.meta.get(TARGET)
        return None if target is None else self._job.roles.get(target.variant)

    @staticmethod
    async def _renewed(role: Role, session: Session) -> bool:
        try:
            return await role.after_refusal(session) is not None
        except WarmerError as error:
            raise FetchError("login", str(error)) from None


def _sign(session: Session, status: int) -> tuple[str, str]:
    """What showed that a page is shut, and what to do where that may be wrong."""
    if status != 200:
        return "asks for a login again", ""
    if session.config.logged_out is not None:
        return "sends login.logged_out with status 200", ""
    return "sends the login form with status 200", (
        " If everybody gets the form on it, name in login.logged_out what strangers alone read"
    )
