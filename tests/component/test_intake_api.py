"""The way in by HTTP: what is taken is on disk, what is refused leaves no trace."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.component.intake_api import BEARER, SECRET, TOKEN, Client, serving, validated
from tests.component.intake_site import NOW, HeldSite
from warmer.daemon.signature import HEADER, signature
from warmer.model import Trigger
from warmer.store_file import StoreFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(HeldSite(tmp_path / "w.db")) as served:
        yield served


async def test_a_trigger_is_on_disk_when_it_is_answered(client: Client, tmp_path: Path) -> None:
    status, answer = await client.post({"urls": ["/p/7"], "why": "save"}, BEARER)
    assert (status, answer) == (202, {"triggers": [{"site": "shop", "number": 1}]})
    # Another process reads the same file.
    (request,) = HeldSite(tmp_path / "w.db").waiting()
    assert (request.urls, request.trigger) == (
        ("https://shop.example/p/7",),
        Trigger.INVALIDATION,
    )


@pytest.mark.parametrize(
    ("why", "trigger"), [("deploy", Trigger.DEPLOY), ("manual", Trigger.MANUAL)]
)
async def test_a_deploy_hook_says_that_it_is_one(
    client: Client, why: str, trigger: Trigger
) -> None:
    assert (await client.post({"all": True, "why": why}, BEARER))[0] == 202
    assert client.site.waiting()[0].trigger is trigger


async def test_a_signed_webhook_of_the_django_app_is_taken(client: Client) -> None:
    body = {"urls": ["/p/7"], "tags": ["shop.product"], "why": "save", "at": 17.5, "id": "a-1"}
    assert (await client.signed(body))[0] == 202
    (request,) = client.site.waiting()
    assert (request.urls, request.tags) == (("https://shop.example/p/7",), ())


async def test_a_webhook_that_is_sent_again_with_its_id_is_one_trigger(client: Client) -> None:
    body = {"urls": ["/p/7"], "id": "a-1"}
    first = await client.signed(body)
    again = await client.signed(body, moment=time.time() - 5)
    assert first == again == (202, {"triggers": [{"site": "shop", "number": 1}]})
    assert len(client.site.waiting()) == 1


async def test_a_replayed_signature_is_refused(client: Client) -> None:
    now = time.time()
    body = {"urls": ["/p/7"], "id": "a-1"}
    assert (await client.signed(body, moment=now))[0] == 202
    status, answer = await client.signed(body, moment=now)
    assert status == 409
    assert answer["detail"].startswith("X-Warmer-Signature: seen before")
    assert len(client.site.waiting()) == 1


@pytest.mark.parametrize("has_run", [False, True])
async def test_a_signature_is_remembered_over_a_restart(tmp_path: Path, *, has_run: bool) -> None:
    now = time.time()
    async with serving(HeldSite(tmp_path / "w.db")) as client:
        assert (await client.signed({"urls": ["/p/7"]}, moment=now))[0] == 202
        if has_run:
            client.site.run()
    restarted = HeldSite(tmp_path / "w.db")
    restarted_at = NOW + 1
    restarted.reception.clock = lambda: restarted_at
    async with serving(restarted) as client:
        for reception in client.api._receptions.values():
            reception.clock = lambda: restarted_at
        assert (await client.signed({"urls": ["/p/7"]}, moment=now))[0] == 409
        assert len(client.site.waiting()) == (0 if has_run else 1)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {HEADER: "t=1,v1=00"},
        {HEADER: signature("another secret", int(time.time()), b'{"urls":["/p/7"]}')},
        {HEADER: signature(SECRET, int(time.time()) - 301, b'{"urls":["/p/7"]}')},
    ],
)
async def test_a_trigger_of_a_stranger_is_refused(client: Client, headers: dict[str, str]) -> None:
    status, answer = await client.post(b'{"urls":["/p/7"]}', headers)
    assert status == 401
    assert answer["title"] == "Unauthorized"
    assert client.site.waiting() == []
    assert TOKEN not in str(answer)
    assert SECRET not in str(answer)


async def test_without_a_token_nothing_is_triggered(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db"), token=None, secret=None) as client:
        status, answer = await client.post({"all": True}, {"Authorization": "Bearer "})
        assert (status, answer["detail"]) == (
            401,
            "nothing is triggered by HTTP until daemon.token_env names a token",
        )


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"{", 400, "not a request to warm: "),
        (b"\xff", 400, "not a request to warm: "),
        (b"[" * 100_000, 400, "not a request to warm: "),
        (b"[]", 422, "not a request to warm: "),
        (b"{}", 422, "names nothing"),
        (b'{"url":["/p/7"]}', 422, "not a request to warm: Object contains unknown field `url`"),
        (b'{"tags":["none"]}', 422, 'tag "none" is not in the configuration'),
        (b'{"urls":["https://other.example/"]}', 422, '"https://other.example/" is not a URL of'),
        (b'{"urls":["http://169.254.169.254/"]}', 422, '"http://169.254.169.254/" is not a URL'),
        (b'{"urls":["//other.example/"]}', 422, '"//other.example/" is not a URL of'),
        (b'{"urls":["https://shop.example@other.example/"]}', 422, '"https://shop.example@'),
        (b'{"prefixes":["file:///etc/"]}', 422, '"file:///etc/" is not a URL of'),
        (json.dumps({"urls": ["/p"] * 10_001}).encode(), 422, "not a request to warm: "),
        (json.dumps({"urls": ["/" + "p" * 9_000]}).encode(), 422, "not a request to warm: "),
        (b"[" + b" " * 1_000_000 + b"]", 413, "1000002 bytes; expected 1000000 at most"),
    ],
)
async def test_what_is_no_request_is_refused_with_its_reason(
    client: Client, body: bytes, status: int, reason: str
) -> None:
    found, answer = await client.post(body, BEARER)
    assert (found, answer["status"]) == (status, status)
    assert answer["detail"].startswith(reason)
    assert client.site.waiting() == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["urls", "tags", "prefixes", "all", "why", "at", "id"]), inner),
    max_leaves=10,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_whatever_is_posted_it_is_taken_or_refused_as_documented(
    tmp_path: Path, body: bytes
) -> None:
    async def send() -> None:
        async with serving(HeldSite(tmp_path / "w.db")) as client:
            status, answer = await client.post(body, BEARER)
            schema = "Accepted" if status == 202 else "Problem"
            assert status in {202, 400, 422}
            validated(schema, answer)

    asyncio.run(send())


async def test_two_sites_get_each_their_own(tmp_path: Path) -> None:
    shop = HeldSite(tmp_path / "w.db")
    blog = HeldSite(tmp_path / "w.db", "blog", "https://blog.example")
    async with serving(shop, blog) as client:
        urls = ["https://shop.example/a", "https://blog.example/b"]
        assert (await client.post({"urls": urls}, BEARER))[0] == 202
        assert [each.urls for each in shop.waiting()] == [("https://shop.example/a",)]
        assert [each.urls for each in blog.waiting()] == [("https://blog.example/b",)]
        assert (await client.post({"all": True}, BEARER, "/v1/triggers?site=blog"))[0] == 202
        assert (len(shop.waiting()), len(blog.waiting())) == (1, 2)
        assert (await client.post({"all": True}, BEARER, "/v1/triggers?site=none"))[0] == 404


async def test_a_store_that_cannot_be_written_is_said_and_the_webhook_may_come_again(
    client: Client, tmp_path: Path
) -> None:
    now = time.time()
    client.site.queue.close()
    status, answer = await client.signed({"urls": ["/p/7"]}, moment=now)
    assert status == 503
    assert "cannot be written" in answer["detail"]
    status, answer = await client.get("/readyz")
    assert status == 503
    client.site.queue._file = StoreFile(tmp_path / "w.db")  # the disk is back
    assert (await client.signed({"urls": ["/p/7"]}, moment=now))[0] == 202
