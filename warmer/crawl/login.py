"""Logs in by a site's own form, as a browser does, at the first server that can be reached.

Fetches the form, takes its CSRF token, posts it, and sees that the site took it. A login
that fails says at which step; user name, password, tokens and what the page says stand in no
message. A form that is made by a script, or asks in two steps, cannot be filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from warmer.crawl.fetch import FetchError
from warmer.crawl.login_form import form_with
from warmer.crawl.login_sign import Copies, LoginSign, text_of
from warmer.crawl.redirect import REDIRECT_STATUSES, onward_url
from warmer.crawl.session import Browser, Session
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.config import LoginConfig
    from warmer.crawl.first_reachable import FirstReachable
    from warmer.crawl.login_form import Form
    from warmer.crawl.session import Page

_TOO_MANY = 429
_BROKEN = 500


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """Who logs in; shows nothing when printed."""

    username: str
    password: str


async def log_in(
    config: LoginConfig, account: Account, site: FirstReachable, lines: Sequence[str]
) -> Session:
    """A new session; `lines` are the request header lines of all its requests.

    Raises ConfigError where the site refuses or the page has no such form, UnreachableError
    where it does not answer or is broken; either names the step.
    """
    session = Session(config, site, lines)
    async with Browser(session) as browser:
        page, form = await _find_form(browser, config)
        session.sign = LoginSign.of(config, form, page.url, page.fetch)
        names = {config.username_field: account.username, config.password_field: account.password}
        try:
            answer = await browser.post(page, form, {**config.fields, **names})
        except FetchError as error:
            raise _unreachable(config, f"the form cannot be sent: {error.detail}") from None
        _check_taken(session, answer)
        session.landing = _leads_to(answer)
        if config.proof_url is not None:
            await _prove(browser, session, config.proof_url)
    return session


async def look_around(session: Session) -> None:
    """See which login forms whoever has just logged in gets as well: those are no sign any more.

    Asks for the page of the proof, or where the login led to, and for the front page; for none
    where a text is the sign.
    """
    if session.config.logged_out is not None:
        return
    found = Copies()
    async with Browser(session) as browser:
        for url in dict.fromkeys((session.config.proof_url or session.landing or "/", "/")):
            try:
                page = await browser.open(url)
            except FetchError:
                continue
            if page.fetch.status == 200 and not session.is_login_page(page.url):
                found |= _beside(session, page, is_proof=url == session.config.proof_url)
    session.sign = replace(session.sign, everybodys=found)


def _beside(session: Session, page: Page, *, is_proof: bool) -> Copies:
    """The login forms of a page, unless it is no more than the form: the site did not log us in."""
    text = session.config.proof_text
    is_proven = is_proof and text is not None and text.encode() in text_of(page.fetch)
    if not is_proven and session.sign.is_once_more(page.fetch, page.url):
        return Copies()
    return session.sign.copies(page.fetch, page.url)


async def _find_form(browser: Browser, config: LoginConfig) -> tuple[Page, Form]:
    try:
        page = await browser.open(config.url)
    except FetchError as error:
        raise _unreachable(config, f"the form is not reached: {error.detail}") from None
    status = page.fetch.status
    form = form_with(page.forms, (config.username_field, config.password_field))
    if form is None and status != 200:  # some sites send the form with 401 or 403
        _refuse(config, status, f"the form is not reached: {_place(page)} answers {status}")
    if form is None:
        raise _refused(
            config,
            f"no form is found: {_place(page)} has none that is posted with the fields"
            f" {config.username_field} and {config.password_field}; expected the form's page in"
            " login.url, the names of its fields in username_field and password_field",
        )
    if config.csrf_field and not browser.token(form):
        raise _refused(
            config,
            f"no CSRF token is found: the form has no field {config.csrf_field}, and no cookie"
            f' {config.csrf_cookie} came; expected their names, or csrf_field = ""',
        )
    return page, form


def _check_taken(session: Session, answer: Page) -> None:
    config, status = session.config, answer.fetch.status
    form_again = form_with(answer.forms, (config.username_field, config.password_field))
    text = None if config.logged_out is None else config.logged_out.encode()
    is_told = text is not None and text in text_of(answer.fetch)
    if status == 200 and (form_again is not None or is_told):
        what = "logged_out is on the answer" if form_again is None else "the form comes again"
        raise _refused(
            config,
            f"refused: {what} with status 200; are the values of"
            f" {config.username_env} and {config.password_env} right, and is the account active?",
        )
    if status in REDIRECT_STATUSES:
        if session.refused(answer.url, status, answer.fetch.headers):
            raise _refused(
                config,
                f"refused: status {status} leads back to the form; are the values of"
                f" {config.username_env} and {config.password_env} right?",
            )
    elif status != 200:
        by = " (its CSRF check)" if b"CSRF" in answer.fetch.body else ""
        _refuse(config, status, f"refused: {_place(answer)} answers {status}{by}")
    if not session.jar.names() - {config.csrf_cookie}:
        raise _refused(
            config,
            f"refused: status {status}, but no cookie of a session; is it one for https alone?",
        )


async def _prove(browser: Browser, session: Session, url: str) -> None:
    config = session.config
    try:
        page = await browser.open(url)
    except FetchError as error:
        raise _unreachable(config, f"proof_url is not reached: {error.detail}") from None
    status = page.fetch.status
    if session.is_login_page(page.url):
        raise _refused(config, f"no proof: {url} leads to the login form")
    if status != 200:
        _refuse(config, status, f"no proof: {_place(page)} answers {status}")
    text = text_of(page.fetch)
    if config.proof_text is None and session.sign.is_once_more(page.fetch, page.url):
        raise _refused(config, f"no proof: the form comes in place of {_place(page)}")
    if config.logged_out is not None and config.logged_out.encode() in text:
        raise _refused(config, f"no proof: logged_out is on {_place(page)}")
    if (config.proof_text or "").encode() not in text:
        raise _refused(config, f"no proof: proof_text is not on {_place(page)}")


def _leads_to(answer: Page) -> str | None:
    """Where an answer redirects to, if anywhere."""
    location = dict(answer.fetch.headers).get("location")
    if answer.fetch.status not in REDIRECT_STATUSES or not location:
        return None
    try:
        return onward_url(answer.url, location)
    except ValueError:
        return None


def _refuse(config: LoginConfig, status: int, what: str) -> NoReturn:
    """A site that is broken, or wants to be left alone, is not the configuration's fault."""
    if status >= _BROKEN or status == _TOO_MANY:
        raise _unreachable(config, f"{what}; look into its log")
    raise _refused(config, what)


def _refused(config: LoginConfig, what: str) -> ConfigError:
    return ConfigError(f'login "{config.name}": {what}')


def _unreachable(config: LoginConfig, what: str) -> UnreachableError:
    return UnreachableError(f'login "{config.name}": {what}')


def _place(page: Page) -> str:
    """Without the query, in which a site may repeat what it was sent."""
    return urlsplit(page.url).path or "/"
