"""What a person can do about targets that are not warm, by reason."""

from __future__ import annotations

_CURES = {
    "set-cookie": "the page sets a cookie: set it only where it is needed, as after login",
    "no-store": "the page forbids storing: drop no-store from Cache-Control, or exclude the page",
    "private": "the page is for one visitor: drop private from Cache-Control, or exclude the page",
    "status": "only 200 is kept: mend the link or take the page out of the sources",
    "vary": "each value of that header has its own entry: add a variant, or narrow Vary",
    "csrf-token-in-cached-page": "a form shares one token among visitors: load the token by script",
    "expires-before-next-run": "it expires too soon: raise its time to live, or run more often",
    "timeout": "no answer in time: lower concurrency, or raise crawl.timeout_s",
    "connect": "nothing accepts connections there: check base_url and connect_to",
    "dns": "the name does not resolve: check base_url, or set connect_to",
    "tls": "the certificate or handshake is refused: check ca_file and the name in base_url",
    "proxy": "the proxy does not let us through: check crawl.proxy",
    "closed-early": "the server closed the connection midway: look into its error log",
    "too-large": "the page is larger than crawl.max_body_bytes: raise it, or exclude the page",
    "redirect": "the chain of redirects goes astray: mend it, or take the page out of the sources",
    "redirect-offsite": "another host answers for it: add it to plan.aliases, or exclude the page",
}


def cure_of(reason: str | None) -> str | None:
    """A hint in one line; None where only the detail of the target can tell.

    A reason with a suffix (`vary-cookie`, `status-404`) has the cure of its family.
    """
    if reason is None:
        return None
    return _CURES.get(reason) or _CURES.get(reason.partition("-")[0])
