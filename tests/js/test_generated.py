"""What is generated for JavaScript is current, and its vectors are what Python reads and writes."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scripts import generate_js_messages, generate_js_vectors
from scripts.js_types import BIG_REPLIES, camel, comment, literal, written

from floruntime.core import errors, framing, wire
from floruntime.core.kv import KvGet
from floruntime.core.limits import COUNTER_MAX
from floruntime.core.stream import StreamID
from floruntime.core.types import Request

JS = Path(__file__).resolve().parents[2] / "js"
FILE_LINES_MAX = {"src": 500, "test": 850}
FILES = {**generate_js_messages.files(), **generate_js_vectors.files()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_current(path: Path) -> None:
    assert path.read_text() == FILES[path], "run: make docs"


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((JS / "vectors" / f"{name}.json").read_text())
    return found


def body_of(vector: dict[str, Any]) -> bytes:
    [body] = framing.FrameReader(2**28).receive_data(bytes.fromhex(vector["frame"]))
    return body


def test_every_request_is_read_as_what_the_vectors_say() -> None:
    for vector in vectors("requests"):
        envelope = wire.decode_envelope(body_of(vector))
        assert (envelope.id, envelope.namespace, envelope.number) == (7, "shop", 300)
        assert type(envelope.request).__name__ == vector["name"]
        assert generate_js_vectors.fields_of(envelope.request) == vector["fields"]


def test_every_answer_is_read_as_what_the_vectors_say() -> None:
    kinds: dict[str, type[Request[Any]]] = {kind.__name__: kind for kind in wire.CLIENT_REQUESTS}
    for vector in vectors("answers"):
        kind = kinds[vector["name"]]
        reply = wire.reply_type(kind)
        result = msgspec.msgpack.decode(wire.decode_answer(body_of(vector)).result, type=reply)
        big = vector["name"] in BIG_REPLIES
        assert generate_js_vectors.shown(result, reply, big=big) == vector["result"]


def test_every_refusal_is_read_as_what_the_vectors_say() -> None:
    for vector in vectors("errors"):
        answer = wire.decode_answer(body_of(vector))
        assert answer.error is not None
        error = wire.raised(answer.error)
        assert (error.code, type(error).__name__) == (vector["code"], vector["className"])
        assert (error.message, error.ran, error.index) == (
            vector["message"],
            vector["ran"],
            vector["index"],
        )
    assert {vector["code"] for vector in vectors("errors")} == set(errors.BY_CODE)


def test_the_version_is_that_of_every_package() -> None:
    version = re.search(r'VERSION = "(.+)"', generate_js_messages.numbers())
    assert version is not None
    for package in ("core", "node", "web", "otel"):
        told = json.loads((JS / "packages" / package / "package.json").read_text())
        assert told["version"] == version[1]
        assert told.get("dependencies", {}).get("@floruntime/core", version[1]) == version[1]


def test_nothing_in_the_lock_file_tells_of_a_registry() -> None:
    lock = json.loads((JS / "package-lock.json").read_text())
    resolved = [each["resolved"] for each in lock["packages"].values() if "resolved" in each]
    assert all("://" not in place for place in resolved), resolved


def test_packages_stand_on_nothing_but_each_other() -> None:
    for package in ("core", "node", "web", "otel"):
        told = json.loads((JS / "packages" / package / "package.json").read_text())
        assert set(told.get("dependencies", {})) <= {"@floruntime/core"}


def test_files_are_short() -> None:
    sources = [path for path in JS.glob("*/**/*.ts") if "node_modules" not in path.parts]
    written_by_hand = [
        path for path in sources if not path.name.endswith((".d.ts", "generated.ts"))
    ]
    assert len(written_by_hand) > 80
    for path in written_by_hand:
        most = FILE_LINES_MAX["test" if "test" in path.parts else "src"]
        assert len(path.read_text().splitlines()) <= most, path


# The generator's own parts


def test_names_and_types_as_typescript_writes_them() -> None:
    assert camel("visibility_timeout_ms") == "visibilityTimeoutMs"
    assert written(int, big=False).typescript == "number"
    assert written(int, big=True, is_input=True).typescript == "Integer"
    assert written(list[int], big=True).typescript == "bigint[]"
    assert written(list[StreamID], big=False, is_input=True) == (
        "list(streamId)",
        "readonly StreamID[]",
    )
    assert written(str | None, big=False) == ("nullable(text)", "string | null")
    with pytest.raises(TypeError, match=r"only `T \| None` is known"):
        written(str | int, big=False)


def test_defaults_as_typescript_writes_them() -> None:
    values: list[Any] = [None, True, 5, "0", b"", b"null", {}, []]
    shown = [literal(value, big=False) for value in values]
    assert shown == ["null", "true", "5", '"0"', "NO_BYTES", 'bytesOf("null")', "{}", "[]"]
    assert literal(5, big=True) == "5n"
    with pytest.raises(TypeError, match="cannot be written"):
        literal(object(), big=False)
    assert f"COUNTER_MAX = {COUNTER_MAX}n;" in generate_js_messages.numbers()


def test_docstrings_become_comments_with_the_names_of_javascript() -> None:
    class Told(KvGet, frozen=True):
        """`block_ms` is `None` or more."""

    assert comment(Told) == "/** `blockMs` is `null` or more. */\n"
    assert comment(KvGet) == ""


def test_members_of_an_enum_have_their_names_of_javascript_in_comments() -> None:
    class Ends(StrEnum):
        """Ended: `TIMED_OUT` or `DONE`, by `block_ms`."""

        TIMED_OUT = "timed_out"
        DONE = "done"

    assert comment(Ends) == "/** Ended: `TimedOut` or `Done`, by `blockMs`. */\n"


def test_no_docstring_ends_the_comment_that_is_made_of_it() -> None:
    class Globbed:
        """All of `events/*/paid`, not events/*/ alone."""

    [text] = comment(Globbed).splitlines()
    assert text == "/** All of `events/*\\/paid`, not events/*\\/ alone. */"
