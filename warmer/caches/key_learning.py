"""Learns a site's key scheme from a few pilot pages: looks before and after their fetch.

Likely combinations are looked up, which costs the server a few hundred key look-ups;
only where those settle nothing, keys are searched for, within a limit. Judges nothing
itself (key_evidence.py does), reads no page, and changes nothing in the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from warmer.caches.key_combination import (
    Combination,
    Seen,
    combination_of_key,
    foreign_wrapping,
    likely_combinations,
    likely_seen,
    seen_digest,
)
from warmer.caches.key_evidence import (
    Basis,
    Learnt,
    Sighting,
    Unsettled,
    agrees_with_response,
    language_is_asked_for,
    own_language,
    pin_lines,
    settle,
)
from warmer.caches.key_scheme import KeyPins
from warmer.caches.key_sightings import PageState, ProbeId, look, probe_id, sighting
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.caches.server import CacheServer

MAX_PILOTS = 100
"""Pilots beyond this many are left out. Few settle the scheme; the hash variant needs
pages whose Vary names a header that was sent, and one that was not."""

MAX_WITHOUT_FETCH = 50
_SEARCHED_WITHOUT_FETCH = 3


class _Search(NamedTuple):
    """What a search for one page's keys found; `complete` is False at its limit."""

    question: KeyQuestion
    combinations: list[Combination]
    complete: bool
    wrapping: str | None


class KeyLearner:
    """Learns the scheme of one site in one cache; a later round knows what earlier ones found.

    `connect_to` is where TCP goes (`host:port`), for a proxy may pass it on as Host.
    Every method that looks raises UnreachableError.
    """

    def __init__(
        self,
        server: CacheServer,
        *,
        pins: KeyPins | None = None,
        connect_to: str | None = None,
        scan_limit: int = 200_000,
    ) -> None:
        self._server = server
        self._pins = pins or KeyPins()
        self._connect_to = connect_to
        self._scan_limit = scan_limit
        self._found: list[Combination] = []
        self._unvisited: set[str] = set()
        self._before: dict[ProbeId, PageState | None] = {}

    def unvisited(self, question: KeyQuestion, nonce: str) -> KeyQuestion:
        """Return the same page as a pilot that no visitor asks for: with `warmer=<nonce>`.

        Whatever the cache holds for it after its fetch is new and the site's own, so that
        such pilots settle what pages that were warm before, or that visitors of another
        deployment warm meanwhile, cannot. Where some are given, nothing else is believed
        without them.
        """
        parts = urlsplit(question.url)
        query = f"{parts.query}&warmer={nonce}" if parts.query else f"warmer={nonce}"
        url = urlunsplit(parts._replace(query=query, fragment=""))
        self._unvisited.add(url)
        return KeyQuestion(url, question.headers)

    def before(self, questions: Sequence[KeyQuestion]) -> None:
        """Look at the pilots before they are fetched."""
        probes = self._probes(_sendable(questions)[:MAX_PILOTS])
        states = look(self._server, probes, self._pins)
        self._before = dict(zip(map(probe_id, probes), states, strict=True))

    def after(self, questions: Sequence[KeyQuestion]) -> Learnt | Unsettled:
        """Look at the pilots after their fetch; pass only those answered with status 200.

        `language` of the questions is the response's Content-Language.
        """
        pilots = _sendable(questions)[:MAX_PILOTS]
        if not pilots:
            return Unsettled("no pilot page was answered with status 200")
        fresh = [each for each in pilots if each.url in self._unvisited]
        sightings = self._sightings(pilots)
        if learnt := self._from_new(sightings, fresh):
            return learnt
        if pinned := self._from_pins(sightings, fresh):
            return pinned
        search = self._search([*fresh, *(each.question for each in sightings), *pilots][0])
        self._remember(search)
        sightings = self._sightings(pilots)
        if learnt := self._from_new(sightings, fresh):
            return learnt
        return self._nothing(search) if fresh else self._from_old(sightings, search)

    def settle_without_fetch(self, questions: Sequence[KeyQuestion]) -> Learnt | Unsettled:
        """Settle by what is there, where it has one explanation only; nothing is fetched.

        What is there may be older than a change of the site's settings, which only a
        fetch can show.
        """
        asked = _sendable(questions)[:MAX_WITHOUT_FETCH]
        if not asked:
            return Unsettled("no URL to look up")
        sightings = [each for each in self._sightings(asked) if each.variants]
        if pinned := self._from_pins(sightings, []):
            return pinned
        search = self._search_some([*(each.question for each in sightings), *asked])
        sightings = [each for each in self._sightings(asked) if each.variants]
        if not sightings or not search.complete:
            return self._nothing(search)
        combinations = {each.combination for each in sightings}
        strange = [each for each in sightings if not language_is_asked_for(each)]
        if len(combinations) > 1 or strange or any(each.contexts > 1 for each in sightings):
            lines = pin_lines(each.scheme(self._pins) for each in combinations)
            what = (
                f"in language {strange[0].combination.language!r}, which the request does not name"
                if strange
                else "of several key schemes or hash variants"
            )
            return Unsettled(f"without a fetch, entries {what} settle nothing; {lines}")
        return settle(sightings, self._pins, Basis.NO_FETCH)

    def _from_new(
        self, sightings: list[Sighting], fresh: list[KeyQuestion]
    ) -> Learnt | Unsettled | None:
        new = own_language([each for each in sightings if each.new])
        if fresh and not any(each.question in fresh for each in new):
            return None
        return settle(new, self._pins, Basis.NEW_ENTRY) if new else None

    def _from_pins(
        self, sightings: list[Sighting], fresh: list[KeyQuestion]
    ) -> Learnt | Unsettled | None:
        """Take what is pinned whole; pages that are there show scheme and host."""
        scheme = self._pins.complete()
        if scheme is None:
            return None
        if fresh:  # stored nothing, or _from_new had seen it
            return self._nothing(_Search(fresh[0], [], complete=True, wrapping=None))
        if any(each.variants for each in sightings):
            return settle(sightings, self._pins, Basis.PINNED)
        return Learnt(scheme, Basis.PINNED)

    def _from_old(self, sightings: list[Sighting], search: _Search) -> Learnt | Unsettled:
        """Believe an old entry only where a search that reached its end shows no other."""
        old = [each for each in own_language(sightings) if agrees_with_response(each)]
        if not old or not search.complete:
            return self._nothing(search)
        if len({each.combination._replace(language="") for each in old}) > 1:
            lines = pin_lines(each.combination.scheme(self._pins) for each in old)
            return Unsettled(
                f"pages are there under several key schemes, and no entry is new; {lines}",
                retry=True,
            )
        return settle(old, self._pins, Basis.ONLY_ENTRY)

    def _nothing(self, search: _Search) -> Unsettled:
        lines = pin_lines(each.scheme(self._pins) for each in self._found)
        url = search.question.url
        if not search.complete:
            return Unsettled(
                f"the search for keys of {url} ended at its limit of {self._scan_limit} keys; "
                f"{lines}, or raise scan_limit",
                retry=True,
            )
        if search.wrapping is not None:
            return Unsettled(
                f"the cache has a KEY_FUNCTION of its own; pin under [[cache]] "
                f"keys = {{ template = '{search.wrapping}' }}"
            )
        pinned = "" if self._pins == KeyPins() else " under the keys as they are pinned"
        return Unsettled(
            f"this cache holds no Django page entry of {url}{pinned}: the page is not cached, or"
            f" not here; try another database, or {'mend the pins, or ' if pinned else ''}{lines}"
        )

    def _search_some(self, questions: Sequence[KeyQuestion]) -> _Search:
        """Search for the first question's keys, and where there are none for two others'."""
        search = self._search(questions[0])
        for question in questions[1:_SEARCHED_WITHOUT_FETCH]:
            if search.combinations or not search.complete:
                break
            search = self._search(question)
        self._remember(search)
        return search

    def _search(self, question: KeyQuestion) -> _Search:
        """Search for keys of one URL as Django may see it; ends where some are found."""
        wrapping: str | None = None
        complete = True
        for seen in likely_seen(question, self._connect_to):
            digest = seen_digest(question, seen)
            keys, reached_end = self._server.find(digest, self._scan_limit)
            complete = complete and reached_end
            made = (combination_of_key(key, digest, seen, self._pins) for key in keys)
            found = [each for each in dict.fromkeys(made) if each is not None]
            if found or not complete:
                return _Search(question, found, complete, wrapping)
            wrappings = (foreign_wrapping(key, digest) for key in keys)
            wrapping = wrapping or next((each for each in wrappings if each is not None), None)
        return _Search(question, [], complete, wrapping)

    def _remember(self, search: _Search) -> None:
        self._found = list(dict.fromkeys([*self._found, *search.combinations]))

    def _probes(self, questions: Sequence[KeyQuestion]) -> list[tuple[KeyQuestion, Combination]]:
        return [
            (question, combination)
            for question in questions
            for combination in dict.fromkeys(
                [*likely_combinations(question, self._pins, self._connect_to), *self._found]
            )
        ]

    def _sightings(self, questions: Sequence[KeyQuestion]) -> list[Sighting]:
        probes = self._probes(questions)
        return [
            sighting(
                probe,
                state,
                looked=probe_id(probe) in self._before or probe[0].url in self._unvisited,
                before=self._before.get(probe_id(probe)),
            )
            for probe, state in zip(probes, look(self._server, probes, self._pins), strict=True)
            if state is not None
        ]


def _sendable(questions: Sequence[KeyQuestion]) -> list[KeyQuestion]:
    kept: list[KeyQuestion] = []
    for question in questions:
        try:
            seen_digest(question, Seen(None, None))
        except ValueError:
            continue  # its look-up says so; another pilot can teach
        kept.append(question)
    return kept
