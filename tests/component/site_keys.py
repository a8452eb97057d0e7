"""Keys of a real site: visits to it, what is learnt from them, what is then said of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.django_site import PUBLIC_HOST, DjangoSite
from tests.servers.visitor import CHROME, visit
from warmer.model import KeyQuestion, KeyState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.caches.key_evidence import Learnt, Unsettled
    from warmer.caches.key_learning import KeyLearner
    from warmer.caches.lookup import KeyLookup

HEADERS = {"Accept-Encoding": "gzip, br", "Accept-Language": "en", "User-Agent": "Tester/1.0"}
GERMAN = {**HEADERS, "Accept-Language": "de-DE,de;q=0.9"}
NOTHING = dict.fromkeys([*CHROME, "Accept-Encoding"], "")
"""Takes away what a browser sends unasked."""


def fetch(site: DjangoSite, question: KeyQuestion, proxy_headers: dict[str, str]) -> KeyQuestion:
    """Get a page as a visitor of the public URL; return the question with its language."""
    seen = visit(site.node, question.url, {**NOTHING, **question.headers, **proxy_headers})
    assert seen.status == 200
    return KeyQuestion(question.url, question.headers, seen.headers["Content-Language"])


def questions(
    *paths: str, headers: dict[str, str] | None = None, scheme: str = "http"
) -> list[KeyQuestion]:
    return [KeyQuestion(f"{scheme}://{PUBLIC_HOST}{path}", headers or HEADERS) for path in paths]


def learn(
    site: DjangoSite,
    learner: KeyLearner,
    pilots: Sequence[KeyQuestion],
    proxy_headers: dict[str, str] | None = None,
) -> Learnt | Unsettled:
    learner.before(pilots)
    return learner.after([fetch(site, each, proxy_headers or {}) for each in pilots])


def states(lookup: KeyLookup, asked: Sequence[KeyQuestion]) -> list[KeyState]:
    return [answer.state for answer in lookup.look_up(asked)]
