"""One page type for all: a front page, sections and stories differ in what is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from wagtail import blocks
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

LATEST = 4


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock()
    by = blocks.CharBlock()

    class Meta:
        template = "gazette/quote.html"


class StoryPage(Page):
    lead = RichTextField()
    published = models.DateTimeField()
    body = StreamField(
        [
            ("heading", blocks.CharBlock()),
            ("text", blocks.RichTextBlock()),
            ("quote", QuoteBlock()),
            ("see", blocks.PageChooserBlock(template="gazette/see.html")),
        ]
    )
    template = "gazette/story.html"

    def serve(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        request.was_rendered = True
        return super().serve(request, *args, **kwargs)

    def get_context(self, request: HttpRequest, *args: object, **kwargs: object) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context(request, *args, **kwargs)
        home = self.get_site().root_page
        stories = StoryPage.objects.live().public()
        below = stories.child_of(self) if self.get_children_count() else stories.sibling_of(self)
        return {
            **found,
            "menu": home.get_children().live().in_menu(),
            "trail": self.get_ancestors(inclusive=True).live().filter(depth__gt=1),
            "latest": below.order_by("-published")[:LATEST],
        }
