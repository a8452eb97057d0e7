"""The outbox: triggers that were committed with a save and not yet taken by anyone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import models

from warmer.contrib.django.trigger import Trigger

if TYPE_CHECKING:
    import uuid


class Outbox(models.Model):  # type: ignore[misc]  # Django has no types
    """One change; the rows of one transaction share `batch` and are sent as one trigger."""

    batch = models.UUIDField(db_index=True)
    urls = models.TextField()
    gone = models.TextField()
    tags = models.TextField()
    why = models.CharField(max_length=20)
    at = models.FloatField()

    class Meta:
        verbose_name = "trigger not yet sent"
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"{self.why} {self.urls}"

    @classmethod
    def of(cls, trigger: Trigger, batch: uuid.UUID) -> Outbox:
        lists = {name: json.dumps(getattr(trigger, name)) for name in ("urls", "gone", "tags")}
        return cls(batch=batch, why=trigger.why, at=trigger.at, **lists)

    def trigger(self) -> Trigger:
        return Trigger(
            urls=tuple(json.loads(self.urls)),
            gone=tuple(json.loads(self.gone)),
            tags=tuple(json.loads(self.tags)),
            why=self.why,
            at=self.at,
        )
