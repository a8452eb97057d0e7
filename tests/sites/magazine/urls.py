"""A front page, sections, articles."""

from __future__ import annotations

from django.urls import path

from tests.sites.magazine import views

urlpatterns = [
    path("", views.front),
    path("s/<slug:slug>/", views.section, name="section"),
    path("a/<slug:slug>/", views.article, name="article"),
]
