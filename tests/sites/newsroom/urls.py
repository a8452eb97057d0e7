"""Pages; each counts its renders in a file, and for whom, which no cache can answer for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.contrib.sitemaps import GenericSitemap
from django.contrib.sitemaps.views import sitemap
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.views.decorators.cache import cache_page, never_cache

from tests.sites.newsroom.models import Article

if TYPE_CHECKING:
    from django.http import HttpRequest


def counted(request: HttpRequest) -> None:
    with settings.RENDER_LOG.open("a") as log:
        log.write(request.get_full_path() + "\n")
    with settings.AGENT_LOG.open("a") as log:
        log.write(request.headers.get("User-Agent", "") + "\n")


def article(request: HttpRequest, slug: str) -> HttpResponse:
    counted(request)
    found = get_object_or_404(Article, slug=slug)
    time.sleep(settings.RENDER_S)
    return HttpResponse(found.title, headers={"Vary": "X-Device, X-Absent"})


def front(request: HttpRequest, **_: str) -> HttpResponse:
    counted(request)
    return HttpResponse(" ".join(Article.objects.values_list("title", flat=True)))


urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(template_name="login.html")),
    path("a/<slug:slug>/", article, name="article"),
    path("by-decorator/<slug:slug>/", cache_page(300, key_prefix="deco")(article)),
    path("members/<slug:slug>/", login_required(article)),
    # The wrong way round: the page is stored before SessionMiddleware says Vary: Cookie.
    path("leaky/<slug:slug>/", cache_page(300, key_prefix="leaky")(login_required(article))),
    path("s/<slug:slug>/", front, name="section"),
    path("private/", never_cache(front)),
    path(
        "sitemap.xml",
        sitemap,
        {"sitemaps": {"a": GenericSitemap({"queryset": Article.objects.all()})}},
    ),
    path("", front),
]
