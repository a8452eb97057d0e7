"""Healthy settings; `NEWSROOM_SETTINGS` replaces what a test wants otherwise."""

from __future__ import annotations

import json
import os
from pathlib import Path

HOME = Path(os.environ["NEWSROOM_HOME"])

SECRET_KEY = "k7!q" + "x9z-w3v_u1t+s5r=p8o" * 3
DEBUG = False
ALLOWED_HOSTS = ["www.example.test"]
ROOT_URLCONF = "tests.sites.launch.urls"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "warmer.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "db.sqlite3")},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(HOME / "templates")],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
MEDIA_ROOT = str(HOME / "media")
STATIC_URL = "/static/"
STATIC_ROOT = str(HOME / "static")
STATICFILES_DIRS = [str(HOME / "assets")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    },
}
ADMINS = [("Ops", "ops@example.test")]
DEFAULT_FROM_EMAIL = "shop@example.test"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(status_code)s %(message)s"}},
    "handlers": {
        "file": {
            "class": "logging.FileHandler",
            "filename": str(HOME / "errors.log"),
            "formatter": "plain",
        },
        "screen": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"},
    },
    "loggers": {"django.request": {"handlers": ["file", "screen"], "level": "WARNING"}},
}
WARMER = {"stream": "redis://127.0.0.1:6379/5", "base_url": "https://www.example.test"}

globals().update(json.loads(os.environ.get("NEWSROOM_SETTINGS", "{}")))
