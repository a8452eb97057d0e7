"""The signature of a request to render again covers time and URL."""

from __future__ import annotations

from warmer.crawl.refresh import refresh_line


def test_the_line_is_seconds_and_an_hmac_of_seconds_and_url() -> None:
    # printf '1700000000\nhttps://www.example.com/p' | openssl dgst -sha256 -hmac secret
    assert refresh_line("https://www.example.com/p", "secret", 1700000000.9) == (
        "X-Warmer-Refresh: 1700000000."
        "eef8a1a1000e28a9e8a187fa095792da206f6afddba733fa1c3d6d24b8e59eb7"
    )


def test_another_url_moment_or_secret_signs_otherwise() -> None:
    lines = {
        refresh_line(url, secret, now)
        for url in ("https://www.example.com/a", "https://www.example.com/b")
        for secret in ("one", "two")
        for now in (1.0, 2.0)
    }
    assert len({line.rpartition(".")[2] for line in lines}) == 8
