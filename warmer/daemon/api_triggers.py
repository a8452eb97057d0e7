"""`POST /v1/triggers`: who asks is checked first, then what; answered when it is on disk.

Runs nothing. What is refused leaves no trace but the answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from warmer.daemon.problems import problem
from warmer.daemon.reception import Delivery
from warmer.daemon.requests import RequestError, parse_body
from warmer.daemon.selection import select
from warmer.daemon.signature import HEADER, Replays, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from warmer.daemon.access import Access
    from warmer.daemon.reception import Reception
    from warmer.daemon.requests import Body

MAX_BODY_BYTES = 1_000_000
BODY_S = 10.0
_UNAUTHORIZED = {"WWW-Authenticate": "Bearer"}


class Triggers:
    """The one route that changes anything."""

    def __init__(
        self,
        receptions: Mapping[str, Reception],
        access: Access,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives unix seconds by the wall's clock, as senders have it."""
        self._receptions = receptions
        self._access = access
        self._clock = clock
        self._replays = Replays()

    async def post(self, request: web.Request) -> web.Response:
        header = request.headers.get(HEADER, "")
        is_bearer = self._access.is_bearer(request.headers.get("Authorization", ""))
        if not is_bearer and not header:
            raise self._unauthorized()
        receptions = self._chosen(request.query.get("site"))
        body = await _read(request)
        if is_bearer:
            return _accepted(self._keep(body, receptions, header=None))
        return self._signed(body, receptions, header)

    def _signed(self, body: bytes, receptions: Sequence[Reception], header: str) -> web.Response:
        now = self._clock()
        secret = self._access.secret
        if secret is None:
            raise self._unauthorized()
        why = refusal(header, body, secret=secret, now=now)
        if why is not None:
            raise problem(401, why, headers=_UNAUTHORIZED)
        if not self._replays.is_new(header, now=now):
            raise problem(
                409, f"{HEADER}: seen before; a request that is sent again is signed anew"
            )
        try:
            return _accepted(self._keep(body, receptions, header=header))
        except BaseException:
            self._replays.forget(header)
            raise

    def _keep(
        self, raw: bytes, receptions: Sequence[Reception], *, header: str | None
    ) -> list[tuple[str, int]]:
        body = _parsed(raw)
        try:
            chosen = select(
                body, [each.site for each in receptions], are_tags_hints=header is not None
            )
        except RequestError as error:
            raise problem(422, str(error)) from None
        key = f"id:{body.id}" if body.id else _key_of(header)
        kept: list[tuple[str, int]] = []
        for site, request in chosen:
            reception = self._receptions[site.name]
            (number,) = reception.keep([Delivery(request, key, body.at)])
            if header is not None and not body.id and reception.is_repeated(number):
                # By another process of this daemon, whose memory is gone; its queue is not.
                raise problem(409, f"{HEADER}: seen before; one that is sent again is signed anew")
            kept.append((site.name, number))
        return kept

    def _chosen(self, site: str | None) -> list[Reception]:
        if site is None:
            return list(self._receptions.values())
        if site not in self._receptions:
            known = ", ".join(self._receptions)
            raise problem(404, f'"{site[:200]}" is not a site of this daemon; it has {known}')
        return [self._receptions[site]]

    def _unauthorized(self) -> web.HTTPException:
        detail = f"expected Authorization: Bearer with this daemon's token, or {HEADER}"
        if self._access.token is None and self._access.secret is None:
            detail = "nothing is triggered by HTTP until daemon.token_env names a token"
        return problem(401, detail, headers=_UNAUTHORIZED)


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise problem(413, f"{request.content_length} bytes; expected {MAX_BODY_BYTES} at most")
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise problem(408, f"the body did not come within {BODY_S:.0f} s") from None
    except web.HTTPRequestEntityTooLarge:
        raise problem(413, f"more than {MAX_BODY_BYTES} bytes") from None


def _parsed(raw: bytes) -> Body:
    try:
        return parse_body(raw)
    except RequestError as error:
        try:
            msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise problem(400, str(error)) from None
        raise problem(422, str(error)) from None


def _key_of(header: str | None) -> str | None:
    return None if header is None else f"signed:{hashlib.sha256(header.encode()).hexdigest()}"


def _accepted(kept: Sequence[tuple[str, int]]) -> web.Response:
    triggers = [{"site": site, "number": number} for site, number in kept]
    return web.json_response({"triggers": triggers}, status=202)
