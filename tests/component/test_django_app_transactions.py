"""Commits, rollbacks and savepoints, several databases, and what a save costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sites.newsroom.stream import BASE, Stream, _shared, newsroom, shell, stream

if TYPE_CHECKING:
    from tests.sites.newsroom.driver import Newsroom, Shell

__all__ = ["_shared", "newsroom", "shell", "stream"]


def test_the_saves_of_one_transaction_are_one_trigger(shell: Shell, stream: Stream) -> None:
    shell("""
        with transaction.atomic():
            for n in range(3):
                a = Article.objects.create(slug=f"a{n}", title="x")
                a.save()
            waiting = Outbox.objects.count()
    """)
    (entry,) = stream.new()
    assert entry["urls"] == [f"{BASE}/a/a0/", f"{BASE}/", f"{BASE}/a/a1/", f"{BASE}/a/a2/"]
    assert shell("waiting, Outbox.objects.count()") == [3, 0]


def test_a_large_transaction_is_sent_in_several_messages(shell: Shell, stream: Stream) -> None:
    shell("""
        with transaction.atomic():
            for n in range(600):
                Article.objects.create(slug=f"a{n}", title="x")
    """)
    assert [len(entry["urls"]) for entry in stream.new()] == [500, 101]


def test_a_save_that_is_rolled_back_sends_nothing(shell: Shell, stream: Stream) -> None:
    shell("""
        try:
            with transaction.atomic():
                Article.objects.create(slug="a", title="x")
                raise KeyError
        except KeyError:
            pass
    """)
    assert stream.new() == []
    assert shell("Outbox.objects.count()") == 0
    shell("""
        with transaction.atomic():
            Article.objects.create(slug="b", title="x")
    """)
    assert [entry["urls"] for entry in stream.new()] == [[f"{BASE}/a/b/", f"{BASE}/"]]


def test_what_a_savepoint_rolls_back_is_not_sent_and_the_rest_is(
    shell: Shell, stream: Stream
) -> None:
    shell("""
        with transaction.atomic():
            try:
                with transaction.atomic():
                    Article.objects.create(slug="undone", title="x")
                    raise KeyError
            except KeyError:
                pass
            with transaction.atomic():
                Article.objects.create(slug="inner", title="x")
            Article.objects.create(slug="outer", title="x")
    """)
    (entry,) = stream.new()
    assert entry["urls"] == [f"{BASE}/a/inner/", f"{BASE}/", f"{BASE}/a/outer/"]


def test_the_same_save_after_a_savepoints_rollback_is_written_again(
    shell: Shell, stream: Stream
) -> None:
    shell("a = Article.objects.create(slug='a', title='x')")
    stream.new()
    shell("""
        with transaction.atomic():
            try:
                with transaction.atomic():
                    a.save()
                    raise KeyError
            except KeyError:
                pass
            a.save()
    """)
    assert [entry["urls"] for entry in stream.new()] == [[f"{BASE}/a/a/", f"{BASE}/"]]


def test_a_save_in_another_database_uses_the_outbox_there(shell: Shell, stream: Stream) -> None:
    shell("""
        with transaction.atomic(using="archive"):
            Article.objects.using("archive").create(slug="a", title="x")
            there = Outbox.objects.using("archive").count(), Outbox.objects.count()
    """)
    assert shell("there") == [1, 0]
    assert len(stream.new()) == 1
    assert shell("Outbox.objects.using('archive').count()") == 0


def test_a_database_without_an_outbox_uses_the_default_one(
    newsroom: Newsroom, stream: Stream
) -> None:
    shell = newsroom.shell()
    shell("""
        from django.db import connections
        connections["archive"].cursor().execute("DROP TABLE warmer_outbox")
        with transaction.atomic(using="archive"):
            Article.objects.using("archive").create(slug="a", title="x")
    """)
    assert len(stream.new()) == 1
    shell("""
        try:
            with transaction.atomic(using="archive"):
                Article.objects.using("archive").create(slug="b", title="x")
                raise KeyError
        except KeyError:
            pass
    """)
    assert stream.new() == []


def test_a_site_that_was_not_migrated_still_saves_and_sends(
    newsroom: Newsroom, stream: Stream
) -> None:
    shell = newsroom.shell()
    shell("""
        connection.cursor().execute("DROP TABLE warmer_outbox")
        with transaction.atomic():
            Article.objects.create(slug="a", title="x")
    """)
    assert len(stream.new()) == 1
    assert "manage.py migrate" in shell.log()


def test_other_models_are_still_deleted_without_being_loaded(shell: Shell) -> None:
    queries = shell("""
        from django.test.utils import CaptureQueriesContext
        Note.objects.create(text="x")
        with CaptureQueriesContext(connection) as seen:
            Note.objects.all().delete()
        [query["sql"].split()[0] for query in seen]
    """)
    assert queries == ["BEGIN", "DELETE", "COMMIT"]


def test_a_save_costs_one_query_before_it_and_two_for_the_outbox(shell: Shell) -> None:
    queries = shell("""
        from django.test.utils import CaptureQueriesContext
        section = Section.objects.create(slug="x")
        with CaptureQueriesContext(connection) as seen:
            section.save()
        [query["sql"].split()[0] for query in seen]
    """)
    assert [each for each in queries if each not in {"BEGIN", "COMMIT"}] == [
        "SELECT", "UPDATE", "INSERT", "DELETE"
    ]  # fmt: skip
