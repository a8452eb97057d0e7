"""The URLs whose pages show an instance. Never raises: a model's fault must not break a save.

Own page (`get_absolute_url`, in each language where paths have a language prefix) and
what `@warms` says; absolute by `WARMER["base_url"]` or the Sites framework, else paths.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urldefrag, urljoin

from django.apps import apps
from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.utils import translation

from warmer.contrib.django.options import Options, options
from warmer.contrib.django.registry import registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.db.models import Model

_log = logging.getLogger("warmer.django")
_EXAMPLE = "example.com"
"""The domain that `migrate` gives the first site; nobody's."""


def is_warmable(model: type[Model], chosen: Options) -> bool:
    """Whether saves of this model concern any page."""
    if not hasattr(model, "get_absolute_url") and next(registered(model), None) is None:
        return False
    label = model._meta.label_lower  # noqa: SLF001 -- Django's documented model API
    return label not in {excluded.lower() for excluded in chosen.exclude}


def tag(model: type[Model]) -> str:
    """What a trigger calls instances of this model: `app.model`."""
    return str(model._meta.label_lower)  # noqa: SLF001 -- Django's documented model API


class Pages(NamedTuple):
    """URLs that show an instance: its own, in every language, and those of `@warms`."""

    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def pages_of(instance: Model) -> Pages:
    """Both empty if nothing is known of the instance's pages."""
    own = _own(instance) if hasattr(instance, "get_absolute_url") else ()
    others = [url for function in registered(type(instance)) for url in _named(instance, function)]
    return Pages(absolute(own), absolute(others))


def _own(instance: Model) -> Iterator[str]:
    languages: list[str | None] = [None]
    if settings.USE_I18N and is_language_prefix_patterns_used(settings.ROOT_URLCONF)[0]:
        languages = [code for code, _ in settings.LANGUAGES]
    for language in languages:
        with translation.override(language or translation.get_language()):
            yield from _named(instance, lambda each: [each.get_absolute_url() or ""])


def _named(instance: Model, function: Callable[[Model], Iterable[str]]) -> list[str]:
    try:
        return [str(url) for url in function(instance) if url]
    except Exception:  # noqa: BLE001 -- the site's own code, of whatever kind its errors are
        _log.warning(
            "%s: no URL of instance %s: %s raised; expected URLs or nothing",
            tag(type(instance)), instance.pk, getattr(function, "__qualname__", function),
            exc_info=True,
        )  # fmt: skip
        return []


def absolute(urls: Iterable[str]) -> tuple[str, ...]:
    """The URLs with scheme and host where these are known, each once, without fragments."""
    base = base_url(options())
    joined = (urldefrag(urljoin(base + "/", url) if base else url).url for url in urls)
    return tuple(dict.fromkeys(url for url in joined if url))


def base_url(chosen: Options) -> str:
    """Scheme and host without a slash, or an empty string where nothing tells them."""
    if chosen.base_url:
        return chosen.base_url.rstrip("/")
    if not apps.is_installed("django.contrib.sites"):
        return ""
    from django.contrib.sites.models import Site  # noqa: PLC0415 -- only where it is installed

    if not getattr(settings, "SITE_ID", None):
        return ""
    try:
        domain = str(Site.objects.get_current().domain)
    except Site.DoesNotExist:
        return ""
    return "" if not domain or domain == _EXAMPLE else f"https://{domain}"
