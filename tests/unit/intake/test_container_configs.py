"""The examples for containers are checked by schema, and held to the code that they start.

Kubernetes by its own JSON Schemas, strictly; Compose by the Compose Specification. What
Helm and Argo CD read are annotations alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no stubs
import pytest
import yaml
from compose_spec import PyCompose

from tests.unit.command_shape import mistake_in
from warmer.daemon import openapi
from warmer.daemon.access import access_of
from warmer.run.request import Request, resolve

CONFIGS = Path(__file__).parents[3] / "configs"
MANIFESTS = sorted(CONFIGS.glob("kubernetes-*.yaml"))
ENVIRONMENT = {"WARMER_TOKEN": "secret", "WARMER_SECRET": "secret"}


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    spec = document["spec"]
    for step in ("jobTemplate", "spec", "template", "spec"):
        spec = spec.get(step, spec)
    return [*spec.get("initContainers", []), *spec.get("containers", [])]


@pytest.mark.parametrize("version", ["1.31", "1.34"])
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_takes_every_manifest(path: Path, version: str) -> None:
    for document in documents(path):
        kubernetes_validate.validate(document, version, strict=True)


def test_there_is_a_manifest_of_every_kind() -> None:
    kinds = {each["kind"] for path in MANIFESTS for each in documents(path)}
    assert kinds == {"Job", "CronJob", "Deployment", "Service", "PersistentVolumeClaim"}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_container_calls_warmer_as_it_is_and_may_do_little(path: Path) -> None:
    for document in documents(path):
        for container in containers(document):
            if container["image"].startswith("warmer:"):
                assert mistake_in(container["args"]) == ""
            allowed = container["securityContext"]
            assert allowed["readOnlyRootFilesystem"] is True
            assert allowed["allowPrivilegeEscalation"] is False


def test_the_daemon_of_the_examples_starts_where_the_probes_look() -> None:
    site = resolve(Request(config=CONFIGS / "daemon.toml"), ENVIRONMENT).site
    access = access_of([site.daemon], ENVIRONMENT)
    deployment, service, claim = documents(CONFIGS / "kubernetes-daemon.yaml")
    (container,) = containers(deployment)
    assert container["ports"] == [{"name": "api", "containerPort": access.port}]
    assert service["spec"]["ports"][0]["port"] == access.port
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in openapi.document()["paths"]
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert {"name": "store", "persistentVolumeClaim": {"claimName": "warmer"}} in volumes
    assert claim["metadata"]["name"] == "warmer"
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > (
        site.daemon.drain_s
    )


def test_the_deploy_hook_asks_the_service_of_the_daemon() -> None:
    (hook,) = documents(CONFIGS / "kubernetes-deploy-hook.yaml")
    _, service, _ = documents(CONFIGS / "kubernetes-daemon.yaml")
    address = f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert address in containers(hook)[0]["args"]
    assert hook["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "PostSync"
    assert "post-upgrade" in hook["metadata"]["annotations"]["helm.sh/hook"]


def test_the_launch_hook_asks_inside_then_looks_from_outside_then_warms() -> None:
    (hook,) = documents(CONFIGS / "kubernetes-launch-hook.yaml")
    inside, preflight, warm = containers(hook)
    assert inside["command"][-1].startswith("python manage.py warmer_preflight --json > /reports/")
    assert [preflight["args"][0], warm["args"][0]] == ["preflight", "crawl"]
    assert "/reports/inside.json" in preflight["args"]
    annotations = hook["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "post-install,post-upgrade"
    assert annotations["argocd.argoproj.io/hook"] == "Sync"
    assert annotations["argocd.argoproj.io/sync-wave"] == "1"


def test_compose_takes_the_example() -> None:
    path = CONFIGS / "docker-compose.yml"
    PyCompose.from_yaml(path.read_text(encoding="utf-8")).validate()
    daemon = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]["warmer"]
    assert mistake_in(daemon["command"]) == ""
    assert mistake_in(daemon["healthcheck"]["test"][2:]) == ""
    assert (CONFIGS / daemon["volumes"][0]["source"]).is_file()
