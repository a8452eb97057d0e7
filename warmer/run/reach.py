"""From a site's configuration to what the crawl is told: where, as whom, with which headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec.structs import replace

from warmer.config import VariantConfig
from warmer.crawl.origin import Origin
from warmer.crawl.profiles import RUN_HEADER, header_lines, own_header_names, visitor_headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.config import SiteConfig
    from warmer.model import KeyAnswer

DEFAULT_VARIANTS = (VariantConfig(name="default"),)
ANOTHER_SESSION = "session=of-another-visitor"
"""The Cookie of whoever else has logged in: no entry that is chosen by cookies is his."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything that one site's requests have in common, by variant.

    `sent` are the headers of our requests, but for what `origin` adds; `redirected` those
    after a redirect from http to https or back, for a browser offers more codings over TLS.
    `own` names, in lower case, those among all we send that visitors do not send alike.
    Variants `with_login` are fetched with the cookies of a session besides.

    Where the run is cloned to several `servers`, each has every variant for itself:
    `server_of` says which one a variant stands for, and is empty otherwise. `cache_servers`
    names for each configured cache the one server whose visitors have it, None for all.
    """

    origin: Origin
    variants: tuple[VariantConfig, ...]
    sent: Mapping[str, Mapping[str, str]]
    redirected: Mapping[str, Mapping[str, str]]
    own: Mapping[str, frozenset[str]]
    with_login: frozenset[str] = frozenset()
    servers: tuple[str, ...] = ()
    server_of: Mapping[str, str] = field(default_factory=dict)
    cache_servers: tuple[str | None, ...] = ()

    @property
    def is_spread(self) -> bool:
        """Whether any of several servers may get a request."""
        return len(self.servers) > 1 and not self.server_of

    @property
    def cloned_to(self) -> tuple[str, ...]:
        """The servers that have every variant for themselves; none where the run is not cloned."""
        return self.servers if self.server_of else ()

    def cap(self, top: int | None) -> int | None:
        """How many targets the best `top` are: as many for each server of a cloned run."""
        return top if top is None or not self.server_of else top * len(self.servers)

    def answers_for(self, variant: str, answers: Sequence[KeyAnswer]) -> tuple[KeyAnswer, ...]:
        """Of all caches' answers those that speak for this variant's server.

        What all servers share shows nothing of what one of them keeps for itself.
        """
        server = self.server_of.get(variant)
        if server is None:
            return tuple(answers)
        told = zip(answers, self.cache_servers, strict=True)
        return tuple(answer for answer, of_server in told if of_server == server)

    def lines(self, run_id: str) -> dict[str, list[str]]:
        """Request header lines of each variant."""
        return {name: header_lines(headers, run_id) for name, headers in self.sent.items()}

    def redirected_lines(self, run_id: str) -> dict[str, list[str]]:
        """Those of requests that a redirect has led to the other one of http and https."""
        return {name: header_lines(headers, run_id) for name, headers in self.redirected.items()}

    def sends(self, name: str) -> bool:
        """Whether any variant sends the header of this name (lower case)."""
        return any(name == each.lower() for sent in self.sent.values() for each in sent)

    def of_ours(self, variant: str, session: str | None = None, *, url: str = "") -> dict[str, str]:
        """Headers that select the entry which our own fetch makes, with a session's cookies.

        `url` is the page that the fetch ended on; the target's own if empty.
        """
        login = self.origin.authorization
        found = {**self._sent(variant, url), **({"Authorization": login} if login else {})}
        return found if session is None else headers_with_cookie(found, session)

    def of_visitors(self, variant: str, *, url: str = "") -> dict[str, str]:
        """Headers that select the entry which a visitor asks for; `url` as with `of_ours`."""
        own = self.own[variant]
        found = {
            name: value
            for name, value in self._sent(variant, url).items()
            if name.lower() not in own
        }
        return found | {"Cookie": ANOTHER_SESSION} if variant in self.with_login else found

    def _sent(self, variant: str, url: str) -> Mapping[str, str]:
        scheme = self.origin.base_url.partition(":")[0]
        redirected = bool(url) and url.partition(":")[0] != scheme
        return (self.redirected if redirected else self.sent)[variant]


def reach(site: SiteConfig, base_url: str) -> Reach:
    variants, server_of = _cloned(site)
    scheme = urlsplit(base_url).scheme
    sent, redirected = (
        {
            variant.name: visitor_headers(
                variant, scheme=each, site=site.headers, user_agent=site.crawl.user_agent
            )
            for variant in variants
        }
        for each in (scheme, "http" if scheme == "https" else "https")
    )
    own = {
        variant.name: own_header_names(variant, site=site.headers, basic_auth=site.crawl.basic_auth)
        for variant in variants
    }
    with_login = frozenset(each.name for each in variants if each.login is not None)
    return Reach(
        origin=_origin(site, base_url),
        variants=variants,
        sent=sent,
        redirected=redirected,
        own=own,
        with_login=with_login,
        servers=site.servers,
        server_of=server_of,
        cache_servers=tuple(cache.server for cache in site.cache),
    )


def at_server(site: SiteConfig, server: str | None) -> SiteConfig:
    """The site as one of its servers shows it, for a look that is no run.

    Where runs are cloned, what all servers share speaks for none of them.
    """
    shared = server if site.is_cloned else None
    cache = tuple(each for each in site.cache if each.server in (shared, server))
    return replace(site, connect_to=server, cache=cache)


def _cloned(site: SiteConfig) -> tuple[tuple[VariantConfig, ...], dict[str, str]]:
    """Variants, each once for every server where the run is cloned, and their servers."""
    variants = site.variant or DEFAULT_VARIANTS
    if not site.is_cloned:
        return variants, {}
    pairs = [
        (replace(variant, name=f"{variant.name} @ {server}"), server)
        for variant in variants
        for server in site.servers
    ]
    return tuple(variant for variant, _ in pairs), {each.name: server for each, server in pairs}


def for_strangers(site: SiteConfig) -> SiteConfig:
    """The site where not its owner, but whoever sends triggers, has pages fetched.

    Private addresses are then those that the configuration names, unless it says otherwise.
    """
    if site.crawl.private_addresses is not None:
        return site
    return replace(site, crawl=replace(site.crawl, private_addresses=False))


def source_headers(site: SiteConfig, base_url: str) -> dict[str, str]:
    """Headers for sitemaps and discovery; the site's own are added for its hosts alone."""
    headers = visitor_headers(
        VariantConfig(name="source"),
        scheme=urlsplit(base_url).scheme,
        site={},
        user_agent=site.crawl.user_agent,
    )
    return headers | {RUN_HEADER: "sources"}


def login_lines(site: SiteConfig, base_url: str) -> list[str]:
    """Request header lines of a login: a browser's, with the site's own headers."""
    headers = visitor_headers(
        VariantConfig(name="login"),
        scheme=urlsplit(base_url).scheme,
        site=site.headers,
        user_agent=site.crawl.user_agent,
    )
    return header_lines(headers, "login")


def headers_with_cookie(headers: Mapping[str, str], session: str) -> dict[str, str]:
    """Headers with a session's cookies behind those that are sent anyway."""
    others = {name: value for name, value in headers.items() if name.lower() != "cookie"}
    own = [value for name, value in headers.items() if name.lower() == "cookie"]
    return others | {"Cookie": "; ".join([*own, session])}


def _origin(site: SiteConfig, base_url: str) -> Origin:
    crawl = site.crawl
    host = urlsplit(base_url).hostname or ""
    aliases = (urlsplit(f"//{alias}").hostname or "" for alias in site.plan.aliases)
    return Origin(
        base_url=base_url,
        hosts=frozenset({host, *aliases} - {""}),
        headers=site.headers,
        connect_to=site.first_server,
        unix_socket=crawl.unix_socket,
        proxy=crawl.proxy,
        basic_auth=crawl.basic_auth,
        ca_file=crawl.ca_file,
        client_cert=crawl.client_cert,
        client_key=crawl.client_key,
        http=crawl.http,
        timeout_s=crawl.timeout_s,
        connect_timeout_s=crawl.connect_timeout_s,
        max_body_bytes=crawl.max_body_bytes,
        private_addresses=crawl.private_addresses is not False,
    )
