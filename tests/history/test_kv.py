"""Keys that an earlier version wrote are read, changed, watched, and end when they should."""

from __future__ import annotations

import pytest

from floruntime import ConflictError
from floruntime.core.kv import KvChanges
from tests.history.conftest import Left


async def test_values_versions_and_documents_are_there(left: Left) -> None:
    kv = left.client.kv
    assert await kv.get("versions") == b"v3"
    assert [(each.value, each.deleted) for each in await kv.history("versions")] == [
        *((b"v3", False), (b"v2", False), (b"v1", False))
    ]
    assert await kv.get("gone") is None
    assert [(each.value, each.deleted) for each in await kv.history("gone")] == [
        *((b"", True), (b"once here", False))
    ]
    assert [each.deleted for each in await kv.history("expired")] == [True, False]
    assert (await kv.get("empty"), await kv.get("bytes")) == (b"", bytes(range(256)))
    assert await kv.get("schlüssel/€") == b"wert"
    assert [await kv.get(f"batch/{number}") for number in (1, 2)] == [b"one", b"two"]
    assert await kv.json_get("document") == {
        "name": "ada",
        "tags": ["b"],
        "deep": {"n": 2**53, "more": [1.5, None, True]},
    }
    page = await kv.scan("page/", limit=15)
    rest = await kv.scan("page/", cursor=page.cursor)
    assert [entry.value for entry in [*page.entries, *rest.entries]] == [
        str(number).encode() for number in range(20)
    ]


async def test_versions_go_on_and_hold_against_others(left: Left) -> None:
    kv, notes = left.client.kv, left.notes["kv"]
    with pytest.raises(ConflictError) as refusal:
        await kv.put("versions", b"no", cas_version=notes["version"] - 1)
    assert refusal.value.current_version == notes["version"]
    put = await kv.put("versions", b"v4", cas_version=notes["version"])
    assert put.version == notes["last_version"] + 1
    assert (await kv.incr("counter"), await kv.incr("below")) == (43, -2)
    await kv.json_set("document", "$.deep.n", 1)
    assert await kv.json_get("document", "$.deep.n") == 1


async def test_deadlines_come_to_the_millisecond(left: Left) -> None:
    kv = left.client.kv
    entry = await kv.entry("minute")
    assert entry is not None
    assert entry.expires_at_ms == left.notes["kv"]["minute_expires_at_ms"]
    await left.server.advance(59_999)
    assert [await kv.exists(key) for key in ("minute", "touched", "kept")] == [True] * 3
    await left.server.advance(1)
    assert [await kv.exists(key) for key in ("minute", "touched", "kept")] == [False, True, True]
    await left.server.advance(30_000)
    assert [await kv.exists(key) for key in ("minute", "touched", "kept")] == [False, False, True]
    assert (await kv.history("minute"))[0].deleted


async def test_the_log_of_changes_is_read_and_goes_on(left: Left) -> None:
    reply = await left.client.call(KvChanges("", True, 0, 0, 1_000))
    assert [change.value for change in reply.changes if change.key == "versions"] == [
        *(b"v1", b"v2", b"v3")
    ]
    assert reply.version == left.notes["kv"]["last_version"]
    await left.client.kv.put("next", b"change")
    after = await left.client.call(KvChanges("", True, reply.version))
    assert [(change.key, change.value) for change in after.changes] == [("next", b"change")]
