"""The newsroom with pages for members that answer others with status 200 and the form in their place.

Its URLs are `ROOT_URLCONF` where a test wants them. The form has no CSRF token, so that nothing
but the form itself tells it from a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.contrib.auth import authenticate, login
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt

from tests.sites.newsroom import urls
from tests.sites.newsroom.models import Article

if TYPE_CHECKING:
    from django.http import HttpRequest


@csrf_exempt
def enter(request: HttpRequest) -> HttpResponse:
    """The form under its own URL."""
    if request.method == "POST":
        urls.counted(request)
        name, word = request.POST["username"], request.POST["password"]
        user = authenticate(request, username=name, password=word)
        if user is not None:
            login(request, user)
            return redirect(request.POST.get("next") or "/lounge/")
    return render(request, "enter.html")


class Club(LoginRequiredMixin, View):
    """A page that one entry serves to all members; the session is looked at before the cache."""

    @method_decorator(cache_page(300, key_prefix="club"))
    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return urls.article(request, slug)

    def handle_no_permission(self) -> HttpResponse:
        urls.counted(self.request)
        return render(self.request, "enter.html", {"message": "Members only: please log in."})


class Board(Club):
    """What members may not see."""

    def dispatch(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not request.user.is_staff:
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)


class Desk(Club):
    """Where members change a title."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return render(request, "desk.html", {"article": Article.objects.get(slug=slug)})

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        Article.objects.filter(slug=slug).update(title=request.POST["title"])
        return redirect("/lounge/")


def gate(_: HttpRequest) -> HttpResponse:
    """Whoever comes first waits until a test opens it, by the Redis of the sessions."""
    client = redis.Redis.from_url(settings.CACHES["sessions"]["LOCATION"])
    if client.set("gate", "reached", nx=True):
        client.rpush("reached", 1)
        client.blpop(["open"], timeout=30)
    return HttpResponse("open", headers={"Cache-Control": "no-store"})


def lounge(request: HttpRequest) -> HttpResponse:
    """Where members come to; of no interest but that the form is not on it."""
    urls.counted(request)
    return HttpResponse("Welcome, member")


def poster(request: HttpRequest, slug: str) -> HttpResponse:
    """A page for everybody that knows no sessions, with the form above it."""
    urls.counted(request)
    return render(request, "poster.html", {"slug": slug})


urlpatterns = [
    path("enter/", enter),
    path("lounge/", lounge),
    path("gate/", gate),
    path("desk/<slug:slug>/", Desk.as_view()),
    path("club/<slug:slug>/", Club.as_view()),
    path("board/<slug:slug>/", Board.as_view()),
    # The wrong way round: whoever comes first makes the entry of all, a stranger the form.
    path("open-club/<slug:slug>/", cache_page(300, key_prefix="open")(Club.as_view())),
    path("poster/<slug:slug>/", poster),
    *urls.urlpatterns,
]
