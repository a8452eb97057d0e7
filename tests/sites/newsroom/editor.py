"""An editor: logs in to the newsroom's admin over HTTP and saves articles, as a browser would."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.servers.process import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGIN = {"username": "editor", "password": "a word"}
ACCOUNT = f"User.objects.create_superuser(**{LOGIN!r}).pk"
"""For the newsroom's shell: makes the account."""


class Editor:
    """One session; a form that the admin does not take is an AssertionError that shows it."""

    def __init__(self, port: int, host: str) -> None:
        self._port = port
        self._host = host
        self._cookies: dict[str, str] = {}
        self._ask("GET", "/admin/login/")
        self._post("/admin/login/", {**LOGIN, "next": "/admin/"})

    def save(self, number: int, *, slug: str, title: str) -> None:
        """Save an article; back when the admin has answered."""
        self._post(f"/admin/newsroom/article/{number}/change/", {"slug": slug, "title": title})

    def _post(self, path: str, form: Mapping[str, str]) -> None:
        token = {"csrfmiddlewaretoken": self._cookies["csrftoken"]}
        status, page = self._ask("POST", path, urlencode({**form, **token}))
        assert status == 302, page

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[int, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Host": self._host, "Cookie": cookies}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(HOST, self._port, timeout=30)
        try:
            connection.request(method, path, form, headers)
            response = connection.getresponse()
            page = response.read().decode()
        finally:
            connection.close()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return response.status, page
