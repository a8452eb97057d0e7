"""The app's pure parts: merging, messages, the circuit, signatures."""

from __future__ import annotations

import uuid
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.markdown import cells, section, spans
from warmer.contrib.django.circuit import Circuit
from warmer.contrib.django.delivery import signature
from warmer.contrib.django.options import KEYS
from warmer.contrib.django.signature import is_valid
from warmer.contrib.django.trigger import Trigger, merged, messages
from warmer.crawl.refresh import refresh_line

ROOT = Path(__file__).parents[3]
SECRET = "a shared secret"
URL = "https://www.example.com/a/"
NOW = 1_790_000_000.5


def refresh(url: str = URL, secret: str = SECRET, at: float = NOW) -> str:
    return refresh_line(url, secret, at).removeprefix("X-Warmer-Refresh: ")


def test_a_refresh_signed_by_the_crawler_is_valid() -> None:
    assert is_valid(refresh(), [URL], SECRET, NOW)


def test_a_refresh_is_valid_for_300_seconds_before_and_after() -> None:
    moment = int(NOW)
    assert is_valid(refresh(at=moment), [URL], SECRET, moment + 300)
    assert is_valid(refresh(at=moment), [URL], SECRET, moment - 300)
    assert not is_valid(refresh(at=moment), [URL], SECRET, moment + 301)
    assert not is_valid(refresh(at=moment), [URL], SECRET, moment - 301)


def test_a_refresh_of_another_url_or_secret_is_not_valid() -> None:
    assert not is_valid(refresh(), ["https://www.example.com/b/"], SECRET, NOW)
    assert not is_valid(refresh(secret="another"), [URL], SECRET, NOW)
    assert not is_valid(refresh(), [], SECRET, NOW)


def test_a_refresh_whose_time_was_changed_is_not_valid() -> None:
    later = refresh().replace("1790000000.", "1790000100.")
    assert not is_valid(later, [URL], SECRET, NOW)


@given(st.text())
def test_no_other_text_is_a_valid_refresh_or_raises(header: str) -> None:
    assert not is_valid(header, [URL], SECRET, NOW)


def test_a_webhooks_signature_covers_time_and_body() -> None:
    told = signature("secret", 1790000000, b'{"urls": []}')
    # printf '1790000000.{"urls": []}' | openssl dgst -sha256 -hmac secret
    assert (
        told == "t=1790000000,v1=bbec641ae66fffd7989c9e5e863586e0be296eae803fc12b8201cac88ddf58cb"
    )


def test_a_circuit_is_closed_until_something_fails() -> None:
    circuit = Circuit()
    assert not circuit.is_open(0, 30)
    circuit.failed(0)
    assert circuit.is_open(29, 30)


def test_one_is_let_through_when_the_pause_is_over_and_the_others_wait() -> None:
    circuit = Circuit()
    circuit.failed(0)
    assert not circuit.is_open(30, 30)
    assert circuit.is_open(31, 30)
    assert circuit.succeeded()
    assert not circuit.is_open(31, 30)
    assert not circuit.succeeded()


def trigger(*urls: str, gone: tuple[str, ...] = (), why: str = "save", at: float = 1.0) -> Trigger:
    return Trigger(urls=urls, gone=gone, tags=("news.article",), why=why, at=at)


def test_merged_triggers_name_each_url_once_and_the_earliest_time() -> None:
    both = merged([trigger("/a", "/", at=2.0), trigger("/b", "/", why="delete", at=1.0)])
    assert both == Trigger(urls=("/a", "/", "/b"), tags=("news.article",), why="save", at=1.0)


def test_a_page_that_came_back_is_not_gone() -> None:
    assert merged([trigger("/a", gone=("/a",)), trigger("/a")]).gone == ()
    assert merged([trigger("/a"), trigger("/a", gone=("/a",))]).gone == ("/a",)


@given(st.integers(0, 1600))
def test_messages_hold_all_urls_in_order_and_have_ids_that_stay(count: int) -> None:
    batch = uuid.UUID(int=1)
    whole = trigger(*(f"/{n}" for n in range(count)))
    parts = list(messages(batch, whole))
    assert tuple(url for part in parts for url in part.trigger.urls) == whole.urls
    assert all(len(part.trigger.urls) <= 500 for part in parts)
    assert len({part.id for part in parts}) == len(parts)
    assert parts == list(messages(batch, whole))
    assert parts[0].id == batch


def test_every_key_of_the_setting_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "django.md").read_text(encoding="utf-8")
    documented = [spans(row[0])[0] for row in cells(section(page, "## Settings"))]
    assert sorted(documented) == sorted(KEYS)
