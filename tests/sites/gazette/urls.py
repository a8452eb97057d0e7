"""Wagtail's pages, and its admin, for the user bar asks who may use it."""

from __future__ import annotations

from django.urls import include, path
from wagtail import urls
from wagtail.admin import urls as admin_urls
from wagtail.documents import urls as documents_urls

urlpatterns = [
    path("admin/", include(admin_urls)),
    path("documents/", include(documents_urls)),
    path("", include(urls)),
]
