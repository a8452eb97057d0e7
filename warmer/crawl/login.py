"""Logs in by a site's own form, as a browser does.

Fetches the form, takes its CSRF token, posts it, and sees that the site took it. A login
that fails says at which step; user name, password, tokens and what the page says stand in no
message. A form that is made by a script, or asks in two steps, cannot be filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from warmer.crawl.fetch import FetchError
from warmer.crawl.login_form import form_with
from warmer.crawl.redirect import REDIRECT_STATUSES
from warmer.crawl.session import Browser, Session
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.config import LoginConfig
    from warmer.crawl.login_form import Form
    from warmer.crawl.origin import Origin
    from warmer.crawl.session import Page

_TOO_MANY = 429
_BROKEN = 500


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """Who logs in; shows nothing when printed."""

    username: str
    password: str


async def log_in(
    config: LoginConfig, account: Account, origin: Origin, lines: Sequence[str]
) -> Session:
    """A new session; `lines` are the request header lines of all its requests.

    Raises ConfigError where the site refuses or the page has no such form, UnreachableError
    where it does not answer or is broken; either names the step.
    """
    session = Session(config, origin, lines)
    async with Browser(session) as browser:
        page, form = await _find_form(browser, config)
        session.login_paths |= {urlsplit(page.url).path, urlsplit(form.action).path}
        names = {config.username_field: account.username, config.password_field: account.password}
        try:
            answer = await browser.post(page, form, {**config.fields, **names})
        except FetchError as error:
            raise _unreachable(config, f"the form cannot be sent: {error.detail}") from None
        _check_taken(session, answer)
        if config.proof_url is not None:
            await _prove(browser, session, config.proof_url)
    return session


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
    if status == 200 and form_again is not None:
        raise _refused(
            config,
            "refused: the form comes again with status 200; are the values of"
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
    if (config.proof_text or "").encode() not in page.fetch.body:
        raise _refused(config, f"no proof: proof_text is not on {_place(page)}")


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
