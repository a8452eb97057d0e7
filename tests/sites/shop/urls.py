"""Paths of the shop, and its sitemap with priorities that fall from the first product on."""

from __future__ import annotations

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.urls import path, reverse

from tests.sites.shop import views


class Products(Sitemap):
    i18n = alternates = settings.I18N_PATTERNS

    def items(self) -> list[int]:
        return list(range(1, settings.PAGES + 1))

    def location(self, item: int) -> str:
        return reverse("product", args=[item])

    def priority(self, item: int) -> str:
        return f"{1 - item / (settings.PAGES + 1):.3f}"


products = [path("p/<int:number>/", views.product, name="product")]
urlpatterns = [
    *(i18n_patterns(*products) if settings.I18N_PATTERNS else products),
    path("private/", views.private),
    path("no-store/", views.no_store),
    path("cookie/", views.cookie),
    path("session/", views.session),
    path("csrf/", views.csrf),
    path("ua/", views.user_agent),
    path("short/", views.short),
    path("stream/", views.stream),
    path("404", views.missing),
    path("500/", views.broken),
    path("slow/", views.slow),
    path("redirect/<int:number>/", views.redirect),
    path("loop/", views.loop),
    path("away/", views.away),
    path("flaky/<int:failures>/", views.flaky),
    path("robots.txt", views.robots),
    path("sitemap.xml", sitemap, {"sitemaps": {"products": Products}}),
]
