"""Articles and tags in the admin, as a newsroom has them."""

from __future__ import annotations

from django.contrib import admin

from tests.sites.newsroom.models import Article, Section, Tag

admin.site.register([Article, Section, Tag])
