"""The description of all calls is true: of what they take, and of what they answer."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pytest

from floruntime.server.http.calls import calls
from floruntime.server.http.openapi import openapi_document
from floruntime.testing import FloTestServer
from tests.server.http.http_peer import HttpPeer, connected

DOCUMENT: dict[str, Any] = json.loads(openapi_document())
JSON = "application/json"
CALLS = {
    path: operations["post"]
    for path, operations in DOCUMENT["paths"].items()
    if "post" in operations
}
NAMES = ["a", "b", "", "é", "x" * 300, "\x00", "\ud800", "1700000000000-0", "$", "a", "a"]
NUMBERS = [0, 1, 1, 2, 3, -1, 1000, 2**31, 2**63 - 1, 2**63, 2**64, 10**40]
SCALARS: list[Any] = [None, True, False, *NAMES, *NUMBERS, 0.5, -1e300]
QUICK = {"block_ms": 0, "timeout_ms": 5_000}
"""Nothing here waits."""
SEED = random.randrange(2**32)
BODIES_PER_CALL = 12


class Bodies:
    """Bodies that are nearly right: the right names, mostly with values of the right kind."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def body(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A body for a call."""
        names = [
            name
            for name in schema["properties"]
            if name in schema["required"] or name == "block_ms" or self.random.random() < 0.4
        ]
        return {name: self._member(name, schema["properties"][name]) for name in names}

    def _member(self, name: str, schema: dict[str, Any]) -> Any:
        if name in QUICK:
            return QUICK[name]
        return self._anything() if self.random.random() < 0.1 else self._of(schema)

    def _anything(self, depth: int = 3) -> Any:
        dice = self.random.random() if depth else 0
        if dice < 0.6:
            return self.random.choice(SCALARS)
        inner = [self._anything(depth - 1) for _ in range(self.random.randrange(3))]
        if dice < 0.8:
            return inner
        return dict(
            zip(self.random.sample(["base64", "seq", "lease", "id"], 3), inner, strict=False)
        )

    def _of(self, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return self._of(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for choices in ("anyOf", "oneOf"):
            if choices in schema:
                return self._of(self.random.choice(schema[choices]))
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        return self._of_kind(schema, schema.get("type"))

    def _of_kind(self, schema: dict[str, Any], kind: str | None) -> Any:
        if kind == "array":
            return [self._of(schema.get("items", {})) for _ in range(self.random.randrange(4))]
        if kind == "object" and "properties" in schema:
            return self.body(schema)
        if kind == "object":
            values = [self._of(schema["additionalProperties"]) for _ in range(2)]
            return dict(zip(self.random.sample(NAMES[:4], 2), values, strict=True))
        simple: dict[str | None, list[Any]] = {
            "string": NAMES,
            "integer": NUMBERS,
            "boolean": [True, False],
            "null": [None],
        }
        return self.random.choice(simple[kind]) if kind in simple else self._anything()


def validator_of(schema: dict[str, Any]) -> jsonschema.protocols.Validator:
    return jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_it_is_a_document_of_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert len(CALLS) == len(calls()) + 1
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema, name
    identifiers = [each["operationId"] for each in CALLS.values()]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("path", CALLS)
def test_every_call_is_described(path: str) -> None:
    operation = CALLS[path]
    validator_of(operation["requestBody"]["content"][JSON]["schema"])
    assert operation["summary"]
    assert set(operation["responses"]) == {"200", "default"}


async def test_no_call_fails_and_every_answer_is_as_described() -> None:
    for path, operation in CALLS.items():
        async with FloTestServer() as flo, connected(flo) as http:
            await prepared(http)
            bodies = Bodies(f"{SEED} {path}")
            schema = operation["requestBody"]["content"][JSON]["schema"]
            answer = validator_of(operation["responses"]["200"]["content"][JSON]["schema"])
            for _ in range(BODIES_PER_CALL):
                body = bodies.body(schema)
                await check(http, answer, path.format(namespace="shop"), body)


async def prepared(http: HttpPeer) -> None:
    """Something to be found: under the names that are asked for."""
    await http.call("shop/kv.json_set", key="a", path="$", value={"a": [1, 2.5]})
    await http.call("shop/queue.enqueue_many", queue="a", payloads=["x", {"base64": "/w=="}])
    await http.call("shop/stream.append", stream="a", payload="x", headers={"h": "v"})
    await http.call("shop/stream.group_read", stream="a", group="a", consumer="a")
    await http.call("shop/action.register", name="a")
    await http.call("shop/action.invoke", name="a", payload={"n": 1})


async def check(
    http: HttpPeer, answer: jsonschema.protocols.Validator, path: str, body: Any
) -> None:
    reply = await http.ask("POST", path, json.dumps(body).encode())
    assert reply.status < 500, (SEED, path, body, reply)
    if reply.status == 200:
        assert answer.is_valid(reply.json), (SEED, path, body, reply)
    else:
        assert reply.headers["content-type"] == "application/problem+json"
        assert PROBLEMS.is_valid(reply.json), (SEED, path, body, reply)


PROBLEMS = validator_of(DOCUMENT["components"]["schemas"]["ProblemDocument"])
