"""Makes the database: `python -m tests.sites.gazette.fill STORIES BLOCKS`.

BLOCKS are those of a story's body on average, a quarter to nearly double of it. Prints the
paths of all pages, the front page first.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import django

from tests.sites.magazine.fill import NOW, SECTIONS, prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sites.gazette.models import StoryPage

    Block = tuple[str, object]


def rich_text(chance: random.Random, words: int, others: Sequence[StoryPage]) -> str:
    """Paragraphs with a link to another page each, as editors set them."""
    return "".join(
        f'<p>{part} <a linktype="page" id="{chance.choice(others).pk}">more</a></p>'
        for part in prose(chance, words).split("\n\n")
    )


def body(chance: random.Random, blocks: int, others: Sequence[StoryPage]) -> list[Block]:
    """So many blocks of all kinds in turn."""
    made: list[Block] = []
    for number in range(blocks):
        kinds: list[Block] = [
            ("heading", prose(chance, 6)),
            ("text", rich_text(chance, 120, others)),
            ("quote", {"text": prose(chance, 30), "by": f"Reader {number}"}),
            ("see", chance.choice(others)),
        ]
        made.append(kinds[number % len(kinds)])
    return made


def main(stories: int, blocks: int) -> None:
    from django.db import transaction
    from wagtail.models import Locale, Page, Site

    from tests.sites.gazette.models import StoryPage

    chance = random.Random(1)
    Locale.objects.create(language_code="en")
    root = Page.add_root(title="Root", slug="root")

    def page(parent: Page, title: str, slug: str, age_h: int, others: Sequence[StoryPage]) -> Page:
        made = StoryPage(
            title=title, slug=slug, published=NOW - timedelta(hours=age_h),
            show_in_menus=parent.depth == 2,  # what is below the front page
            lead=rich_text(chance, 24, others) if others else f"<p>{prose(chance, 24)}</p>",
            body=body(chance, int(blocks * chance.uniform(0.25, 1.75)), others) if others else [],
        )  # fmt: skip
        return parent.add_child(instance=made)

    with transaction.atomic():
        front = page(root, "Gazette", "home", 0, [])
        Site.objects.create(
            hostname="www.magazine.test", root_page=front, is_default_site=True, site_name="Gazette"
        )
        sections = [page(front, name, name.lower(), 0, []) for name in SECTIONS]
        made = []
        for number in range(1, stories + 1):
            parent = sections[number % len(sections)]
            title = prose(chance, 8)[:-1]
            made.append(page(parent, title, f"story-{number}", number, [*sections, *made[-100:]]))
    paths = [shown.get_url() for shown in [front, *sections, *made]]
    sys.stdout.write("\n".join(paths) + "\n")


if __name__ == "__main__":
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.sites.gazette.settings")
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    main(int(sys.argv[1]), int(sys.argv[2]))
