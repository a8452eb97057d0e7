"""Settings from the environment, by the names of `tests.sites.magazine`."""

from __future__ import annotations

import os
from pathlib import Path

from tests.sites.wagtail_apps import WAGTAIL_APPS, NoMigrations

DATABASE = Path(os.environ["MAGAZINE_DATABASE"])
JOURNAL = Path(os.environ["MAGAZINE_JOURNAL"])

SECRET_KEY = "only for benchmarks"
ALLOWED_HOSTS = ["www.magazine.test"]
ROOT_URLCONF = "tests.sites.gazette.urls"
INSTALLED_APPS = [
    "tests.sites.gazette",
    *WAGTAIL_APPS,
]
MIGRATION_MODULES = NoMigrations()
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATABASE)}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/static/"
WAGTAIL_SITE_NAME = "Gazette"
WAGTAILADMIN_BASE_URL = "http://www.magazine.test"
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
_CACHE = os.environ["MAGAZINE_CACHE"]
_BACKEND = "redis.RedisCache" if _CACHE else "locmem.LocMemCache"  # fill.py has no server
CACHES = {
    "default": {"BACKEND": f"django.core.cache.backends.{_BACKEND}", "LOCATION": _CACHE},
}
CACHE_MIDDLEWARE_SECONDS = 3600
MIDDLEWARE = [
    "tests.sites.magazine.journal.JournalMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
