"""What is said of a visit: obstacles, splits, the order of middleware, second fetches."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import pytest

from tests.unit.explain.seen import WARM, cache, visit
from warmer.caches.http_evidence import each_cache
from warmer.explain.finding import Level
from warmer.explain.findings import findings
from warmer.model import CacheState, Judgement, Outcome, Pass, Verdict
from warmer.run.shared_sessions import LEAK

if TYPE_CHECKING:
    from warmer.explain.observation import Visit

APART = Judgement(Verdict.UNCACHEABLE, "vary-cookie", "Vary names cookie: warm without one")
COLD = Judgement(Verdict.UNCACHEABLE, "private", "Cache-Control says private: remove it")


def said(seen: Visit) -> dict[str, Level]:
    return {each.about: each.level for each in findings(seen)}


def text_of(seen: Visit, about: str) -> str:
    return next(each.text for each in findings(seen) if each.about == about)


def cure_of(seen: Visit, about: str) -> str:
    return next(each.cure for each in findings(seen) if each.about == about)


def test_a_page_that_was_there_before_says_so_and_needs_no_second_fetch() -> None:
    seen = visit([("cache-control", "max-age=600")], caches=(cache(before=True),))
    assert said(seen) == {"keys": Level.NOTE, "second-fetch": Level.NOTE}
    assert "was there before this request" in text_of(seen, "keys")
    assert seen.was_cold is False


def test_a_page_that_this_request_had_stored_was_cold() -> None:
    seen = visit([("cache-control", "max-age=600")], caches=(cache(before=False),))
    assert "was not there before this request" in text_of(seen, "keys")
    assert seen.was_cold is True


def test_where_nobody_looked_before_nothing_is_said_of_it() -> None:
    assert visit([], caches=(cache(before=None),)).was_cold is None


def test_a_private_page_is_to_be_mended_and_its_cure_is_said_once() -> None:
    seen = visit([("cache-control", "private")], COLD)
    assert said(seen)["private"] is Level.MEND
    assert text_of(seen, "private") == "Cache-Control says private"
    assert cure_of(seen, "private") == "remove it if the page is for everyone"


def test_a_page_that_is_stored_despite_a_cookie_is_to_be_looked_at() -> None:
    seen = visit([("set-cookie", "visitor=s3cret; Path=/")], caches=(cache(),))
    assert said(seen)["set-cookie"] is Level.LOOK
    assert "sets visitor" in text_of(seen, "set-cookie")
    assert "s3cret" not in str(findings(seen))


@pytest.mark.parametrize("name", ["cookie", "accept-encoding", "accept-language", "x-country"])
def test_each_header_that_splits_the_entry_has_a_cure(name: str) -> None:
    seen = visit([("vary", name)], caches=(cache(name),))
    assert text_of(seen, f"vary-{name}").startswith(f"the header list names {name}: ")
    assert cure_of(seen, f"vary-{name}")


def test_without_a_header_list_vary_tells_what_splits_the_entry() -> None:
    seen = visit([("vary", "Accept-Language, Cookie")])
    assert text_of(seen, "vary-accept-language").startswith("Vary names accept-language: ")
    assert "vary-cookie" in said(seen)


def test_what_is_added_to_vary_after_storing_is_shared_by_all() -> None:
    seen = visit([("vary", "Cookie")], caches=(cache(),))
    assert said(seen)["vary-after-storing"] is Level.MEND
    assert "vary-cookie" not in said(seen)


def test_compression_after_storing_is_no_fault() -> None:
    seen = visit([("vary", "Accept-Encoding")], caches=(cache(),))
    assert said(seen)["compression"] is Level.NOTE
    assert "vary-after-storing" not in said(seen)


def test_a_language_in_the_key_stands_for_accept_language_in_the_header_list() -> None:
    held = dataclasses.replace(cache(), by_language=True)
    seen = visit([("vary", "Accept-Language")], caches=(held,))
    assert said(seen)["language"] is Level.NOTE
    assert "vary-after-storing" not in said(seen)


def test_our_own_user_agent_is_told_once() -> None:
    lost = Judgement(Verdict.UNCACHEABLE, "vary-user-agent", "")
    seen = visit([("vary", "User-Agent")], lost, caches=(cache("user-agent"),))
    assert [each.about for each in findings(seen)].count("vary-user-agent") == 1
    assert said(seen)["vary-user-agent"] is Level.MEND


def test_a_stored_csrf_token_is_everyones() -> None:
    seen = visit([], caches=(cache(),))
    seen = dataclasses.replace(seen, warm=seen.warm._replace(csrf=True))
    assert text_of(seen, "csrf-token").endswith("and is stored: all visitors share the token")


def test_max_age_of_0_is_named_only_where_the_page_is_not_stored() -> None:
    headers = [("cache-control", "max-age=0")]
    unknown = Judgement(Verdict.UNCACHEABLE, "unknown", "")
    assert said(visit(headers, unknown))["cache-control"] is Level.MEND
    assert "cache-control" not in said(visit(headers, caches=(cache(),)))


def test_without_any_cache_a_cache_is_asked_for() -> None:
    seen = visit([], Judgement(Verdict.UNVERIFIED, "no-evidence", ""))
    assert cure_of(seen, "caches").startswith("name the cache server: --cache ")


def test_keys_that_could_not_be_learnt_say_why_and_what_to_pin() -> None:
    unknown = dataclasses.replace(
        cache(), how="", names=None, keys=(), problem="several schemes; pin under [[cache]] keys"
    )
    seen = visit([], Judgement(Verdict.UNVERIFIED, "no-evidence", ""), caches=(unknown,))
    assert text_of(seen, "keys") == "redis redis://127.0.0.1:6379/1: several schemes"
    assert cure_of(seen, "keys") == "pin under [[cache]] keys"


def test_a_verdict_that_nothing_else_tells_of_comes_first_with_its_cure() -> None:
    lost = Judgement(Verdict.UNVERIFIED, "cache-not-shared", "some did not: use a shared one")
    first = findings(visit([], lost))[0]
    assert (first.about, first.text, first.cure) == (
        "cache-not-shared",
        "some did not",
        "use a shared one",
    )


def test_a_page_that_failed_says_only_that() -> None:
    lost = Judgement(Verdict.FAILED, "status-503", "status 503")
    seen = visit([("vary", "Cookie")], lost)
    seen = dataclasses.replace(seen, warm=seen.warm._replace(status=503))
    assert set(said(seen)) == {"answer", "caches", "second-fetch"}
    assert cure_of(seen, "answer").startswith("the origin answers with an error")


def test_a_second_fetch_says_what_it_found() -> None:
    probe = Outcome(rank=1, fetch=Pass.PROBE, status=200, state=CacheState.HIT, state_header="age")
    seen = visit([], probe=probe, witnesses=8)
    assert text_of(seen, "second-fetch").endswith("hit, says age")
    assert text_of(seen, "witnesses").startswith("asked for 8 times more")


@pytest.mark.parametrize(
    ("judgement", "probe", "why"),
    [
        (COLD, "auto", "it would be rendered again, and prove nothing"),
        (COLD, "never", "verify.probe is never"),
        (Judgement(Verdict.FAILED, "status-503", ""), "auto", "there is no page to be kept"),
    ],
)
def test_why_there_was_no_second_fetch_is_said(
    judgement: Judgement, probe: Literal["auto", "never"], why: str
) -> None:
    seen = visit([("cache-control", "private")], judgement, probe_allowed=probe != "never")
    assert text_of(seen, "second-fetch") == f"not asked for a second time: {why}"


def test_a_page_that_was_rendered_only_to_learn_keys_is_named() -> None:
    seen = visit([], caches=(cache(),), unvisited="https://www.example.com/p/1/?warmer=ab")
    assert text_of(seen, "unvisited").startswith("https://www.example.com/p/1/?warmer=ab was")


def test_caches_on_the_way_are_told_one_by_one_and_the_nearest_first() -> None:
    headers = [
        ("x-varnish", "3 2"),
        ("cache-status", "django; fwd=miss"),
        ("age", "5"),
        ("cf-cache-status", "DYNAMIC"),
    ]
    assert [(each.header, each.state) for each in each_cache(headers)] == [
        ("cf-cache-status", CacheState.BYPASS),
        ("x-varnish", CacheState.HIT),
        ("cache-status:django", CacheState.MISS),
    ]


@pytest.mark.parametrize(
    ("leaks", "judgement", "level", "words"),
    [
        (True, LEAK, Level.MEND, "DATA LEAK: the page is behind a login"),
        (False, WARM, Level.LOOK, 'fetched as "staff", and kept for everybody'),
        (False, APART, Level.NOTE, "asked for without a login, too, which gives nothing away"),
    ],
)
def test_a_page_of_a_login_says_who_else_gets_it(
    judgement: Judgement, level: Level, words: str, *, leaks: bool
) -> None:
    seen = visit([], judgement, login="staff", leaks=leaks)
    about = "private-page-shared" if leaks else "session"
    assert said(seen)[about] is level
    assert words in text_of(seen, about)


def test_a_page_without_login_says_nothing_of_one() -> None:
    assert {"session", "private-page-shared"}.isdisjoint(said(visit([])))


def test_a_server_without_a_cache_of_its_own_is_told_how_to_name_one() -> None:
    server = "10.0.0.6:443"
    cures = [
        cure_of(visit([], connect_to=server, is_alone=alone), "caches") for alone in (True, False)
    ]
    assert cures == [
        'name its cache: [[cache]] with server = "10.0.0.6:443"',
        "name the cache server: --cache redis://HOST:PORT/DB or memcached://HOST:PORT",
    ]
