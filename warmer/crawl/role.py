"""One role, kept logged in: a session when it is first needed, a new one when it is over.

Whoever finds the session over asks for another; however many ask at once, one logs in.
A page that stays shut after a new login is not asked for again, and each login that opened
nothing makes the next one wait longer: a role that may not see half of the pages costs a
few logins, not one a page.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from warmer.crawl.fetch import FetchError
from warmer.crawl.login import log_in, look_around
from warmer.crawl.session import Session, submit
from warmer.errors import WarmerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.config import LoginConfig
    from warmer.crawl.fetch import Fetch
    from warmer.crawl.first_reachable import FirstReachable
    from warmer.crawl.login import Account


class Patience:
    """When a refused page is worth a new login. Pure: it counts, and knows no clock.

    At first each is. After a login that opened nothing, so many refusals in a row must come
    first, four times as many after each further one.
    """

    GROWTH = 4
    MOST = 1024

    def __init__(self) -> None:
        self._needed = 1
        self._in_row = 0

    def refused(self) -> bool:
        """Count a page that asks for a login; True if it is time for one."""
        self._in_row += 1
        return self._in_row >= self._needed

    def answered(self) -> None:
        """A page came: the session is alive."""
        self._in_row = 0

    def helped(self) -> None:
        """A page came that was refused before the login."""
        self._needed = 1
        self._in_row = 0

    def in_vain(self) -> None:
        """The login failed, or the page was refused after it as well."""
        self._needed = min(self._needed * self.GROWTH, self.MOST)
        self._in_row = 0


class Role:
    """The session of one `[login]`; shows nothing of it when printed."""

    def __init__(
        self, config: LoginConfig, account: Account, site: FirstReachable, lines: Sequence[str]
    ) -> None:
        self.name = config.name
        self.logins = 0
        self._config = config
        self._account = account
        self._site = site
        self._lines = lines
        self._session: Session | None = None
        self._vain: Session | None = None
        self._unproven: Session | None = None
        self._seen: Session | None = None
        self._homes: set[str] = set()
        self._failure: WarmerError | None = None
        self._patience = Patience()
        self._one = asyncio.Lock()

    async def session(self) -> Session:
        """The session as it is, or a first one; raises WarmerError, for a while without asking."""
        async with self._one:
            if self._session is not None:
                return self._session
            if self._failure is not None and not self._patience.refused():
                raise self._failure
            return await self._log_in()

    async def after_refusal(self, refused: Session) -> Session | None:
        """Another session than the one a page was refused with; None where it is not worth one.

        Raises WarmerError where the login fails.
        """
        async with self._one:
            if self._session is not None and self._session is not refused:
                return self._session
            if refused is self._unproven:
                self.in_vain(refused)  # another page told sooner than the one it was for
            if not self._patience.refused():
                return None
            self._unproven = await self._log_in()
            return self._unproven

    async def turned_away(self, session: Session, url: str, fetch: Fetch, *, again: bool) -> bool:
        """Whether a page asks for a login; `again`: it did before, and this session is new.

        A form on a page that came with status 200 may be there for everybody, or be at home: a new
        session shows that, for a home once.
        """
        if session.refused(url, fetch.status, fetch.headers):
            return True
        if not session.is_strangers(url, fetch):
            return False
        home = session.home_of_form(url)
        if not again:
            return home is None or home not in self._homes
        async with self._one:
            if self._seen is not session:
                await look_around(session)
                self._seen = session
        if home is None:
            return session.is_strangers(url, fetch)
        self._homes.add(home)
        return False

    def answered(self, *, again: bool) -> None:
        """A page came; `again`: one that had been refused."""
        self._unproven = None
        if again:
            self._patience.helped()
        else:
            self._patience.answered()

    def in_vain(self, session: Session) -> None:
        """A page was refused again, with a session that was new; one count for each session."""
        if session is not self._vain:
            self._vain = session
            self._patience.in_vain()

    async def submit(self, url: str, fields: Mapping[str, str]) -> Fetch:
        """Post a form as `session.submit` does, with one more login where the session is over."""
        session = await self.session()
        try:
            fetch = await submit(session, url, fields)
        except FetchError as error:
            renewed = await self.after_refusal(session) if error.reason == "login" else None
            if renewed is None:
                raise
        else:
            self.answered(again=False)
            return fetch
        try:
            fetch = await submit(renewed, url, fields)
        except FetchError as error:
            if error.reason == "login":
                self.in_vain(renewed)
            raise
        self.answered(again=True)
        return fetch

    def cookie_header(self, url: str) -> str | None:
        """The cookies of the session there is; None without one, or without any for the URL."""
        return None if self._session is None else self._session.cookie_header(url)

    def stranger(self) -> Stranger:
        """Who asks for the same pages without logging in, and knows the form of this role's session."""
        return Stranger(self._config, self._account, self._site, self._lines, of=self._session)

    def secrets(self) -> set[str]:
        """What must not be shown: the password, and the cookies of the session there is."""
        cookies = self._session.jar.values() if self._session else set[str]()
        return {self._account.password, *cookies}

    async def _log_in(self) -> Session:
        self.logins += 1
        try:
            self._session = await log_in(self._config, self._account, self._site, self._lines)
        except WarmerError as error:
            self._failure = error
            self._patience.in_vain()
            raise
        return self._session


class Stranger(Role):
    """Nobody's session: no cookies are sent, and what is shut stays so."""

    def __init__(
        self,
        config: LoginConfig,
        account: Account,
        site: FirstReachable,
        lines: Sequence[str],
        *,
        of: Session | None,
    ) -> None:
        super().__init__(config, account, site, lines)
        self._none = Session(config, site, lines)
        if of is not None:
            self._none.sign = of.sign

    async def session(self) -> Session:
        """One without cookies, always the same."""
        return self._none

    async def after_refusal(self, refused: Session) -> None:
        """Nobody logs in."""

    async def turned_away(self, session: Session, url: str, fetch: Fetch, *, again: bool) -> bool:
        """Whether a page asks for a login; `again` never comes true.

        Above a page for everybody a form is to be expected here: where no text is the sign, it
        stands in the place of a page only where nothing else is said.
        """
        del again
        if session.refused(url, fetch.status, fetch.headers):
            return True
        if session.config.logged_out is not None:
            return session.is_strangers(url, fetch)
        return fetch.status == 200 and session.sign.is_once_more(fetch, url)
