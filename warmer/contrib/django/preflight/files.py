"""What people upload, and what pages are dressed in: media and static files.

Writes one small file into the media storage, and removes it again.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from warmer.contrib.django.preflight.asked import words_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

SHOWN = 3
_ASKED_REMOTELY = 50
"""Files looked for where each look is a request."""


def media(asked: Asked) -> Iterator[Result]:
    """A file can be written, read and removed."""
    yield _media(asked)


def _media(asked: Asked) -> Result:
    where = "MEDIA_ROOT"
    local = isinstance(default_storage, FileSystemStorage)
    if local and not default_storage.base_location:
        return Result("media", Grade.SKIPPED, where, "not set: nothing is uploaded")
    if not local:
        where = type(default_storage).__name__
    elif not Path(default_storage.location).is_dir():
        # Django would make it, with our rights and not with the application's.
        cure = "make it, and give it to the application's user"
        reason = f"{default_storage.location} does not exist"
        return Result("media", Grade.FAIL, where, reason, cure)
    name = ""
    try:
        name = default_storage.save(f"{asked.name}.txt", ContentFile(asked.token.encode()))
        with default_storage.open(name) as file:
            same = file.read() == asked.token.encode()
    except Exception as error:  # noqa: BLE001 -- each storage has errors of its own
        cure = "give it to the application's user, or mend the storage's login"
        return Result("media", Grade.FAIL, where, f"cannot be written: {words_of(error)}", cure)
    finally:
        if name:
            default_storage.delete(name)
    if not same:
        reason = "a file was written, and something else was read"
        return Result("media", Grade.FAIL, where, reason, "look at the storage's cache")
    root = " (root: no proof for other users)" if os.geteuid() == 0 else ""
    reason = f"a file was written, read and removed by user id {os.geteuid()}{root}"
    return Result("media", Grade.OK, where, reason)


def static_files(_asked: Asked) -> Iterator[Result]:
    """What `collectstatic` would collect has been collected."""
    yield _static_files()


def _static_files() -> Result:
    check, where = "static-files", "STATIC_ROOT"
    if not apps.is_installed("django.contrib.staticfiles"):
        why = "django.contrib.staticfiles is not installed"
        return Result(check, Grade.SKIPPED, where, why)
    # Where it is not installed its modules are of no use.
    from django.contrib.staticfiles.storage import staticfiles_storage  # noqa: PLC0415 -- see above

    local = isinstance(staticfiles_storage, FileSystemStorage)
    cure = "run manage.py collectstatic, and serve STATIC_ROOT at STATIC_URL"
    if local and not settings.STATIC_ROOT:
        return Result(check, Grade.FAIL, where, "not set: nothing can be collected", cure)
    stored_name = getattr(staticfiles_storage, "stored_name", str)
    missing: list[str] = []
    asked = 0
    for path in itertools.islice(_sources(), None if local else _ASKED_REMOTELY):
        asked += 1
        try:
            there = staticfiles_storage.exists(stored_name(path))
        except ValueError:  # its manifest does not have the file
            there = False
        if not there:
            missing.append(path)
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        reason = (
            f"{len(missing)} of {asked} files are not there: {', '.join(missing[:SHOWN])}{more}"
        )
        return Result(check, Grade.FAIL, where, reason, cure)
    return Result(check, Grade.OK, where, f"{asked} files are there")


def _sources() -> Iterator[str]:
    """Each file once, by the name under which it is collected."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415 -- see above

    ignored = apps.get_app_config("staticfiles").ignore_patterns
    seen = set()
    for finder in get_finders():
        for path, storage in finder.list(ignored):
            prefix = getattr(storage, "prefix", None)
            name = f"{prefix}/{path}" if prefix else path
            if name not in seen:
                seen.add(name)
                yield name
