"""The daemon's HTTP API: triggers in, health, status, runs and metrics out.

Listens on loopback unless there is a token; bounded in sizes, times and connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from warmer.crawl.profiles import VERSION
from warmer.daemon.api_triggers import MAX_BODY_BYTES, Triggers
from warmer.daemon.backoff import Backoff
from warmer.daemon.connections import Connections
from warmer.daemon.health import Health
from warmer.daemon.openapi import document
from warmer.daemon.problems import as_problems, problem
from warmer.errors import ConfigError, StoreError
from warmer.report.json_report import json_report
from warmer.report.summary import summarise
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aiohttp.typedefs import Handler

    from warmer.daemon.access import Access
    from warmer.daemon.health import Intake
    from warmer.daemon.metrics import Metrics
    from warmer.daemon.reception import Reception
    from warmer.model import RunRecord

KEEP_ALIVE_S = 30.0
_JSON = "application/json"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_log = logging.getLogger(__name__)


class Api:
    """One server for all sites of the daemon; an intake among the others."""

    def __init__(
        self,
        receptions: Sequence[Reception],
        access: Access,
        intakes: Sequence[Intake],
        metrics: Metrics,
    ) -> None:
        self._receptions = {each.site.name: each for each in receptions}
        self._access = access
        self._intakes = intakes
        self._metrics = metrics
        self._trouble: str | None = "not listening yet"
        self._runner = web.AppRunner(
            self._application(), access_log=None, keepalive_timeout=KEEP_ALIVE_S,
            shutdown_timeout=1.0,
        )  # fmt: skip
        self._connections: Connections | None = None
        self._server: asyncio.Server | None = None
        self._reading = asyncio.Semaphore(2)
        self.port: int | None = None

    async def claim(self) -> None:
        """Listen already: raises ConfigError where another program has the port.

        An address that this machine has not got yet, as at boot, is waited for by `run`.
        """
        await self._runner.setup()
        try:
            await self._listen()
        except OSError as error:
            place = f"daemon.listen: {self._access.host}:{self._access.port}"
            if error.errno == errno.EADDRINUSE:
                raise ConfigError(
                    f"{place} is taken by another program, perhaps by another daemon; expected a"
                    " free port, or stop that one first"
                ) from None
            self._trouble = f"{place} cannot be used: {error.strerror or error}"
            _log.warning("%s; tried again until it can", self._trouble)

    async def run(self) -> None:
        """Serve until cancelled, once `claim` was called."""
        loop = asyncio.get_running_loop()
        backoff = Backoff()
        try:
            while self._server is None:
                await asyncio.sleep(backoff.pause_s(loop.time()))
                with contextlib.suppress(OSError):
                    await self._listen()
            async with self._server:
                await self._server.serve_forever()
        finally:
            await self._runner.cleanup()

    async def _listen(self) -> None:
        # aiohttp's own server makes one protocol a connection.
        make = cast("Callable[[], asyncio.Protocol]", self._runner.server)
        self._connections = Connections(make)
        self._server = await asyncio.get_running_loop().create_server(
            self._connections, self._access.host, self._access.port, backlog=64
        )
        self._trouble = None
        self.port = self._server.sockets[0].getsockname()[1]
        _log.info("listening on %s:%d", self._access.host, self.port)

    def health(self) -> Health:
        return Health("api", self._trouble is None, self._trouble or f"port {self.port}")

    def _application(self) -> web.Application:
        application = web.Application(
            client_max_size=MAX_BODY_BYTES, middlewares=[self._begin, as_problems]
        )
        application.router.add_post("/v1/triggers", Triggers(self._receptions, self._access).post)
        application.router.add_get("/v1/status", self._status)
        application.router.add_get("/v1/runs", self._runs)
        application.router.add_get("/v1/runs/{id}", self._run)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics_text)
        application.router.add_get("/openapi.json", self._openapi)
        return application

    @web.middleware
    async def _begin(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._connections is not None:
            self._connections.begin(request.transport)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(_HEADERS)
            raise
        response.headers.update(_HEADERS)
        return response

    # Health: open to all, for probes; details may name servers, and are for readers

    async def _healthz(self, request: web.Request) -> web.Response:
        stuck = {name: each.site.is_stuck() for name, each in self._receptions.items()}
        checks = [
            Health(name, not is_so, "stuck" if is_so else "") for name, is_so in stuck.items()
        ]
        return self._checks(request, checks)

    async def _readyz(self, request: web.Request) -> web.Response:
        checks = [each.health() for each in (self, *self._intakes)]
        return self._checks(request, [*checks, *self._stores()])

    def _checks(self, request: web.Request, checks: Sequence[Health]) -> web.Response:
        is_ok = all(each.ok for each in checks)
        shown = (
            checks if self._is_reader(request) else [replace(each, detail="") for each in checks]
        )
        return _json({"ok": is_ok, "checks": shown}, status=200 if is_ok else 503)

    def _stores(self) -> list[Health]:
        found: list[Health] = []
        for name, each in self._receptions.items():
            try:
                waiting, _ = each.queue.backlog(name)
                found.append(Health(f"queue of {name}", True, f"{waiting} triggers wait"))
            except StoreError as error:
                found.append(Health(f"queue of {name}", False, str(error)))
        return found

    async def _metrics_text(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=await self._metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def _openapi(self, _request: web.Request) -> web.Response:
        return _json(document())

    # What is known of the site: beyond loopback for those who have the token

    def _is_reader(self, request: web.Request) -> bool:
        authorization = request.headers.get("Authorization", "")
        return self._access.is_loopback or self._access.is_bearer(authorization)

    def _check_reader(self, request: web.Request) -> None:
        if not self._is_reader(request):
            detail = "expected Authorization: Bearer with this daemon's token"
            raise problem(401, detail, headers={"WWW-Authenticate": "Bearer"})

    async def _status(self, request: web.Request) -> web.Response:
        self._check_reader(request)
        sites = [each.site.status() for each in self._receptions.values()]
        intakes = [each.health() for each in (self, *self._intakes)]
        return _json({"version": VERSION, "sites": sites, "intakes": intakes})

    async def _runs(self, request: web.Request) -> web.Response:
        self._check_reader(request)
        limit = request.query.get("limit", "20")
        if not limit.isdecimal() or not limit.isascii() or not 1 <= int(limit[:9]) <= 1000:
            raise problem(422, f'limit: "{limit[:20]}"; expected 1 to 1000')
        async with self._reading:
            pages = [await asyncio.to_thread(_runs, path, int(limit)) for path in self._paths()]
        runs = sorted(
            (run for page in pages for run in page), key=lambda run: run.started_at, reverse=True
        )
        return _json({"runs": runs[: int(limit)]})

    async def _run(self, request: web.Request) -> web.Response:
        self._check_reader(request)
        run_id = request.match_info["id"]
        async with self._reading:
            for path in self._paths():
                found = await asyncio.to_thread(_report, path, run_id)
                if found is not None:
                    return web.Response(body=found, content_type=_JSON)
        raise problem(404, f'"{run_id[:200]}" is not a run, or stands for several; see /v1/runs')

    def _paths(self) -> list[Path]:
        return list(dict.fromkeys(each.queue.path for each in self._receptions.values()))


def _runs(path: Path, limit: int) -> list[RunRecord]:
    store = Store(path)
    try:
        return store.runs(limit)
    finally:
        store.close()


def _report(path: Path, run_id: str) -> bytes | None:
    store = Store(path)
    try:
        return json_report(summarise(store, run_id))
    except ConfigError:
        return None
    finally:
        store.close()


def _json(value: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type=_JSON)
