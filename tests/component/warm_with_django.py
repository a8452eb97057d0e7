"""Answers requests through a whole Django with its cache middleware on a real Redis.

Run by the Python of an environment with the Django version to try, by
test_django_keys_versions.py: a JSON request a line on standard input, a JSON response
a line on standard output. Imports nothing of warmer.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["www.example.com"],
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["WARM_REDIS_URL"],
            "KEY_PREFIX": "shop",
        }
    },
    CACHE_MIDDLEWARE_KEY_PREFIX="wide",
    LANGUAGE_CODE="en-us",
    MIDDLEWARE=[
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ],
    ROOT_URLCONF=__name__,
    TIME_ZONE="Europe/Berlin",
    USE_I18N=True,
    USE_TZ=True,
)
renders = 0


def page(_request: HttpRequest, name: str) -> HttpResponse:
    """Count, and vary on a header that is sent and on one that is not."""
    global renders  # noqa: PLW0603 - the oracle: what a cache answers does not pass here
    renders += 1
    headers = {"Vary": "User-Agent, X-Device"} if name.startswith("varied") else {}
    return HttpResponse(name, headers=headers)


urlpatterns = [path("<path:name>/", page)]


def main() -> None:
    """Answer until standard input ends."""
    django.setup()
    from django.test import Client

    client = Client()
    print(json.dumps({"django": django.get_version()}), flush=True)  # noqa: T201 - the protocol
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        meta = {f"HTTP_{name.upper().replace('-', '_')}": value
                for name, value in asked["headers"].items()}  # fmt: skip
        response = client.get(
            asked["target"], secure=True, SERVER_NAME="www.example.com", SERVER_PORT="443", **meta
        )
        answer = {"language": response["Content-Language"], "renders": renders}
        print(json.dumps(answer), flush=True)  # noqa: T201 - the protocol


if __name__ == "__main__":
    main()
