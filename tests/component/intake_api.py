"""A served API for tests, with a client; sites whose runs end when the test says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from jsonschema import Draft202012Validator

from tests.component.intake_site import NOW, HeldSite
from warmer.daemon.access import Access
from warmer.daemon.api import Api
from warmer.daemon.health import Health
from warmer.daemon.metrics import Metrics
from warmer.daemon.openapi import document
from warmer.daemon.reception import Reception
from warmer.daemon.signature import HEADER, signature
from warmer.model import Judgement, RunStatus, Target, Trigger, Verdict
from warmer.store import Store

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
    await api.claim()
    task = asyncio.create_task(api.run())
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(api, session, list(sites))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


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


def validated(name: str, answer: object) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    Draft202012Validator(schema).validate(msgspec.to_builtins(answer))
