"""Errors a person can act on; each knows the exit code of the command it ends.

One line each: the place, what was found, what was expected, what to do next.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller; the contract of the command line."""

    OK = 0
    THRESHOLD = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130
    TERMINATED = 143


class WarmerError(Exception):
    """Something the person who runs `warmer` can mend; `str()` is one line."""

    exit_code: ExitCode = ExitCode.USAGE


class ConfigError(WarmerError):
    """The command line or a site's TOML file is wrong."""


class SourceError(WarmerError):
    """A source cannot be read, or nothing usable is in it."""


class StoreError(WarmerError):
    """The store, or the plan on its way there, cannot be read or written any more."""

    exit_code = ExitCode.UNREACHABLE


class BusyError(WarmerError):
    """Another run of the same site is under way; later there may be none."""

    exit_code: ExitCode = ExitCode.UNREACHABLE


class UnreachableError(WarmerError):
    """The origin or a cache server does not answer."""

    exit_code = ExitCode.UNREACHABLE
