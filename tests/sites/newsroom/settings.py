"""A site with admin, page cache and the app; `NEWSROOM_SETTINGS` replaces what a test wants."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import django

HOME = Path(os.environ["NEWSROOM_HOME"])
RENDER_LOG = HOME / "renders"
AGENT_LOG = HOME / "agents"
RENDER_S = 0.0

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["news.example.test", "testserver", "127.0.0.1"]
ROOT_URLCONF = "tests.sites.newsroom.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "tests.sites.newsroom",
    "warmer.contrib.django",
]
OPTIONS: dict[str, Any] = {"timeout": 20}
if django.VERSION >= (5, 1):
    # A killed process loses nothing by it, only a machine would; and it spares the disk.
    OPTIONS["init_command"] = "PRAGMA synchronous=OFF"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(HOME / "db.sqlite3"),
        "OPTIONS": OPTIONS,
    },
    "archive": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "archive.sqlite3")},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CACHE_MIDDLEWARE_SECONDS = 600
MIDDLEWARE = [
    "warmer.contrib.django.middleware.CacheStatusMiddleware",
    "warmer.contrib.django.middleware.RefreshMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
WARMER = {"base_url": "https://news.example.test", "secret": "a shared secret"}

globals().update(json.loads(os.environ.get("NEWSROOM_SETTINGS", "{}")))
