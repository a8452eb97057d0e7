"""What the API shows: health, status, runs, metrics, its own document; and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import validate

from tests.component.intake_api import BEARER, Client, run_of, serving, validated
from tests.component.intake_site import NOW, HeldSite
from warmer.daemon.openapi import document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(HeldSite(tmp_path / "w.db")) as served:
        yield served


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


async def test_runs_are_listed_and_reported(client: Client, tmp_path: Path) -> None:
    run_id = run_of(tmp_path / "w.db")
    status, answer = await client.get("/v1/runs?limit=5")
    assert (status, [each["id"] for each in answer["runs"]]) == (200, [run_id])
    validated("Runs", answer)
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
    validated("Status", answer)


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
