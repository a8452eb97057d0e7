"""The pages. Each says that it was rendered, which a response from the cache cannot."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count
from django.shortcuts import get_object_or_404, render

from tests.sites.magazine.models import Article, Section

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def front(request: HttpRequest) -> HttpResponse:
    latest = Article.objects.select_related("section", "author").order_by("-published")[:30]
    return _page(request, "front.html", {"latest": latest})


def section(request: HttpRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(Section, slug=slug)
    articles = shown.articles.select_related("section", "author").prefetch_related("tags")
    return _page(
        request, "section.html", {"shown": shown, "latest": articles.order_by("-published")[:25]}
    )


def article(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Article.objects.select_related("section", "author"), slug=slug)
    tags = list(found.tags.all())
    related = (
        Article.objects.filter(tags__in=tags)
        .exclude(pk=found.pk)
        .select_related("section", "author")
        .annotate(shared=Count("tags"))
        .order_by("-shared", "-published")[:6]
    )
    comments = found.comments.order_by("written")
    names = {"article": found, "tags": tags, "related": related, "comments": comments}
    return _page(request, "article.html", names)


def _page(request: HttpRequest, template: str, names: dict[str, Any]) -> HttpResponse:
    request.was_rendered = True
    if settings.BACKEND:
        _ask_backend(int(settings.BACKEND))
    sections = Section.objects.annotate(size=Count("articles")).order_by("name")
    read = Article.objects.select_related("section").order_by("-visits")[:10]
    return render(request, f"magazine/{template}", {**names, "sections": sections, "read": read})


def _ask_backend(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.recv(1)
