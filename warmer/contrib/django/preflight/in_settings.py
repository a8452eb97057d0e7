"""What the settings tell: Django's own checks, and what these leave out. Opens no connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.cache import caches
from django.http.request import validate_host
from django.template import engines

from warmer.contrib.django.preflight.asked import is_a
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

_STARTPROJECT = "django-insecure-"
_LEAST_LENGTH, _LEAST_DIFFERENT = 50, 5
"""Of SECRET_KEY, as `security.W009` has it."""
_CACHED = "django.template.loaders.cached.Loader"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_ENGINES = "django.contrib.sessions.backends."
_FOR_ONE_PROCESS = (
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.dummy.DummyCache",
)
_EXAMPLE = "example.com"


def system_checks(_asked: Asked) -> Iterator[Result]:
    """Everything that `manage.py check --deploy` finds, one result an id."""
    found: dict[str, list[Any]] = {}
    for message in checks.run_checks(include_deployment_checks=True):
        found.setdefault(message.id or "without an id", []).append(message)
    for name, messages in sorted(found.items()):
        yield _finding(name, messages)
    if not found:
        yield Result("system-checks", Grade.OK, "check --deploy", "finds nothing")


def _finding(name: str, messages: list[Any]) -> Result:
    loud = [message for message in messages if not message.is_silenced()]
    first = (loud or messages)[0]
    about = f"{first.obj}: " if first.obj is not None else ""
    more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
    reason = about + " ".join(str(first.msg).split()).rstrip(".") + more
    if not loud:
        reason = f"silenced by SILENCED_SYSTEM_CHECKS: {reason}"
        return Result("system-checks", Grade.SKIPPED, name, reason)
    if first.level < checks.WARNING:
        return Result("system-checks", Grade.OK, name, reason)
    grade = Grade.FAIL if first.level >= checks.ERROR else Grade.WARN
    cure = " ".join(str(first.hint or "").split()).rstrip(".")
    return Result("system-checks", grade, name, reason, cure or f"see {name} in Django's manual")


def debug(_asked: Asked) -> Iterator[Result]:
    """Neither DEBUG nor its toolbar."""
    if settings.DEBUG:
        reason = "True: errors show settings and code, and each query is kept in memory"
        yield Result("debug", Grade.FAIL, "DEBUG", reason, "set DEBUG = False")
    elif apps.is_installed("debug_toolbar"):
        cure = "install it only where DEBUG is True"
        yield Result("debug", Grade.WARN, "INSTALLED_APPS", "debug_toolbar is installed", cure)
    else:
        yield Result("debug", Grade.OK, "DEBUG", "False")


def secret_key(_asked: Asked) -> Iterator[Result]:
    """Long, of many characters, and not the one that `startproject` wrote; never shown."""
    key = str(settings.SECRET_KEY)
    fault = ""
    if key.startswith(_STARTPROJECT):
        fault = "is the one that startproject wrote"
    elif len(key) < _LEAST_LENGTH:
        fault = f"has {len(key)} characters; expected {_LEAST_LENGTH} or more"
    elif len(set(key)) < _LEAST_DIFFERENT:
        fault = f"has {len(set(key))} different characters; expected {_LEAST_DIFFERENT} or more"
    if fault:
        cure = "take a new one of django.core.management.utils.get_random_secret_key()"
        yield Result("secret-key", Grade.FAIL, "SECRET_KEY", fault, cure)
    else:
        yield Result("secret-key", Grade.OK, "SECRET_KEY", f"{len(key)} characters")


def allowed_hosts(asked: Asked) -> Iterator[Result]:
    """Names, without a wildcard, and that of the site among them."""
    where, hosts = "ALLOWED_HOSTS", list(settings.ALLOWED_HOSTS)
    own = urlsplit(asked.base_url).hostname
    cure = "name the hosts that visitors use, and no other"
    if not hosts:
        yield Result("allowed-hosts", Grade.FAIL, where, "names no host: all get 400", cure)
    elif "*" in hosts:
        yield Result("allowed-hosts", Grade.FAIL, where, "has *, which is every host", cure)
    elif own and not validate_host(own, hosts):
        yield Result("allowed-hosts", Grade.FAIL, where, f"lacks {own}: visitors get 400", cure)
    else:
        yield Result("allowed-hosts", Grade.OK, where, ", ".join(hosts))


def time_zone(_asked: Asked) -> Iterator[Result]:
    """Times with a zone."""
    if settings.USE_TZ:
        yield Result("time-zone", Grade.OK, "TIME_ZONE", settings.TIME_ZONE)
        return
    reason = "False: times are local, and jump when the clocks are changed"
    cure = "set USE_TZ = True, and know that page keys then end in the zone"
    yield Result("time-zone", Grade.WARN, "USE_TZ", reason, cure)


def site_domain(_asked: Asked) -> Iterator[Result]:
    """The Sites framework names the site, for sitemaps and mails take their host from it."""
    if not apps.is_installed("django.contrib.sites"):
        yield Result("site-domain", Grade.SKIPPED, "", "django.contrib.sites is not installed")
        return
    from django.contrib.sites.models import Site  # noqa: PLC0415 -- a model, where it is installed

    domain = Site.objects.get_current().domain
    cure = "set the domain of this Site in the admin"
    if domain == _EXAMPLE:
        reason = f"{_EXAMPLE}: sitemaps and mails send people there"
        yield Result("site-domain", Grade.FAIL, f"SITE_ID {settings.SITE_ID}", reason, cure)
    elif not validate_host(domain.rpartition(":")[0] or domain, settings.ALLOWED_HOSTS):
        reason = f"{domain} is not in ALLOWED_HOSTS"
        yield Result("site-domain", Grade.WARN, "Site", reason, cure)
    else:
        yield Result("site-domain", Grade.OK, "Site", domain)


def template_loader(_asked: Asked) -> Iterator[Result]:
    """Templates are compiled once a process."""
    found = False
    for engine in engines.all():
        if not is_a(engine, "django.template.backends.django.DjangoTemplates"):
            continue
        found = True
        where = f"TEMPLATES {engine.name}"
        if any(is_a(loader, _CACHED) for loader in engine.engine.template_loaders):
            yield Result("template-loader", Grade.OK, where, "cached")
        else:
            reason = "without the cached loader: templates are compiled for each render"
            cure = f"leave out loaders, or wrap them in {_CACHED}"
            yield Result("template-loader", Grade.WARN, where, reason, cure)
    if not found:
        yield Result("template-loader", Grade.SKIPPED, "TEMPLATES", "no DjangoTemplates")


def session_engine(_asked: Asked) -> Iterator[Result]:
    """Faster than the database, and one store for all processes."""
    check, where = "session-engine", "SESSION_ENGINE"
    if _SESSIONS not in settings.MIDDLEWARE:
        yield Result(check, Grade.SKIPPED, where, "no SessionMiddleware")
        return
    engine = settings.SESSION_ENGINE
    kind = engine.removeprefix(_ENGINES)
    cure = f'set SESSION_ENGINE = "{_ENGINES}cached_db", with a Redis or memcached behind it'
    if kind in {engine, "signed_cookies"}:
        yield Result(check, Grade.OK, where, kind)
    elif kind in {"db", "file"}:
        asks = "the database" if kind == "db" else "the disk"
        reason = f"{kind}: every request with a session asks {asks}"
        yield Result(check, Grade.WARN, where, reason, cure)
    elif is_a(caches[settings.SESSION_CACHE_ALIAS], *_FOR_ONE_PROCESS):
        reason = (
            f'{kind} on the cache "{settings.SESSION_CACHE_ALIAS}", which each process has for'
            " itself: people are logged out by chance"
        )
        yield Result(check, Grade.FAIL, where, reason, cure)
    else:
        yield Result(
            check, Grade.OK, where, f'{kind} on the cache "{settings.SESSION_CACHE_ALIAS}"'
        )
