"""Makes the database: `python -m tests.sites.magazine.fill ARTICLES COMMENTS`.

COMMENTS is what an article has on average; a quiet one has a quarter of it, a disputed
one double, as no two pages of a real site cost the same. Prints the paths of all pages,
the front page first.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime, timedelta

import django

_COMMON = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or"
    " had an they which one you were all her she there would their we him been has when who will"
    " no more if out so up said what its about than into them can only other time new some could"
)
WORDS = _COMMON.split()
SECTIONS = ["Arts", "Business", "Culture", "Opinion", "Politics", "Science", "Sport", "Travel"]
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)


def prose(chance: random.Random, words: int) -> str:
    """Sentences of twelve words in paragraphs of sixty."""
    drawn = chance.choices(WORDS, k=words)
    sentences = [" ".join(drawn[at : at + 12]).capitalize() + "." for at in range(0, words, 12)]
    return "\n\n".join(" ".join(sentences[at : at + 5]) for at in range(0, len(sentences), 5))


def main(articles: int, comments: int) -> None:
    from tests.sites.magazine.models import Article, Author, Comment, Section, Tag

    chance = random.Random(1)
    sections = [Section.objects.create(name=name, slug=name.lower()) for name in SECTIONS]
    authors = [
        Author.objects.create(name=f"Author {number}", about=prose(chance, 40))
        for number in range(20)
    ]
    tags = [Tag.objects.create(name=f"tag {number}") for number in range(40)]
    made = Article.objects.bulk_create(
        Article(
            slug=f"article-{number}",
            title=prose(chance, 8)[:-1],
            lead=prose(chance, 36),
            text=prose(chance, 600),
            published=NOW - timedelta(hours=number),
            visits=chance.randrange(10_000),
            section=sections[number % len(sections)],
            author=chance.choice(authors),
        )
        for number in range(1, articles + 1)
    )
    through = Article.tags.through
    through.objects.bulk_create(
        through(article=each, tag=tag) for each in made for tag in chance.sample(tags, 4)
    )
    Comment.objects.bulk_create(
        Comment(
            article=each,
            name=f"Reader {number}",
            text=prose(chance, 30),
            written=NOW + timedelta(minutes=number),
        )
        for each in made
        for number in range(int(comments * chance.uniform(0.25, 1.75)))
    )
    pages = ["/", *(shown.get_absolute_url() for shown in [*sections, *made])]
    sys.stdout.write("\n".join(pages) + "\n")


if __name__ == "__main__":
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.sites.magazine.settings")
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    main(int(sys.argv[1]), int(sys.argv[2]))
