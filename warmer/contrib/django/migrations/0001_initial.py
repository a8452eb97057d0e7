"""The outbox."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):  # type: ignore[misc]  # Django has no types
    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar[list[object]] = [
        migrations.CreateModel(
            name="Outbox",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("batch", models.UUIDField(db_index=True)),
                ("urls", models.TextField()),
                ("gone", models.TextField()),
                ("tags", models.TextField()),
                ("why", models.CharField(max_length=20)),
                ("at", models.FloatField()),
            ],
            options={
                "verbose_name": "trigger not yet sent",
                "verbose_name_plural": "outbox",
            },
        ),
    ]
