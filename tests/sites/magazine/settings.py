"""Settings from the environment; `bench.magazine` names them all."""

from __future__ import annotations

import os
from pathlib import Path

DATABASE = Path(os.environ["MAGAZINE_DATABASE"])
JOURNAL = Path(os.environ["MAGAZINE_JOURNAL"])
BACKEND = os.environ.get("MAGAZINE_BACKEND")
"""Port of the service that every page asks, if there is one: `backend.py`."""

SECRET_KEY = "only for benchmarks"
ALLOWED_HOSTS = ["www.magazine.test"]
ROOT_URLCONF = "tests.sites.magazine.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "tests.sites.magazine",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATABASE)}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_I18N = False
USE_TZ = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["MAGAZINE_CACHE"],
    }
}
CACHE_MIDDLEWARE_SECONDS = 3600
MIDDLEWARE = [
    "tests.sites.magazine.journal.JournalMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
