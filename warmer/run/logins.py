"""The logins of a site's variants: accounts from the environment, and their roles.

Each login has two roles, hence two sessions: what a page's entry is worth to others shows
when another session than the one that made it asks for it. The second is had when it is
first needed. Outlives a run, so that a daemon does not log in for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.login import Account
from warmer.crawl.role import Role
from warmer.errors import ConfigError
from warmer.model import Pass
from warmer.run.reach import login_lines, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.config import LoginConfig, SiteConfig


def account_of(login: LoginConfig, environment: Mapping[str, str]) -> Account:
    """Who logs in; raises ConfigError where a variable is not set."""
    return Account(
        _variable(login, "username_env", login.username_env, environment),
        _variable(login, "password_env", login.password_env, environment),
    )


def new_role(
    site: SiteConfig, login: LoginConfig, base_url: str, environment: Mapping[str, str]
) -> Role:
    """A login of the site that has no session yet; raises ConfigError for its account."""
    return Role(
        login,
        account_of(login, environment),
        FirstReachable(reach(site, base_url).origin, site.servers),
        login_lines(site, base_url),
    )


def check_accounts(site: SiteConfig, environment: Mapping[str, str]) -> None:
    """Raise ConfigError where the account of a variant's login is not in the environment."""
    for login in _used(site):
        account_of(login, environment)


class Logins:
    """Roles by variant, of those variants that have a login; none where nothing is fetched."""

    def __init__(self, of_variants: Mapping[str, Mapping[Pass, Role]] | None = None) -> None:
        self._of_variants = of_variants or {}

    @classmethod
    def of(cls, site: SiteConfig, base_url: str, environment: Mapping[str, str]) -> Logins:
        """Those of a site; raises ConfigError for an account."""
        roles = {
            login.name: {
                fetch: new_role(site, login, base_url, environment)
                for fetch in (Pass.WARM, Pass.PROBE)
            }
            for login in _used(site)
        }
        variants = reach(site, base_url).variants
        return cls({each.name: roles[each.login] for each in variants if each.login})

    def roles(self, fetch: Pass) -> dict[str, Role]:
        """Variant to role; probes have sessions of their own."""
        return {variant: roles[fetch] for variant, roles in self._of_variants.items()}

    async def open(self) -> None:
        """Have a session of each login; raises WarmerError for the first that fails."""
        for role in dict.fromkeys(self.roles(Pass.WARM).values()):
            await role.session()

    def cookie_header(self, variant: str, url: str) -> str | None:
        """The cookies that pages of this variant are fetched with; None without any."""
        roles = self._of_variants.get(variant)
        return None if roles is None else roles[Pass.WARM].cookie_header(url)

    def strangers(self) -> Logins:
        """The same variants without their sessions: a page that is shut to strangers fails by `login`."""
        return Logins(
            {
                variant: dict.fromkeys(roles, roles[Pass.WARM].stranger())
                for variant, roles in self._of_variants.items()
            }
        )

    def secrets(self) -> set[str]:
        """What must not be shown."""
        roles = (role for roles in self._of_variants.values() for role in roles.values())
        return {secret for role in roles for secret in role.secrets()}


def _used(site: SiteConfig) -> list[LoginConfig]:
    names = {each.login for each in site.variant}
    return [login for login in site.logins if login.name in names]


def _variable(login: LoginConfig, key: str, name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigError(
            f'login "{login.name}": {key} names the environment variable {name}, which is not set;'
            " expected it to hold the value"
        )
    return value
