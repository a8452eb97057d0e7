from __future__ import annotations

import pytest

from warmer.config import PlanConfig
from warmer.daemon.debounce import EVERYTHING, Item, Scope
from warmer.daemon.items import items_of, normalised_tags
from warmer.daemon.requests import WarmRequest
from warmer.errors import ConfigError
from warmer.model import Trigger
from warmer.plan import Normaliser

SITE = "https://www.example.com"
NORMALISE = Normaliser(SITE, PlanConfig())


def test_a_tag_holds_urls_and_prefixes_of_the_site() -> None:
    assert normalised_tags({"news": ("/", f"{SITE}/news/*", "/*")}, NORMALISE) == {
        "news": (f"{SITE}/", f"{SITE}/news/*", f"{SITE}/*")
    }


def test_a_tag_of_another_host_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        normalised_tags({"news": ("/", "https://other.example/*")}, NORMALISE)
    assert str(refused.value) == (
        'tags.news[1]: "https://other.example/*" is not of this site: other-host;'
        ' expected a path such as "/news/", or "/news/*" for all that begin so'
    )


def test_a_request_stands_for_each_item_once() -> None:
    request = WarmRequest(
        trigger=Trigger.MANUAL,
        urls=(f"{SITE}/a", f"{SITE}/b"),
        prefixes=(f"{SITE}/p/",),
        tags=("news", "gone"),
        everything=True,
    )
    tags = {"news": (f"{SITE}/a", f"{SITE}/p/*", f"{SITE}/q/*")}
    assert items_of(request, tags) == [
        Item(Scope.URL, f"{SITE}/a"),
        Item(Scope.URL, f"{SITE}/b"),
        Item(Scope.PREFIX, f"{SITE}/p/"),
        Item(Scope.PREFIX, f"{SITE}/q/"),
        EVERYTHING,
    ]
