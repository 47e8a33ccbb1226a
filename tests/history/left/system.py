"""Namespaces, tokens, and a client whose numbered writes are remembered."""

from __future__ import annotations

from floruntime.core.kv import KvIncr, KvPut
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Batch, SessionOpen
from floruntime.core.types import Request
from tests.history.left.scene import Notes, Scene
from tests.history.peer import Peer

SESSION = "a client that comes back"
WRITES: list[Request[object]] = [
    KvIncr("remembered/counter", 1),
    QueueEnqueue("remembered", [b"a", b"b"]),
    QueueDequeue("remembered", 1, 60_000),
    StreamAppend("remembered", [b"record"]),
    Batch([KvPut("remembered/batch", b"1"), QueueEnqueue("remembered", [b"c"])]),
]
"""Numbered from 1."""
DOOMED_QUEUES = 250


async def prepare(scene: Scene) -> None:
    client = scene.client
    await client.namespaces.create("empty")
    await client.kv.put("key", b"of the shop", namespace="shop")
    await client.queue.enqueue("jobs", b"of the shop", namespace="shop")
    for number in range(DOOMED_QUEUES):
        await client.queue.enqueue(f"queue {number}", b"doomed", namespace="doomed")


async def leave(scene: Scene) -> Notes:
    client = scene.client
    web = await client.tokens.create("web", namespaces=["shop"], description="of the page")
    short = await client.tokens.create("backend", lifetime_ms=60_000)
    revoked = await client.tokens.create("worker")
    await client.tokens.revoke(revoked.info.id)
    async with Peer(scene.server.endpoint) as peer:
        await peer.greet(SESSION, scene.token)
        await peer.ask(SessionOpen())
        answers = [
            await peer.ask(write, number=number) for number, write in enumerate(WRITES, start=1)
        ]
    return {
        "web": web.token,
        "short": short.token,
        "revoked": revoked.token,
        "revoked_id": revoked.info.id,
        "answers": [answer.hex() for answer in answers],
    }


async def doom(scene: Scene) -> None:
    """Delete a namespace whose space has not been given back when the server ends."""
    scene.server.clock.run_next = lambda until_ms: False  # type: ignore[method-assign]  # it stands still from now on
    await scene.client.namespaces.delete("doomed", force=True)
