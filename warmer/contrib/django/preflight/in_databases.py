"""Databases: whether they answer, whether their tables are those of the code. Reads alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from warmer.contrib.django.preflight.asked import words_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

SHOWN = 3


def database(_asked: Asked) -> Iterator[Result]:
    """Each answers a query."""
    for connection in connections.all():
        where = _where(connection)
        try:
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT 1{connection.features.bare_select_suffix}")
                cursor.fetchone()
        except DatabaseError as error:
            cure = "start it, or mend DATABASES and the login"
            yield Result("database", Grade.FAIL, where, words_of(error), cure)
        else:
            yield Result("database", Grade.OK, where, f"{connection.vendor} answers")


def migrations(_asked: Asked) -> Iterator[Result]:
    """Every migration of the code is applied; databases without any are left out."""
    for connection in connections.all():
        where = _where(connection)
        try:
            executor = MigrationExecutor(connection)
        except DatabaseError as error:
            yield Result("migrations", Grade.SKIPPED, where, f"no answer: {words_of(error)}")
            continue
        if connection.alias != "default" and not executor.recorder.has_table():
            yield Result("migrations", Grade.SKIPPED, where, "nothing was ever migrated there")
            continue
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        names = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
        cure = f"run manage.py migrate --database {connection.alias}, before the launch"
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            reason = f"not applied: {', '.join(names[:SHOWN])}{more}"
            yield Result("migrations", Grade.FAIL, where, reason, cure)
        else:
            yield Result("migrations", Grade.OK, where, "all are applied")


def connections_kept(_asked: Asked) -> Iterator[Result]:
    """Connections outlive a request, where opening one takes a handshake."""
    for connection in connections.all():
        kept_s = connection.settings_dict["CONN_MAX_AGE"]
        check, where = "connections-kept", _where(connection)
        if connection.vendor == "sqlite":
            yield Result(check, Grade.SKIPPED, where, "a file needs no handshake")
        elif connection.settings_dict.get("OPTIONS", {}).get("pool"):
            yield Result(check, Grade.OK, where, "from a pool")
        elif kept_s == 0:
            reason = "CONN_MAX_AGE is 0: every request opens a connection"
            cure = "set CONN_MAX_AGE = 60 and CONN_HEALTH_CHECKS = True, or a pool"
            yield Result(check, Grade.WARN, where, reason, cure)
        else:
            words = "for ever" if kept_s is None else f"for {kept_s} s"
            yield Result(check, Grade.OK, where, f"kept {words}")


def _where(connection: Any) -> str:  # noqa: ANN401 -- Django has no types
    return f"DATABASES {connection.alias}"
