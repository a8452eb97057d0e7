"""Articles in sections with tags; notes have no page; the front page shows articles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

from warmer.contrib.django import warms

if TYPE_CHECKING:
    from collections.abc import Iterator


class Section(models.Model):
    slug = models.SlugField(unique=True)

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("section", args=[self.slug])


class Tag(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    slug = models.SlugField()
    title = models.CharField(max_length=200)
    section = models.ForeignKey(Section, models.CASCADE, null=True, blank=True)
    tags = models.ManyToManyField(Tag, blank=True)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        if self.slug == "broken":
            raise RuntimeError("the site's own fault")
        return reverse("article", args=[self.slug])


class Scoop(Article):
    """Inherits its page, by multi-table inheritance."""

    source = models.CharField(max_length=50, blank=True)


class Note(models.Model):
    text = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.text


@warms(Article)
def front_page_and_section(article: Article) -> Iterator[str]:
    yield "/"
    if article.section:
        yield article.section.get_absolute_url()
