"""The pages, one a caching behaviour; each is rendered from a template and counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control, cache_page, never_cache
from django.views.decorators.vary import vary_on_cookie, vary_on_headers

from tests.sites.shop.renders import counted, so_far

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest, HttpResponseBase

    View = Callable[..., HttpResponseBase]


def cached(seconds: int) -> Callable[[View], View]:
    """`cache_page` where the site uses it; else a max-age for the site-wide middleware."""
    if settings.CACHE_PAGE:
        return cache_page(seconds)
    return cache_control(max_age=seconds)


def _page(request: HttpRequest, title: str) -> HttpResponse:
    time.sleep(settings.RENDER_S)
    others = range(1, settings.PAGES + 1)
    context = {"title": title, "others": others, "padding": settings.PADDING}
    return render(request, "page.html", context)


@cached(settings.TTL_S)
@counted
def product(request: HttpRequest, number: int) -> HttpResponse:
    if number > settings.PAGES:
        raise Http404
    return _page(request, f"Product {number}")


@cache_control(private=True)
@counted
def private(request: HttpRequest) -> HttpResponse:
    return _page(request, "Your account")


@never_cache
@counted
def no_store(request: HttpRequest) -> HttpResponse:
    return _page(request, "Stock right now")


@cached(settings.TTL_S)
@vary_on_cookie
@counted
def cookie(request: HttpRequest) -> HttpResponse:
    response = _page(request, "Welcome")
    response.set_cookie("visitor", "1")
    return response


@cached(settings.TTL_S)
@counted
def session(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return _page(request, "Basket")


@cache_page(settings.TTL_S)
@counted
def csrf(request: HttpRequest) -> HttpResponse:
    """The mistake that many sites make: a form under `cache_page`."""
    return render(request, "form.html")


@cached(settings.TTL_S)
@vary_on_headers("User-Agent")
@counted
def user_agent(request: HttpRequest) -> HttpResponse:
    return _page(request, f"For {request.headers.get('User-Agent', '')}")


@cached(settings.SHORT_TTL_S)
@counted
def short(request: HttpRequest) -> HttpResponse:
    return _page(request, "Auction")


@counted
def stream(_request: HttpRequest) -> StreamingHttpResponse:
    def rows() -> Iterator[bytes]:
        yield b"<html><title>Export</title>"
        yield b"</html>"

    return StreamingHttpResponse(rows())


@counted
def missing(_request: HttpRequest) -> HttpResponse:
    raise Http404


@counted
def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("this page is broken")


@cached(settings.TTL_S)
@counted
def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(settings.SLOW_S)
    return _page(request, "Report")


def redirect(_request: HttpRequest, number: int) -> HttpResponse:
    """Not counted: it renders no page, the one that it leads to is what visitors wait for."""
    return HttpResponseRedirect(f"/p/{number}/")


@counted
def loop(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(request.path)


@counted
def away(_request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("http://elsewhere.example.test/")


@cached(settings.TTL_S)
@counted
def flaky(request: HttpRequest, failures: int) -> HttpResponse:
    """503 for the first so many requests, then a page."""
    if so_far(request.get_full_path()) <= failures:
        return HttpResponse("busy", status=503, headers={"Retry-After": "1"})
    return _page(request, "Popular")


def robots(request: HttpRequest) -> HttpResponse:
    text = f"User-agent: *\nDisallow: /private/\nSitemap: {request.build_absolute_uri('/sitemap.xml')}\n"
    return HttpResponse(text, content_type="text/plain")
