"""What an answer, or none, means to the two spiders that read a site. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadCancelledError, IgnoreRequest

from warmer.crawl.fetch import FetchError

from .boundary import resolve

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


def redirect_of(response: Response) -> str | None:
    """Where a response sends us, as an absolute URL; None if nowhere."""
    location = response.headers.get("Location")
    if response.status not in _REDIRECTS or not location:
        return None
    url = resolve(response.url, location.decode("utf-8", "replace"))
    return url if isinstance(url, str) else None


def is_broken(status: int) -> bool:
    """True where the site fails or wants to be left alone: no fault of what was named."""
    return status >= 500 or status == 429


def reason_of(failure: Failure) -> str:
    """Why no answer came, in one line; begins with the report's word where there is one."""
    error = failure.value
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{error.reason}: {text}" if isinstance(error, FetchError) else text


def is_unanswered(failure: Failure) -> bool:
    """True if the server did not answer; False if we would not have its answer."""
    error = failure.value
    if isinstance(error, FetchError):
        return error.reason != "too-large"
    return not isinstance(error, (DownloadCancelledError, IgnoreRequest))
