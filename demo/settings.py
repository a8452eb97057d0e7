"""A Django site as many are: the site-wide cache middleware, on Redis. No database."""

from __future__ import annotations

import os
from pathlib import Path

SECRET_KEY = "the demo serves this machine only"  # noqa: S105 - signs nothing that matters
DEBUG = False
ALLOWED_HOSTS = ["www.example.com"]
ROOT_URLCONF = "demo.urls"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.sitemaps"]
MIDDLEWARE = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["DEMO_REDIS"],
        "KEY_PREFIX": "shop",
    }
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
    }
]
