"""Settings from the environment; `tests.servers.django_site.SiteOptions` names them all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def _text(name: str, default: str = "") -> str:
    return os.environ.get(f"SHOP_{name}", default)


def _flag(name: str) -> bool:
    return _text(name) == "1"


PAGES = int(_text("PAGES", "20"))
PADDING = "x" * int(_text("PADDING", "0"))
RENDER_S = float(_text("RENDER_S", "0"))
SLOW_S = float(_text("SLOW_S", "1"))
SHORT_TTL_S = 5
TTL_S = 600
CACHE_PAGE = _flag("CACHE_PAGE")
I18N_PATTERNS = _flag("I18N_PATTERNS")
RENDER_LOG = Path(os.environ["SHOP_RENDER_LOG"])

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = _text("HOSTS", "www.example.test").split(",")
DEBUG = _flag("DEBUG")
ROOT_URLCONF = "tests.sites.shop.urls"
INSTALLED_APPS = ["django.contrib.sitemaps", "tests.sites.shop"]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
USE_I18N = _flag("I18N")
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_CODE = "en"
TIME_ZONE = _text("TIME_ZONE") or "UTC"
USE_TZ = bool(_text("TIME_ZONE"))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _flag("SSL_HEADER") else None
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

BACKENDS: dict[str, dict[str, Any]] = {
    "redis": {"BACKEND": "django.core.cache.backends.redis.RedisCache"},
    "django-redis": {"BACKEND": "django_redis.cache.RedisCache"},
    "django-redis-zlib": {
        "BACKEND": "django_redis.cache.RedisCache",
        "OPTIONS": {"COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor"},
    },
    "pymemcache": {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache"},
    "locmem": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "none": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
CACHES = {
    "default": {
        **BACKENDS[_text("CACHE_BACKEND", "none")],
        "LOCATION": _text("CACHE_LOCATION"),
        "KEY_PREFIX": _text("KEY_PREFIX"),
        "VERSION": int(_text("VERSION", "1")),
    }
}
CACHE_MIDDLEWARE_SECONDS = TTL_S
CACHE_MIDDLEWARE_KEY_PREFIX = _text("PAGE_PREFIX")

GZIP = "django.middleware.gzip.GZipMiddleware"
SITE_CACHE = _flag("SITE_CACHE")
MIDDLEWARE = [
    *([GZIP] if _text("GZIP") == "outside" else []),
    *(["django.middleware.cache.UpdateCacheMiddleware"] if SITE_CACHE else []),
    *([GZIP] if _text("GZIP") == "inside" else []),
    "django.contrib.sessions.middleware.SessionMiddleware",
    *(["django.middleware.locale.LocaleMiddleware"] if USE_I18N else []),
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    *(["django.middleware.cache.FetchFromCacheMiddleware"] if SITE_CACHE else []),
]
