"""Whose entry is asked for: ours, a visitor's, another session's."""

from __future__ import annotations

from typing import Any

from warmer.config_file import build_site
from warmer.run.reach import reach

BASE = "http://www.example.com"


def of(**document: Any) -> Any:
    login = {"url": "/in/", "username_env": "U", "password_env": "P"}
    site = build_site({"login": login, **document}, place="", environment={})
    return reach(site, BASE)


IN = {"name": "in", "login": "default"}


def test_our_entry_is_chosen_by_the_sessions_cookies() -> None:
    found = of(variant=[IN, {"name": "out"}])
    assert found.of_ours("in", "sessionid=s3cret")["Cookie"] == "sessionid=s3cret"
    assert "Cookie" not in found.of_ours("out")


def test_a_visitors_entry_is_that_of_another_session_never_of_none() -> None:
    found = of(variant=[IN, {"name": "out"}])
    assert found.of_visitors("in")["Cookie"] == "session=of-another-visitor"
    assert "Cookie" not in found.of_visitors("out")


def test_cookies_of_the_site_go_along_with_those_of_the_session() -> None:
    found = of(variant=[IN], headers={"cookie": "gate=open"})
    assert found.of_ours("in", "sessionid=s3cret")["Cookie"] == "gate=open; sessionid=s3cret"
    assert found.of_visitors("in")["Cookie"] == "session=of-another-visitor"
