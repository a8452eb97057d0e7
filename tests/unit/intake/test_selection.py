"""Which sites a request is for; above all: nothing of another machine, in whatever form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config import PlanConfig
from warmer.daemon.requests import Body, RequestError
from warmer.daemon.selection import select
from warmer.plan import Normaliser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class PlainSite:
    """A site that takes whatever is of it, and does nothing."""

    def __init__(self, name: str, base_url: str, **tags: tuple[str, ...]) -> None:
        self.name = name
        self.normalise = Normaliser(base_url, PlanConfig())
        self.tags = tags

    def wake(self) -> None:
        raise AssertionError

    def status(self) -> None:
        raise AssertionError

    def is_stuck(self) -> bool:
        raise AssertionError

    def on_finished(self, callback: Callable[[Sequence[int]], None]) -> None:
        raise AssertionError(callback)


SHOP = PlainSite("shop", "https://shop.example", news=("/",))
BLOG = PlainSite("blog", "https://blog.example", news=("/",), posts=("/p/",))
HOSTS = st.sampled_from(
    ["shop.example", "SHOP.example", "shop.example.", "shop.example:443", "127.0.0.1", "[::1]",
     "169.254.169.254", "localhost", "shop.example@evil.example", "evil.example#shop.example",
     "shop.example\\@evil.example", "shop.example%2eevil.example", "2130706433", "0x7f.1"]
)  # fmt: skip


def asked(body: Body, *sites: PlainSite, hints: bool = False) -> dict[str, tuple[str, ...]]:
    chosen = select(body, sites, are_tags_hints=hints)
    return {
        site.name: (*request.urls, *request.prefixes, *request.tags) for site, request in chosen
    }


def test_a_url_is_for_the_site_of_its_host() -> None:
    body = Body(urls=["https://shop.example/a", "https://blog.example/b"])
    assert asked(body, SHOP, BLOG) == {
        "shop": ("https://shop.example/a",),
        "blog": ("https://blog.example/b",),
    }


def test_a_path_is_for_every_site() -> None:
    assert asked(Body(urls=["/a"]), SHOP, BLOG) == {
        "shop": ("https://shop.example/a",),
        "blog": ("https://blog.example/a",),
    }


def test_a_tag_is_for_the_sites_that_know_it() -> None:
    assert asked(Body(tags=["posts"]), SHOP, BLOG) == {"blog": ("posts",)}
    assert asked(Body(tags=["news"]), SHOP, BLOG) == {"shop": ("news",), "blog": ("news",)}


def test_a_tag_that_nobody_knows_is_refused_unless_tags_are_hints() -> None:
    with pytest.raises(RequestError, match='tag "none" is not in the configuration'):
        asked(Body(urls=["/a"], tags=["none"]), SHOP)
    assert asked(Body(urls=["/a"], tags=["none"]), SHOP, hints=True) == {
        "shop": ("https://shop.example/a",)
    }
    assert asked(Body(tags=["none"]), SHOP, hints=True) == {}


def test_one_url_of_nobody_refuses_the_request() -> None:
    with pytest.raises(RequestError) as refused:
        asked(Body(urls=["/a", "https://evil.example/"]), SHOP, BLOG)
    assert str(refused.value) == (
        '"https://evil.example/" is not a URL of a site that is kept warm: shop, blog'
    )


@given(
    st.sampled_from(["http://", "https://", "//", "", "ftp://", "file://", "HTTPS://"]),
    HOSTS | st.text(max_size=30),
    st.text(max_size=30),
)
def test_whatever_a_url_looks_like_no_other_host_is_let_through(
    scheme: str, host: str, rest: str
) -> None:
    for body in (Body(urls=[scheme + host + rest]), Body(prefixes=[scheme + host + "/" + rest])):
        try:
            chosen = select(body, [SHOP], are_tags_hints=False)
        except RequestError:
            continue
        for _, request in chosen:
            for url in (*request.urls, *request.prefixes):
                assert url.startswith("https://shop.example/")
                assert urlsplit(url).netloc == "shop.example"
