"""What Django knows of the app; connects signals when all models are loaded."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.core.checks import register


class WarmerConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """`INSTALLED_APPS = [..., "warmer.contrib.django"]`."""

    name = "warmer.contrib.django"
    label = "warmer"
    verbose_name = "Warmer"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Not at the top: models and their signals exist only now.
        from warmer.contrib.django import checks, page_hooks, signals  # noqa: PLC0415 -- see above

        register(checks.check_settings)
        signals.connect()
        page_hooks.install()
        if apps.is_installed("wagtail"):
            from warmer.contrib.django import wagtail_signals  # noqa: PLC0415 -- see above

            wagtail_signals.connect()
        if apps.is_installed("cms"):
            from warmer.contrib.django import cms_signals  # noqa: PLC0415 -- see above

            cms_signals.connect()
