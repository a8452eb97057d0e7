"""Articles of authors in sections, with tags, and the comments of readers."""

from __future__ import annotations

from django.db import models
from django.urls import reverse


class Section(models.Model):
    name = models.CharField(max_length=50)
    slug = models.SlugField(unique=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("section", args=[self.slug])


class Author(models.Model):
    name = models.CharField(max_length=100)
    about = models.TextField()

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    lead = models.TextField()
    text = models.TextField()
    published = models.DateTimeField(db_index=True)
    visits = models.PositiveIntegerField(db_index=True)
    section = models.ForeignKey(Section, models.CASCADE, related_name="articles")
    author = models.ForeignKey(Author, models.CASCADE, related_name="articles")
    tags = models.ManyToManyField(Tag, related_name="articles")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.slug])


class Comment(models.Model):
    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    name = models.CharField(max_length=100)
    text = models.TextField()
    written = models.DateTimeField()

    def __str__(self) -> str:
        return self.text
