"""Entries of an XML sitemap, sitemap index or feed, from the parser's events; no tree is built.

So memory does not grow with the file, nor with elements that nobody expects in it.
DOCTYPEs are refused before anything in them is read. Names are compared without
their namespace: real sitemaps have none, the wrong one, or an undeclared prefix.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from lxml import etree

from warmer.sources.sitemap_body import RefusedError
from warmer.sources.urls import Rejection, check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from warmer.sources.sitemap_body import Body
    from warmer.sources.skipped import Skipped

DEFAULT_PRIORITY = 0.5
"""What the sitemap protocol assumes where no priority is given."""

DOCTYPE_REFUSED = "has a DOCTYPE; entities are refused"
HTML_REFUSED = (
    "answered with an HTML page; expected a sitemap. Pages themselves go into a list,"
    " and discover: follows links from one"
)

_ITEMS = {"urlset": "url", "sitemapindex": "sitemap", "rss": "item", "rdf": "item", "feed": "entry"}
_FIELDS = frozenset(
    ("loc", "priority", "lastmod", "link", "guid", "pubDate", "date", "updated", "published")
)


class Entry(NamedTuple):
    """One `url`, `sitemap`, `item` or `entry` of a file, or one line of a text sitemap.

    `loc` and `alternates` are as `urls.check` gives them: absolute URL, `//host/path`
    or `/path`, ready to be sent. `alternates` are other languages of the page.
    `priority` is 0.0 to 1.0, None if absent or out of range. `lastmod` is as
    written. `nested` entries are sitemaps.
    """

    loc: str
    priority: float | None = None
    lastmod: str | None = None
    alternates: tuple[str, ...] = ()
    nested: bool = False

    @property
    def weight(self) -> float:
        """The priority, 0.5 where the file gives none (sitemaps.org)."""
        return DEFAULT_PRIORITY if self.priority is None else self.priority


def entries_of_xml(body: Body, skipped: Skipped) -> Iterator[Entry]:
    """Yield entries as the parser meets them.

    A file that breaks off is noted as `truncated`. Raises RefusedError for a
    DOCTYPE, for a root element that is neither sitemap nor feed, and for a
    file that breaks off before its first entry.
    """
    events = _Events(skipped)
    parser = etree.XMLParser(
        target=events,  # type: ignore[arg-type]  # the stubs demand comment() and bytes; lxml does not
        encoding=body.encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    fault = None
    for chunk in body:
        try:
            parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            fault = _one_line(error)
        yield from events.entries
        events.entries.clear()
        if events.complete:
            return
        if fault is not None:
            break
    else:
        fault = _end(parser)
        yield from events.entries
        if events.complete:
            return
    if not events.seen:
        raise RefusedError(
            f"is cut off or not well-formed before its first entry: {fault}; expected a sitemap"
        )
    skipped.note("truncated")


def _end(parser: etree.XMLParser) -> str | None:
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        return _one_line(error)
    return None


def _one_line(error: etree.XMLSyntaxError) -> str:
    return " ".join(str(error.msg).split())


class _Events:
    """Parser target: collects the fields of each item, `entries` to be drained by the caller."""

    def __init__(self, skipped: Skipped) -> None:
        self.entries: list[Entry] = []
        self.seen = False
        self.complete = False
        self._skipped = skipped
        self._text: list[str] = []
        self.data = self._text.append
        self._depth = 0
        self._root = ""
        self._item_depth = 0  # 0 while outside an item
        self._fields: dict[str, str] = {}
        self._links: list[str] = []

    def doctype(self, name: str, _public: str | None, _system: str | None) -> NoReturn:
        raise RefusedError(HTML_REFUSED if name.lower() == "html" else DOCTYPE_REFUSED)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._text.clear()
        if self._item_depth:
            if attributes and self._depth == self._item_depth + 1:
                self._note_attributes(_local(tag), attributes)
        elif self._depth == 1:
            self._start_root(_local(tag).lower())
        elif _local(tag) == _ITEMS[self._root]:
            self._item_depth = self._depth

    def end(self, tag: str) -> None:
        depth = self._depth
        self._depth = depth - 1
        if self._item_depth:
            if depth == self._item_depth + 1:
                name = _local(tag)
                if name in _FIELDS and (text := "".join(self._text).strip()):
                    self._fields.setdefault(name, text)
            elif depth == self._item_depth:
                self._end_item()
        elif depth == 1:
            self.complete = True
        self._text.clear()

    def close(self) -> None:
        """Do nothing; the parser asks for it."""

    def _start_root(self, name: str) -> None:
        if name == "html":
            raise RefusedError(HTML_REFUSED)
        if name not in _ITEMS:
            raise RefusedError(
                f"is XML with the root element <{name[:40]}>; "
                "expected a sitemap (urlset, sitemapindex) or a feed (rss, rdf, feed)"
            )
        self._root = name

    def _note_attributes(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "guid" and attributes.get("isPermaLink", "").lower() == "false":
            self._fields["guid"] = ""  # an identifier that only looks like a URL
        if name != "link":
            return
        relation = attributes.get("rel", "" if self._root == "urlset" else "alternate")
        if relation.strip().lower() == "alternate" and (href := attributes.get("href", "").strip()):
            self._links.append(href)

    def _end_item(self) -> None:
        fields, links = self._fields, self._links
        self._fields, self._links, self._item_depth = {}, [], 0
        self.seen = True
        if self._root in {"urlset", "sitemapindex"}:
            loc, lastmod = fields.get("loc"), fields.get("lastmod")
        else:
            loc = fields.get("link") or next(iter(links), None) or (fields.get("guid") or None)
            lastmod = next((fields[name] for name in _FEED_DATES if name in fields), None)
        url = None if loc is None else check(loc.encode())
        if not isinstance(url, str):
            self._skipped.note("no-loc" if url is None else url.value)
            return
        self.entries.append(
            Entry(
                url,
                _priority(fields.get("priority")),
                lastmod,
                self._alternates(url, links) if links else (),
                self._root == "sitemapindex",
            )
        )

    def _alternates(self, loc: str, links: list[str]) -> tuple[str, ...]:
        """Each other URL once; sites name the page itself among its alternates."""
        urls = dict.fromkeys(check(link.encode()) for link in links)
        for url in urls:
            if isinstance(url, Rejection):
                self._skipped.note(url.value)
        return tuple(url for url in urls if isinstance(url, str) and url != loc)


_FEED_DATES = ("updated", "pubDate", "published", "date")


@lru_cache(maxsize=128)
def _local(tag: str) -> str:
    """Name without namespace, and without a prefix that was never declared."""
    return tag[max(tag.rfind("}"), tag.rfind(":")) + 1 :]


def _priority(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
