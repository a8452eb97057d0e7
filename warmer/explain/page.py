"""The document of an explanation as a page that a person reads. Pure.

Nothing in it can move a terminal's cursor: what a server said is shown by its characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warmer.report.visible import visible
from warmer.report.wording import duration, milliseconds, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOW = {
    "pinned": "pinned",
    "template": "by template",
    "new-entry": "learnt: an entry appeared while the page was fetched",
    "only-entry": "learnt: the page has entries under this scheme and no other",
}


def page(document: dict[str, Any]) -> str:
    """Lines of text, each visit with its verdict first and its findings last."""
    lines = [line for visit in document["visits"] for line in (*_visit(document, visit), "")]
    lines = [*_each_server(document), *lines]
    return "".join(f"{visible(line)}\n" for line in lines[:-1])


def _visit(document: dict[str, Any], visit: dict[str, Any]) -> Iterator[str]:
    yield f"{visit['request']['url']} is {_verdict(visit)}"
    if visit["detail"]:
        yield f"  {visit['detail']}"
    if visit["was_cold"]:
        yield "  It was cold until this request, which had it stored."
    if not isinstance(document["connect_to"], list):
        yield from (f"  {_not_reached(each)}" for each in document["unreachable"])
    yield ""
    way = f" by way of {visit['connect_to']}" if visit["connect_to"] else ""
    yield f"Request, as variant {visit['variant']}{way}"
    yield f"  GET {visit['request']['url']}"
    yield from _named(visit["request"]["headers"].items())
    yield ""
    yield from _response(visit)
    yield ""
    yield "Caches that the response came through, nearest first"
    yield from _upstream(visit["upstream"], visit["response"])
    for cache in visit["caches"]:
        yield ""
        yield from _cache(cache)
    if visit["second_fetch"] is not None:
        yield ""
        yield "Second fetch"
        yield f"  {_status(visit['second_fetch'])}"
        yield from _upstream(visit["second_fetch"]["upstream"], visit["second_fetch"])
    if visit["response"]["status"] is not None:
        yield ""
        yield "Other visitors, looked up and not fetched"
        for visitor in visit["visitors"]:
            yield from _visitor(visitor)
    yield ""
    yield "Findings"
    for finding in visit["findings"]:
        yield f"  {finding['level']:<5} {finding['about']}: {finding['text']}"
        if finding["cure"]:
            yield f"        Cure: {finding['cure']}"


def _each_server(document: dict[str, Any]) -> Iterator[str]:
    """A line for each of several servers that keep caches of their own, and a variant each."""
    servers = document["connect_to"]
    if not isinstance(servers, list):
        return
    visits = [[each for each in document["visits"] if each["connect_to"] == s] for s in servers]
    warm = [each and all(visit["verdict"] == "warm" for visit in each) for each in visits]
    yield f"{document['url']} is warm at {sum(map(bool, warm))} of {len(servers)} servers"
    unreachable = {each["server"]: each for each in document["unreachable"]}
    for server, found in zip(servers, visits, strict=True):
        if server in unreachable:
            yield f"  {_not_reached(unreachable[server])}"
            continue
        for visit in found:
            variant = f"{visit['variant']}: " if len(found) > 1 else ""
            cold = "; cold until this request" if visit["was_cold"] else ""
            yield f"  {server}  {variant}{_verdict(visit)}{cold}"
    yield ""


def _not_reached(unreachable: dict[str, str]) -> str:
    return "{server} cannot be reached: {reason}: {detail}".format_map(unreachable)


def _verdict(visit: dict[str, Any]) -> str:
    if visit["verdict"] == "warm":
        left = "" if visit["ttl_s"] is None else f", for {duration(visit['ttl_s'])} more"
        return f"warm, by {' and '.join(visit['evidence'])}{left}"
    return f"not warm: {visit['verdict']}, {visit['reason']}"


def _response(visit: dict[str, Any]) -> Iterator[str]:
    response = visit["response"]
    yield "Response"
    for hop in visit["redirects"]:
        yield f"  {hop['status']} after {milliseconds(hop['total_ms'])} ms: {hop['url']}"
        yield f"      leads to {hop['location']}"
        yield from (f"      {each['state']:<7} {each['detail']}" for each in hop["upstream"])
    if response["status"] is None:
        yield f"  none: {response['error']}"
        return
    if response["redirected_to"]:
        yield f"  redirected to {response['redirected_to']}"
    yield f"  {_status(response)}, {quantity(response['bytes'])} bytes"
    yield from _named(response["headers"])
    if response["set_cookie"]:
        yield f"  set-cookie: {', '.join(response['set_cookie'])} (values not shown)"


def _status(said: dict[str, Any]) -> str:
    if said["status"] is None:
        return "no answer"
    age = "" if said["age_s"] is None else f", {duration(said['age_s'])} old"
    total, first = milliseconds(said["total_ms"]), milliseconds(said["first_byte_ms"])
    return f"{said['status']} after {total} ms (first byte {first} ms){age}"


def _upstream(said: list[dict[str, Any]], outcome: dict[str, Any]) -> Iterator[str]:
    for each in said:
        yield f"  {each['state']:<7} {each['detail']}"
    if outcome["cache_says"]:
        yield f"  so it is a {outcome['cache']}, by {outcome['cache_says']}"
    else:
        yield "  none says a word of itself"


def _cache(cache: dict[str, Any]) -> Iterator[str]:
    yield f"Cache server {cache['url']}: {cache['state']}"
    if cache["detail"]:
        yield f"  {cache['detail']}"
    if cache["keys_known_by"] is None:
        yield "  keys are not known"
    else:
        how = cache["keys_known_by"]
        yield f"  keys {_HOW.get(how, how)}"
    if cache["pin"]:
        yield f"  {cache['pin']}"
    if cache["header_list"] is not None:
        yield f"  header list names: {', '.join(cache['header_list']) or 'nothing'}"
    for key in cache["keys"]:
        yield f"  {key['what']:<11} {_found(key)}"
        yield f"              {key['key']}"


def _found(key: dict[str, Any]) -> str:
    before = {None: "", True: "; there before", False: "; not there before"}[key["before"]]
    if not key["there"]:
        return f"not there{before}"
    ends = "never expires" if key["ttl_s"] is None else f"expires in {duration(key['ttl_s'])}"
    return f"there, {quantity(key['size_bytes'])} bytes, {ends}{before}"


def _visitor(visitor: dict[str, Any]) -> Iterator[str]:
    if visitor["split_by"]:
        yield f"  {visitor['name']}: an entry of its own, by {', '.join(visitor['split_by'])}"
    else:
        yield f"  {visitor['name']}: chosen alike, as far as Vary and the header list tell"
    for name, value in visitor["differs_in"].items():
        yield f"    {name}: {'(not sent)' if value is None else value}"
    for each in visitor["caches"]:
        known = "not known" if each["state"] == "inconclusive" else each["state"]
        yield f"    its entry: {known}"


def _named(headers: Any) -> Iterator[str]:  # noqa: ANN401 -- pairs of a mapping, or of a list
    for name, value in headers:
        yield f"  {name}: {value}"
