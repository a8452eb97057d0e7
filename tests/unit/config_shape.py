"""The keys of a site's TOML file as the structs of the code have them, in the words of the docs."""

from __future__ import annotations

import json

import msgspec
import msgspec.inspect as shape

from warmer.config import SiteConfig


def tables_of_the_code() -> dict[str, tuple[shape.Field, ...]]:
    """Every table of the TOML file by its place, with its keys."""
    found: dict[str, tuple[shape.Field, ...]] = {}

    def walk(place: str, kind: shape.Type) -> None:
        if isinstance(kind, shape.StructType):
            found[place] = kind.fields
            for field in kind.fields:
                walk(f"{place}.{field.encode_name}".lstrip("."), field.type)
        elif isinstance(kind, shape.VarTupleType):
            walk(place, kind.item_type)
        elif isinstance(kind, shape.UnionType):
            for each in kind.types:
                walk(place, each)

    walk("", shape.type_info(SiteConfig))
    return found


TABLES = tables_of_the_code()
KEYS = {f"{place}.{field.encode_name}".lstrip(".") for place in TABLES for field in TABLES[place]}


PLAIN_WORDS: dict[type[shape.Type], str] = {
    shape.DictType: "table of text",
    shape.StrType: "text",
    shape.BoolType: "true or false",
    shape.StructType: "table",
}


def in_words(kind: shape.Type) -> str:  # noqa: PLR0911 -- one a kind
    """The type of a key as the page says it."""
    match kind:
        case shape.UnionType():
            words = [in_words(each) for each in kind.types if not isinstance(each, shape.NoneType)]
            return ", or ".join(words)
        case shape.LiteralType(values=(only,)):
            return f"`{json.dumps(only)}`"
        case shape.LiteralType():
            return "one of " + ", ".join(f"`{value}`" for value in sorted(map(str, kind.values)))
        case shape.IntType() | shape.FloatType():
            name = "integer" if isinstance(kind, shape.IntType) else "number"
            return f"{name}{range_in_words(kind)}"
        case shape.DictType(value_type=shape.VarTupleType()):
            return "table of lists"
        case shape.VarTupleType():
            of_text = isinstance(kind.item_type, shape.StrType)
            return "list of text" if of_text else "list of tables"
    return PLAIN_WORDS[type(kind)]


def range_in_words(kind: shape.IntType | shape.FloatType) -> str:
    low = f"{kind.ge:g}" if kind.ge is not None else ""
    if low and kind.le is not None:
        return f", {low} to {kind.le:g}"
    if low:
        return f", {low} or more"
    above = f", above {kind.gt:g}" if kind.gt is not None else ""
    return above + (f", at most {kind.le:g}" if kind.le is not None else "")


def default_in_words(field: shape.Field) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        return "`{}`"
    if field.default is None:
        return "\N{EN DASH}"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{json.dumps(value)}`"
