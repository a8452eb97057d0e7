"""Discovery keeps away from links that change something, and from static files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# Static tools know the module by another name, `spiders.caution`.
reason_to_leave: Callable[[str], str | None] = importlib.import_module(
    "warmer.spiders.caution"
).reason_to_leave


@pytest.mark.parametrize(
    "target",
    [
        "/admin/", "/admin", "/en/admin/shop/product/", "/wp-admin/post.php", "/wp-login.php",
        "/administrator/index.php", "/accounts/logout/", "/logout.php", "/user-logout", "/sign-out",
        "/auth/signoff/now", "/items/5/delete/", "/delete-item?id=5", "/remove_item/5",
        "/item_delete.aspx", "/cart/add/5/", "/add-to-cart/5", "/shop/add_to_basket.php",
        "/cart/update", "/unsubscribe/abc", "/items/5/edit/", "/checkout/",
        "/p/7?add-to-cart=7", "/p/7?page=2&action=delete", "/?logout", "/p?replytocom=3",
        "/ADMIN/", "/p?_wpnonce=abc",
    ],
)  # fmt: skip
def test_links_that_may_change_something_are_left_alone(target: str) -> None:
    assert reason_to_leave(f"https://www.example.com{target}") == "action"


@pytest.mark.parametrize(
    "target",
    ["/a.jpg", "/files/Report.PDF", "/static/app.js?v=3", "/fonts/a.woff2", "/x/archive.tar.gz"],
)
def test_static_files_are_left_alone(target: str) -> None:
    assert reason_to_leave(f"https://www.example.com{target}") == "static-file"


@pytest.mark.parametrize(
    "target",
    [
        "/", "/catalog-outdoor/", "/blog/sign-outdoors/", "/blog/administering-drupal/",
        "/cart/", "/p/7?page=2", "/p/7?sort=price&category=address", "/news/2026/11.html",
        "/index.php", "/feed.xml", "/edition/", "/v1.2/notes", "/.well-known/x", "/tokens/?transaction=1",
    ],
)  # fmt: skip
def test_pages_are_not(target: str) -> None:
    assert reason_to_leave(f"https://www.example.com{target}") is None
