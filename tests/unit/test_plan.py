from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config import PlanConfig, VariantConfig
from warmer.model import Target
from warmer.plan import Filter, Normaliser, Ranked, Rejection, targets

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "https://www.example.com"


def normalised(url: str, base_url: str = SITE, **plan: Any) -> str:
    found = Normaliser(base_url, PlanConfig(**plan))(url)
    return found.reason if isinstance(found, Rejection) else found


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/", "/"),
        ("/a/b?c=d&e", "/a/b?c=d&e"),
        (SITE, "/"),
        (f"{SITE}?q", "/?q"),
        (f"{SITE}/a#part", "/a"),
        ("/a#part?no=query", "/a"),
        (f"{SITE}:443/a", "/a"),
        ("http://www.example.com/a", "/a"),
        ("http://www.example.com:80/a", "/a"),
        ("//www.example.com/a", "/a"),
        ("HTTPS://WWW.Example.COM/A?B=C", "/A?B=C"),
        # What selects the cache entry stays byte for byte.
        ("/a%2fb/%7Euser/;v=1/../x//y", "/a%2fb/%7Euser/;v=1/../x//y"),
        ("/s?b=2&a=1&&a=&=x&%41=%2B+", "/s?b=2&a=1&&a=&=x&%41=%2B+"),
        ("/empty?", "/empty?"),
        ("/[x]|y^z`\"<>{}\\?'|", "/[x]|y^z`\"<>{}\\?'|"),
        # Beyond ASCII as a browser sends it; what stands beside it is not touched.
        ('/café/"x"?q=ü|', '/caf%C3%A9/"x"?q=%C3%BC|'),
    ],
)
def test_scheme_and_host_become_the_sites_and_the_rest_stays(url: str, target: str) -> None:
    assert normalised(url) == SITE + target


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.com/a", "other-host"),
        ("https://www.example.com.evil.test/", "other-host"),
        ("https://www.example.com@evil.test/", "credentials-in-url"),
        ("https://user:secret@www.example.com/", "credentials-in-url"),
        ("https://evil.test\\@www.example.com/", "credentials-in-url"),
        ("https://www.example.com\\.evil.test/", "not-a-url"),
        ("//evil.test/a", "other-host"),
        ("ftp://www.example.com/a", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("data:text/html,x", "scheme"),
        ("a/b", "not-a-url"),
        ("", "not-a-url"),
        ("https://", "not-a-url"),
        ("https://[::1", "not-a-url"),
        ("https://www.example.com:99999/", "not-a-url"),
        ("/a b", "control-character"),
        ("/a\nHost: evil.test", "control-character"),
        ("/\x00", "control-character"),
        ("/\udcff", "undecodable"),
        ("/" + "x" * 8192, "url-too-long"),
        ("/" + "ü" * 2000, "url-too-long"),
    ],
)
def test_what_is_no_url_of_the_site_is_left_out_with_its_reason(url: str, reason: str) -> None:
    assert normalised(url) == reason


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("https://WWW.Example.com:443/", "https://www.example.com"),
        ("http://www.example.com:8000", "http://www.example.com:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://[2001:DB8:0::1]:8000", "http://[2001:db8::1]:8000"),
    ],
)
def test_the_sites_own_name_is_written_as_it_goes_over_the_wire(base_url: str, root: str) -> None:
    assert normalised("/a", base_url) == f"{root}/a"
    assert normalised(f"{base_url.rstrip('/')}/a", base_url) == f"{root}/a"
    assert normalised(f"{root}/a", base_url) == f"{root}/a"


def test_a_site_on_a_port_is_not_its_neighbour_on_another() -> None:
    assert normalised("http://localhost:8001/a", "http://localhost:8000") == "other-host"
    assert normalised("http://localhost/a", "http://localhost:8000") == "other-host"


def test_an_alias_is_the_site_under_another_name() -> None:
    aliases = ("Example.com", "shop.example.com:8443", "bücher.example")
    for url in (
        "https://example.com/a",
        "http://EXAMPLE.com:8080/a",
        "https://shop.example.com:8443/a",
        "https://xn--bcher-kva.example/a",
    ):
        assert normalised(url, aliases=aliases) == f"{SITE}/a"
    assert normalised("https://shop.example.com/a", aliases=aliases) == "other-host"
    assert normalised("https://other.example.com/a", aliases=aliases) == "other-host"


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("/a?utm_source=mail&utm_medium=x", "/a"),
        ("/a?b=1&utm_source=mail&c=2", "/a?b=1&c=2"),
        ("/a?gclid=1#top", "/a"),
        ("/a?utm_=&b", "/a?b"),
        ("/a?b=utm_source", "/a?b=utm_source"),
        ("/a?autm_source=1&gclidx=2", "/a?autm_source=1&gclidx=2"),
        ("/a?UTM_source=1", "/a?UTM_source=1"),
        ("/utm_source=1?&", "/utm_source=1?&"),
    ],
)
def test_tracking_parameters_go_and_no_others(target: str, left: str) -> None:
    assert normalised(target) == SITE + left


def test_which_parameters_go_can_be_chosen_by_pattern() -> None:
    chosen = ("ref", "x-?", "[ab]_*")
    assert normalised("/a?ref=1&x-1=2&a_b=3&c_d=4&x-12=5", drop_params=chosen) == (
        f"{SITE}/a?c_d=4&x-12=5"
    )
    assert normalised("/a?utm_source=1", drop_params=()) == f"{SITE}/a?utm_source=1"


URLS = st.one_of(
    st.text(max_size=60),
    st.text(max_size=60).map(lambda text: f"/{text}"),
    st.text(max_size=40).map(lambda text: f"{SITE}/{text}"),
    st.text(max_size=40).map(lambda text: f"{SITE}{text}"),
    st.from_regex(r"(https?:)?//[a-zA-Z.@:\\]{1,20}(/|\?|#)[^\x00-\x20]{0,20}", fullmatch=True),
    st.from_regex(r"/[a-z]{0,3}\?((utm_|ref|a|b)=?[a-z%&#]{0,3}&?){0,4}", fullmatch=True),
    st.text(st.characters(categories=["Cs", "L"]), max_size=20).map(lambda text: f"/{text}"),
)


@given(URLS, st.sampled_from([SITE, "http://localhost:8000", "https://bücher.example"]))
def test_a_target_never_leaves_the_site_and_is_normalised_once_for_all(
    url: str, base_url: str
) -> None:
    normalise = Normaliser(base_url, PlanConfig(aliases=("example.com",)))
    root = normalise("/")
    assert isinstance(root, str)
    found = normalise(url)
    if isinstance(found, Rejection):
        return
    assert found.startswith(root)
    assert found.isascii()
    assert urlsplit(found).netloc == urlsplit(root).netloc
    assert "#" not in found
    assert normalise(found) == found


def test_include_and_exclude_are_searched_in_path_and_query() -> None:
    kept = Filter(["^/p/", "page=2$"], ["draft", r"\.pdf$"])
    accepted = {
        path: kept.accepts(SITE + path)
        for path in ("/p/1", "/q/1", "/q?page=2", "/p/draft", "/p/x.pdf", "/p/?www.example")
    }
    assert accepted == {
        "/p/1": True,
        "/q/1": False,
        "/q?page=2": True,
        "/p/draft": False,
        "/p/x.pdf": False,
        "/p/?www.example": True,
    }
    assert not Filter(["www"], []).accepts(f"{SITE}/a")
    assert Filter([], ["www"]).accepts(f"{SITE}/a")


DEFAULT = VariantConfig(name="default")


def test_the_cap_comes_after_the_variants() -> None:
    ranked = [Ranked(f"{SITE}/{name}", 3.0, None) for name in "abc"]
    both = (VariantConfig(name="de"), VariantConfig(name="en"))
    assert list(targets(ranked, both, 3)) == [
        Target(1, f"{SITE}/a", "de", 1.5),
        Target(2, f"{SITE}/a", "en", 1.5),
        Target(3, f"{SITE}/b", "de", 1.5),
    ]


def test_a_variant_takes_only_the_pages_that_it_includes() -> None:
    variants = (
        DEFAULT,
        VariantConfig(name="mobile", include=("^/m/",)),
        VariantConfig(name="login", include=("^/account",)),
    )
    ranked = [Ranked(f"{SITE}/m/1", 4.0, 2.0), Ranked(f"{SITE}/x", 1.0, None)]
    assert list(targets(ranked, variants, None)) == [
        Target(1, f"{SITE}/m/1", "default", 2.0, 1.0),
        Target(2, f"{SITE}/m/1", "mobile", 2.0, 1.0),
        Target(3, f"{SITE}/x", "default", 1.0),
    ]


def test_a_page_that_no_variant_takes_is_no_target() -> None:
    ranked = [Ranked(f"{SITE}/x", 1.0, 1.0)]
    assert list(targets(ranked, (VariantConfig(name="m", include=("^/m/",)),), None)) == []


def test_a_cap_stops_reading() -> None:
    def endless() -> Iterator[Ranked]:
        while True:
            yield Ranked(f"{SITE}/a", 1.0, None)

    found = targets(endless(), (DEFAULT,), 2)
    assert [target.rank for target in found] == [1, 2]


@given(
    st.lists(st.tuples(st.floats(0, 1e9), st.none() | st.floats(0, 1e9)), max_size=20),
    st.integers(1, 7),
)
def test_sums_over_targets_are_sums_over_pages(
    weights: list[tuple[float, float | None]], variants: int
) -> None:
    ranked = [Ranked(f"{SITE}/{n}", weight, seen) for n, (weight, seen) in enumerate(weights)]
    found = list(targets(ranked, [VariantConfig(name=str(n)) for n in range(variants)], None))
    assert [target.rank for target in found] == list(range(1, len(weights) * variants + 1))
    assert math.isclose(
        sum(target.weight for target in found),
        sum(weight for weight, _ in weights),
        abs_tol=1e-6,
    )
    assert math.isclose(
        sum(target.traffic or 0.0 for target in found),
        sum(seen or 0.0 for _, seen in weights),
        abs_tol=1e-6,
    )
