"""Sixty products and a sitemap that ranks them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse

KINDS = ("Lamp", "Chair", "Table", "Shelf", "Mirror", "Clock")
WOODS = ("Oak", "Ash", "Elm", "Beech", "Birch", "Cherry", "Larch", "Maple", "Pine", "Walnut")
PRODUCTS = [f"{wood} {kind.lower()}" for wood in WOODS for kind in KINDS]
RENDERS = Path(os.environ["DEMO_RENDERS"])
RENDER_S = 0.05
"""What the queries of a product page would take."""


def product(request: HttpRequest, number: int) -> HttpResponse:
    if not 1 <= number <= len(PRODUCTS):
        raise Http404
    # The count of renders, one byte each: it comes from here and from no cache.
    with RENDERS.open("ab") as renders:
        renders.write(b".")
    time.sleep(RENDER_S)  # what is rendered costs that much, and what a cache gives does not
    related = [number % len(PRODUCTS) + 1, (number + 6) % len(PRODUCTS) + 1]
    context = {
        "name": PRODUCTS[number - 1],
        "price": 40 + number * 7 % 90,
        "related": [(other, PRODUCTS[other - 1]) for other in related],
    }
    return render(request, "product.html", context)


class Products(Sitemap):
    def items(self) -> range:
        return range(1, len(PRODUCTS) + 1)

    def location(self, item: int) -> str:
        return reverse("product", args=[item])

    def priority(self, item: int) -> str:
        return f"{1 - item / (len(PRODUCTS) + 1):.2f}"


urlpatterns = [
    path("products/<int:number>/", product, name="product"),
    path("sitemap.xml", sitemap, {"sitemaps": {"products": Products}}),
]
