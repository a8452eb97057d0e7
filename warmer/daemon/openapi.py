"""The API as an OpenAPI 3.1 document; a test holds it to what the API does."""

from __future__ import annotations

from typing import Any

from warmer.crawl.profiles import VERSION
from warmer.daemon.requests import MAX_ITEMS

Document = dict[str, Any]

_TEXTS = {"type": "array", "maxItems": MAX_ITEMS, "items": {"type": "string", "maxLength": 8192}}
_CHANGES: list[Document] = [{"bearer": []}, {"signature": []}]
_READS: list[Document] = [{}, {"bearer": []}]


def document() -> Document:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "warmer",
            "version": VERSION,
            "description": "Have pages warmed, and see what is warm.",
        },
        "paths": {
            "/v1/triggers": {"post": _trigger()},
            "/v1/status": {"get": _reads("What runs, what waits, what goes cold.", "Status")},
            "/v1/runs": {"get": _reads("The newest runs, newest first.", "Runs", _LIMIT)},
            "/v1/runs/{id}": {
                "get": _reads("The report of a run (schema warmer.report/1).", "Report", _RUN)
            },
            "/healthz": {"get": _checks("Whether the daemon gets on; else restart it.")},
            "/readyz": {"get": _checks("Whether every way in works at this moment.")},
            "/metrics": {"get": _text("Figures for Prometheus.")},
            "/openapi.json": {"get": _json("This document.", {"type": "object"})},
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Warmer-Signature",
                    "description": "t=<unix seconds>,v1=<hex HMAC-SHA256(secret, t + '.' + body)>,"
                    " at most 300 seconds old, each once.",
                },
            },
        },
    }


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(what: str, schema: Document, media: str = "application/json") -> Document:
    return {"description": what, "content": {media: {"schema": schema}}}


def _problems(**codes: str) -> Document:
    return {
        code.removeprefix("_"): _answer(what, _ref("Problem"), "application/problem+json")
        for code, what in codes.items()
    }


def _trigger() -> Document:
    return {
        "summary": "Have pages warmed; answered when the request is on disk.",
        "security": _CHANGES,
        "parameters": [
            {
                "name": "site",
                "in": "query",
                "description": "Only this site, where the daemon has several.",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("Request")}},
        },
        "responses": {
            "202": _answer("Kept; it will be done.", _ref("Accepted")),
            **_problems(
                _400="No JSON.",
                _401="No valid token or signature, or a signature that is too old.",
                _404="No such site.",
                _408="The body did not come in time.",
                _409="This signature was seen before.",
                _413="More than 1,000,000 bytes.",
                _422="Not a request to warm, or of no site that is kept warm.",
                _503="It cannot be kept now; try again.",
            ),
        },
    }


def _reads(what: str, schema: str, *parameters: Document) -> Document:
    return {
        "summary": what,
        "security": _READS,
        "parameters": list(parameters),
        "responses": {
            "200": _answer(what, _ref(schema)),
            **_problems(
                _401="Beyond loopback the token is needed.",
                _404="No such run.",
                _422="A parameter is out of range.",
                _503="The store cannot be read now; try again.",
            ),
        },
    }


def _json(what: str, schema: Document) -> Document:
    return {"summary": what, "responses": {"200": _answer(what, schema)}}


def _checks(what: str) -> Document:
    found = _json(what, _ref("Checks"))
    found["responses"]["503"] = _answer("It is not so.", _ref("Checks"))
    return found


def _text(what: str) -> Document:
    return {
        "summary": what,
        "responses": {
            "200": _answer(what, {"type": "string"}, "text/plain"),
            **_problems(_503="The store cannot be read now; try again."),
        },
    }


_LIMIT: Document = {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20},
}
_RUN: Document = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "A run's id, an unambiguous beginning of it, or `last`.",
    "schema": {"type": "string", "minLength": 1},
}
_NUMBER_OR_NULL: Document = {"type": ["number", "null"]}
_TEXT_OR_NULL: Document = {"type": ["string", "null"]}
_SCHEMAS: Document = {
    "Request": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "urls": _TEXTS,
            "prefixes": _TEXTS,
            "tags": _TEXTS,
            "all": {"type": "boolean", "description": "The whole plan."},
            "why": {"type": "string", "maxLength": 200},
            "at": {"type": "number", "description": "When the page changed, unix seconds."},
            "id": {
                "type": "string",
                "maxLength": 200,
                "description": "The same when it is sent again: then it is one request.",
            },
        },
        "anyOf": [
            {"required": [name], "properties": {name: {"minItems": 1}}}
            for name in ("urls", "prefixes", "tags")
        ]
        + [{"required": ["all"], "properties": {"all": {"const": True}}}],
    },
    "Accepted": {
        "type": "object",
        "required": ["triggers"],
        "properties": {
            "triggers": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["site", "number"],
                    "properties": {"site": {"type": "string"}, "number": {"type": "integer"}},
                },
            }
        },
    },
    "Problem": {
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    },
    "Check": {
        "type": "object",
        "required": ["name", "ok", "detail"],
        "properties": {
            "name": {"type": "string"},
            "ok": {"type": "boolean"},
            "detail": {"type": "string"},
        },
    },
    "Checks": {
        "type": "object",
        "required": ["ok", "checks"],
        "properties": {
            "ok": {"type": "boolean"},
            "checks": {"type": "array", "items": _ref("Check")},
        },
    },
    "Run": {
        "type": "object",
        "required": ["id", "site", "trigger", "status", "started_at", "duration_s"],
        "properties": {
            "id": {"type": "string"},
            "site": {"type": "string"},
            "trigger": {"type": "string"},
            "status": {"enum": ["running", "finished", "aborted", "interrupted"]},
            "started_at": {"type": "string", "format": "date-time"},
            "duration_s": _NUMBER_OR_NULL,
            "note": {"type": "string"},
        },
    },
    "Runs": {
        "type": "object",
        "required": ["runs"],
        "properties": {"runs": {"type": "array", "items": _ref("Run")}},
    },
    "Report": {"type": "object", "required": ["schema", "run", "counts", "hit_ratio"]},
    "Status": {
        "type": "object",
        "required": ["version", "sites", "intakes"],
        "properties": {
            "version": {"type": "string"},
            "sites": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "state", "pending"],
                    "properties": {
                        "name": {"type": "string"},
                        "state": {"enum": ["idle", "waiting", "running"]},
                        "pending": {"type": "integer", "minimum": 0},
                        "run_id": _TEXT_OR_NULL,
                        "oldest_age_s": _NUMBER_OR_NULL,
                        "next_scheduled_s": _NUMBER_OR_NULL,
                        "will_expire": {
                            "type": "array",
                            "items": {
                                "type": "array",
                                "prefixItems": [{"type": "string"}, {"type": "number"}],
                            },
                        },
                    },
                },
            },
            "intakes": {"type": "array", "items": _ref("Check")},
        },
    },
}
