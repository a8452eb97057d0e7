"""Wagtail with its frontend cache module; `NEWSROOM_SETTINGS` replaces what a test wants."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.sites.wagtail_apps import WAGTAIL_APPS, NoMigrations

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["news.example.test", "testserver"]
ROOT_URLCONF = "tests.sites.newsroom.wagtail_site.urls"
INSTALLED_APPS = [
    "tests.sites.newsroom.wagtail_site",
    "warmer.contrib.django",
    "wagtail.contrib.frontend_cache",
    *WAGTAIL_APPS,
]
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
