"""What a person can do about targets that are not warm, by reason.

Only where the detail of a verdict tells what was found and not what to do.
"""

from __future__ import annotations

_CURES = {
    "timeout": "no answer in time: lower concurrency, or raise crawl.timeout_s",
    "connect": "nothing accepts connections there: check base_url and connect_to",
    "dns": "the name does not resolve: check base_url, or set connect_to",
    "private-address": (
        "name it: connect_to, or a private base_url; or set crawl.private_addresses = true"
    ),
    "tls": "mend the certificate (its names, its dates), or check base_url and crawl.ca_file",
    "proxy": "the proxy does not let us through: check crawl.proxy",
    "protocol": "the answer is not HTTP as the standard has it: look at it with curl -v",
    "login": "does the account still work, and may it see the page? `warmer check` tries the login",
    "robots": "robots.txt forbids it: change it, exclude the page, or set crawl.robots = false",
    "closed-early": "the server closed the connection midway: look into its error log",
    "too-large": "the page is larger than crawl.max_body_bytes: raise it, or exclude the page",
    "redirect-offsite": "another host answers for it: add it to plan.aliases, or exclude the page",
    "redirect-loop": "mend the chain of redirects, or exclude the page",
    "redirect-limit": "mend the chain of redirects, or raise crawl.max_redirects",
    "status-429": "the origin asks for fewer requests: set crawl.rate",
    "not-in-cache": "`warmer crawl` warms it",
    "expired": "run again, with fewer pages; or lengthen the page's time in the cache",
    "not-probed": 'set verify.probe = "always", or raise verify.probe_sample',
    "unknown": (
        "is the page cached at all, in this cache, and under these keys? `warmer explain` tells"
    ),
    "stale": "it is refreshed behind the answer: verify again in a moment",
}
_CURES_OF_FAMILIES = {
    "status": "the origin answers with an error: look into its log, or lower concurrency",
}


def cure_of(reason: str | None) -> str | None:
    """A hint in one line, or None; a reason with a suffix (`status-503`) may have its family's."""
    if reason is None:
        return None
    family, dash, _ = reason.partition("-")
    return _CURES.get(reason) or (_CURES_OF_FAMILIES.get(family) if dash else None)
