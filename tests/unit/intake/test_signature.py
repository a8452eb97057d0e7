"""Signed webhooks: what counts, what does not, and that nothing else than the sender's word does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from warmer.contrib.django import delivery
from warmer.daemon.signature import HEADER, MAX_REMEMBERED, Replays, refusal, signature

NOW = 1_700_000_000
BODY = b'{"urls":["/p/7"]}'


def test_the_signature_is_the_one_that_senders_make() -> None:
    # printf '1700000000.{"urls":["/p/7"]}' | openssl dgst -sha256 -hmac secret
    assert signature("secret", NOW, BODY) == (
        "t=1700000000,v1=16c1bd12c91125e98f64bb6adf15f500455bc4eb581f0f6aa35c913462b2d128"
    )


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1), st.binary())
def test_the_django_app_signs_as_we_do(secret: str, body: bytes) -> None:
    assert delivery.signature(secret, NOW, body) == signature(secret, NOW, body)
    assert delivery.SIGNATURE_HEADER == HEADER


@given(
    st.text(alphabet=st.characters(codec="utf-8"), min_size=1), st.binary(), st.integers(-300, 300)
)
def test_what_was_signed_within_five_minutes_counts(secret: str, body: bytes, late_s: int) -> None:
    header = signature(secret, NOW, body)
    assert refusal(header, body, secret=secret, now=NOW + late_s) is None


@given(st.binary(), st.binary())
def test_a_signature_fits_its_own_body_alone(signed: bytes, sent: bytes) -> None:
    said = refusal(signature("secret", NOW, signed), sent, secret="secret", now=NOW)
    assert (said is None) == (signed == sent)


def test_the_moment_is_signed_too() -> None:
    header = signature("secret", NOW, BODY).replace("t=1700000000", "t=1700000001")
    assert refusal(header, BODY, secret="secret", now=NOW) == (
        "X-Warmer-Signature does not fit the body; expected it signed with this daemon's secret"
    )


def test_an_old_signature_is_refused_with_its_age() -> None:
    header = signature("secret", NOW, BODY)
    assert refusal(header, BODY, secret="secret", now=NOW + 301) == (
        "X-Warmer-Signature was made +301 s ago; expected 300 s at most: sign again,"
        " or set the clocks"
    )


def test_one_who_does_not_know_the_secret_learns_nothing_of_our_clock() -> None:
    header = signature("guess", NOW - 9999, BODY)
    assert "does not fit" in (refusal(header, BODY, secret="secret", now=NOW) or "")


@given(st.text())
def test_text_that_is_no_signature_is_refused_and_never_an_error(header: str) -> None:
    assert refusal(header, BODY, secret="secret", now=NOW) is not None


def test_the_same_signature_is_new_once() -> None:
    replays = Replays()
    assert replays.is_new("a", now=NOW)
    assert not replays.is_new("a", now=NOW + 599)
    assert replays.is_new("b", now=NOW + 599)


def test_a_signature_is_forgotten_when_it_is_too_old_to_count() -> None:
    replays = Replays()
    assert replays.is_new("a", now=NOW)
    assert replays.is_new("a", now=NOW + 601)


def test_what_could_not_be_kept_may_be_sent_again() -> None:
    replays = Replays()
    assert replays.is_new("a", now=NOW)
    replays.forget("a")
    assert replays.is_new("a", now=NOW)


def test_so_many_signatures_are_remembered_and_no_more() -> None:
    replays = Replays()
    for number in range(MAX_REMEMBERED + 1):
        assert replays.is_new(str(number), now=NOW)
    assert replays.is_new("0", now=NOW)
    assert not replays.is_new(str(MAX_REMEMBERED), now=NOW)
