"""Keys: versions, deadlines, deletions, counters, documents, and the log of their changes."""

from __future__ import annotations

from tests.history.left.scene import Notes, Scene


async def prepare(scene: Scene) -> None:
    kv = scene.client.kv
    for number in (1, 2, 3):
        await kv.put("versions", f"v{number}")
    await kv.put("gone", b"once here")
    await kv.delete("gone")
    await kv.put("expired", b"for a second", ttl_ms=1_000)
    await kv.incr("counter", 5)
    await kv.incr("counter", 37)
    await kv.incr("below", -3)
    await kv.json_set("document", "$", {"name": "ada", "tags": ["a", "b"], "deep": {"n": 2**53}})
    await kv.json_set("document", "$.deep.more", [1.5, None, True])
    await kv.json_del("document", "$.tags[0]")
    await kv.put("empty", b"")
    await kv.put("bytes", bytes(range(256)))
    await kv.put("schlüssel/€", "wert")
    for number in range(20):
        await kv.put(f"page/{number:02}", str(number))
    await scene.server.advance(2_000)


async def leave(scene: Scene) -> Notes:
    kv = scene.client.kv
    await kv.put("minute", b"fading", ttl_ms=60_000)
    await kv.put("touched", b"renewed", ttl_ms=1_000)
    await kv.touch("touched", ttl_ms=90_000)
    await kv.put("kept", b"for good", ttl_ms=1_000)
    await kv.persist("kept")
    async with scene.client.batch() as batch:
        batch.kv.put("batch/1", b"one")
        batch.kv.put("batch/2", b"two", if_not_exists=True)
        batch.kv.incr("counter", 0)
    versions = await kv.entry("versions")
    minute = await kv.entry("minute")
    last = await kv.put("last", b"written")
    assert versions is not None
    assert minute is not None
    return {
        "version": versions.version,
        "last_version": last.version,
        "minute_expires_at_ms": minute.expires_at_ms,
    }
