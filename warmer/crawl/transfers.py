"""libcurl transfers on the running asyncio loop, by the multi-socket interface.

libcurl says which sockets and which timer it waits for; the loop watches them and
tells libcurl. No thread, no polling. Knows nothing of Scrapy, sites or headers.
Source: libcurl's `curl_multi_socket_action(3)`.
"""

from __future__ import annotations

import asyncio

import pycurl

_WATCH_READ = (pycurl.POLL_IN, pycurl.POLL_INOUT)
_WATCH_WRITE = (pycurl.POLL_OUT, pycurl.POLL_INOUT)


class TransferError(Exception):
    """A transfer that did not end well: libcurl's code and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Transfers:
    """All transfers of one crawl; connections are kept and reused between them."""

    def __init__(self, *, max_connections: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, max_connections)
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._waiting: dict[pycurl.Curl, asyncio.Future[int]] = {}
        self._reading: set[int] = set()
        self._writing: set[int] = set()
        self._timer: asyncio.Handle | None = None

    async def perform(self, handle: pycurl.Curl) -> int:
        """Run one prepared handle to its end; raises TransferError.

        Returns how many transfers were under way when it ended, itself included.

        When the caller is cancelled the transfer is dropped, with its connection.
        """
        done: asyncio.Future[int] = self._loop.create_future()
        self._waiting[handle] = done
        self._multi.add_handle(handle)
        try:
            return await done
        finally:
            if self._waiting.pop(handle, None) is not None:
                self._multi.remove_handle(handle)

    def close(self) -> None:
        """Drop what is still on the wire and close every connection."""
        closed = TransferError(pycurl.E_ABORTED_BY_CALLBACK, "the crawl was closed")
        for handle in tuple(self._waiting):
            self._settle(handle, closed, 0)
        self._multi.close()
        self._cancel_timer()
        for descriptor in tuple(self._reading | self._writing):
            self._forget(descriptor)

    def _on_socket(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self._forget(descriptor)
            return
        if what in _WATCH_READ:
            if descriptor not in self._reading:
                self._reading.add(descriptor)
                self._loop.add_reader(descriptor, self._act, descriptor, pycurl.CSELECT_IN)
        elif descriptor in self._reading:
            self._reading.discard(descriptor)
            self._loop.remove_reader(descriptor)
        if what in _WATCH_WRITE:
            if descriptor not in self._writing:
                self._writing.add(descriptor)
                self._loop.add_writer(descriptor, self._act, descriptor, pycurl.CSELECT_OUT)
        elif descriptor in self._writing:
            self._writing.discard(descriptor)
            self._loop.remove_writer(descriptor)

    def _forget(self, descriptor: int) -> None:
        if descriptor in self._reading:
            self._reading.discard(descriptor)
            self._loop.remove_reader(descriptor)
        if descriptor in self._writing:
            self._writing.discard(descriptor)
            self._loop.remove_writer(descriptor)

    def _on_timer(self, timeout_ms: int) -> None:
        self._cancel_timer()
        if timeout_ms == 0:  # libcurl must not be entered again from its own callback
            self._timer = self._loop.call_soon(self._time_out)
        elif timeout_ms > 0:
            self._timer = self._loop.call_later(timeout_ms / 1000, self._time_out)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        self._timer = None
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, descriptor: int, events: int) -> None:
        _, running = self._multi.socket_action(descriptor, events)
        if running < len(self._waiting):
            self._finish()

    def _finish(self) -> None:
        more = 1
        under_way = len(self._waiting)
        while more:
            more, succeeded, failed = self._multi.info_read()
            for handle in succeeded:
                self._settle(handle, None, under_way)
            for handle, code, message in failed:
                self._settle(handle, TransferError(code, message), under_way)

    def _settle(self, handle: pycurl.Curl, error: TransferError | None, under_way: int) -> None:
        done = self._waiting.pop(handle, None)
        self._multi.remove_handle(handle)
        if done is None or done.done():
            return
        if error is None:
            done.set_result(under_way)
        else:
            done.set_exception(error)
