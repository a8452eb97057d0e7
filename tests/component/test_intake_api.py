"""The API over real HTTP: what is taken is on disk, what is refused leaves no trace."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.component.intake_site import LIMIT_S, NOW, HeldSite
from warmer.daemon.access import Access
from warmer.daemon.api import Api
from warmer.daemon.connections import MAX_CONNECTIONS
from warmer.daemon.health import Health
from warmer.daemon.metrics import Metrics
from warmer.daemon.openapi import document
from warmer.daemon.reception import Reception
from warmer.daemon.signature import HEADER, signature
from warmer.model import Judgement, RunStatus, Target, Trigger, Verdict
from warmer.store import Store
from warmer.store_file import StoreFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TOKEN = "a token of this test"
SECRET = "a secret of this test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Broken:
    """An intake whose server is away."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    def health(self) -> Health:
        return Health("stream of shop", False, "Redis does not answer")


class Client:
    """A served API and a client of it."""

    def __init__(self, api: Api, session: aiohttp.ClientSession, sites: list[HeldSite]) -> None:
        self.api = api
        self.session = session
        self.sites = sites

    @property
    def site(self) -> HeldSite:
        return self.sites[0]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.api.port}{path}"

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.session.get(self.url(path), headers=headers) as answer:
            text = await answer.text()
            is_json = "json" in answer.headers["Content-Type"]
            return answer.status, json.loads(text) if is_json else text

    async def post(
        self, body: object, headers: dict[str, str] | None = None, path: str = "/v1/triggers"
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(self.url(path), data=data, headers=headers) as answer:
            assert "json" in answer.headers["Content-Type"]
            return answer.status, await answer.json(content_type=None)

    async def signed(self, body: object, *, moment: float | None = None) -> tuple[int, Any]:
        data = json.dumps(body).encode()
        at = int(time.time() if moment is None else moment)
        return await self.post(data, {HEADER: signature(SECRET, at, data)})


@contextlib.asynccontextmanager
async def serving(
    *sites: HeldSite, token: str | None = TOKEN, secret: str | None = SECRET, host: str = "127.0.0.1",
    broken: bool = False,
) -> AsyncIterator[Client]:  # fmt: skip
    metrics = Metrics(lambda: NOW + 2)
    receptions = [Reception(each, each.queue, metrics, clock=lambda: NOW) for each in sites]
    for reception in receptions:
        metrics.watch(reception)
    access = Access(host=host, port=0, token=token, secret=secret)
    api = Api(receptions, access, [Broken()] if broken else [], metrics)
    task = asyncio.create_task(api.run())
    try:
        async with asyncio.timeout(LIMIT_S):
            await api.listening.wait()
        async with aiohttp.ClientSession() as session:
            yield Client(api, session, list(sites))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


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


async def test_a_body_without_a_length_is_bounded_too(client: Client) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    async with client.session.post(
        client.url("/v1/triggers"), data=chunks(), headers=BEARER
    ) as answer:
        assert answer.status == 413


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
            _validate(schema, answer)

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


async def test_health_and_readiness_tell_what_is_wrong(client: Client) -> None:
    assert await client.get("/healthz") == (
        200,
        {"ok": True, "checks": [{"name": "shop", "ok": True, "detail": ""}]},
    )
    status, answer = await client.get("/readyz")
    assert (status, answer["ok"]) == (200, True)


async def test_a_broken_way_in_makes_the_daemon_unready_and_not_unhealthy(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db"), broken=True) as client:
        assert (await client.get("/healthz"))[0] == 200
        status, answer = await client.get("/readyz")
        assert status == 503
        wrong = [each for each in answer["checks"] if not each["ok"]]
        assert wrong == [{"name": "stream of shop", "ok": False, "detail": "Redis does not answer"}]


def run_of(store: Path, *, status: RunStatus = RunStatus.FINISHED) -> str:
    opened = Store(store)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    run = opened.create_run(
        site="shop", trigger=Trigger.MANUAL, base_url="https://shop.example", config="{}", now=now
    )
    plan = [Target(1, "https://shop.example/", "default", 1.0)]
    opened.add_targets(run.id, plan, observed_traffic=None, skipped={})
    opened.add_verdicts(run.id, [(1, Judgement(Verdict.WARM))])
    opened.finish_run(run.id, status=status, duration_s=2.5, note="", warnings=())
    opened.close()
    return run.id


async def test_runs_are_listed_and_reported(client: Client, tmp_path: Path) -> None:
    run_id = run_of(tmp_path / "w.db")
    status, answer = await client.get("/v1/runs?limit=5")
    assert (status, [each["id"] for each in answer["runs"]]) == (200, [run_id])
    _validate("Runs", answer)
    for name in (run_id, run_id[:-2], "last"):
        status, answer = await client.get(f"/v1/runs/{name}")
        assert (status, answer["schema"], answer["counts"]["planned"]) == (
            200,
            "warmer.report/1",
            1,
        )
    assert (await client.get("/v1/runs/none"))[0] == 404
    for limit in ("0", "1001", "x", "%C2%B2", ""):
        assert (await client.get(f"/v1/runs?limit={limit}"))[0] == 422


async def test_the_status_names_what_waits(client: Client) -> None:
    await client.post({"urls": ["/p/7"]}, BEARER)
    status, answer = await client.get("/v1/status")
    assert (status, answer["sites"][0]["pending"]) == (200, 1)
    _validate("Status", answer)


async def test_beyond_loopback_reading_needs_the_token(tmp_path: Path) -> None:
    async with serving(HeldSite(tmp_path / "w.db"), host="0.0.0.0") as client:
        for path in ("/v1/status", "/v1/runs", "/v1/runs/last"):
            assert (await client.get(path))[0] == 401
        assert (await client.get("/v1/status", **BEARER))[0] == 200
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            assert (await client.get(path))[0] == 200
        # Probes need no token, and see no names of servers or files.
        for shown, headers in ((False, {}), (True, BEARER)):
            checks = (await client.get("/readyz", **headers))[1]["checks"]
            assert any(each["detail"] for each in checks) is shown


async def test_metrics_hold_queue_runs_and_latency(client: Client, tmp_path: Path) -> None:
    await client.get("/metrics")
    await client.post({"urls": ["/p/7"], "at": NOW - 1}, BEARER)
    text = (await client.get("/metrics"))[1]
    assert 'warmer_queue_triggers{site="shop"} 1.0' in text
    assert 'warmer_triggers_accepted_total{site="shop"} 1.0' in text
    client.site.run()
    run_of(tmp_path / "w.db")
    text = (await client.get("/metrics"))[1]
    # Changed a second before it came, done two seconds after.
    assert 'warmer_invalidation_to_warm_seconds_sum{site="shop"} 3.0' in text
    assert 'warmer_run_duration_seconds_sum{site="shop",status="finished"} 2.5' in text
    assert 'warmer_targets{site="shop",verdict="warm"} 1.0' in text
    assert 'warmer_hit_ratio{site="shop"} 1.0' in text
    assert 'warmer_evictions{site="shop"} NaN' in text
    assert "process_resident_memory_bytes" in text


async def test_the_document_is_valid_openapi_and_names_every_route(client: Client) -> None:
    status, answer = await client.get("/openapi.json")
    assert (status, answer) == (200, document())
    validate(answer)
    routes = {
        (resource.canonical, route.method)
        for resource in client.api._application().router.resources()
        for route in resource
        if route.method != "HEAD"
    }
    documented = {
        (path, method.upper()) for path, ways in answer["paths"].items() for method in ways
    }
    assert routes == documented


async def test_unknown_paths_and_methods_are_problems_too(client: Client) -> None:
    status, answer = await client.get("/v2/none")
    assert (status, answer["detail"]) == (404, "GET /v2/none: Not Found; see /openapi.json")
    status, answer = await client.get("/v1/triggers")
    assert (status, answer["title"]) == (405, "Method Not Allowed")


async def test_a_huge_header_is_refused(client: Client) -> None:
    async with client.session.get(client.url("/healthz"), headers={"X": "x" * 9_000}) as answer:
        assert answer.status == 400


async def test_more_connections_than_allowed_are_turned_away_and_the_others_served(
    client: Client,
) -> None:
    assert client.api.port is not None
    opened = [
        await asyncio.open_connection("127.0.0.1", client.api.port) for _ in range(MAX_CONNECTIONS)
    ]
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.api.port)
        assert (await reader.readline()) == b"HTTP/1.1 503 Service Unavailable\r\n"
        writer.close()
        opened.pop()[1].close()
        first_reader, first_writer = opened[0]
        first_writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await first_reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    for _, writer in opened:
        writer.close()


async def test_a_client_that_never_ends_its_head_is_cut_off(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.daemon.connections.REQUEST_S", 0.05)
    assert client.api.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.api.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(LIMIT_S):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_a_client_that_never_ends_its_body_is_answered(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.daemon.api_triggers.BODY_S", 0.05)
    assert client.api.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.api.port)
    head = f"POST /v1/triggers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(f"{head}Content-Length: 9\r\n\r\n{{".encode())
    async with asyncio.timeout(LIMIT_S):
        assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    writer.close()


async def test_a_taken_port_is_waited_for(tmp_path: Path) -> None:
    holder = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = holder.sockets[0].getsockname()[1]
    site = HeldSite(tmp_path / "w.db")
    metrics = Metrics(lambda: NOW)
    api = Api([site.reception], Access(host="127.0.0.1", port=port), [], metrics)
    task = asyncio.create_task(api.run())
    async with asyncio.timeout(LIMIT_S):
        while "cannot be used" not in api.health().detail:  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.005)
        holder.close()
        await holder.wait_closed()
        await api.listening.wait()
    assert api.health() == Health("api", True, f"port {port}")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _validate(name: str, answer: object) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    Draft202012Validator(schema).validate(msgspec.to_builtins(answer))
