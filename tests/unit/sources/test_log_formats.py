from __future__ import annotations

import time
from typing import TYPE_CHECKING

import apachelogs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import SourceError
from warmer.sources.log_formats import compiled
from warmer.sources.log_known import detect, named_or_compiled
from warmer.sources.log_request import Request, split_line

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

TIME = "[23/Nov/2025:07:36:00 +0000]"


def read(log_format: str, line: bytes | str) -> Request | None:
    """The one request in one line, None if the format does not match it."""
    reader = named_or_compiled(log_format)()
    data = (line if isinstance(line, bytes) else line.encode()) + b"\n"
    keys = reader.rows(data).keys
    return reader.request(keys[0]) if keys else None


def escaped(value: bytes) -> str:
    """As httpd's ap_escape_logitem writes it."""
    out = ""
    for byte in value:
        if byte in b'"\\':
            out += "\\" + chr(byte)
        elif 0x20 <= byte < 0x7F:
            out += chr(byte)
        else:
            out += {9: "\\t", 10: "\\n", 13: "\\r"}.get(byte, f"\\x{byte:02x}")
    return out


words = st.text(alphabet="abcXYZ019.:/_-?&=%", min_size=1, max_size=12)
texts = st.binary(max_size=20).map(escaped)
QUOTED = {
    "%{Referer}i": texts,
    "%{User-agent}i": texts,
    "%{Cookie}i": texts,
    "%{X-Forwarded-For}i": texts,
    "%f": texts,
}
BARE = {
    "%h": words,
    "%l": words,
    "%u": st.text(alphabet="ab 1", min_size=1, max_size=6).map(str.strip).filter(bool),
    "%t": st.just(TIME),
    "%D": st.integers(0, 10**9).map(str),
    "%b": st.integers(0, 10**9).map(str) | st.just("-"),
    "%p": st.integers(1, 65535).map(str),
    "%k": st.integers(0, 99).map(str),
    "%X": st.sampled_from("X+-"),
}
methods = st.sampled_from(["GET", "POST", "HEAD", "M-SEARCH"])
targets = st.binary(max_size=20).map(lambda tail: b"/" + tail)


@st.composite
def entries(draw: DrawFn) -> tuple[str, str]:
    """A LogFormat and a line that httpd could have written with it."""
    request = draw(st.tuples(methods, targets))
    line = escaped(request[0].encode() + b" " + request[1] + b" HTTP/1.1")
    fields = [('"%r"', f'"{line}"'), ("%>s", draw(st.sampled_from(["200", "304", "404"])))]
    for directive in draw(st.lists(st.sampled_from([*QUOTED, *BARE]), unique=True, max_size=7)):
        if directive in QUOTED:
            fields.append((f'"{directive}"', f'"{draw(QUOTED[directive])}"'))
        else:
            fields.append((directive, draw(BARE[directive])))
    fields = draw(st.permutations(fields))
    # A name with spaces has an end only where something else than a space follows.
    for index, (directive, _) in enumerate(fields):
        if directive == "%u":
            fields[index + 1 : index + 1] = [("%t", TIME)]
            break
    unique: dict[str, str] = {}
    for directive, value in fields:
        unique.setdefault(directive, value)
    return " ".join(unique), " ".join(unique.values())


@given(entries())
def test_a_compiled_format_reads_what_apachelogs_reads(entry: tuple[str, str]) -> None:
    log_format, line = entry
    expected = apachelogs.LogParser(log_format).parse(line)
    request = read(log_format, line)
    assert request is not None
    assert (request.method, request.target) == split_line(expected.request_line.encode("latin-1"))
    assert request.status == str(expected.final_status).encode()


COMBINED = f'1.2.3.4 - - {TIME} "GET /p HTTP/1.1" 200 5 "-" "Mozilla/5.0"'
ALB = (
    "h2 2025-11-23T07:36:00.123456Z app/shop/50dc6c495c0c9188 10.0.0.1:2817 10.0.0.2:80 0.000"
    ' 0.001 0.000 200 200 34 366 "GET https://www.example.com:443/p?q=1 HTTP/2.0" "Mozilla/5.0"'
    ' ECDHE TLSv1.2 arn:aws:x "Root=1-5" "www.example.com" "arn" 0 2025-11-23T07:36:00.1Z "-"'
)
W3C_HEADER = "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status"
NGINX = (
    "log_format main '$remote_addr - ${remote_user} [$time_local] \"$request\" '\n"
    "    '$status \"$http_user_agent\" $http_x_forwarded_for';"
)


@pytest.mark.parametrize(
    ("log_format", "line", "request_"),
    [
        ("combined", COMBINED, (b"GET", b"/p", b"200")),
        ("combined", COMBINED + ' "9.9.9.9, 8.8.8.8"', (b"GET", b"/p", b"200")),
        ("combined", COMBINED + " 0.004 rt=1 \\x", (b"GET", b"/p", b"200")),
        ("common", f'::1 - john doe {TIME} "GET / HTTP/1.0" 304 -', (b"GET", b"/", b"304")),
        ("combined", f' - - {TIME} "GET /u HTTP/1.1" 200 5 "-" "-"', (b"GET", b"/u", b"200")),
        (
            "vhost_combined",
            f"www.example.com:443 {COMBINED}",
            (b"GET", b"/p", b"200", b"www.example.com"),
        ),
        ("vhost_combined", f"a.b:8000 {COMBINED}", (b"GET", b"/p", b"200", b"a.b:8000")),
        ("%{Host}i %p %r %s", "a.b:81 80 GET / HTTP/1.1 200", (b"GET", b"/", b"200", b"a.b:81")),
        (
            "$server_name $server_port $request $status",
            "_ 81 GET /a 200",
            (b"GET", b"/a", b"200", b"_"),
        ),
        ("vhost", f"a.example {COMBINED}", (b"GET", b"/p", b"200", b"a.example")),
        ("vhost", f"a.example fe80::1{COMBINED[7:]}", (b"GET", b"/p", b"200", b"a.example")),
        ("vhost_combined", f"[::1]:80 {COMBINED}", (b"GET", b"/p", b"200", b"[::1]")),
        (
            "alb",
            ALB,
            (b"GET", b"https://www.example.com:443/p?q=1", b"200", b"", b"https"),
        ),
        ("%m %U%q %H %>s", "GET /a/b?c=d HTTP/1.1 200", (b"GET", b"/a/b?c=d", b"200")),
        ("%m %U %q %s", "GET /100%  200", (b"GET", b"/100%25", b"200")),
        ("%s %>s %m %U", "301 200 GET /", (b"GET", b"/", b"200")),
        ("%t|%r|%>s|%v", f"{TIME}|GET /a HTTP/1.1|200|a.b", (b"GET", b"/a", b"200", b"a.b")),
        ("%h %r %>s %{%d %b %T}t", "h GET /a HTTP/1.1 200 1 Nov 7:36", (b"GET", b"/a", b"200")),
        ("%r %!200,304{Referer}i %s%%", "GET /a - 200%", (b"GET", b"/a", b"200")),
        (r"%h \"%r\" %>s\t%b", 'h "GET /a HTTP/1.1" 200\t5', (b"GET", b"/a", b"200")),
        (
            r'LogFormat "%v \"%r\" %>s \"%{User-agent}i\" %{ms}T" timed',
            'a.b "GET /a HTTP/1.1" 200 "x \\"y\\" z" 17',
            (b"GET", b"/a", b"200", b"a.b"),
        ),
        (
            "$remote_addr $request_method $scheme://$host$request_uri $status",
            "h GET https://a.b/c?d 200",
            (b"GET", b"/c?d", b"200", b"a.b", b"https"),
        ),
        (
            '"$request_method $uri$is_args$args" $status $upstream_response_time "$http_host"',
            '"GET /caf\\xC3\\xA9?x=1" 200 0.1, 0.2 : 0.3 "a.b:81"',
            (b"GET", b"/caf\xc3\xa9?x=1", b"200", b"a.b:81"),
        ),
        (
            NGINX,
            'h - a b [1/Nov/2025 7:36] "GET /a HTTP/2.0" 200 "c" 1.1.1.1, 2.2.2.2',
            (b"GET", b"/a", b"200"),
        ),
        (
            'log_format j escape=json \'{"r":"$request","s":$status,"h":"$host"}\';',
            '{"r":"GET /a\\"\\u00e9 HTTP/1.1","s":200,"h":"a.b"}',
            (b"GET", b'/a"\xe9', b"200", b"a.b"),
        ),
        (
            '%(h)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(L)s %({x-id}i)s',
            f'h {TIME} "GET /a HTTP/1.1" 200 5 "-" "curl" 0.1 7',
            (b"GET", b"/a", b"200"),
        ),
        (
            '%h "%r" %s %{Varnish:hitmiss}x',
            'h "GET http://a.b/c HTTP/1.1" 200 hit',
            (b"GET", b"http://a.b/c", b"200"),
        ),
    ],
)
def test_a_format_reads_a_line(log_format: str, line: str, request_: tuple[bytes, ...]) -> None:
    assert read(log_format, line) == Request(*request_)
    assert read(log_format, line + "\r") == Request(*request_)


@pytest.mark.parametrize(
    ("log_format", "line"),
    [
        ("combined", f'h - - {TIME} "GET /p HTTP/1.1 200 5'),
        ("combined", f'h - - {TIME} "GET /p HTTP/1.1" 2000 5 "-" "-"'),
        ("combined", "no log at all"),
        ('"%r" %>s', '"GET /p HTTP/1.1" 200 and more'),
        ('"%r" %>s', 'before "GET /p HTTP/1.1" 200'),
    ],
)
def test_a_line_of_another_shape_is_not_read(log_format: str, line: str) -> None:
    assert read(log_format, line) is None


@pytest.mark.parametrize(
    ("log_format", "message"),
    [
        ("cobmined", 'log format "cobmined": no directive in it; expected a name '),
        ("%h %t", 'log format "%h %t": does not tell what was asked for; expected %r or '),
        ('"%r"', 'log format ""%r"": does not tell what was asked for'),
        ("$request_uri $status", "does not tell what was asked for"),
        ('"%r" %>s %h%l', "nothing stands between two fields, so the first has no end."),
    ],
)
def test_a_format_that_cannot_be_read_is_refused(log_format: str, message: str) -> None:
    with pytest.raises(SourceError) as error:
        compiled(log_format)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "log_format", ["combined", "vhost_combined", "alb", "%h %u %r %>s %{X}i %b"]
)
@pytest.mark.parametrize("unit", ["a ", 'a"', '\\"', "[a ", " [", "] ", '" "', "GET / HTTP/1.1 "])
def test_no_line_makes_a_format_backtrack_for_long(log_format: str, unit: str) -> None:
    line = unit * (60_000 // len(unit))
    started = time.process_time()
    for start in ("", f'1.2.3.4 - - {TIME} "'):
        read(log_format, start + line)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ([COMBINED], "combined"),
        ([f"www.example.com:80 {COMBINED}"], "vhost_combined"),
        ([f"www.example.com {COMBINED}"], "vhost"),
        ([f"9.9.9.9 {COMBINED}"], "combined"),
        ([ALB], "alb"),
        (['{"request":"GET / HTTP/1.1","status":"200"}'], "json"),
        ([W3C_HEADER, "2025-11-23\t07:36:00\tGET\t/\t-\t200"], "cloudfront"),
        (["garbage", "more garbage", COMBINED, "half a li"], "combined"),
    ],
)
def test_the_format_of_lines_is_recognised(lines: list[str], name: str) -> None:
    found = detect("\n".join(lines).encode())
    assert found is not None
    assert found is named_or_compiled(name)() or name in {"cloudfront", "json"}
    assert len(found.rows(("\n".join(lines) + "\n").encode()).keys) == 1


def test_lines_of_no_log_have_no_format() -> None:
    assert detect(b"https://example.com/\n/page\n") is None
    assert detect(b"") is None
