"""What a browser would send of a form."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.login_form import Form, encoded, form_to, form_with, forms_of, words_of

URL = "https://www.example.com/accounts/login/?next=/"
HTML = "text/html; charset=utf-8"


def only(page: str, url: str = URL) -> Form:
    (form,) = forms_of(page.encode(), HTML, url)
    return form


def test_fields_are_sent_as_they_stand_and_in_their_order() -> None:
    form = only("""<form method=POST>
        <input name=a value=1> <input name=empty> <input value=nameless>
        <input name=off value=2 disabled> <fieldset disabled><input name=inner></fieldset>
        <input type=checkbox name=box> <input type=checkbox name=ticked checked>
        <input type=radio name=r value=x> <input type=radio name=r value=y checked>
        <input type=file name=file> <input type=reset name=reset>
        <select name=one><option value=1>eins<option value=2 selected>zwei</select>
        <select name=first><option>eins<option>zwei</select>
        <select name=many multiple><option selected>p<option>q<option selected>r</select>
        <textarea name=text>
two
lines</textarea></form>""")
    assert form.method == "post"
    assert form.fields == (
        ("a", "1"),
        ("empty", ""),
        ("ticked", "on"),
        ("r", "y"),
        ("one", "2"),
        ("first", "eins"),
        ("many", "p"),
        ("many", "r"),
        ("text", "two\nlines"),
    )
    assert "box" in form.names


def test_a_form_asks_for_what_is_neither_hidden_nor_a_button() -> None:
    form = only("""<form><input name=a><input type=HIDDEN name=h><input type=submit name=s>
        <input type=image name=i><button name=b></button><input type=file name=f>
        <input type=checkbox name=c><select name=l></select><textarea name=t></textarea></form>""")
    assert form.asks == {"a", "f", "c", "l", "t"}
    assert form.names == {"a", "h", "s", "i", "b", "f", "c", "l", "t"}


def test_fields_are_filled_in_where_they_stand() -> None:
    form = only(
        '<form><input name="a" value="1"><input name="b"><input name="a" value="2">'
        '<input type="checkbox" name="box" value="yes"></form>'
    )
    filled = form.filled({"a": "new", "box": "yes"})
    assert filled == [("a", "new"), ("b", ""), ("box", "yes")]


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({}, [("a", ""), ("_save", "Save")]),
        ({"_continue": "1"}, [("a", ""), ("_continue", "1")]),
    ],
)
def test_the_first_button_goes_along_unless_another_is_named(
    values: dict[str, str], sent: list[tuple[str, str]]
) -> None:
    form = only(
        "<form><input name=a><input type=submit value=Nameless><input type=submit name=no disabled>"
        "<input type=submit name=_save value=Save><button name=_continue value=1>go</button></form>"
    )
    assert form.filled(values) == sent


@pytest.mark.parametrize(
    ("action", "leads_to"),
    [
        ("", "https://www.example.com/accounts/login/?next=/"),
        ("/enter", "https://www.example.com/enter"),
        ("?a=1", "https://www.example.com/accounts/login/?a=1"),
        ("https://id.example.com/", "https://id.example.com/"),
        ("http://[", "about:invalid"),
    ],
)
def test_a_form_leads_where_its_action_says(action: str, leads_to: str) -> None:
    assert only(f'<form action="{action}"></form>').action == leads_to


def test_a_base_of_the_page_is_heeded() -> None:
    assert only('<base href="/de/"><form action="enter"></form>').action == (
        "https://www.example.com/de/enter"
    )


def test_the_form_is_that_with_the_fields_and_posted() -> None:
    page = """<form action=/search><input name=username><input name=password></form>
        <form action=/logout method=post><input name=csrf></form>
        <form action=/in method=post><input name=username><input name=password></form>"""
    found = form_with(forms_of(page.encode(), HTML, URL), ["username", "password"])
    assert found is not None
    assert found.action == "https://www.example.com/in"
    assert form_with(forms_of(page.encode(), HTML, URL), ["otp"]) is None


def test_the_pages_own_form_is_posted_to_where_the_page_is() -> None:
    page = """<form method=post action=/search><input name=q></form><form><input name=a></form>
        <form method=post action="?next=/b"><input name=b></form>"""
    found = form_to(forms_of(page.encode(), HTML, URL), URL)
    assert found is not None
    assert found.names == {"b"}
    assert form_to(forms_of(page.encode(), HTML, URL), "https://www.example.com/other/") is None


def test_the_words_of_a_page_are_those_that_it_shows() -> None:
    page = """<title>Log in</title><!-- not this --><script>nor this</script><style>or that</style>
        <p>Log in, <b>please</b></p><input value=unseen><textarea>more</textarea>"""
    assert words_of(page.encode(), HTML) == {"Log", "in", "in,", "please", "more"}
    assert words_of(b"", HTML) == frozenset()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (
            '<form><input name=a value="Köln"></form>'.encode("latin-1"),
            "text/html; charset=latin-1",
        ),
        ('<form><input name=a value="Köln"></form>'.encode(), "text/html"),
        (
            '<meta charset="iso-8859-1"><form><input name=a value="Köln"></form>'.encode("latin-1"),
            "text/html",
        ),
    ],
)
def test_a_page_is_read_in_its_own_charset(body: bytes, content_type: str) -> None:
    (form,) = forms_of(body, content_type, URL)
    assert form.value("a") == "Köln"


def test_an_unknown_charset_is_taken_for_utf_8() -> None:
    assert forms_of(b"<form><input name=a></form>", "text/html; charset=martian", URL)


def test_what_is_sent_is_utf_8_with_line_ends_as_browsers_have_them() -> None:
    assert encoded([("a", "Köln\nam\r\nRhein"), ("b", "&=+ ")]) == (
        b"a=K%C3%B6ln%0D%0Aam%0D%0ARhein&b=%26%3D%2B+"
    )


@given(
    st.lists(
        st.tuples(st.text(min_size=1), st.text(alphabet=st.characters(blacklist_characters="\r\n")))
    )
)
def test_what_is_sent_says_what_was_filled_in(fields: list[tuple[str, str]]) -> None:
    fields = [
        (n.encode(errors="ignore").decode(), v.encode(errors="ignore").decode()) for n, v in fields
    ]
    assert parse_qsl(encoded(fields).decode(), keep_blank_values=True) == fields


FRAGMENTS = st.sampled_from(
    ["<form", " method=post>", "<input name=", "a", '"', "'", "<select name=x>", "<option>", "</form>",
     "<textarea name=t>", "<![CDATA[", "<!--", "\0", "&#x0;", "<base href='http://['>", "\udc80", ">"]
)  # fmt: skip


@given(st.lists(FRAGMENTS).map("".join))
def test_no_page_is_too_broken_to_be_read(page: str) -> None:
    for form in forms_of(page.encode(errors="surrogateescape"), "text/html", URL):
        assert isinstance(form.filled({"a": "b"}), list)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_no_bytes_are_too_broken_to_be_read(body: bytes, kind: str) -> None:
    assert isinstance(forms_of(body, kind, URL), list)
    assert isinstance(words_of(body, kind), frozenset)


def test_a_form_shows_nothing_when_printed() -> None:
    assert "s3cret" not in repr(only("<form><input name=a value=s3cret></form>"))
