"""Wagtail with its frontend cache module; `NEWSROOM_SETTINGS` replaces what a test wants."""

from __future__ import annotations

import json
import os
from pathlib import Path

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["news.example.test", "testserver"]
ROOT_URLCONF = "tests.sites.newsroom.wagtail_site.urls"
INSTALLED_APPS = [
    "tests.sites.newsroom.wagtail_site",
    "warmer.contrib.django",
    "wagtail.contrib.frontend_cache",
    "wagtail.users",
    "wagtail.images",
    "wagtail.documents",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django_tasks",
]


class NoMigrations(dict[str, None]):
    """Tables are made from the models as they are: 20 seconds less."""

    def __contains__(self, _app: object) -> bool:
        return True

    def __getitem__(self, _app: str) -> None:
        return None


MIGRATION_MODULES = NoMigrations()
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(Path(os.environ["NEWSROOM_HOME"], "db.sqlite3")),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/static/"
WAGTAIL_SITE_NAME = "News"
WAGTAILADMIN_BASE_URL = "https://news.example.test"
SILENCED_SYSTEM_CHECKS = ["wagtailadmin.W001"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

globals().update(json.loads(os.environ.get("NEWSROOM_SETTINGS", "{}")))
