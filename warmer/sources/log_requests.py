"""Access logs as requests with time and visitor, for sending them again.

Of a request a log keeps little: no headers but perhaps the user agent, no body. So only
what needs neither can be sent as it was. A visitor is an address and an agent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warmer.sources.access_log import format_of
from warmer.sources.capture import CapturedRequest
from warmer.sources.lines import blocks
from warmer.sources.log_formats import is_own
from warmer.sources.log_request import LeftOut, url_of
from warmer.sources.log_time import unix_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.sources.files import Opened
    from warmer.sources.log_formats import LogFormat, Sent
    from warmer.sources.skipped import Skipped

_PORT = re.compile(rb"(?<=[0-9\]]):\d+$")
_NOTHING = (b"", b"-")


def logged_requests(
    file: Opened, new_format: Callable[[], LogFormat] | None, skipped: Skipped
) -> Iterator[CapturedRequest]:
    """Every request of a log, whatever its method and status, in the order of the file.

    Raises SourceError if the format is not given and no line is in a known one.
    """
    log_format = format_of(file, new_format)
    for block in blocks(file.chunks, file.place, skipped):
        for number, line in enumerate(block.data[:-1].split(b"\n"), block.first):
            sent = log_format.sent(line)
            if sent is None and (line.startswith(b"#") or not line.strip()):
                continue
            found = LeftOut.UNPARSABLE.value if sent is None else _request(sent)
            if isinstance(found, CapturedRequest):
                yield found
            else:
                skipped.note(found, place=f"{file.place}:{number}")


def _request(sent: Sent) -> CapturedRequest | str:
    request = sent.request
    if not request.method.isalpha() or request.target in _NOTHING:
        return LeftOut.NOT_HTTP.value
    if is_own(sent.agent):
        return LeftOut.OWN_TRAFFIC.value
    url = url_of(request.scheme, request.host, request.target)
    if not isinstance(url, str):
        return str(url.value)
    agent = "" if sent.agent in _NOTHING else sent.agent.decode("latin-1")
    client = "" if sent.client in _NOTHING else _PORT.sub(b"", sent.client).decode("latin-1")
    return CapturedRequest(
        unix_time(sent.time),
        request.method.decode("ascii").upper(),
        url,
        (("User-Agent", agent),) if agent else (),
        user=f"{client} {agent}".strip() or None,
        status=int(request.status) if request.status.isdigit() else None,
    )
