"""One page type, with a second URL that shows it."""

from __future__ import annotations

from wagtail.models import Page


class StoryPage(Page):
    def get_cached_paths(self) -> list[str]:
        return ["/", "/print/"]
