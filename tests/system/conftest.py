"""Which system tests this machine can run: all, but those that boot a systemd where none boots."""

from __future__ import annotations

from tests.servers.systemd import why_not

WHY_NOT = why_not()
collect_ignore = ["test_units_under_systemd.py"] if WHY_NOT else []


def pytest_report_header() -> str | None:
    """Said with each run, so that nobody takes the units for tested."""
    return f"no systemd can be booted ({WHY_NOT}): units are not run" if WHY_NOT else None
