"""Keys of other Django versions, learnt and looked up against those Djangos themselves.

One release of every hash variant; recordings of all of them, of those too that no interpreter
here can run, are in tests/unit/keys/vectors.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.django_releases import RUNNABLE, installed_django
from warmer.caches.key_evidence import Learnt
from warmer.caches.key_learning import KeyLearner
from warmer.caches.lookup import KeyLookup
from warmer.caches.open import open_cache
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.stores import RedisServer
    from warmer.caches.django_keys import HashVariant

AGENT = {"User-Agent": "Tester/1.0", "Accept-Language": "de"}
SILENT = {"Accept-Language": "en"}


class Warmer:
    """A Django in a process of its own; `renders` is its count after the last request."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.version = self._answer()["django"]
        self.renders = 0

    def fetch(self, question: KeyQuestion) -> KeyQuestion:
        target = question.url.removeprefix("https://www.example.com")
        asked = json.dumps({"target": target, "headers": dict(question.headers)})
        assert self._process.stdin is not None
        self._process.stdin.write(asked + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.renders = answer["renders"]
        return KeyQuestion(question.url, question.headers, answer["language"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@pytest.fixture
def start_django(redis_server: RedisServer, environments: Path) -> Iterator[Any]:
    processes: list[subprocess.Popen[str]] = []

    def start(version: str, python: str) -> Warmer:
        site = installed_django(version, python, environments)
        process = subprocess.Popen(
            [python, str(Path(__file__).with_name("warm_with_django.py"))],
            env={**os.environ, "PYTHONPATH": str(site), "WARM_REDIS_URL": redis_server.url},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        return Warmer(process)

    yield start
    for process in processes:
        process.terminate()
        process.communicate()


def ask(path: str, headers: dict[str, str]) -> KeyQuestion:
    return KeyQuestion(f"https://www.example.com{path}", headers)


@pytest.mark.parametrize(("version", "python", "variant"), RUNNABLE)
def test_the_keys_of_this_django_are_learnt_and_looked_up(
    version: str, python: str, variant: HashVariant, redis_server: RedisServer, start_django: Any
) -> None:
    site = start_django(version, python)
    assert site.version == version
    cache = open_cache(redis_server.url)
    learner = KeyLearner(cache)
    # A header that was sent and one that was not tell each variant from every other.
    pilots = [ask("/varied/?caf%C3%A9=1", AGENT), ask("/varied-2/", SILENT), ask("/plain/", AGENT)]
    learner.before(pilots)
    learnt = learner.after([site.fetch(each) for each in pilots])
    assert isinstance(learnt, Learnt), learnt
    assert learnt.scheme.hashes == (variant,)
    assert (learnt.scheme.prefix, learnt.scheme.page_prefixes) == ("shop", ("wide",))
    assert learnt.scheme.time_zone == "Europe/Berlin"

    warmed = [site.fetch(ask(path, AGENT)) for path in ("/varied/?x", "/a%2Fb;c/", "/caf%C3%A9/")]
    cold = [KeyQuestion(each.url, SILENT, "en") for each in warmed]
    states = [answer.state for answer in KeyLookup(cache, learnt.scheme).look_up([*warmed, *cold])]
    assert states == ["present"] * 3 + ["absent"] * 3
    before = site.renders
    for each in warmed:
        site.fetch(each)
    assert site.renders == before
    for each in cold:
        site.fetch(each)
    assert site.renders == before + 3
    cache.close()
