"""What is put in front of the Django shop: nginx with proxy_cache, TLS, Varnish.

Texts only, for `start_nginx` and `start_varnish`. Each caches what the origin's
Cache-Control allows and tells in a response header whether it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.process import HOST

if TYPE_CHECKING:
    from tests.servers.certificates import Certificate


def nginx_cache(origin: int) -> str:
    """An nginx that caches what comes from this loopback port; `X-Cache-Status` tells."""
    return f"""
    proxy_cache_path @DIR@/cache keys_zone=pages:5m inactive=60m;
    server {{
        listen {HOST}:@PORT@;
        location / {{
            proxy_pass http://{HOST}:{origin};
            proxy_set_header Host $http_host;
            proxy_cache pages;
            proxy_cache_key $http_host$request_uri;
            proxy_cache_bypass $http_x_warmer_refresh;
            add_header X-Cache-Status $upstream_cache_status always;
        }}
    }}
    """


def nginx_tls(origin: int, certificate: Certificate) -> str:
    """An nginx that ends TLS and HTTP/2, and tells the origin so; it caches nothing."""
    return f"""
    server {{
        listen {HOST}:@PORT@ ssl http2;
        ssl_certificate {certificate.chain};
        ssl_certificate_key {certificate.key};
        location / {{
            proxy_pass http://{HOST}:{origin};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
    """


def varnish(origin: int) -> str:
    """Varnish with its built-in rules; `X-Varnish` and `Age` tell."""
    return f"""
    vcl 4.1;
    backend origin {{ .host = "{HOST}"; .port = "{origin}"; }}
    sub vcl_recv {{
        if (req.http.X-Warmer-Refresh) {{
            set req.hash_always_miss = true;
        }}
    }}
    """
