"""A shop behind nginx that is ready for its launch; each part of it replaced is a fault."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.servers.certificates import Authority
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.process import HOST, free_port
from tests.system.command import Result, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite
    from tests.servers.django_site import DjangoSite
    from tests.servers.stores import RedisServer

BASE_URL = f"https://{PUBLIC_HOST}"
HSTS = "add_header Strict-Transport-Security 'max-age=31536000' always;"
PROTECTION = (
    "add_header X-Content-Type-Options nosniff always; add_header Referrer-Policy same-origin"
    " always; add_header X-Frame-Options DENY always;"
)
FLAGS = "proxy_cookie_flags ~ secure httponly samesite=lax;"
GZIP = "gzip on; gzip_types *; gzip_proxied any;"
OWN_404 = "proxy_intercept_errors on; error_page 404 /404.html;"
OLD_TLS = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The nginx before the shop; a part replaced is a fault switched on."""

    tls: str = "ssl_protocols TLSv1.2 TLSv1.3;"
    hsts: str = HSTS
    protection: str = PROTECTION
    flags: str = FLAGS
    compression: str = GZIP
    own_404: str = OWN_404
    more: str = ""
    home: str = "/session/"
    proto: str = "https"
    plain: str = "return 301 https://$host$request_uri;"
    days: int = 90
    options: SiteOptions = field(
        default_factory=lambda: SiteOptions(pages=5, padding=3000, ssl_header=True)
    )


class Launch:
    """Starts one site, and runs `warmer preflight` against it."""

    def __init__(
        self, tmp_path: Path, start_site: StartSite, start_nginx: StartNginx, redis: RedisServer
    ) -> None:
        self._path = tmp_path
        self._start_site = start_site
        self._start_nginx = start_nginx
        self.redis = redis
        self.site: DjangoSite

    def look(
        self, front: Front, *arguments: str, extra: str = "", host: str = PUBLIC_HOST
    ) -> Result:
        """The result of the command; the site's file names only what it must."""
        authority = Authority(self._path / "authority")
        certificate = authority.issue(host, days=front.days)
        self.site = self._start_site(front.options)
        plain = free_port()
        nginx = self._start_nginx(f"""
            {front.compression}
            server {{ listen {HOST}:{plain}; {front.plain} }}
            server {{
                listen {HOST}:@PORT@ ssl;
                ssl_certificate {certificate.chain};
                ssl_certificate_key {certificate.key};
                {front.tls} {front.hsts} {front.protection} {front.flags} {front.own_404}
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-Proto {front.proto};
                location / {{ proxy_pass http://{HOST}:{self.site.port}; }}
                location = / {{ proxy_pass http://{HOST}:{self.site.port}{front.home}; }}
                location = /404.html {{ internal; default_type text/html; return 404 "gone shopping"; }}
                {front.more}
            }}
        """)
        path = self._path / "shop.toml"
        path.write_text(
            f'base_url = "{BASE_URL}"\nconnect_to = "{nginx.node}"\n'
            f'[crawl]\nca_file = "{authority.ca_file}"\n'
            f'[preflight]\nhttp_connect_to = "{HOST}:{plain}"\n{extra}',
            encoding="utf-8",
        )
        found = warmer(self._path, "preflight", "-c", path.name, *arguments, "--report", "p.json")
        report = self._path / "p.json"
        return Result(
            found.code,
            found.stdout,
            found.stderr,
            json.loads(report.read_text(encoding="utf-8")) if report.exists() else {},
        )


def grades(found: Result, *wanted: str) -> dict[str, str]:
    """Each check that is not ok, with its grade."""
    assert found.report, found.stderr
    return {
        each["check"]: each["grade"]
        for each in found.report["checks"]
        if each["grade"] in (wanted or ("warn", "fail"))
    }


def reason(found: Result, check: str) -> str:
    (only,) = (each for each in found.report["checks"] if each["check"] == check)
    text: str = only["reason"]
    return text
