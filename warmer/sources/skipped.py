"""What a source left out, counted by reason, so that nothing is dropped in silence.

Holds counts and one example place a reason; never the lines themselves.
"""

from __future__ import annotations


class Skipped:
    """Counts of what was left out, by short kebab-case reason (`not-get`, `not-a-url`)."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, str] = {}

    def note(self, reason: str, count: int = 1, place: str = "") -> None:
        """Add `count` to `reason`; the first `place` ("urls.txt:17") of a reason is kept."""
        if count <= 0:
            return
        self._counts[reason] = self._counts.get(reason, 0) + count
        if place:
            self._places.setdefault(reason, place)

    def has_place(self, reason: str) -> bool:
        """Whether `reason` has its example, so that a reader need not look for one."""
        return reason in self._places

    def as_dict(self) -> dict[str, int]:
        """Reason to count, most frequent first."""
        return dict(sorted(self._counts.items(), key=lambda item: (-item[1], item[0])))

    def places(self) -> dict[str, str]:
        """Reason to the place where it was first met; reasons without a place are absent."""
        return dict(self._places)

    @property
    def total(self) -> int:
        return sum(self._counts.values())

    def sentence(self) -> str:
        """Counts for a person: `118 not-get (first: a.log:1), 2 unparsable`; "" if none."""
        parts = []
        for reason, count in self.as_dict().items():
            place = self._places.get(reason)
            parts.append(f"{count} {reason} (first: {place})" if place else f"{count} {reason}")
        return ", ".join(parts)
