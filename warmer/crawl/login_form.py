"""The forms of an HTML page, and what a browser sends of one; its words. Pure: bytes in, fields out.

Knows nothing of logins. Sends no files, and runs no script: a form that a script makes, or
fills in, is not seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import etree
from lxml import html as lxml_html

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n?|\n")
_BUTTON_TYPES = frozenset({"submit", "image"})
_TICKED = frozenset({"checkbox", "radio"})
_NOT_SENT = _BUTTON_TYPES | {"reset", "button", "file"}
_NOT_FILLED_IN = _BUTTON_TYPES | {"reset", "button", "hidden"}
_SHOWN = etree.XPath("//text()[not(parent::script or parent::style)]")

Fields = list[tuple[str, str]]
"""Names and values of a form in the order of the page; a name may come again."""


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """One form of a page: where it goes, and its fields as they stand.

    `names` are those of all its fields, also of what a browser does not send as it stands,
    such as boxes that are not ticked; `asks` those of the fields that a person fills in.
    `buttons` are those with a name.
    """

    action: str
    method: str
    fields: tuple[tuple[str, str], ...]
    names: frozenset[str]
    asks: frozenset[str]
    buttons: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str | None:
        """The value that a field has on the page."""
        return next((value for each, value in self.fields if each == name), None)

    def filled(self, values: Mapping[str, str]) -> Fields:
        """What is sent when these fields are filled in and Enter is pressed.

        As a browser does, the first button goes along, unless `values` name another.
        """
        left = dict(values)
        sent: Fields = []
        for name, value in self.fields:
            if name not in values:
                sent.append((name, value))
            elif name in left:
                sent.append((name, left.pop(name)))
        sent += left.items()
        if self.buttons and not any(name in values for name, _ in self.buttons):
            sent.append(self.buttons[0])
        return sent


def forms_of(body: bytes, content_type: str, url: str) -> list[Form]:
    """All forms of a page in its order; none where it is no HTML that can be read."""
    page = _document(body, content_type)
    if page is None:
        return []
    for base in page.iter("base"):
        url = _joined(url, base.get("href") or "")
        break
    return [_form(each, url) for each in page.forms]


def words_of(body: bytes, content_type: str) -> frozenset[str]:
    """The words that a page shows, each once; none where it is no HTML that can be read."""
    page = _document(body, content_type)
    if page is None:
        return frozenset()
    shown = cast("list[str]", _SHOWN(page))
    return frozenset(" ".join(shown).split())


def form_with(forms: Sequence[Form], names: Collection[str]) -> Form | None:
    """The first form that is posted and has all of these fields."""
    wanted = set(names)
    return next((each for each in forms if each.method == "post" and wanted <= each.names), None)


def form_to(forms: Sequence[Form], url: str) -> Form | None:
    """The first form that is posted to this place, whatever the query."""
    place = urlsplit(url).path
    found = (each for each in forms if each.method == "post")
    return next((each for each in found if urlsplit(each.action).path == place), None)


def encoded(fields: Iterable[tuple[str, str]]) -> bytes:
    """A body of application/x-www-form-urlencoded in UTF-8, with line ends as browsers send them."""
    return urlencode([(name, _LINE_END.sub("\r\n", value)) for name, value in fields]).encode()


def _document(body: bytes, content_type: str) -> Any:  # noqa: ANN401 -- the stubs of lxml know no forms
    text = _in_utf_8(body, content_type)
    parser = lxml_html.HTMLParser(encoding=None if text is None else "utf-8")
    try:
        return lxml_html.document_fromstring(text or body, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def _in_utf_8(body: bytes, content_type: str) -> bytes | None:
    """The page in UTF-8; None where only the page itself can tell its charset."""
    named = _CHARSET.search(content_type)
    if named:
        try:
            return body.decode(named[1], "replace").encode("utf-8", "replace")
        except (LookupError, UnicodeError):
            return body
    try:
        body.decode()
    except UnicodeDecodeError:
        return None
    return body


def _form(form: Any, url: str) -> Form:  # noqa: ANN401 -- likewise
    controls = [each for each in form.inputs if each.get("name")]
    buttons = [each for each in form.iter("input", "button") if _is_button(each)]
    pressed = (each for each in buttons if each.get("name") and not _is_disabled(each))
    return Form(
        action=_joined(url, (form.get("action") or "").strip()),
        method=cast("str", form.method).lower(),
        fields=tuple(
            (each.get("name"), value)
            for each in controls
            if not _is_disabled(each)
            for value in _values(each)
        ),
        names=frozenset(each.get("name") for each in controls + buttons if each.get("name")),
        asks=frozenset(each.get("name") for each in controls if _is_filled_in(each)),
        buttons=tuple((each.get("name"), each.get("value") or "") for each in pressed),
    )


def _values(control: Any) -> list[str]:  # noqa: ANN401 -- likewise
    """What a browser sends of a control as it stands (HTML, 4.10.22.4); an empty text is sent."""
    if control.tag == "select":
        return list(control.value) if control.multiple else [control.value or ""]
    if control.tag == "textarea":
        return [_LINE_END.sub("\n", control.value or "").removeprefix("\n")]
    kind = (control.get("type") or "text").lower()
    if kind in _TICKED:
        return [control.get("value", "on")] if control.get("checked") is not None else []
    return [] if kind in _NOT_SENT else [control.get("value") or ""]


def _is_filled_in(control: Any) -> bool:  # noqa: ANN401 -- likewise
    return (control.get("type") or "").lower() not in _NOT_FILLED_IN


def _is_disabled(control: Any) -> bool:  # noqa: ANN401 -- likewise
    around = (control, *control.iterancestors("fieldset"))
    return any(each.get("disabled") is not None for each in around)


def _is_button(control: Any) -> bool:  # noqa: ANN401 -- likewise
    kind = (control.get("type") or ("submit" if control.tag == "button" else "text")).lower()
    return kind in _BUTTON_TYPES


def _joined(url: str, reference: str) -> str:
    """Where a reference of the page leads; what is no URL leads nowhere, not even back."""
    try:
        return urljoin(url, reference)
    except ValueError:
        return "about:invalid"
