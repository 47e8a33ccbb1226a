"""`GET /v1/openapi.json`: OpenAPI 3.1 of all calls, generated from the types of the API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from floruntime.core.version import VERSION
from floruntime.server.http.calls import Field, HttpCall, batch_calls, calls
from floruntime.server.http.events import AFTER
from floruntime.server.http.follows import FOLLOWS
from floruntime.server.http.messages import JSON, PROBLEM
from floruntime.server.http.schemas import Schema, Schemas

_PROBLEM: Schema = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "ran": {"enum": ["no", "maybe"]},
        "detail": {"type": "string"},
        "index": {"type": "integer", "description": "Which command of a batch was refused."},
    },
    "required": ["type", "title", "status", "code", "ran", "detail"],
}
_NAMESPACE = {
    "name": "namespace",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_.\\-]{0,62}$"},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A write with a key happens once within ten minutes.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_REFUSED = {
    "description": "Refused, or failed: a problem document (RFC 9457).",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}


@lru_cache(maxsize=1)
def openapi_document() -> bytes:
    """The document, as it is sent."""
    return msgspec.json.encode(_document())


def _document() -> dict[str, Any]:
    schemas = Schemas()
    paths = {_path_of(call): {"post": _operation(call, schemas)} for call in calls().values()}
    paths["/v1/{namespace}/batch"] = {"post": _batch(schemas)}
    for name, kind in FOLLOWS.items():
        paths[f"/v1/{{namespace}}/{name}"] = {"get": _events(name, kind.FIELDS)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flo",
            "version": VERSION,
            "description": "Every call of Flo. The binary protocol is faster.",
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas.named, "ProblemDocument": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _path_of(call: HttpCall) -> str:
    return f"/v1/{'{namespace}/' if call.has_namespace else ''}{call.name}"


def _operation(call: HttpCall, schemas: Schemas) -> dict[str, Any]:
    return {
        "operationId": call.name,
        "tags": [call.name.partition(".")[0]],
        "summary": call.summary.partition(". ")[0],
        "description": call.summary,
        "parameters": [*([_NAMESPACE] if call.has_namespace else []), _KEY],
        "requestBody": _content(_body(call.fields, schemas)),
        "responses": {
            "200": {"description": "Done.", **_content(schemas.given(call.result))},
            "default": _REFUSED,
        },
    }


def _batch(schemas: Schemas) -> dict[str, Any]:
    commands = []
    for call in batch_calls().values():
        body = _body(call.fields, schemas)
        properties = {"call": {"const": call.name}, **body["properties"]}
        commands.append({**body, "properties": properties, "required": ["call", *body["required"]]})
    body = {
        "type": "object",
        "properties": {"commands": {"type": "array", "items": {"oneOf": commands}}},
        "required": ["commands"],
        "additionalProperties": False,
    }
    results = {"type": "object", "properties": {"results": {"type": "array"}}}
    return {
        "operationId": "batch",
        "tags": ["batch"],
        "summary": "Several writes, all or nothing",
        "parameters": [_NAMESPACE, _KEY],
        "requestBody": _content(body),
        "responses": {
            "200": {"description": "All of them happened.", **_content(results)},
            "default": _REFUSED,
        },
    }


def _events(name: str, fields: tuple[str, ...]) -> dict[str, Any]:
    """Server-Sent Events: what is followed is named in the query."""
    text: Schema = {"type": "string"}
    named = [
        {"name": field, "in": "query", "required": field in fields[:1], "schema": text}
        for field in (*fields, AFTER)
    ]
    header = {"name": "Last-Event-ID", "in": "header", "schema": text}
    return {
        "operationId": name,
        "tags": [name.partition(".")[0]],
        "summary": (
            "Server-Sent Events, each with its position; Last-Event-ID, or after, continues "
            "behind it"
        ),
        "parameters": [_NAMESPACE, *named, header],
        "responses": {
            "200": {"description": "Events.", "content": {"text/event-stream": {"schema": text}}},
            "default": _REFUSED,
        },
    }


def _body(fields: Mapping[str, Field], schemas: Schemas) -> Schema:
    return {
        "type": "object",
        "properties": {name: schemas.taken(field.hint) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.is_needed],
        "additionalProperties": False,
    }


def _content(schema: Schema) -> dict[str, Any]:
    return {"content": {JSON: {"schema": schema}}}
